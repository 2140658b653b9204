package private

import (
	"crypto/sha256"
	"errors"
	"io"

	"sealform/keys"
	"sealform/keys/internal/packets"
)

// Chunks gives the n-th piece (from 0) of a message's data packet; io.EOF after the last.
// A piece is used only until the next call.
type Chunks func(n int) ([]byte, error)

// Checked is a large message found whole and signed. It holds the message's session key:
// Wipe it after use.
type Checked struct {
	Size   int64    // bytes of plaintext
	SHA256 [32]byte // of the plaintext
	Signer keys.Fingerprint

	key    func() []byte // in a function, so that printing a Checked has nothing to show
	chunks Chunks
	hashes [][sha256.Size]byte // of each chunk of ciphertext
}

// Check is pass one: reads all chunks, verifies, remembers each chunk's hash, keeps no plaintext.
// Memory: some 100 KiB and 32 bytes a chunk. Errors as Open's; those of c come back as they are.
func (u *Unlocked) Check(sk []keys.SessionKey, c Chunks, by *keys.Verifiers) (*Checked, error) {
	key, err := u.sessionKey(sk)
	if err != nil {
		return nil, err
	}
	m := &Checked{key: func() []byte { return key }, chunks: c}
	src := &chunkReader{chunks: c, learn: true}
	if err := m.check(src, by); err != nil {
		m.Wipe()
		return nil, err
	}
	m.hashes = src.hashes
	return m, nil
}

func (c *Checked) check(src *chunkReader, by *keys.Verifiers) error {
	d, err := newDecrypter(src, c.key(), bufferSize, true)
	if err != nil {
		return err
	}
	defer d.wipe()
	c.Signer, c.Size, c.SHA256, err = readContent(d, io.Discard, by)
	if err != nil {
		return err
	}
	return src.end()
}

// WriteTo is pass two: refuses a chunk that differs from pass one before decrypting it.
// It can be called more than once. After an error w has got a good beginning, but not all.
func (c *Checked) WriteTo(w io.Writer) (int64, error) {
	if c.key == nil {
		return 0, ErrLocked
	}
	src := &chunkReader{chunks: c.chunks, hashes: c.hashes}
	d, err := newDecrypter(src, c.key(), bufferSize, false)
	if err != nil {
		return 0, err
	}
	defer d.wipe()
	n, err := copyContent(d, w)
	if err != nil {
		return n, err
	}
	return n, src.end()
}

// Wipe forgets the session key; WriteTo fails with ErrLocked afterwards.
func (c *Checked) Wipe() {
	if c.key != nil {
		clear(c.key())
	}
	c.key = nil
}

// chunkReader reads chunks one after the other. Learning, it notes their hashes; later
// it lets no octet of a chunk through whose hash is another.
type chunkReader struct {
	chunks Chunks
	learn  bool
	hashes [][sha256.Size]byte
	n      int
	rest   []byte
}

// Read implements io.Reader.
func (r *chunkReader) Read(p []byte) (int, error) {
	if err := r.next(); err != nil {
		return 0, err
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// ReadByte implements io.ByteReader.
func (r *chunkReader) ReadByte() (byte, error) {
	if err := r.next(); err != nil {
		return 0, err
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b, nil
}

// next makes sure that rest is not empty.
func (r *chunkReader) next() error {
	for len(r.rest) == 0 {
		b, err := r.chunks(r.n)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(b)
		switch {
		case r.learn:
			r.hashes = append(r.hashes, sum)
		case r.n >= len(r.hashes) || sum != r.hashes[r.n]:
			return ErrDamaged
		}
		r.n++
		r.rest = b
	}
	return nil
}

// end wants nothing after the message.
func (r *chunkReader) end() error {
	if _, err := r.ReadByte(); !errors.Is(err, io.EOF) {
		return packets.SourceError(err, ErrDamaged)
	}
	if r.n != len(r.hashes) {
		return ErrDamaged
	}
	return nil
}
