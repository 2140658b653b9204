package body

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/textproto"
	"strings"

	"sealform/internal/spool"
)

// readParts reads multipart/form-data (RFC 7578). The standard library finds the parts; how many there are, how
// long a header is, what it says and where the bytes go is ours. A part is taken as the bytes it has: a transfer
// encoding, which RFC 7578 §4.7 deprecates, is refused, as is a body inside the body.
func (rd *Reader) readParts(m *meter, boundary string) error {
	if boundary == "" || len(boundary) > 70 { // RFC 2046 §5.1.1
		return ErrMalformed
	}
	mr := multipart.NewReader(&uncut{Reader: m}, boundary)
	for n := 0; ; n++ {
		m.window = m.read + headerLimit
		part, err := mr.NextRawPart()
		m.window = 0
		if errors.Is(err, io.EOF) && n > 0 { // by the closing boundary only: see uncut
			return finish(m)
		}
		if err != nil {
			return refusal(m, err)
		}
		if n >= rd.Parts {
			return ErrTooLarge
		}
		if err := rd.readPart(part); err != nil {
			return refusal(m, err)
		}
	}
}

// errCut: the bytes ended before the closing boundary did.
var errCut = errors.New("body cut off")

// uncut gives a body another end than io.EOF, which the standard library takes for the end of the parts in places
// where a cut body may end too, such as in a part's header. What is left to say "the end" is the closing boundary
// (RFC 2046 §5.1.1). It need not end in a line break, so one is put behind it.
type uncut struct {
	io.Reader
	ended bool
	rest  string
}

func (u *uncut) Read(b []byte) (int, error) {
	if !u.ended {
		n, err := u.Reader.Read(b)
		if !errors.Is(err, io.EOF) {
			return n, err
		}
		u.ended, u.rest = true, "\r\n"
		return n, nil
	}
	if u.rest == "" {
		return 0, errCut
	}
	n := copy(b, u.rest)
	u.rest = u.rest[n:]
	return n, nil
}

// finish reads what stands behind the closing boundary: nothing, or a little that no browser sends.
func finish(m *meter) error {
	m.window = m.read + headerLimit
	if _, err := io.Copy(io.Discard, m); err != nil {
		return fmt.Errorf("reading a body's end: %w", err)
	}
	return nil
}

// refusal prefers the meter's reason over the parser's, which only saw the bytes end, and drops the parser's text.
func refusal(m *meter, err error) error {
	for _, known := range []error{ErrTooLarge, ErrSlow, ErrMalformed, ErrType, ErrSpool, spool.ErrFull} {
		if errors.Is(m.err, known) || errors.Is(err, known) {
			return known
		}
	}
	return ErrMalformed
}

// shortValue is the room that an answer gets at first.
const shortValue = 255

func (rd *Reader) readPart(part *multipart.Part) error {
	d, err := rd.readHeader(part.Header)
	if err != nil {
		return err
	}
	if d.file {
		return rd.Sink.File(d.name, d.filename, d.contentType, part)
	}
	value, err := rd.readAll(part, shortValue, rd.Value+1)
	if err != nil {
		return fmt.Errorf("reading a part: %w", err)
	}
	return rd.Sink.Pair(d.name, value)
}

// disposition is what a part's header says.
type disposition struct {
	name, filename, contentType string
	file                        bool
}

func (rd *Reader) readHeader(h textproto.MIMEHeader) (disposition, error) {
	var d disposition
	size := 0
	for name, values := range h {
		for _, v := range values {
			size += len(name) + len(v) + 4
		}
	}
	if size > headerLimit {
		return d, ErrTooLarge
	}
	if len(h["Content-Disposition"]) != 1 || len(h["Content-Type"]) > 1 {
		return d, ErrMalformed
	}
	switch strings.ToLower(h.Get("Content-Transfer-Encoding")) {
	case "", "7bit", "8bit", "binary":
	default:
		return d, ErrMalformed
	}
	d.contentType = h.Get("Content-Type")
	if t, _, _ := mime.ParseMediaType(d.contentType); strings.HasPrefix(t, "multipart/") {
		return d, ErrMalformed
	}
	return d, d.parse(h.Get("Content-Disposition"), rd.Name)
}
