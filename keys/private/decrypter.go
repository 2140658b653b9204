package private

import (
	"crypto/aes"
	"crypto/sha1" //nolint:gosec // SEIPDv1 defines its check as SHA-1 under encryption (RFC 9580 §5.13.1)
	"crypto/subtle"
	"errors"
	"hash"
	"io"

	"sealform/keys/internal/packets"
)

const (
	prefixSize = aes.BlockSize + 2
	mdcSize    = 2 + sha1.Size
	bufferSize = 32 << 10
)

// decrypter reads what is inside a SEIPDv1 packet, without the random prefix and the
// check at its end. It gives io.EOF only after the check held, ErrDamaged otherwise.
// Until then what it gave is not to be believed, let alone shown.
type decrypter struct {
	src   io.Reader
	cfb   *packets.Decrypter
	mdc   hash.Hash // nil when the ciphertext is known to be good already
	buf   []byte
	r, w  int // buf[r:w] is decrypted; the last mdcSize of it may be the check
	ended bool
	err   error // the final state
}

// newDecrypter begins at a message's data packet. size is a guess of how much there is.
func newDecrypter(src packets.Source, key []byte, size int, check bool) (*decrypter, error) {
	tag, body, err := packets.ReadHeader(src)
	if err != nil || tag != packets.TagSealed {
		return nil, packets.SourceError(err, ErrDamaged)
	}
	version, err := body.ReadByte()
	if err != nil {
		return nil, packets.SourceError(err, ErrDamaged)
	}
	if version != 1 {
		return nil, ErrUnsupported
	}
	cfb, err := packets.NewDecrypter(key)
	if err != nil {
		return nil, ErrDamaged
	}
	d := &decrypter{src: body, cfb: cfb, buf: make([]byte, min(bufferSize, size+mdcSize+1))}
	if check {
		d.mdc = sha1.New() //nolint:gosec // see the import
	}
	var prefix [prefixSize]byte
	if _, err := io.ReadFull(d, prefix[:]); err != nil {
		return nil, packets.SourceError(err, ErrDamaged)
	}
	return d, nil
}

// Read implements io.Reader.
func (d *decrypter) Read(p []byte) (int, error) {
	for d.w-d.r <= mdcSize {
		if d.ended {
			d.finish()
		}
		if d.err != nil {
			return 0, d.err
		}
		d.fill()
	}
	n := copy(p, d.buf[d.r:d.w-mdcSize])
	if d.mdc != nil {
		_, _ = d.mdc.Write(p[:n])
	}
	d.r += n
	return n, nil
}

// ReadByte implements io.ByteReader.
func (d *decrypter) ReadByte() (byte, error) {
	var one [1]byte
	_, err := io.ReadFull(d, one[:])
	return one[0], err
}

// fill decrypts the next piece behind the octets that may be the check.
func (d *decrypter) fill() {
	d.w = copy(d.buf, d.buf[d.r:d.w])
	d.r = 0
	n, err := d.src.Read(d.buf[d.w:])
	d.cfb.Decrypt(d.buf[d.w : d.w+n])
	d.w += n
	switch {
	case errors.Is(err, io.EOF):
		d.ended = true
	case err != nil:
		d.err = packets.SourceError(err, ErrDamaged)
	}
}

// finish compares the check (RFC 9580 §5.13.1).
func (d *decrypter) finish() {
	if d.err != nil {
		return
	}
	tail := d.buf[d.r:d.w]
	d.err = ErrDamaged
	if len(tail) != mdcSize || tail[0] != 0xC0|packets.TagMDC || tail[1] != sha1.Size {
		return
	}
	if d.mdc == nil {
		d.err = io.EOF
		return
	}
	_, _ = d.mdc.Write(tail[:2])
	if subtle.ConstantTimeCompare(d.mdc.Sum(nil), tail[2:]) == 1 {
		d.err = io.EOF
	}
}

// wipe overwrites the key stream and the decrypted octets.
func (d *decrypter) wipe() {
	d.cfb.Wipe()
	clear(d.buf)
}
