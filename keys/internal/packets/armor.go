package packets

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
)

// The armor headings we write and read (RFC 9580 §6.2).
const (
	ArmorMessage    = "PGP MESSAGE"
	ArmorPublicKey  = "PGP PUBLIC KEY BLOCK"
	ArmorPrivateKey = "PGP PRIVATE KEY BLOCK"
)

const (
	lineOctets = 48 // 64 characters of base64
	armorLines = 256
)

// ErrArmor means that armor is broken or of the wrong kind.
var ErrArmor = errors.New("the armor is not valid")

// armorWriter writes ASCII armor with its CRC-24. GnuPG before 2.4.9 fails on about a
// third of all messages without the checksum (GnuPG T7071), so we always write it, but for
// messages whose session keys have version 6: those must not have it (RFC 9580 §6.1), and
// no program that wants it reads them.
type armorWriter struct {
	w    io.Writer
	kind string
	crc  uint32
	late bool   // something was encoded
	bare bool   // no checksum
	in   []byte // less than a full batch, waiting
	out  []byte
	err  error
}

// NewArmorWriter writes the heading of kind at once. Lines end with LF. Close writes
// what is left, the checksum and the last line; it does not close w.
func NewArmorWriter(w io.Writer, kind string) (io.WriteCloser, error) {
	if _, err := io.WriteString(w, "-----BEGIN "+kind+"-----\n\n"); err != nil {
		return nil, err
	}
	return &armorWriter{
		w: w, kind: kind, crc: crcStart,
		in:  make([]byte, 0, lineOctets*armorLines),
		out: make([]byte, 0, (4*lineOctets/3+1)*armorLines),
	}, nil
}

// Write implements io.Writer.
func (a *armorWriter) Write(p []byte) (int, error) {
	if a.err != nil {
		return 0, a.err
	}
	total := len(p)
	for len(p) > 0 {
		if len(a.in) == 0 && len(p) >= cap(a.in) {
			a.encode(p[:cap(a.in)])
			p = p[cap(a.in):]
		} else {
			n := min(len(p), cap(a.in)-len(a.in))
			a.in = append(a.in, p[:n]...)
			p = p[n:]
			if len(a.in) == cap(a.in) {
				a.encode(a.in)
				a.in = a.in[:0]
			}
		}
		if a.err != nil {
			return total - len(p), a.err
		}
	}
	return total, nil
}

// encode writes p as lines; only the last call's p may end within a line.
func (a *armorWriter) encode(p []byte) {
	if !a.late {
		a.late, a.bare = true, sixth(p)
	}
	a.crc = crc24(a.crc, p)
	a.out = a.out[:0]
	for len(p) > 0 {
		n := min(len(p), lineOctets)
		a.out = append(base64.StdEncoding.AppendEncode(a.out, p[:n]), '\n')
		p = p[n:]
	}
	_, a.err = a.w.Write(a.out)
}

// Close implements io.Closer.
func (a *armorWriter) Close() error {
	if a.err != nil {
		return a.err
	}
	a.encode(a.in)
	if a.err != nil {
		return a.err
	}
	var end []byte
	if !a.bare {
		sum := binary.BigEndian.AppendUint32(nil, a.crc)[1:]
		end = append(base64.StdEncoding.AppendEncode([]byte{'='}, sum), '\n')
	}
	_, err := a.w.Write(append(end, "-----END "+a.kind+"-----\n"...))
	a.err = errors.New("armor is already closed")
	return err
}

// sixth says whether a message begins with a session key of version 6.
func sixth(p []byte) bool {
	if len(p) == 0 || p[0] != 0xC0|TagSessionKey {
		return false
	}
	l, err := ReadLength(bytes.NewReader(p[1:]))
	return err == nil && len(p) > 1+l.RawLen && p[1+l.RawLen] == 6
}

// Armor gives b in armor of that kind.
func Armor(kind string, b []byte) []byte {
	var buf bytes.Buffer
	buf.Grow(len(b)*4/3 + len(b)/lineOctets + 128)
	w, _ := NewArmorWriter(&buf, kind) // a bytes.Buffer does not fail
	_, _ = w.Write(b)
	_ = w.Close()
	return buf.Bytes()
}

// Armored says whether b looks like text with armor in it rather than binary packets.
func Armored(b []byte) bool {
	return bytes.Contains(b, []byte("-----BEGIN PGP "))
}

// Dearmor decodes the one armored block in b and gives its kind. More than one is an
// error: two keys in a file must not pass for one.
func Dearmor(b []byte) (kind string, body []byte, err error) {
	b = bytes.TrimPrefix(b, []byte("\xEF\xBB\xBF"))
	if bytes.Count(b, []byte("-----BEGIN PGP ")) != 1 {
		return "", nil, ErrArmor
	}
	block, err := armor.Decode(bytes.NewReader(b))
	if err != nil {
		return "", nil, ErrArmor
	}
	body, err = io.ReadAll(block.Body)
	if err != nil {
		return "", nil, ErrArmor
	}
	return block.Type, body, nil
}
