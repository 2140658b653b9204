package keys

import (
	"crypto/aes"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // SEIPDv1 defines its check as SHA-1 under encryption (RFC 9580 §5.13.1)
	"hash"
	"io"

	"sealform/keys/internal/packets"
)

const (
	seipdVersion = 1
	prefixSize   = aes.BlockSize + 2
	mdcSize      = 2 + sha1.Size
	chunkPower   = 16 // partial bodies of the data packet: 64 KiB
	slicePower   = 13 // hashed and encrypted 8 KiB at a time, while they are in the cache
)

// dataWriter writes one SEIPDv1 packet: random prefix, content, SHA-1 check, all under
// CFB. Content is collected in buf and encrypted there; nothing else leaves it. A whole
// message has a buf of its full size and a definite length, a stream has a buf of one
// partial body.
type dataWriter struct {
	w     io.Writer // nil for a whole message
	cfb   *packets.Encrypter
	mdc   hash.Hash
	buf   []byte // buf[:clear] is done, the rest is still plaintext
	clear int
	err   error // the first one of w
}

// newWholeWriter has room for content octets, and must be given exactly as many.
func newWholeWriter(key []byte, content int) (*dataWriter, error) {
	n := 1 + prefixSize + content + mdcSize
	buf := make([]byte, 0, packets.MaxHeader+n)
	return startData(nil, packets.AppendHeader(buf, packets.TagSealed, n), key)
}

func newStreamWriter(w io.Writer, key []byte) (*dataWriter, error) {
	if _, err := w.Write([]byte{0xC0 | packets.TagSealed}); err != nil {
		return nil, err
	}
	buf := make([]byte, 0, 1+1<<chunkPower)
	return startData(w, append(buf, packets.PartialOctet(chunkPower)), key)
}

func startData(w io.Writer, buf, key []byte) (*dataWriter, error) {
	cfb, err := packets.NewEncrypter(key)
	if err != nil {
		return nil, err
	}
	d := &dataWriter{w: w, cfb: cfb, mdc: sha1.New(), buf: append(buf, seipdVersion)} //nolint:gosec // see the import
	d.clear = len(d.buf)
	var prefix [prefixSize]byte
	_, _ = rand.Read(prefix[:aes.BlockSize]) // never fails (crypto/rand)
	copy(prefix[aes.BlockSize:], prefix[aes.BlockSize-2:])
	d.add(prefix[:])
	return d, nil
}

// add takes content; an error shows at close.
func (d *dataWriter) add(p []byte) {
	for len(p) > 0 && d.err == nil {
		if d.w != nil && len(d.buf) == cap(d.buf) {
			d.flush()
		}
		n := len(p)
		if d.w != nil {
			n = min(n, cap(d.buf)-len(d.buf))
		}
		d.buf = append(d.buf, p[:n]...)
		p = p[n:]
	}
}

func (d *dataWriter) failed() error { return d.err }

// flush sends a full partial body on.
func (d *dataWriter) flush() {
	d.protect()
	_, d.err = d.w.Write(d.buf)
	d.buf = append(d.buf[:0], packets.PartialOctet(chunkPower))
	d.clear = len(d.buf)
}

// protect hashes and encrypts what is still plaintext.
func (d *dataWriter) protect() {
	for d.clear < len(d.buf) {
		part := d.buf[d.clear:min(d.clear+1<<slicePower, len(d.buf))]
		_, _ = d.mdc.Write(part)
		d.cfb.Encrypt(part)
		d.clear += len(part)
	}
}

// close adds the check, which covers its own two header octets, and sends the rest.
func (d *dataWriter) close() error {
	d.add([]byte{0xC0 | packets.TagMDC, sha1.Size})
	d.protect()
	d.add(d.mdc.Sum(nil))
	d.protect()
	if d.w == nil || d.err != nil {
		return d.err
	}
	if _, err := d.w.Write(packets.AppendLength(nil, len(d.buf)-1)); err != nil {
		return err
	}
	_, err := d.w.Write(d.buf[1:])
	return err
}

func (d *dataWriter) wipe() {
	d.cfb.Wipe()
	clear(d.buf[:cap(d.buf)])
}
