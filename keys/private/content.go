package private

import (
	"crypto/sha256"
	"errors"
	"hash"
	"io"

	"sealform/keys"
	"sealform/keys/internal/packets"
)

// content is the inside of a message of ours, read from start to end: the announcement of a
// signature, the literal data, the signature (RFC 9580 §10.3), and nothing else. Neither
// compression nor another nesting is taken.
type content struct {
	d         *decrypter
	hashed    hash.Hash // SHA-256 of the literal data
	size      int64
	signature []byte
}

// errShape means that the inside is not of our shape. Whether it is damaged or foreign
// shows only at the end of the message.
var errShape = errors.New("not a signed message")

const (
	onePassSize  = 13
	maxSignature = 1 << 10
)

// readContent reads one message, writes its literal data to w and verifies it. Unless it
// returns nil, what w got must not be used. The size and SHA-256 are of the literal data.
func readContent(d *decrypter, w io.Writer, by *keys.Verifiers) (signer keys.Fingerprint, size int64, sum [32]byte, err error) {
	c := &content{d: d, hashed: sha256.New()}
	if err := c.read(w); err != nil {
		return "", 0, sum, c.verdict(err)
	}
	c.hashed.Sum(sum[:0])
	signer, err = by.Verify(c.signature, c.hashed)
	if err != nil {
		return "", 0, [32]byte{}, ErrUnsigned
	}
	return signer, c.size, sum, nil
}

// copyContent writes the literal data of a message that readContent found good.
func copyContent(d *decrypter, w io.Writer) (int64, error) {
	c := &content{d: d, hashed: sha256.New()}
	if err := c.read(w); err != nil {
		return c.size, c.verdict(err)
	}
	return c.size, nil
}

// verdict reads on to the end: a message whose check fails is damaged, whatever else
// seemed wrong with it; one whose check holds was made by somebody else.
func (c *content) verdict(err error) error {
	if !errors.Is(err, errShape) {
		return err
	}
	if _, err := io.Copy(io.Discard, c.d); err != nil {
		return err
	}
	return ErrUnsigned
}

func (c *content) read(w io.Writer) error {
	if _, err := c.small(packets.TagOnePass, onePassSize); err != nil {
		return err
	}
	if err := c.literal(w); err != nil {
		return err
	}
	var err error
	if c.signature, err = c.small(packets.TagSignature, maxSignature); err != nil {
		return err
	}
	if _, err := c.d.ReadByte(); !errors.Is(err, io.EOF) {
		return packets.SourceError(err, errShape)
	}
	return nil
}

// small reads a packet that must be of that kind and at most so long, raw.
func (c *content) small(want byte, most int64) ([]byte, error) {
	tag, body, err := packets.ReadHeader(c.d)
	if err != nil {
		return nil, packets.SourceError(err, errShape)
	}
	n, definite := body.Definite()
	if tag != want || !definite || n > most {
		return nil, errShape
	}
	raw := packets.AppendHeader(nil, tag, int(n))
	head := len(raw)
	raw = append(raw, make([]byte, n)...)
	if _, err := io.ReadFull(body, raw[head:]); err != nil {
		return nil, packets.SourceError(err, errShape)
	}
	return raw, nil
}

// literal reads the literal packet (RFC 9580 §5.9) and copies its data. The fields before
// the data are not signed, so they must say nothing, as ours do: binary, no name, no date.
func (c *content) literal(w io.Writer) error {
	tag, body, err := packets.ReadHeader(c.d)
	if err != nil {
		return packets.SourceError(err, errShape)
	}
	if tag != packets.TagLiteral {
		return errShape
	}
	var fields [6]byte
	if _, err := io.ReadFull(body, fields[:]); err != nil {
		return packets.SourceError(err, errShape)
	}
	if fields != [6]byte{'b'} {
		return errShape
	}
	return c.copy(w, body)
}

func (c *content) copy(w io.Writer, body *packets.Body) error {
	n, definite := body.Definite()
	if !definite || n > bufferSize {
		n = bufferSize
	}
	buf := make([]byte, n+1)
	defer clear(buf)
	for {
		n, err := body.Read(buf)
		_, _ = c.hashed.Write(buf[:n])
		c.size += int64(n)
		if n > 0 {
			if _, err := w.Write(buf[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return packets.SourceError(err, errShape)
		}
	}
}
