package keys

import (
	"errors"
	"fmt"
)

// errHidden is what encoders get instead of a secret.
var errHidden = errors.New("a secret cannot be encoded")

// Password is what unlocks a key or an account. Its bytes live inside a function
// value, so that printing, logging or encoding one has nothing to show.
type Password struct{ reveal func() []byte }

// NewPassword keeps a copy of b.
func NewPassword(b []byte) Password {
	c := append([]byte(nil), b...)
	return Password{func() []byte { return c }}
}

// Reveal is the one exit. A test lists its callers.
func (p Password) Reveal() []byte {
	if p.reveal == nil {
		return nil
	}
	return p.reveal()
}

// Wipe overwrites the bytes; every copy of this Password is useless afterwards.
func (p Password) Wipe() {
	if p.reveal != nil {
		clear(p.reveal())
	}
}

// Plaintext is what a visitor wrote, on its way into or out of a seal.
type Plaintext struct{ reveal func() []byte }

// NewPlaintext takes b over; the caller must not use it again.
func NewPlaintext(b []byte) Plaintext { return Plaintext{func() []byte { return b }} }

// Reveal is the one exit. A test lists its callers.
func (p Plaintext) Reveal() []byte {
	if p.reveal == nil {
		return nil
	}
	return p.reveal()
}

// Wipe overwrites the bytes; every copy of this Plaintext is useless afterwards.
func (p Plaintext) Wipe() {
	if p.reveal != nil {
		clear(p.reveal())
	}
}

// What follows only makes the emptiness readable: without it fmt would print the
// function's address.

const (
	hiddenPassword  = "[password]"
	hiddenPlaintext = "[plaintext]"
)

// String shows a fixed word.
func (Password) String() string { return hiddenPassword }

// GoString shows a fixed word.
func (Password) GoString() string { return hiddenPassword }

// Format shows a fixed word for every verb.
func (Password) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hiddenPassword)) }

// MarshalJSON refuses.
func (Password) MarshalJSON() ([]byte, error) { return nil, errHidden }

// MarshalText refuses.
func (Password) MarshalText() ([]byte, error) { return nil, errHidden }

// GobEncode refuses.
func (Password) GobEncode() ([]byte, error) { return nil, errHidden }

// String shows a fixed word.
func (Plaintext) String() string { return hiddenPlaintext }

// GoString shows a fixed word.
func (Plaintext) GoString() string { return hiddenPlaintext }

// Format shows a fixed word for every verb.
func (Plaintext) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hiddenPlaintext)) }

// MarshalJSON refuses.
func (Plaintext) MarshalJSON() ([]byte, error) { return nil, errHidden }

// MarshalText refuses.
func (Plaintext) MarshalText() ([]byte, error) { return nil, errHidden }

// GobEncode refuses.
func (Plaintext) GobEncode() ([]byte, error) { return nil, errHidden }
