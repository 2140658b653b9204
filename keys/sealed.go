package keys

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"sealform/keys/internal/packets"
)

// Errors of bytes that are not a sealed message.
var (
	ErrNotSealed = errors.New("not a sealed message")
	ErrCMS       = errors.New("a CMS (S/MIME) message, where only OpenPGP can be")
)

const (
	sessionKeyTag = 0xC0 | packets.TagSessionKey
	dataTag       = 0xC0 | packets.TagSealed
	cmsSequence   = 0x30 // how every CMS message begins (BER)

	minSessionKey = 12      // octets of a session key's body: version, key id, algorithm, something
	maxSessionKey = 4 << 10 // the largest known kind has 1.7 KiB
	minData       = 1 + prefixSize + mdcSize
	minPartial    = 512 // RFC 9580 §4.2.1.4
	copySize      = 32 << 10
)

// SessionKey is one reader's PKESK packet, raw bytes (RFC 9580 §5.1).
type SessionKey struct {
	Reader Fingerprint
	Packet []byte
}

// Sealed is a whole sealed message; made only by Recipients.Seal, JoinSealed and ParseSealed.
// What its methods return is shared and must not be changed.
type Sealed struct {
	kind Kind
	keys []SessionKey
	data []byte
}

// Kind says which standard it follows; 0 for the zero Sealed.
func (s Sealed) Kind() Kind { return s.kind }

// SessionKeys are the readers' packets, in the message's order.
func (s Sealed) SessionKeys() []SessionKey { return s.keys }

// Data is the one tag-18 packet.
func (s Sealed) Data() []byte { return s.data }

// WriteTo writes session keys, then data: what gpg reads.
func (s Sealed) WriteTo(w io.Writer) (int64, error) {
	if s.kind == 0 {
		return 0, ErrNotSealed
	}
	n, err := writeSessionKeys(w, s.keys)
	if err != nil {
		return n, err
	}
	m, err := w.Write(s.data)
	return n + int64(m), err
}

func writeSessionKeys(w io.Writer, all []SessionKey) (int64, error) {
	var n int64
	for _, k := range all {
		m, err := w.Write(k.Packet)
		n += int64(m)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// ParseSealed accepts 1..64 PKESK (v3/v6), exactly one tag 18, nothing after. Reader is empty in its SessionKeys.
// Headers must be in the new format and no length indeterminate, so that no two programs
// see different packets in the same bytes. The result shares b's memory. Errors wrap
// ErrNotSealed, or are ErrCMS: what the store keeps for its readers is OpenPGP alone, and CMS only passes through it to
// be mailed (ReadSealed).
func ParseSealed(b []byte) (Sealed, error) {
	all, rest, err := cutSessionKeys(b)
	if err != nil {
		return Sealed{}, err
	}
	return JoinSealed(all, rest)
}

// JoinSealed puts rows of the store together again, with the same checks. It shares the
// rows' memory.
func JoinSealed(sk []SessionKey, data []byte) (Sealed, error) {
	version, err := checkSessionKeys(sk)
	if err != nil {
		return Sealed{}, err
	}
	if err := copyData(io.Discard, bytes.NewReader(data), version); err != nil {
		return Sealed{}, err
	}
	return Sealed{kind: OpenPGP, keys: sk, data: data}, nil
}

// cutSessionKeys takes the leading session-key packets off.
func cutSessionKeys(b []byte) ([]SessionKey, []byte, error) {
	if len(b) > 0 && b[0] == cmsSequence {
		return nil, nil, ErrCMS
	}
	var all []SessionKey
	for len(b) > 0 && b[0] == sessionKeyTag {
		l, err := packets.ReadLength(bytes.NewReader(b[1:]))
		if err != nil || l.Partial || l.N > maxSessionKey || int64(len(b)-1-l.RawLen) < l.N {
			return nil, nil, notSealed("a session key has a bad length")
		}
		n := 1 + l.RawLen + int(l.N)
		all = append(all, SessionKey{Packet: b[:n:n]})
		if len(all) > MaxReaders {
			return nil, nil, notSealed("it has too many session keys")
		}
		b = b[n:]
	}
	return all, b, nil
}

// checkSessionKeys looks at 1 to 64 packets, each one PKESK, and gives their common
// version: 3 goes with SEIPDv1, 6 with SEIPDv2 (RFC 9580 §5.1).
func checkSessionKeys(all []SessionKey) (version byte, err error) {
	if len(all) == 0 || len(all) > MaxReaders {
		return 0, notSealed("it needs 1 to %d session keys", MaxReaders)
	}
	for _, k := range all {
		if len(k.Packet) == 0 || k.Packet[0] != sessionKeyTag {
			return 0, notSealed("it does not begin with a session key")
		}
		l, err := packets.ReadLength(bytes.NewReader(k.Packet[1:]))
		if err != nil || l.Partial || l.N < minSessionKey || l.N > maxSessionKey || int64(len(k.Packet)) != 1+int64(l.RawLen)+l.N {
			return 0, notSealed("a session key has a bad length")
		}
		v := k.Packet[1+l.RawLen]
		if v != 3 && v != 6 || version != 0 && v != version {
			return 0, notSealed("a session key has version %d", v)
		}
		version = v
	}
	return version, nil
}

// copyData copies exactly one tag-18 packet from src to w and wants src to end there.
// Framing faults wrap ErrNotSealed; errors of src and w come back as they are.
func copyData(w io.Writer, src packets.Source, version byte) error {
	if tag, err := src.ReadByte(); err != nil || tag != dataTag {
		return packets.SourceError(err, notSealed("no sealed data follows the session keys"))
	}
	if _, err := w.Write([]byte{dataTag}); err != nil {
		return err
	}
	var total int64
	var buf []byte
	for more := true; more; {
		l, err := packets.ReadLength(src)
		if err != nil {
			return packets.SourceError(err, notSealed("its data ends too early"))
		}
		if l.Partial && total == 0 && l.N < minPartial {
			return notSealed("its data begins with too short a piece")
		}
		if buf == nil {
			buf = make([]byte, min(l.N+1, copySize))
		}
		if err := copyPiece(w, src, l, buf, total == 0, version); err != nil {
			return err
		}
		total += l.N
		more = l.Partial
	}
	if total < minData {
		return notSealed("its data is too short")
	}
	if _, err := src.ReadByte(); !errors.Is(err, io.EOF) {
		return packets.SourceError(err, notSealed("something follows the sealed data"))
	}
	return nil
}

// copyPiece copies one length and its octets; in the first piece it looks at the version.
func copyPiece(w io.Writer, src packets.Source, l packets.Length, buf []byte, first bool, version byte) error {
	if _, err := w.Write(l.Raw[:l.RawLen]); err != nil {
		return err
	}
	for left := l.N; left > 0; {
		part := buf[:min(left, int64(len(buf)))]
		if _, err := io.ReadFull(src, part); err != nil {
			return packets.SourceError(err, notSealed("its data ends too early"))
		}
		if first && !pairs(version, part[0]) {
			return notSealed("its data has version %d under session keys of version %d", part[0], version)
		}
		first = false
		if _, err := w.Write(part); err != nil {
			return err
		}
		left -= int64(len(part))
	}
	return nil
}

// pairs says which session keys go with which data (RFC 9580 §10.3.2.1).
func pairs(sessionKey, data byte) bool {
	return sessionKey == 3 && data == 1 || sessionKey == 6 && data == 2
}

func notSealed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrNotSealed, fmt.Sprintf(format, args...))
}
