// Package private is the locked half of Sealform's cryptography: readers' private keys,
// and opening what package keys sealed. A process that only takes submissions never
// links it.
//
//	locked, err := private.Generate("Dana <dana@clinic.example>", password, now)
//	unlocked, err := locked.Unlock(password)              // one Argon2id run
//	half, err := vault.Keep(session, person, unlocked)    // for the cookie
//	err = vault.With(session, person, half, func(u *private.Unlocked) error {
//		plaintext, signer, err := u.Open(sealed, verifiers)
//		…
//	})
//
// At rest a key is an OpenPGP secret key under Argon2id (64 MiB, t=3, p=1) and AEAD;
// ParseLocked refuses a weaker or an absurdly costly setting. Between requests an
// unlocked key exists only inside a Vault, encrypted under 32 random bytes that only the
// reader's browser holds. For the length of one request it is in memory, and so is what
// it opened; afterwards our own buffers are overwritten. Nothing here writes to disk.
//
// Opening verifies first: Open reads a message to its end, checks its integrity and the
// server's signature, and only then gives a byte of it. Large messages are read twice:
// Check verifies and remembers the hash of every chunk, and WriteTo refuses a chunk that
// differs before it decrypts it. Only messages of our own shape are opened: no
// compression, no unsigned content, no older encryption without a check.
package private

import "errors"

// Errors of a message or a key that did not open.
var (
	ErrWrongPassword = errors.New("the key password is not right")
	ErrWrongKey      = errors.New("the message is not sealed to this key")
	ErrDamaged       = errors.New("the message is damaged")
	ErrUnsigned      = errors.New("the message carries no signature of this service")
	ErrLocked        = errors.New("the key is locked")
	ErrUnsupported   = errors.New("the message is of a kind that cannot be opened here")
	ErrTooLarge      = errors.New("the message is too large to open at once")
	ErrWeakLock      = errors.New("the key is not locked as it should be: Argon2id with 64 MiB, 3 passes")
	ErrCostlyLock    = errors.New("unlocking the key would take more than 1 GiB or 16 passes of Argon2id")
	ErrNotLocked     = errors.New("not a locked private key of this program")
	ErrNoSecret      = errors.New("the private key holds no secret that opens messages; export it with its encryption subkey")
	ErrNotPrivate    = errors.New("not an OpenPGP private key")
)
