// Package staff says who somebody is, and what they may: accounts, signing in, sessions, authorisation.
//
// A person signs in with an account password and an authenticator's code; then a browser holds a session. Sessions is the
// code that may act on both. Identify is called once for each request and gives a Staff, who is passed on from there as an
// argument; Staff.MayOpen is the one authorisation function of the program. Passkeys, grants and roles belong here too.
//
// Where secrets live: an account password is kept as an Argon2id hash, the authenticator's secret sealed under a key of the
// root secret. A session is a row that holds a keyed hash of its cookie, and a MAC over its person, stage and age: a row that
// somebody else wrote into the database is no session. The cookies are all __Host- ones.
//
// What it refuses: to tell whether an e-mail has an account (every refusal looks alike and takes one hash, or none); to be
// asked faster than guessing allows (accounts, addresses and browsers are each slowed down, and waits grow but end); more
// hashes at once than the machine bears; a code that was used; a session that is idle, old, altered or of a disabled account.
//
// A session that ends has its key locked. Keys themselves are not known here: Locks is all that is needed of them.
package staff

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"sealform/internal/audit"
	"sealform/internal/event"
	"sealform/internal/limit"
	"sealform/internal/store"
	"sealform/keys"
)

// Lifetimes of a session: without use, and in all.
const (
	SessionIdle     = 15 * time.Minute
	SessionAbsolute = 12 * time.Hour
)

// Limits of signing in and of guessing (docs/threat-model.md AU03–AU09).
const (
	codeTime   = 5 * time.Minute // from the password to the code
	codeTries  = 5
	touchEvery = time.Minute // how often the use of a session is written down

	hashesRunning = 2
	hashesWaiting = 8
	hashWait      = 5 * time.Second
	shortWait     = 2 * time.Second // a wait up to this is sat out instead of being refused
)

// signInGrowth ends at a day, not never: with a guess a day the hundred tries of NIST SP 800-63B-4 §3.2.2 are all there
// is in practice, and a browser that its owner has signed in with before is not held up by it.
var signInGrowth = limit.Growth{First: time.Second, Most: 15 * time.Minute, Last: 100, Final: 24 * time.Hour}

// Errors of signing in. None says more than what a stranger may know.
var (
	ErrSignedOut = errors.New("nobody is signed in")
	ErrStage     = errors.New("the session is at another stage of signing in")
	ErrWrong     = errors.New("the sign-in is not right")
	ErrWrongCode = errors.New("the code is not right")
	ErrTries     = errors.New("too many wrong codes in one sign-in")
	ErrRecord    = errors.New("the audit record cannot be written")
)

// Slowed is the error after too many failures; nothing was tried.
type Slowed struct{ Wait time.Duration }

func (s *Slowed) Error() string { return "too many failures, wait" }

// Locks locks keys when a session ends: that of one session, or all of a person. The names are those that
// Staff.SessionID and Staff.PersonID give.
type Locks interface {
	Lock(session string)
	LockPerson(person string)
}

// Config is all that signing in needs.
type Config struct {
	Service string // service id
	Store   *store.Store
	Locks   Locks
	Key     func(purpose string) []byte // HKDF of the root secret, 32 bytes
	Now     func() time.Time
	Events  *event.Log
	Gate    *limit.Gate // of password hashes; nil: 2 at once, 8 waiting for 5 s
	// SignInFailures is how many failed sign-ins one address (IPv4, or IPv6 /64) has in an hour; 0: 10.
	SignInFailures int
	Pause          func(context.Context, time.Duration) error // waits, or ends with the request; nil: does so
	Compare        func(keys.Password, string) (bool, error)  // a password and its hash; nil: Argon2id
}

// Sessions is the code that may act on accounts and sessions. It is safe for use by many goroutines.
type Sessions struct {
	Config
	addresses *limit.Buckets[netip.Prefix] // failed sign-ins
	strangers *limit.Waits[[32]byte]       // failed sign-ins for an e-mail (its SHA-256) that has no account
	devices   *limit.Buckets[string]       // failed sign-ins from a browser that signed in before
	codes     *limit.Buckets[[32]byte]     // wrong codes of a half signed-in session
	turns     limit.Turns                  // one attempt at a time for an account or a key
	noHash    string                       // what an unknown e-mail's password is held against
}

// New gives the sessions of a service; Service, Store, Locks, Key, Now and Events must be there.
func New(c Config) *Sessions {
	if c.Gate == nil {
		c.Gate = limit.NewGate(hashesRunning, hashesWaiting, hashWait)
	}
	if c.SignInFailures == 0 {
		c.SignInFailures = 10
	}
	if c.Pause == nil {
		c.Pause = pause
	}
	if c.Compare == nil {
		c.Compare = matches
	}
	return &Sessions{
		Config:    c,
		addresses: limit.NewBuckets[netip.Prefix](c.SignInFailures, time.Hour, 10_000, c.Now),
		strangers: limit.NewWaits[[32]byte](signInGrowth, 10_000, c.Now),
		devices:   limit.NewBuckets[string](10, time.Hour, 10_000, c.Now),
		codes:     limit.NewBuckets[[32]byte](codeTries, codeTime, 10_000, c.Now),
		noHash:    nobody(passwordCost),
	}
}

// Begin waits until one more password may be tried: for room among the hashes that run, then for the attempts before it at
// the same account or key, that name says. done must be called at its end. The error is limit.ErrBusy or the context's own.
func (s *Sessions) Begin(ctx context.Context, stage string, account int64, name string) (done func(), err error) {
	leave, err := s.Gate.Enter(ctx)
	if err != nil {
		s.Events.SignIn(stage, account, "busy")
		return nil, err
	}
	end := s.turns.Take(name)
	return func() { end(); leave() }, nil
}

// Record writes an audit entry; its error is ErrRecord, and what the entry is about must not happen then.
func (s *Sessions) Record(ctx context.Context, e audit.Entry) error {
	if err := s.Store.Audit(ctx, e); err != nil {
		return fmt.Errorf("%w: %w", ErrRecord, err)
	}
	return nil
}

// pause waits, or ends with the request.
func pause(ctx context.Context, long time.Duration) error {
	t := time.NewTimer(long)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
