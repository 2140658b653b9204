package forms

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/textproto"

	"sealform/keys"
)

// ReadText gives the readable part of a verified plaintext, of the store or mailed, with line feeds alone: what
// somebody without the service reads offline. ErrRecord for anything else, an attached file above all.
func ReadText(p keys.Plaintext) (string, error) {
	if _, err := ReadRecord(p); err != nil {
		return "", err
	}
	head := bufio.NewReader(bytes.NewReader(p.Reveal()))
	h, err := textproto.NewReader(head).ReadMIMEHeader()
	if err != nil {
		return "", fmt.Errorf("reading a submission: %w", ErrRecord)
	}
	_, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return "", fmt.Errorf("reading a submission: %w", ErrRecord)
	}
	part, err := multipart.NewReader(head, params["boundary"]).NextPart()
	if err != nil {
		return "", fmt.Errorf("reading a submission: %w", ErrRecord)
	}
	text, err := io.ReadAll(part)
	if err != nil {
		return "", fmt.Errorf("reading a submission: %w", ErrRecord)
	}
	return string(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))), nil
}
