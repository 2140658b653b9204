package keys

import (
	"errors"
	"fmt"
)

// errHidden is the encoders' error in place of a secret.
var errHidden = errors.New("a secret cannot be encoded")

// secret keeps bytes inside a function value, so that printing, logging or encoding one has nothing to show. What else
// its types say of themselves only makes the emptiness readable: without it fmt would print the function's address.
type secret struct{ reveal func() []byte }

func (s secret) bytes() []byte {
	if s.reveal == nil {
		return nil
	}
	return s.reveal()
}

// Wipe overwrites the bytes; every copy of this Password or Plaintext is useless afterwards.
func (s secret) Wipe() { clear(s.bytes()) }

// MarshalJSON refuses.
func (secret) MarshalJSON() ([]byte, error) { return nil, errHidden }

// MarshalText refuses.
func (secret) MarshalText() ([]byte, error) { return nil, errHidden }

// GobEncode refuses.
func (secret) GobEncode() ([]byte, error) { return nil, errHidden }

// Password is the password of a key or of an account.
type Password struct{ secret }

// NewPassword keeps a copy of b.
func NewPassword(b []byte) Password {
	c := append([]byte(nil), b...)
	return Password{secret{func() []byte { return c }}}
}

// Reveal is the one exit. A test lists its callers.
func (p Password) Reveal() []byte { return p.bytes() }

const hiddenPassword = "[password]"

// String shows a fixed word.
func (Password) String() string { return hiddenPassword }

// GoString shows a fixed word.
func (Password) GoString() string { return hiddenPassword }

// Format shows a fixed word for every verb.
func (Password) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hiddenPassword)) }

// Plaintext is readable answers or a file, on the way into or out of a seal.
type Plaintext struct{ secret }

// NewPlaintext takes b over; the caller must not use it again.
func NewPlaintext(b []byte) Plaintext { return Plaintext{secret{func() []byte { return b }}} }

// Reveal is the one exit. A test lists its callers.
func (p Plaintext) Reveal() []byte { return p.bytes() }

const hiddenPlaintext = "[plaintext]"

// String shows a fixed word.
func (Plaintext) String() string { return hiddenPlaintext }

// GoString shows a fixed word.
func (Plaintext) GoString() string { return hiddenPlaintext }

// Format shows a fixed word for every verb.
func (Plaintext) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(hiddenPlaintext)) }
