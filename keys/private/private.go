package private

import (
	"errors"
	"io"
	"time"

	"sealform/keys"
)

// Why a message or a key did not open.
var (
	ErrWrongPassword = errors.New("the key password is not right")
	ErrWrongKey      = errors.New("the message is not sealed to this key")
	ErrDamaged       = errors.New("the message is damaged")
	ErrUnsigned      = errors.New("the message carries no signature of this service")
	ErrLocked        = errors.New("the key is locked")
)

// Locked is a private key under its password: Argon2id (64 MiB, t=3, p=1) and AEAD at rest.
type Locked struct{}

func Generate(userID string, pw keys.Password, at time.Time) (*Locked, error) { panic("contract") }
func Import(b []byte, old, pw keys.Password, now time.Time) (*Locked, error)  { panic("contract") }
func ParseLocked(b []byte) (*Locked, error)                                   { panic("contract") }
func (l *Locked) Bytes() []byte                                               { panic("contract") }
func (l *Locked) Fingerprint() keys.Fingerprint                               { panic("contract") }
func (l *Locked) Certificate() []byte                                         { panic("contract") } // armored public
func (l *Locked) Export(pw, exportPw keys.Password) ([]byte, error)           { panic("contract") } // armored, iterated S2K, gpg imports it
func (l *Locked) Unlock(pw keys.Password) (*Unlocked, error)                  { panic("contract") }

// Unlocked can open messages. Wipe it after use.
type Unlocked struct{}

func (u *Unlocked) Fingerprint() keys.Fingerprint { panic("contract") }
func (u *Unlocked) Wipe()                         { panic("contract") }

// Open reads the whole message, verifies it and only then gives its plaintext and who signed it.
func (u *Unlocked) Open(s keys.Sealed, by *keys.Verifiers) (keys.Plaintext, keys.Fingerprint, error) {
	panic("contract")
}

// Chunks gives the n-th piece (from 0) of a message's data packet; io.EOF after the last.
type Chunks func(n int) ([]byte, error)

// Check is pass one: reads all chunks, verifies, remembers each chunk's hash, keeps no plaintext.
func (u *Unlocked) Check(sk []keys.SessionKey, c Chunks, by *keys.Verifiers) (*Checked, error) {
	panic("contract")
}

// Checked is a large message found whole and signed.
type Checked struct {
	Size   int64    // bytes of plaintext
	SHA256 [32]byte // of the plaintext
	Signer keys.Fingerprint
}

// WriteTo is pass two: refuses a chunk that differs from pass one before decrypting it.
func (c *Checked) WriteTo(w io.Writer) (int64, error) { panic("contract") }

// Vault keeps unlocked keys between requests, each encrypted under a random key that only the reader's browser holds.
type Vault struct{}

func NewVault(idle time.Duration, now func() time.Time) *Vault { panic("contract") }

// Keep takes u over (and wipes it) and returns the browser's half: 32 bytes for a cookie.
func (v *Vault) Keep(session, person string, u *Unlocked) (half []byte, err error) { panic("contract") }

// With opens the key for this call only and moves the idle end; ErrLocked otherwise.
func (v *Vault) With(session, person string, half []byte, use func(*Unlocked) error) error {
	panic("contract")
}

// Until says when the session's key locks by itself; zero when it is locked. Does not move the end.
func (v *Vault) Until(session string) time.Time { panic("contract") }
func (v *Vault) Lock(session string)            { panic("contract") }
func (v *Vault) LockPerson(person string)       { panic("contract") }
func (v *Vault) LockAll()                       { panic("contract") }
