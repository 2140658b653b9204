package staff

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"sealform/keys"
)

// passwordCost is the cost of hashing an account password. The library's own default
// takes as many threads as the machine has, so that hashes would differ between hosts.
var passwordCost = argon2id.Params{Memory: 64 << 10, Iterations: 3, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// LongestPassword bounds the length of an account password that is hashed, in bytes.
const LongestPassword = 1 << 10

var errTooLong = errors.New("the password is longer than 1,024 bytes")

// HashPassword makes what the store keeps of an account password: Argon2id (64 MiB, t=3, p=1), encoded with
// its parameters and salt.
func HashPassword(p keys.Password) (string, error) {
	b := p.Reveal()
	if len(b) > LongestPassword {
		return "", errTooLong
	}
	h, err := argon2id.CreateHash(string(b), &passwordCost)
	if err != nil {
		return "", fmt.Errorf("hashing an account password: %w", err)
	}
	return h, nil
}

// matches holds an account password against its hash, and is the one place that does.
func matches(p keys.Password, encoded string) (bool, error) {
	return argon2id.ComparePasswordAndHash(string(p.Reveal()), encoded)
}

// nobody is a hash of the given cost that no password fits. It is what an e-mail without an account is held
// against, so that this costs the same as an e-mail with one.
func nobody(cost argon2id.Params) string {
	b := make([]byte, cost.SaltLength+cost.KeyLength)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	enc := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$%s$%s", cost.Memory, cost.Iterations, cost.Parallelism,
		enc(b[:cost.SaltLength]), enc(b[cost.SaltLength:]))
}

// TOTP is an account's second step as it is shown once, when the account is made (RFC 6238: SHA-1, 6 digits, 30 s).
type TOTP struct {
	Secret string // base32, for typing
	URI    string // otpauth://…, for a QR code
	Sealed []byte // what the store keeps
}

// NewTOTP draws a secret for the account. key is Config.Key("totp"), service the service id, clinic the name that
// an authenticator shows.
func NewTOTP(key []byte, service, clinic, email string) (TOTP, error) {
	k, err := totp.Generate(totp.GenerateOpts{Issuer: clinic, AccountName: email, Rand: rand.Reader})
	if err != nil {
		return TOTP{}, fmt.Errorf("drawing a TOTP secret: %w", err)
	}
	box, about, err := totpBox(key, service, email)
	if err != nil {
		return TOTP{}, err
	}
	sealed := box.Seal(nil, nil, []byte(k.Secret()), about) //nolint:gosec // this box draws the nonce itself
	return TOTP{k.Secret(), k.URL(), sealed}, nil
}

// totpBox gives the cipher that seals an account's authenticator secret, and the data that the secret is bound to.
func totpBox(key []byte, service, email string) (cipher.AEAD, []byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, nil, fmt.Errorf("the key of TOTP secrets: %w", err)
	}
	box, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, nil, fmt.Errorf("the key of TOTP secrets: %w", err)
	}
	return box, fmt.Appendf(nil, "sealform totp 1\x00%s\x00%s", service, strings.ToLower(email)), nil
}

// openTOTP fails when the sealed secret was altered or belongs to another account.
func openTOTP(key []byte, service, email string, sealed []byte) (string, error) {
	box, about, err := totpBox(key, service, email)
	if err != nil {
		return "", err
	}
	secret, err := box.Open(nil, nil, sealed, about)
	if err != nil {
		return "", fmt.Errorf("opening the TOTP secret: %w", err)
	}
	return string(secret), nil
}

const totpPeriod = 30 // seconds

// totpStep finds the time step, at most one from now's, whose code this is.
func totpStep(secret, code string, now time.Time) (step int64, ok bool, err error) {
	code = strings.Join(strings.Fields(code), "")
	current := now.Unix() / totpPeriod
	for _, s := range []int64{current, current - 1, current + 1} {
		right, err := totp.ValidateCustom(code, secret, time.Unix(s*totpPeriod, 0),
			totp.ValidateOpts{Period: totpPeriod, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		if errors.Is(err, otp.ErrValidateInputInvalidLength) {
			return 0, false, nil
		}
		if err != nil {
			return 0, false, fmt.Errorf("checking a code: %w", err)
		}
		if right {
			return s, true, nil
		}
	}
	return 0, false, nil
}
