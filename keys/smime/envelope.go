package smime

import (
	"crypto/aes"
	"encoding/asn1"
	"encoding/binary"
	"errors"
	"io"
)

const (
	pieceSize   = 16 << 10     // octets of content in one piece of the message
	pieceHeader = 4            // room for an OCTET STRING's tag and length
	maxContent  = 1<<36 - 4096 // GCM's limit for one key and nonce (SP 800-38D §5.2.1.1), and a page
)

var (
	endOfContents = []byte{0, 0} // closes an indefinite length (X.690 §8.1.5)

	errTooLarge = errors.New("a sealed mail holds less than 64 GiB")
)

// envelope writes one EnvelopedData or AuthEnvelopedData with lengths left open (BER, RFC 5652 §5.2): the content
// goes through a buffer of one piece and is encrypted there.
type envelope struct {
	w       io.Writer
	content content
	buf     []byte // its first pieceHeader octets wait for the piece's header
	left    int64
}

// openEnvelope writes everything before the content. What a reader of the stream looks at comes first and always in
// this form: SEQUENCE of open length, the content's type, [0] and SEQUENCE of open lengths, the version.
func openEnvelope(w io.Writer, c content, recipients []byte, agreed bool) (*envelope, error) {
	kind, version := oidEnvelopedData, byte(0)
	if c.authenticated() {
		kind = oidAuthEnvelopedData
	} else if agreed {
		version = 2 // RFC 5652 §6.1
	}
	head := append([]byte{0x30, 0x80}, marshal(kind)...)
	head = append(head, 0xA0, 0x80, 0x30, 0x80, 0x02, 0x01, version)
	head = append(head, recipients...)
	head = append(head, 0x30, 0x80)
	head = append(head, marshal(oidData)...)
	head = append(head, marshal(c.algorithm())...)
	head = append(head, 0xA0, 0x80) // encryptedContent [0], in pieces
	if _, err := w.Write(head); err != nil {
		return nil, err
	}
	return &envelope{w: w, content: c, buf: make([]byte, pieceHeader, pieceHeader+pieceSize+aes.BlockSize), left: maxContent}, nil
}

// Write takes content. After an error the message is of no use.
func (e *envelope) Write(p []byte) (int, error) {
	n := len(p)
	if e.left -= int64(n); e.left < 0 {
		return 0, errTooLarge
	}
	for len(p) > 0 {
		taken := min(len(p), pieceHeader+pieceSize-len(e.buf))
		e.buf, p = append(e.buf, p[:taken]...), p[taken:]
		if len(e.buf) < pieceHeader+pieceSize {
			break
		}
		e.content.encrypt(e.buf[pieceHeader:])
		if err := e.send(); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// send writes the buffer as one OCTET STRING.
func (e *envelope) send() error {
	n := len(e.buf) - pieceHeader
	from := pieceHeader - 2
	switch {
	case n == 0:
		return nil
	case n < 0x80:
		e.buf[3] = byte(n) //nolint:gosec // below 0x80
	case n < 0x100:
		from = pieceHeader - 3
		e.buf[2], e.buf[3] = 0x81, byte(n)
	default:
		from = 0
		e.buf[1] = 0x82
		binary.BigEndian.PutUint16(e.buf[2:], uint16(n)) //nolint:gosec // at most pieceSize and one block
	}
	e.buf[from] = asn1.TagOctetString
	_, err := e.w.Write(e.buf[from:])
	e.buf = e.buf[:pieceHeader]
	return err
}

// close writes the rest, the authenticator where there is one, and the ends.
func (e *envelope) close() error {
	rest := e.content.end(e.buf[pieceHeader:])
	e.buf = e.buf[:pieceHeader+len(rest)] // which lies in the buffer: its capacity has room for a block more
	if err := e.send(); err != nil {
		return err
	}
	tail := append([]byte{}, endOfContents...) // encryptedContent
	tail = append(tail, endOfContents...)      // EncryptedContentInfo
	if tag := e.content.tag(); tag != nil {
		tail = append(append(tail, asn1.TagOctetString, tagSize), tag...)
	}
	for range 3 { // AuthEnvelopedData or EnvelopedData, [0], ContentInfo
		tail = append(tail, endOfContents...)
	}
	_, err := e.w.Write(tail)
	return err
}

func (e *envelope) wipe() {
	clear(e.buf[:cap(e.buf)])
}
