package keys

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

const sessionKeySize = 32 // AES-256

// errUsed means that a stream was asked for its data a second time.
var errUsed = errors.New("a sealed stream can be written only once")

// Seal seals a whole plaintext, signed by the server's key. Every reader must be usable
// at that time (*Refusal otherwise); on any error nothing is returned.
func (r *Recipients) Seal(p Plaintext, by *Signer, at time.Time) (Sealed, error) {
	if p.reveal == nil || by == nil || at.IsZero() {
		return Sealed{}, errors.New("sealing needs a plaintext, a signer and a time")
	}
	var key [sessionKeySize]byte
	defer clear(key[:])
	_, _ = rand.Read(key[:]) // never fails (crypto/rand)
	wrapped, err := r.wrap(3, key[:], at)
	if err != nil {
		return Sealed{}, err
	}
	body := p.Reveal()
	signed := sha256.New()
	_, _ = signed.Write(body)
	signature, err := by.sign(signed, at)
	if err != nil {
		return Sealed{}, err
	}
	data, err := sealWhole(key[:], by, body, signature)
	if err != nil {
		return Sealed{}, err
	}
	return Sealed{kind: OpenPGP, keys: wrapped, data: data}, nil
}

// sealWhole makes the data packet in one piece of memory: all lengths are known.
func sealWhole(key []byte, by *Signer, body, signature []byte) ([]byte, error) {
	content := len(by.onePass()) + len(literalHeader(len(body))) + len(body) + len(signature)
	d, err := newWholeWriter(key, content)
	if err != nil {
		return nil, err
	}
	defer d.cfb.Wipe()
	d.add(by.onePass())
	d.add(literalHeader(len(body)))
	d.add(body)
	d.add(signature)
	if err := d.close(); err != nil {
		return nil, err
	}
	return d.buf, nil
}

// SealStream prepares a large message: the session key is drawn and wrapped now, the
// data comes when WriteData runs, pulled from write, which is called once. Memory stays
// at some 100 KiB whatever the size, and however large write's pieces are.
func (r *Recipients) SealStream(by *Signer, at time.Time, write func(io.Writer) error) (SealedStream, error) {
	return r.stream(3, by, at, write, func(w io.Writer, key []byte) error {
		return sealStream(w, key, by, at, write)
	})
}

// stream draws a session key, wraps it in packets of that version, and lets seal write the data under it, once.
func (r *Recipients) stream(version byte, by *Signer, at time.Time, write func(io.Writer) error, seal func(io.Writer, []byte) error) (SealedStream, error) {
	if write == nil || by == nil || at.IsZero() {
		return SealedStream{}, errors.New("sealing needs a source, a signer and a time")
	}
	key := make([]byte, sessionKeySize)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	wrapped, err := r.wrap(version, key, at)
	if err != nil {
		clear(key)
		return SealedStream{}, err
	}
	return SealedStream{kind: OpenPGP, keys: wrapped, write: once(func(w io.Writer) error {
		defer clear(key)
		return seal(w, key)
	})}, nil
}

// once gives write, but for the second call, which is errUsed.
func once(write func(io.Writer) error) func(io.Writer) error {
	var used atomic.Bool
	return func(w io.Writer) error {
		if used.Swap(true) {
			return errUsed
		}
		return write(w)
	}
}

// sealStream writes the data packet as it comes, in partial bodies.
func sealStream(w io.Writer, key []byte, by *Signer, at time.Time, write func(io.Writer) error) error {
	d, err := newStreamWriter(w, key)
	if err != nil {
		return err
	}
	defer d.wipe()
	if err := signedContent(d, by, at, write); err != nil {
		return err
	}
	return d.close()
}

// sink takes the packets inside the data packet. An error shows in failed, and at the latest at its end.
type sink interface {
	add(p []byte)
	failed() error
}

// signedContent adds what write gives, as a literal packet between the two halves of a signature.
func signedContent(d sink, by *Signer, at time.Time, write func(io.Writer) error) error {
	d.add(by.onePass())
	literal := newLiteralWriter(d)
	defer literal.wipe()
	if err := write(literal); err != nil {
		return fmt.Errorf("reading what is to be sealed: %w", err)
	}
	literal.end()
	signature, err := by.sign(literal.signed, at)
	if err != nil {
		return err
	}
	d.add(signature)
	return nil
}
