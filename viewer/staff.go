package viewer

import (
	"context"
	"crypto/hmac"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"sealform/internal/audit"
	"sealform/internal/store"
	"sealform/keys"
)

// Staff is who asks: one signed-in person in one browser.
type Staff struct {
	Account int64
	Email   string
	From    string // address of the peer
	keys    []store.LockedKey
	session store.Session
	half    []byte // the browser's half of the unlocked key; nil: none
}

// MayOpen is the one authorisation function: a person may see what a form received if one of their keys is
// among the form's readers now.
func (s Staff) MayOpen(f Served) bool { return len(s.keysFor(f)) > 0 }

// keysFor are the person's keys that open what the form receives.
func (s Staff) keysFor(f Served) []store.LockedKey {
	var mine []store.LockedKey
	for _, k := range s.keys {
		if slices.Contains(f.Readers, k.Fingerprint) {
			mine = append(mine, k)
		}
	}
	return mine
}

// entry is an audit entry of something that this person does.
func (s Staff) entry(act string, about ...string) audit.Entry {
	return audit.Entry{Who: s.Email, From: s.From, Act: act, About: about}
}

// room is what the vault knows the session by, person what it knows the person by.
func (s Staff) room() string   { return hex.EncodeToString(s.session.Hash[:]) }
func (s Staff) person() string { return strconv.FormatInt(s.Account, 10) }

// identify finds out who holds the cookies, at the stage asked for: 1 where the code is outstanding, 2 where
// signed in. It ends sessions whose time is up, those of disabled accounts, and rows that are no session of ours.
func (d *desk) identify(ctx context.Context, c cookies, from string, stage int) (Staff, error) {
	token, ok := c.bytes(sessionCookie)
	if !ok {
		return Staff{}, errSignedOut
	}
	hash := d.sessionHash(token)
	session, account, err := d.Store.Session(ctx, hash)
	if errors.Is(err, store.ErrNotFound) {
		d.Vault.Lock(hex.EncodeToString(hash[:])) // ended elsewhere, by the command line perhaps
		return Staff{}, errSignedOut
	}
	if err != nil {
		return Staff{}, fmt.Errorf("finding a session: %w", err)
	}
	who := Staff{Account: account.ID, Email: account.Email, From: from, session: *session, half: c.half()}
	if !hmac.Equal(session.MAC, d.sessionMAC(*session)) {
		return Staff{}, d.end(ctx, who, false)
	}
	now := d.Now()
	if account.Disabled || !d.fresh(*session, now) {
		return Staff{}, d.end(ctx, who, account.Disabled)
	}
	if session.Stage != stage {
		return who, &atStage{session.Stage}
	}
	if now.Sub(session.Seen) >= touchEvery {
		if err := d.Store.TouchSession(ctx, hash, now); err != nil {
			return Staff{}, fmt.Errorf("keeping a session: %w", err)
		}
	}
	if who.keys, err = d.Store.KeysOf(ctx, account.ID); err != nil {
		return Staff{}, fmt.Errorf("finding a person's keys: %w", err)
	}
	return who, nil
}

// fresh tells whether a session may still be used. A clock set back does not make it younger than new.
func (d *desk) fresh(s store.Session, now time.Time) bool {
	age, idle := now.Sub(s.Created), now.Sub(s.Seen)
	if s.Stage < 2 {
		return age < codeTime
	}
	return age < SessionAbsolute && idle < SessionIdle
}

// end drops a session and locks its key, and says that nobody is signed in. everywhere: all sessions of the person.
func (d *desk) end(ctx context.Context, who Staff, everywhere bool) error {
	var err error
	if everywhere {
		d.Vault.LockPerson(who.person())
		err = d.Store.DropSessions(ctx, who.Account)
	} else {
		d.Vault.Lock(who.room())
		err = d.Store.DropSession(ctx, who.session.Hash)
	}
	if err != nil {
		return fmt.Errorf("ending a session: %w", err)
	}
	return errSignedOut
}

// renew gives the browser a new session id in place of the old one, at the given stage. What was unlocked
// stays with the old id and is locked.
func (d *desk) renew(ctx context.Context, who *Staff, stage int) (token string, err error) {
	now := d.Now()
	token, hash := d.newSessionToken()
	next := store.Session{Hash: hash, Account: who.Account, Stage: stage, Created: who.session.Created, Seen: now}
	if stage != who.session.Stage {
		next.Created = now
	}
	next.MAC = d.sessionMAC(next)
	if err := d.Store.AddSession(ctx, next); err != nil {
		return "", fmt.Errorf("adding a session: %w", err)
	}
	if who.session.Stage != 0 {
		d.Vault.Lock(who.room())
		if err := d.Store.DropSession(ctx, who.session.Hash); err != nil {
			return "", fmt.Errorf("dropping a session: %w", err)
		}
	}
	who.session, who.half = next, nil
	return token, nil
}

// nameOf is what a reader is called: the name kept with the key, or its fingerprint's end.
func nameOf(all []store.LockedKey, f keys.Fingerprint) string {
	for _, k := range all {
		if k.Fingerprint == f && k.Name != "" {
			return k.Name
		}
	}
	return "key " + string(f[max(0, len(f)-8):])
}
