package keys

import (
	"bufio"
	"bytes"
	"io"

	"sealform/keys/internal/packets"
)

// The frame of a CMS message of package smime (BER, RFC 5652 §3 and §6.1, RFC 5083 §2.1). The outer
// levels have an indefinite length, so that it can be written as a stream; the recipients come in one SET of definite
// length, and the ciphertext in octet strings of definite length.
//
//	30 80  06 … EnvelopedData or AuthEnvelopedData
//	  A0 80  30 80
//	    02 01 version
//	    31 …  (30 … | A1 …){1,64}           recipients by key transport or key agreement
//	    30 80  06 … id-data  30 … AES-256   encrypted content
//	      A0 80  (04 …)+  00 00
//	    00 00
//	    04 …                                the tag, of AuthEnvelopedData alone
//	00 00  00 00  00 00
var (
	cmsEnveloped     = []byte{0x30, 0x80, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x03, 0xA0, 0x80, 0x30, 0x80}
	cmsAuthEnveloped = []byte{0x30, 0x80, 0x06, 0x0B, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x10, 0x01, 0x17, 0xA0, 0x80, 0x30, 0x80}

	cmsData   = []byte{0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x01}
	aes256CBC = []byte{0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2A, 0x04, 0x10}
	aes256GCM = []byte{0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2E, 0x30}
)

// NewCMS takes a CMS message that write produces, once, when the stream is written. Package smime alone calls it, and a
// test holds that. The first bytes must say EnvelopedData or AuthEnvelopedData (RFC 5652 §3, RFC 5083 §2.1), or
// writing fails with ErrNotSealed before one byte went out; so it does, later, where the message is not framed as
// cms.go draws it or lacks its end.
func NewCMS(write func(io.Writer) error) SealedStream {
	return SealedStream{kind: CMS, write: once(func(w io.Writer) error {
		c := &cmsWriter{w: w}
		if err := write(c); err != nil {
			return err
		}
		return c.close()
	})}
}

// readCMS takes a CMS message from a stream. Its first bytes are looked at now.
func readCMS(src *bufio.Reader) (SealedStream, error) {
	first, err := src.Peek(len(cmsAuthEnveloped))
	auth, n := cmsBegins(first)
	if n == 0 {
		return SealedStream{}, packets.SourceError(err, notSealed("it is no CMS message of a kind that encrypts"))
	}
	s := NewCMS(func(w io.Writer) error {
		_, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{src}, make([]byte, copySize))
		return err
	})
	s.auth = auth
	return s, nil
}

// cmsBegins says which kind b begins as, and how many bytes said so; 0: neither.
func cmsBegins(b []byte) (auth bool, n int) {
	switch {
	case bytes.HasPrefix(b, cmsEnveloped):
		return false, len(cmsEnveloped)
	case bytes.HasPrefix(b, cmsAuthEnveloped):
		return true, len(cmsAuthEnveloped)
	}
	return false, 0
}

// cmsWriter passes a CMS message on as far as it is well framed, and holds back what comes before its kind is known.
type cmsWriter struct {
	w    io.Writer
	held []byte
	walk *cmsWalk // nil while the kind is not known
	err  error
}

func (c *cmsWriter) Write(p []byte) (int, error) {
	if c.err == nil {
		c.err = c.take(p)
	}
	if c.err != nil {
		return 0, c.err
	}
	return len(p), nil
}

func (c *cmsWriter) take(p []byte) error {
	if c.walk == nil {
		room := max(len(cmsEnveloped), len(cmsAuthEnveloped)) - len(c.held)
		c.held = append(c.held, p[:min(room, len(p))]...)
		auth, n := cmsBegins(c.held)
		switch {
		case n > 0:
			c.walk = &cmsWalk{auth: auth}
		case bytes.HasPrefix(cmsEnveloped, c.held), bytes.HasPrefix(cmsAuthEnveloped, c.held):
			return nil // all of p is held
		default:
			return notSealed("it is no CMS message of a kind that encrypts")
		}
		took := min(room, len(p))
		if err := c.pass(c.held, n); err != nil {
			return err
		}
		p = p[took:]
	}
	return c.pass(p, 0)
}

// pass looks at p from the byte given on, and sends all of it.
func (c *cmsWriter) pass(p []byte, from int) error {
	if err := c.walk.take(p[from:]); err != nil {
		return err
	}
	_, err := c.w.Write(p)
	return err
}

func (c *cmsWriter) close() error {
	switch {
	case c.err != nil:
		return c.err
	case c.walk == nil || !c.walk.ended():
		return notSealed("it ends too early")
	}
	return nil
}
