package store

import (
	"context"
	"encoding/hex"
	"slices"
	"strings"

	"sealform/internal/audit"
)

// rowMark begins the mark of a row in the record: the entry that makes an account or a key holds a short MAC over its row, so
// that the record can say whether the row is still the one that was made.
const rowMark = "row "

// standing is the latest that the record says of an account or a key.
type standing struct {
	row     string // rowMark and MAC; "": no entry made it
	revoked bool   // disabled, or removed
}

// row is the mark of a row: a MAC over what it holds.
func (s *Store) row(kind string, id int64, parts ...[]byte) string {
	m := s.mac(kind)
	m.Number(id)
	for _, b := range parts {
		m.Bytes(b)
	}
	return rowMark + hex.EncodeToString(m.Sum(nil)[:16])
}

// accountRow is the mark of an account, but for whether it is disabled and for its failures.
func (s *Store) accountRow(a *Account) string {
	return s.row("account", a.ID, []byte(a.Email), []byte(a.Password), a.TOTP)
}

// keyRow is the mark of a key, but for its failures.
func (s *Store) keyRow(k *LockedKey) string {
	return s.row("locked key", k.Account, []byte(k.Fingerprint), []byte(k.Name), k.Locked)
}

// about makes sure that an entry names what it is about, and its row.
func about(e audit.Entry, all ...string) audit.Entry {
	e.About = slices.Clone(e.About)
	for _, a := range all {
		if !slices.Contains(e.About, a) {
			e.About = append(e.About, a)
		}
	}
	return e
}

// applyPeople takes in an entry about an account or a key.
func (p *projection) applyPeople(e audit.Entry, sure bool) {
	of := p.accounts
	switch e.Act {
	case audit.ActAccountAdded, audit.ActAccountReset, audit.ActAccountDisabled, audit.ActAccountEnabled:
	case audit.ActKeyGenerated, audit.ActKeyImported, audit.ActKeyRemoved:
		of = p.keys
	default:
		return
	}
	revoked := e.Act == audit.ActAccountDisabled || e.Act == audit.ActKeyRemoved
	if !sure && !revoked {
		return
	}
	row, names := split(e.About)
	for _, name := range names {
		x := of[name]
		if row != "" {
			x.row = row
		}
		x.revoked = revoked || x.revoked && e.Act == audit.ActAccountReset
		of[name] = x
	}
}

// split tells an entry's row from what it names.
func split(about []string) (row string, names []string) {
	for _, a := range about {
		if strings.HasPrefix(a, rowMark) {
			row = a
		} else {
			names = append(names, strings.ToLower(a))
		}
	}
	return row, names
}

// trust takes an account for disabled unless it is the one that the record speaks of: no
// change of the database alone lets anybody in.
func (s *Store) trust(ctx context.Context, r snapshot, a *Account) error {
	return s.projection(ctx, r, func(p *projection) {
		w := p.accounts[a.Email]
		a.Disabled = a.Disabled || w.revoked || w.row != s.accountRow(a)
	})
}

// trusted tells whether a key is as it was when an entry brought it here, and still that person's.
func (s *Store) trusted(p *projection, k *LockedKey) bool {
	w := p.keys[nameOf(k)]
	return !w.revoked && w.row == s.keyRow(k)
}

// nameOf is the name of a key in the record's entries.
func nameOf(k *LockedKey) string { return strings.ToLower(string(k.Fingerprint)) }

func isKey(name string) bool {
	_, err := hex.DecodeString(name)
	return err == nil
}
