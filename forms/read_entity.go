package forms

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/textproto"
	"strings"

	"sealform/keys"
)

// Bounds of a record when it is read. A body of 1 MiB, quoted twice over, stays far below.
const (
	largestEntity = 64 << 20
	largestRecord = 16 << 20
	largestHeader = 16 << 10
)

// ReadRecord parses a verified plaintext, of the store or mailed, and compares it with nothing: for opening a message
// offline. Read is for what the store holds.
func ReadRecord(p keys.Plaintext) (*Record, error) {
	b := p.Reveal()
	parts, err := openEntity(b)
	if err != nil {
		return nil, err
	}
	part, err := recordPart(parts)
	if err != nil {
		return nil, err
	}
	r := &Record{}
	d := json.NewDecoder(io.LimitReader(part, largestRecord))
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
	parts, err := openEntity(p.Reveal())
	if err != nil {
		return "", err
	}
	text, err := textPart(parts)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(io.LimitReader(text, largestEntity))
	if err != nil {
		return "", fmt.Errorf("reading a submission's text: %w", ErrRecord)
	}
	return strings.ReplaceAll(string(b), "\r\n", "\n"), nil
}

// openEntity reads the header section up to the first part.
func openEntity(b []byte) (*multipart.Reader, error) {
	head := b[:min(len(b), largestHeader)]
	if len(b) > largestEntity || !bytes.HasPrefix(b, []byte(entityPrefix)) || !bytes.Contains(head, []byte("\r\n\r\n")) {
		return nil, fmt.Errorf("reading a submission: %w", ErrRecord)
	}
	rest := bufio.NewReader(bytes.NewReader(b))
	h, err := textproto.NewReader(rest).ReadMIMEHeader()
	if err != nil {
		return nil, fmt.Errorf("reading a submission's header: %w", ErrRecord)
	}
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || kind != "multipart/mixed" || params["boundary"] == "" {
		return nil, fmt.Errorf("reading a submission's header: %w", ErrRecord)
	}
	return multipart.NewReader(rest, params["boundary"]), nil
}

func textPart(parts *multipart.Reader) (io.Reader, error) {
	text, err := parts.NextPart()
	if err != nil || text.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		return nil, fmt.Errorf("finding a submission's text: %w", ErrRecord)
	}
	return text, nil
}

// recordPart finds the second part, decoded.
func recordPart(parts *multipart.Reader) (io.Reader, error) {
	if _, err := textPart(parts); err != nil {
		return nil, err
	}
	record, err := parts.NextPart()
	if err != nil || record.Header.Get("Content-Type") != "application/json" {
		return nil, fmt.Errorf("finding a record: %w", ErrRecord)
	}
	return record, nil
}
