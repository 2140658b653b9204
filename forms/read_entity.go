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
	if len(b) > largestEntity || !bytes.HasPrefix(b, []byte(entityPrefix)) {
		return nil, fmt.Errorf("reading a submission: %w", ErrRecord)
	}
	part, err := recordPart(b)
	if err != nil {
		return nil, fmt.Errorf("reading a submission: %w", ErrRecord)
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

var errNoRecord = errors.New("no record part")

// recordPart finds the second part, decoded.
func recordPart(b []byte) (io.Reader, error) {
	if end := bytes.Index(b, []byte("\r\n\r\n")); end < 0 || end > largestHeader {
		return nil, errNoRecord
	}
	head := bufio.NewReader(bytes.NewReader(b))
	h, err := textproto.NewReader(head).ReadMIMEHeader()
	if err != nil {
		return nil, errNoRecord
	}
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil || kind != "multipart/mixed" || params["boundary"] == "" {
		return nil, errNoRecord
	}
	parts := multipart.NewReader(head, params["boundary"])
	if text, err := parts.NextPart(); err != nil || text.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		return nil, errNoRecord
	}
	record, err := parts.NextPart()
	if err != nil || record.Header.Get("Content-Type") != "application/json" {
		return nil, errNoRecord
	}
	return record, nil
}
