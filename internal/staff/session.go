package staff

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"sealform/internal/audit"
	"sealform/internal/store"
)

// Stages of a session.
const (
	PasswordRight = 1 // the code is outstanding
	SignedIn      = 2
)

// Identify finds out who holds the cookies of a request that came from addr, at the stage asked for. It ends sessions whose
// time is up, those of disabled accounts, and rows that are no session of ours. The error is ErrSignedOut, or ErrStage, beside
// which the person is given all the same, but without keys.
func (s *Sessions) Identify(ctx context.Context, r *http.Request, addr netip.Addr, stage int) (Staff, error) {
	token := secret(r, SessionCookie)
	if token == nil {
		return Staff{}, ErrSignedOut
	}
	hash := s.sessionHash(token)
	session, account, err := s.Store.Session(ctx, hash)
	if errors.Is(err, store.ErrNotFound) {
		s.Locks.Lock(hex.EncodeToString(hash[:])) // ended elsewhere, by the command line perhaps
		return Staff{}, ErrSignedOut
	}
	if err != nil {
		return Staff{}, fmt.Errorf("finding a session: %w", err)
	}
	who := Staff{Account: account.ID, Email: account.Email, From: from(addr), session: *session, Half: secret(r, KeyCookie)}
	ours := hmac.Equal(session.MAC, s.sessionMAC(*session))
	now := s.Now()
	if !ours || account.Disabled || !fresh(*session, now) {
		if err := s.end(ctx, who, ours && account.Disabled); err != nil {
			return Staff{}, err
		}
		return Staff{}, ErrSignedOut
	}
	if session.Stage != stage {
		return who, ErrStage
	}
	if now.Sub(session.Seen) >= touchEvery {
		if err := s.Store.TouchSession(ctx, hash, now); err != nil {
			return Staff{}, fmt.Errorf("keeping a session: %w", err)
		}
	}
	if who.Keys, err = s.Store.KeysOf(ctx, account.ID); err != nil {
		return Staff{}, fmt.Errorf("finding a person's keys: %w", err)
	}
	return who, nil
}

// fresh tells whether a session may still be used. A clock set back does not make it younger than new.
func fresh(s store.Session, now time.Time) bool {
	age, idle := now.Sub(s.Created), now.Sub(s.Seen)
	if s.Stage < SignedIn {
		return age < codeTime
	}
	return age < SessionAbsolute && idle < SessionIdle
}

// end drops a session and locks its key. everywhere: all sessions of the person.
func (s *Sessions) end(ctx context.Context, who Staff, everywhere bool) error {
	var err error
	if everywhere {
		s.Locks.LockPerson(who.PersonID())
		err = s.Store.DropSessions(ctx, who.Account)
	} else {
		s.Locks.Lock(who.SessionID())
		err = s.Store.DropSession(ctx, who.session.Hash)
	}
	if err != nil {
		return fmt.Errorf("ending a session: %w", err)
	}
	return nil
}

// Renew gives the browser a new session id in place of the old one, at the given stage. What was unlocked
// stays with the old id and is locked.
func (s *Sessions) Renew(ctx context.Context, who *Staff, stage int) (token string, err error) {
	now := s.Now()
	token, hash := s.newSessionToken()
	row := store.Session{Hash: hash, Account: who.Account, Stage: stage, Created: who.session.Created, Seen: now}
	if stage != who.session.Stage {
		row.Created = now
	}
	row.MAC = s.sessionMAC(row)
	if err := s.Store.AddSession(ctx, row); err != nil {
		return "", fmt.Errorf("adding a session: %w", err)
	}
	if who.session.Stage != 0 {
		if err := s.end(ctx, *who, false); err != nil {
			return "", err
		}
	}
	who.session, who.Half = row, nil
	return token, nil
}

// SignOut ends the session and locks its key.
func (s *Sessions) SignOut(ctx context.Context, who Staff) error {
	if err := s.end(ctx, who, false); err != nil {
		return err
	}
	if who.session.Stage < SignedIn {
		return nil
	}
	return s.Record(ctx, who.Entry(audit.ActSignedOut))
}

// newSessionToken draws what goes to the browser and the hash that the store keeps.
func (s *Sessions) newSessionToken() (token string, hash [32]byte) {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b), s.sessionHash(b)
}

// sessionHash is the hash by which a token's session is found. Without the root secret nobody can make one, nor the MAC below: a row
// that somebody else wrote into the database is no session.
func (s *Sessions) sessionHash(token []byte) [32]byte {
	return s.mac("viewer-sessions", "sealform session token 1\x00%s\x00%s", s.Service, token)
}

// sessionMAC ties a session's row to its person, its stage and its age.
func (s *Sessions) sessionMAC(row store.Session) []byte {
	m := s.mac("viewer-sessions", "sealform session row 1\x00%s\x00%x %d %d %d", s.Service, row.Hash, row.Account, row.Stage, row.Created.UnixMilli())
	return m[:]
}

// mac is an HMAC-SHA-256 under the root secret's key for that purpose. What it is of begins with its kind.
func (s *Sessions) mac(purpose, format string, of ...any) [32]byte {
	m := hmac.New(sha256.New, s.Key(purpose))
	_, _ = fmt.Fprintf(m, format, of...) // a hash takes all
	return [32]byte(m.Sum(nil))
}
