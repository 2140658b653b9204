// Package packets is the little of OpenPGP's outer shape (RFC 9580 §4) that both
// halves of package keys need: packet headers and lengths, splitting a key file into
// its packets, ASCII armor, and the CFB mode of SEIPDv1.
//
// It knows nothing of keys, holds no secret between calls beyond a cipher's register,
// and trusts no length: everything is bounded by the bytes that are really there.
// Packet bytes are handed out as they came and are never serialised again, because a
// library that parses and rewrites may change them.
package packets

import (
	"encoding/binary"
	"errors"
	"io"
)

// The packet types we meet (RFC 9580 §5).
const (
	TagSessionKey   = 1
	TagSignature    = 2
	TagOnePass      = 4
	TagSecretKey    = 5
	TagPublicKey    = 6
	TagSecretSubkey = 7
	TagCompressed   = 8
	TagMarker       = 10
	TagLiteral      = 11
	TagTrust        = 12
	TagUserID       = 13
	TagPublicSubkey = 14
	TagUserAttr     = 17
	TagSealed       = 18
	TagMDC          = 19
	TagPadding      = 21
)

// Errors of bytes that are not a well-formed packet.
var (
	ErrTruncated = errors.New("a packet ends too early")
	ErrHeader    = errors.New("a packet header is not valid")
)

// MaxHeader is the longest new-format header in octets: tag and five-octet length.
const MaxHeader = 6

// AppendHeader appends the new-format header of a packet whose body has n octets.
func AppendHeader(dst []byte, tag byte, n int) []byte {
	return AppendLength(append(dst, 0xC0|tag), n)
}

// AppendLength appends n as a new-format length (RFC 9580 §4.2.1).
func AppendLength(dst []byte, n int) []byte {
	switch {
	case n < 192:
		return append(dst, byte(n)) //nolint:gosec // just compared
	case n < 8384:
		return append(dst, byte((n-192)>>8)+192, byte(n-192)) //nolint:gosec // two octets of a number below 1<<13
	default:
		return binary.BigEndian.AppendUint32(append(dst, 255), uint32(n)) //nolint:gosec // callers pass slice lengths below 4 GiB
	}
}

// PartialOctet is the length octet of a partial body of 1<<power octets.
func PartialOctet(power int) byte { return 0xE0 | byte(power&0x1F) }

// Length is one new-format length with the octets it was written in.
type Length struct {
	N       int64
	Partial bool
	Raw     [5]byte
	RawLen  int
}

// Source is a reader that framing is read from, octet by octet, and bodies in pieces.
type Source interface {
	io.Reader
	io.ByteReader
}

// ReadLength reads one new-format length. An early end is ErrTruncated; another error
// of the source comes back as it is.
func ReadLength(r io.ByteReader) (Length, error) {
	var l Length
	for {
		b, err := r.ReadByte()
		if err != nil {
			return l, SourceError(err, ErrTruncated)
		}
		l.Raw[l.RawLen] = b
		l.RawLen++
		switch first := l.Raw[0]; {
		case first < 192:
			l.N = int64(first)
			return l, nil
		case first < 224 && l.RawLen == 2:
			l.N = (int64(first)-192)<<8 + int64(b) + 192
			return l, nil
		case first >= 224 && first < 255:
			l.N, l.Partial = int64(1)<<(first&0x1F), true
			return l, nil
		case first == 255 && l.RawLen == 5:
			l.N = int64(binary.BigEndian.Uint32(l.Raw[1:]))
			return l, nil
		}
	}
}

// SourceError gives the error of the place that packets are read from; where err is nil or only says that packets end
// early or have a bad header, it gives meaning.
func SourceError(err, meaning error) error {
	for _, framing := range []error{nil, io.EOF, io.ErrUnexpectedEOF, ErrTruncated, ErrHeader} {
		if errors.Is(err, framing) {
			return meaning
		}
	}
	return err
}
