package smime

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"time"
)

// writeSigned writes multipart/signed (RFC 8551 §3.5.3) around the entity that write produces. The entity's own header
// section is where header protection lives: it is the innermost part under all seals, the "cryptographic payload" of
// RFC 9788 §1.1, so that the wrapping around it repeats nothing.
func (s *Signer) writeSigned(w io.Writer, at time.Time, write func(io.Writer) error) error {
	edge := boundary()
	if _, err := io.WriteString(w, "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\r\n"+
		" micalg=sha-256; boundary=\""+edge+"\"\r\n\r\n--"+edge+"\r\n"); err != nil {
		return err
	}
	hash := sha256.New()
	entity := &canonical{w: io.MultiWriter(w, hash)}
	if err := write(entity); err != nil {
		return err
	}
	if err := entity.end(); err != nil {
		return err
	}
	signature, err := s.sign(hash.Sum(nil), at)
	if err != nil {
		return err
	}
	_, err = w.Write(signaturePart(signature, edge))
	return err
}

func signaturePart(signature []byte, edge string) []byte {
	b := []byte("\r\n--" + edge + "\r\n" +
		"Content-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\n" +
		"Content-Transfer-Encoding: base64\r\n" +
		"Content-Disposition: attachment; filename=\"smime.p7s\"\r\n\r\n")
	const line = 57 // octets: 76 digits
	for len(signature) > 0 {
		n := min(line, len(signature))
		b = append(base64.StdEncoding.AppendEncode(b, signature[:n]), "\r\n"...)
		signature = signature[n:]
	}
	return append(b, "--"+edge+"--\r\n"...)
}

// boundary is drawn for each message, 128 bits: the entity cannot hold it.
func boundary() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return "=_s" + hex.EncodeToString(b[:])
}

// canonical ends every line with CR LF (RFC 8551 §3.1.1), as programs that check the signature do. Our own entities
// do so already and pass unchanged.
type canonical struct {
	w  io.Writer
	cr bool // the last octet was CR, and no LF has come
}

func (c *canonical) Write(p []byte) (int, error) {
	from := 0
	for i, b := range p {
		before := ""
		switch {
		case b == '\n' && !c.cr:
			before = "\r"
		case b != '\n' && c.cr:
			before = "\n"
		}
		c.cr = b == '\r'
		if before == "" {
			continue
		}
		if _, err := c.w.Write(p[from:i]); err != nil {
			return 0, err
		}
		if _, err := io.WriteString(c.w, before); err != nil {
			return 0, err
		}
		from = i
	}
	if _, err := c.w.Write(p[from:]); err != nil {
		return 0, err
	}
	return len(p), nil
}

// end completes a line that ends with CR alone.
func (c *canonical) end() error {
	if !c.cr {
		return nil
	}
	_, err := io.WriteString(c.w, "\n")
	return err
}
