package intake

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/textproto"
	"strings"

	"sealform/forms"
	"sealform/internal/spool"
)

// readParts reads multipart/form-data (RFC 7578). The standard library finds the parts; how many there are, how
// long a header is, what it says and where the bytes go is ours. A part is taken as the bytes it has: a transfer
// encoding, which RFC 7578 §4.7 deprecates, is refused, as is a body inside the body.
func (p *post) readParts(m *meter, boundary string, rd *reader) error {
	if boundary == "" || len(boundary) > 70 { // RFC 2046 §5.1.1
		return errMalformed
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
		if n >= partLimit {
			return errTooLarge
		}
		if err := p.readPart(part, rd); err != nil {
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
	for _, known := range []error{errTooLarge, errSlow, errMalformed, errType, errSpool, spool.ErrFull} {
		if errors.Is(m.err, known) || errors.Is(err, known) {
			return known
		}
	}
	return errMalformed
}

// errSpool: the spool failed for another reason than being full.
var errSpool = errors.New("spool failed")

// shortValue is the room that an answer gets at first.
const shortValue = 255

func (p *post) readPart(part *multipart.Part, rd *reader) error {
	d, err := readHeader(part.Header)
	if err != nil {
		return err
	}
	if d.file {
		return p.readFile(part, d, rd)
	}
	value, err := p.readAll(part, shortValue, valueLimit+1)
	if err != nil {
		return fmt.Errorf("reading a part: %w", err)
	}
	return p.add(d.name, value)
}

// readFile spools one file. One that is too long for its field, has no field or is one too many is read to its end
// and its size kept without its bytes: what comes behind it need not be typed again. A field left alone is posted
// as a file without name and bytes, and is none.
func (p *post) readFile(part io.Reader, d disposition, rd *reader) error {
	surplus := len(p.entry.Files) >= fileLimit
	keep, known := rd.files[d.name]
	keep = min(keep, rd.taken-p.uploads)
	if !known || p.full || surplus || p.heavy {
		keep = 0
	}
	source := &counted{Reader: part, left: rd.totalUpload - p.uploads}
	f, err := rd.spool.Add(source, keep)
	if errors.Is(err, spool.ErrFull) {
		p.full = true
		f, err = rd.spool.Add(source, 0)
	}
	p.uploads = rd.totalUpload - source.left
	p.heavy = p.uploads > rd.taken
	if err != nil {
		if errors.Is(err, errTooLarge) || errors.Is(err, io.ErrUnexpectedEOF) || source.failed {
			return fmt.Errorf("reading a file: %w", err)
		}
		return fmt.Errorf("%w: %w", errSpool, err)
	}
	if f.Size == 0 && d.filename == "" {
		return nil
	}
	if surplus {
		p.many = true
		return nil
	}
	p.entry.Files = append(p.entry.Files, forms.File{
		Field: d.name, Name: d.filename, Type: d.contentType, Size: f.Size, SHA256: f.SHA256, Open: f.Open,
	})
	return nil
}

// counted refuses more bytes than are left for all files together.
type counted struct {
	io.Reader
	left   int64
	failed bool // the source itself gave an error
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	if c.left -= int64(n); c.left < 0 {
		return 0, errTooLarge
	}
	c.failed = err != nil && !errors.Is(err, io.EOF)
	return n, err
}

// disposition is what a part's header says.
type disposition struct {
	name, filename, contentType string
	file                        bool
}

func readHeader(h textproto.MIMEHeader) (disposition, error) {
	var d disposition
	size := 0
	for name, values := range h {
		for _, v := range values {
			size += len(name) + len(v) + 4
		}
	}
	if size > headerLimit {
		return d, errTooLarge
	}
	if len(h["Content-Disposition"]) != 1 || len(h["Content-Type"]) > 1 {
		return d, errMalformed
	}
	switch strings.ToLower(h.Get("Content-Transfer-Encoding")) {
	case "", "7bit", "8bit", "binary":
	default:
		return d, errMalformed
	}
	d.contentType = h.Get("Content-Type")
	if t, _, _ := mime.ParseMediaType(d.contentType); strings.HasPrefix(t, "multipart/") {
		return d, errMalformed
	}
	return d, d.parse(h.Get("Content-Disposition"))
}
