package staff

import (
	"slices"

	"sealform/internal/store"
	"sealform/keys"
)

// MayOpen is the one authorisation function: a person may see what a form received if one of their keys is
// among the form's readers now.
func (s Staff) MayOpen(readers []keys.Fingerprint) bool { return len(s.KeysFor(readers)) > 0 }

// KeysFor gives the person's keys that are among those readers.
func (s Staff) KeysFor(readers []keys.Fingerprint) []store.LockedKey {
	var mine []store.LockedKey
	for _, k := range s.Keys {
		if slices.Contains(readers, k.Fingerprint) {
			mine = append(mine, k)
		}
	}
	return mine
}
