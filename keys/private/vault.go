package private

import (
	"crypto/rand"
	"errors"
	"runtime"
	"sync"
	"time"
)

// DefaultIdle is how long a key stays unlocked without use.
const DefaultIdle = 10 * time.Minute

const halfSize = 32

// Vault keeps unlocked keys between requests, each encrypted under a random key that only the reader's browser holds.
// All methods can be used from several goroutines. A key locks by a timer of its own,
// so that it is gone without another call.
type Vault struct {
	idle time.Duration
	now  func() time.Time

	mu   sync.Mutex
	held map[string]*held // by session
}

// NewVault makes one. idle of zero or less means DefaultIdle; now nil means time.Now.
func NewVault(idle time.Duration, now func() time.Time) *Vault {
	if idle <= 0 {
		idle = DefaultIdle
	}
	if now == nil {
		now = time.Now
	}
	return &Vault{idle: idle, now: now, held: map[string]*held{}}
}

// Keep takes u over (and wipes it) and returns the browser's half: 32 bytes for a cookie.
// A key the session had before is locked.
func (v *Vault) Keep(session, person string, u *Unlocked) (half []byte, err error) {
	defer u.Wipe()
	if session == "" || person == "" || len(u.keys) == 0 {
		return nil, errors.New("keeping a key needs a session, a person and an unlocked key")
	}
	half = make([]byte, halfSize)
	_, _ = rand.Read(half) // never fails (crypto/rand)
	h := &held{person: person, fingerprint: u.fingerprint}
	if err := h.seal(session, half, u); err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.drop(session)
	h.end = v.now().Add(v.idle)
	v.held[session] = h
	h.timer = time.AfterFunc(v.idle, func() { v.expire(session, h) })
	return half, nil
}

// With opens the key for this call only and moves the idle end; ErrLocked otherwise.
// use must not keep the key. A key locked meanwhile stays open until use returns.
func (v *Vault) With(session, person string, half []byte, use func(*Unlocked) error) error {
	u, err := v.open(session, person, half)
	if err != nil {
		return err
	}
	defer u.Wipe()
	return use(u)
}

func (v *Vault) open(session, person string, half []byte) (*Unlocked, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	h := v.held[session]
	if h == nil || h.person != person || len(half) != halfSize {
		return nil, ErrLocked
	}
	now := v.now()
	if !now.Before(h.end) {
		v.drop(session)
		return nil, ErrLocked
	}
	u, err := h.unseal(session, half)
	if err != nil {
		return nil, err
	}
	h.end = now.Add(v.idle)
	h.timer.Reset(v.idle)
	return u, nil
}

// Until says when the session's key locks by itself; zero when it is locked. Does not move the end.
func (v *Vault) Until(session string) time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	h := v.held[session]
	if h == nil || !v.now().Before(h.end) {
		return time.Time{}
	}
	return h.end
}

// Lock forgets the session's key.
func (v *Vault) Lock(session string) {
	v.forget(func(s string, _ *held) bool { return s == session })
}

// LockPerson forgets the keys of all of a person's sessions.
func (v *Vault) LockPerson(person string) {
	v.forget(func(_ string, h *held) bool { return h.person == person })
}

// LockAll forgets every key.
func (v *Vault) LockAll() {
	v.forget(func(string, *held) bool { return true })
}

// forget drops what which names, and has the collector take what requests left of the
// keys. The collection costs some milliseconds; locking is rare.
func (v *Vault) forget(which func(session string, h *held) bool) {
	v.mu.Lock()
	before := len(v.held)
	for session, h := range v.held {
		if which(session, h) {
			v.drop(session)
		}
	}
	after := len(v.held)
	v.mu.Unlock()
	if after < before {
		runtime.GC()
	}
}

// expire runs when the timer of h ends. A clock set by hand may disagree with the timer;
// then the later of the two decides.
func (v *Vault) expire(session string, h *held) {
	v.forget(func(s string, other *held) bool {
		if s != session || other != h {
			return false
		}
		if left := h.end.Sub(v.now()); left > 0 {
			h.timer.Reset(min(left, v.idle))
			return false
		}
		return true
	})
}

// drop overwrites and removes a session's key. The caller holds mu.
func (v *Vault) drop(session string) {
	h := v.held[session]
	if h == nil {
		return
	}
	h.timer.Stop()
	clear(h.sealed)
	delete(v.held, session)
}
