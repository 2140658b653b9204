package keys

import (
	"bufio"
	"io"

	"sealform/keys/internal/packets"
)

// SealedStream is a large sealed message not yet in memory.
type SealedStream struct {
	kind  Kind
	auth  bool // of CMS: AuthEnvelopedData
	keys  []SessionKey
	write func(io.Writer) error // the data packet, or all of a CMS message
}

// Kind says which standard it follows; 0 for the zero SealedStream.
func (s SealedStream) Kind() Kind { return s.kind }

// AuthEnveloped says, of a CMS message that ReadSealed took, whether it is AuthEnvelopedData (smime-type
// authEnveloped-data, RFC 8551 §3.2.2) and not EnvelopedData. False for every other stream: of one that NewCMS made it
// is known only to whom made it.
func (s SealedStream) AuthEnveloped() bool { return s.auth }

// SessionKeys are the readers' packets, in the message's order. A CMS message has none: its recipients are inside.
func (s SealedStream) SessionKeys() []SessionKey { return s.keys }

// WriteData writes the data packet only, or all of a CMS message, and can be called once. After an error what was
// written is useless: it lacks its end and its check.
func (s SealedStream) WriteData(w io.Writer) error {
	if s.write == nil {
		return ErrNotSealed
	}
	return s.write(w)
}

// WriteTo writes session keys, then data; once, like WriteData.
func (s SealedStream) WriteTo(w io.Writer) (int64, error) {
	n, err := writeSessionKeys(w, s.keys)
	if err != nil {
		return n, err
	}
	c := &counter{w: w}
	err = s.WriteData(c)
	return n + c.n, err
}

type counter struct {
	w io.Writer
	n int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// ReadSealed takes a sealed message from a stream (of the store): it reads and checks the session-key packets, or the
// first bytes of a CMS message, now, and the framing of the rest while it is written, in bounded memory. Its
// SessionKeys carry no Reader.
func ReadSealed(r io.Reader) (SealedStream, error) {
	src := bufio.NewReaderSize(r, copySize)
	if first, err := src.Peek(1); err == nil && first[0] == cmsSequence {
		return readCMS(src)
	}
	var all []SessionKey
	for {
		first, err := src.Peek(1)
		if err != nil {
			return SealedStream{}, packets.SourceError(err, notSealed("it ends too early"))
		}
		if first[0] != sessionKeyTag {
			break
		}
		packet, err := readSessionKey(src)
		if err != nil {
			return SealedStream{}, err
		}
		all = append(all, SessionKey{Packet: packet})
		if len(all) > MaxReaders {
			return SealedStream{}, notSealed("it has too many session keys")
		}
	}
	version, err := checkSessionKeys(all)
	if err != nil {
		return SealedStream{}, err
	}
	return SealedStream{kind: OpenPGP, keys: all, write: once(func(w io.Writer) error { return copyData(w, src, version) })}, nil
}

// readSessionKey reads one packet, raw.
func readSessionKey(src *bufio.Reader) ([]byte, error) {
	bad := notSealed("a session key has a bad length")
	tag, err := src.ReadByte()
	if err != nil {
		return nil, packets.SourceError(err, bad)
	}
	l, err := packets.ReadLength(src)
	if err != nil || l.Partial || l.N > maxSessionKey {
		return nil, packets.SourceError(err, bad)
	}
	raw := append(append(make([]byte, 0, 1+l.RawLen+int(l.N)), tag), l.Raw[:l.RawLen]...)
	raw = raw[:1+l.RawLen+int(l.N)]
	if _, err := io.ReadFull(src, raw[1+l.RawLen:]); err != nil {
		return nil, packets.SourceError(err, bad)
	}
	return raw, nil
}
