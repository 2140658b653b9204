package record

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"regexp"
	"strings"

	"sealform/keys"
)

// Bounds of an entity when it is read. A body of 1 MiB, quoted twice over, stays far below; the files of a mailed one
// come after what is read here.
const largestRecord = 16 << 20

// ReadRecord parses a verified plaintext, of the store or mailed, and compares it with nothing: for opening a message
// offline. Read is for what the store holds.
func ReadRecord(p keys.Plaintext) (*Record, error) {
	b := p.Reveal()
	_, quoted, err := parts(b)
	if err != nil {
		return nil, err
	}
	text, err := unquote(quoted)
	if err != nil {
		return nil, err
	}
	r := &Record{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(r); err != nil {
		return nil, fmt.Errorf("reading a record: %w", ErrRecord) // json's own error may quote an answer
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) || r.Version != recordVersion {
		return nil, fmt.Errorf("reading a record: %w", ErrRecord)
	}
	if !bytes.HasPrefix(b, appendKind(nil, r.Kind, r.Service)) || (r.Kind != kindStore && r.Kind != kindMail) {
		return nil, fmt.Errorf("reading a record: it and its envelope differ: %w", ErrRecord)
	}
	return r, nil
}

// ReadText gives the readable part of a verified plaintext, lines ended by \n: what a person reads offline. A plaintext
// that is no submission of ours, such as an attached file, is ErrRecord.
func ReadText(p keys.Plaintext) (string, error) {
	quoted, _, err := parts(p.Reveal())
	if err != nil {
		return "", err
	}
	text, err := unquote(quoted)
	if err != nil {
		return "", err
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n"), nil
}

// MailedFiles reads the files of a mailed submission, one at each call, in the record's order: the parts after the text and
// the record. What can't be read is ErrRecord; whether it is the file that the record names is for the caller to see.
func MailedFiles(p keys.Plaintext) (func() ([]byte, error), error) {
	b := p.Reveal()
	edge := edgeOf.FindSubmatch(b)
	if edge == nil {
		return nil, ErrRecord
	}
	parts := multipart.NewReader(bytes.NewReader(b), string(edge[1])) // which skips the header, as all before the first part
	for range 2 {
		if _, err := parts.NextPart(); err != nil {
			return nil, ErrRecord
		}
	}
	return func() ([]byte, error) {
		part, err := parts.NextPart()
		if err != nil {
			return nil, ErrRecord
		}
		b, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, part))
		if err != nil {
			return nil, ErrRecord
		}
		return b, nil
	}, nil
}

var edgeOf = regexp.MustCompile(`\r\nContent-Type: multipart/mixed; boundary="(=_[0-9a-f]{32})"[;\r]`)

// parts finds the text and the record, still quoted. It reads what appendBody writes and nothing more lenient: the
// first line names the version of that form.
func parts(b []byte) (text, record []byte, err error) {
	head, body, _ := bytes.Cut(b, []byte("\r\n\r\n"))
	edge := edgeOf.FindSubmatch(append(head[:len(head):len(head)], '\r', '\n'))
	if !bytes.HasPrefix(b, []byte(entityPrefix)) || edge == nil {
		return nil, nil, fmt.Errorf("reading a submission's header: %w", ErrRecord)
	}
	between := "\r\n--" + string(edge[1])
	body, ok := bytes.CutPrefix(body, []byte(between[2:]+"\r\n"+textHead))
	if !ok {
		return nil, nil, fmt.Errorf("finding a submission's text: %w", ErrRecord)
	}
	text, body, ok = bytes.Cut(body, []byte(between+"\r\n"+recordHead))
	if !ok {
		return nil, nil, fmt.Errorf("finding a record: %w", ErrRecord)
	}
	record, rest, ok := bytes.Cut(body, []byte(between))
	if !ok || !(bytes.HasPrefix(rest, []byte("--\r\n")) || bytes.HasPrefix(rest, []byte("\r\nContent-Type: "))) {
		return nil, nil, fmt.Errorf("finding a record's end: %w", ErrRecord)
	}
	return text, record, nil
}

// unquote undoes quoted-printable text as quoted writes it: upper-case escapes, soft and hard line breaks, and bytes
// that stand for themselves.
func unquote(b []byte) ([]byte, error) {
	if len(b) > largestRecord {
		return nil, fmt.Errorf("reading a submission: too large: %w", ErrRecord)
	}
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		n := bytes.IndexByte(b, '=')
		if n < 0 {
			return append(out, b...), nil
		}
		out = append(out, b[:n]...)
		b = b[n+1:]
		if len(b) < 2 {
			return nil, fmt.Errorf("reading quoted text: %w", ErrRecord)
		}
		if b[0] != '\r' || b[1] != '\n' {
			var err error
			if out, err = hex.AppendDecode(out, b[:2]); err != nil {
				return nil, fmt.Errorf("reading quoted text: %w", ErrRecord)
			}
		}
		b = b[2:]
	}
	return out, nil
}
