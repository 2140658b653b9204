package keys

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Reasons why a certificate is refused. A Refusal's Reason is one of these, often with a detail.
var (
	ErrExpired        = errors.New("has expired")
	ErrNotYetValid    = errors.New("is not valid yet")
	ErrRevoked        = errors.New("has been revoked")
	ErrNoEncryption   = errors.New("has no key to encrypt to")
	ErrWeak           = errors.New("is too weak")
	ErrUnsupported    = errors.New("is of a kind that cannot be used here")
	ErrSecret         = errors.New("is a private key")
	ErrSeveral        = errors.New("holds more than one key")
	ErrTooLarge       = errors.New("is larger than 64 KiB")
	ErrNotCertificate = errors.New("is not an OpenPGP public key")
	ErrTwice          = errors.New("is given twice with different contents")
)

// Refusal says which key, why, and the mend; errors.Is against the sentinels.
type Refusal struct {
	Key    string // user id and fingerprint; empty when the file held no readable key. File names are added by the caller
	Reason error  // one of ErrExpired, ErrRevoked, …, possibly with a detail
	Mend   string // the next thing to try, one sentence
}

// Error is a whole sentence and the mend after it.
func (r *Refusal) Error() string {
	subject := "the file"
	if r.Key != "" {
		subject = "key " + r.Key
	}
	return fmt.Sprintf("%s %v. %s", subject, r.Reason, r.Mend)
}

// Unwrap gives the reason.
func (r *Refusal) Unwrap() error { return r.Reason }

// detail is a sentinel said more exactly.
type detail struct {
	error
	text string
}

func (d detail) Error() string { return d.text }
func (d detail) Unwrap() error { return d.error }

// Exactly says a sentinel with its particulars; errors.Is still finds it.
func Exactly(sentinel error, format string, args ...any) error {
	return detail{sentinel, fmt.Sprintf(format, args...)}
}

// nameKey is how people recognise a key. The user id is quoted, as it is a stranger's text.
func nameKey(userID string, f Fingerprint) string {
	if userID == "" {
		return "with fingerprint " + string(f)
	}
	return strconv.Quote(userID) + " (fingerprint " + string(f) + ")"
}

const (
	mendExport   = "Export the public key again with: gpg --armor --export NAME > reader.asc"
	mendReplace  = "Make a new key with: sealform keys generate, and give its public half here."
	mendExtend   = "Ask its owner to extend it and export it again."
	mendWithdraw = "Ask its owner for the key that replaces it, and take this one off the form."
	mendSubkey   = "Ask its owner to add an encryption subkey and export it again."
)

func expiredOn(when time.Time) error {
	return Exactly(ErrExpired, "expired on %s", when.UTC().Format(time.DateOnly))
}
