package staff

import (
	"encoding/hex"
	"strconv"

	"sealform/internal/audit"
	"sealform/internal/store"
)

// Staff is one signed-in person in one browser.
type Staff struct {
	Account int64
	Email   string
	From    string // address of the peer
	Keys    []store.LockedKey
	Half    []byte // the browser's half of the unlocked key; nil: none
	session store.Session
}

// Entry is an audit entry of something that this person does.
func (s Staff) Entry(act string, about ...string) audit.Entry {
	return audit.Entry{Who: s.Email, From: s.From, Act: act, About: about}
}

// Stage is how far signing in has come: PasswordRight or SignedIn; 0 for nobody.
func (s Staff) Stage() int { return s.session.Stage }

// SessionID is the name under which keys are kept open for this session.
func (s Staff) SessionID() string { return hex.EncodeToString(s.session.Hash[:]) }

// PersonID is the name under which keys are kept open for this person, in whatever session.
func (s Staff) PersonID() string { return strconv.FormatInt(s.Account, 10) }
