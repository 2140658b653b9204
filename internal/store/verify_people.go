package store

import (
	"context"
	"maps"
	"slices"
	"strings"
)

// people holds the accounts and keys against the record.
func (v *verification) people(ctx context.Context) error {
	seen := map[string]bool{}
	err := v.r.Each(ctx, `select `+accountColumns+` from account order by email`, nil, func(scan func(...any) error) error {
		a, err := scanAccount(scan)
		if err == nil {
			seen[a.Email] = true
			v.account(a)
		}
		return err
	})
	if err != nil {
		return err
	}
	err = v.r.Each(ctx, `select `+keyColumns+` from locked_key order by fingerprint`, nil, func(scan func(...any) error) error {
		k, err := scanKey(scan)
		if err == nil {
			seen[nameOf(k)] = true
			v.key(k)
		}
		return err
	})
	v.absent("account ", v.projection.accounts, func(name string, _ standing) bool { return !seen[name] })
	v.absent("key ", v.projection.keys, func(name string, w standing) bool { return isKey(name) && !seen[name] && !w.revoked })
	return err
}

func (v *verification) account(a *Account) {
	w, who := v.projection.accounts[a.Email], "account "+a.Email
	switch {
	case w.row == "":
		v.found = append(v.found, who+": no entry of the record made it")
	case w.row != v.s.accountRow(a):
		v.found = append(v.found, who+": its password or second factor was changed without an entry in the record")
	}
	if w.revoked && !a.Disabled {
		v.found = append(v.found, who+" was disabled, but is enabled here")
	}
	if !w.revoked && a.Disabled && w.row != "" {
		v.found = append(v.found, who+" is disabled without an entry in the record")
	}
}

func (v *verification) key(k *LockedKey) {
	w, which := v.projection.keys[nameOf(k)], "key "+string(k.Fingerprint)
	switch {
	case w.revoked:
		v.found = append(v.found, which+" was removed, but is here again")
	case w.row == "":
		v.found = append(v.found, which+": no entry of the record brought it here")
	case w.row != v.s.keyRow(k):
		v.found = append(v.found, which+" was changed, or given to another account, without an entry in the record")
	}
}

// absent reports what the record made and nothing took away.
func (v *verification) absent(kind string, all map[string]standing, is func(string, standing) bool) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if w := all[name]; w.row != "" && is(name, w) {
			if isKey(name) {
				name = strings.ToUpper(name)
			}
			v.found = append(v.found, kind+name+" is missing: the record names it")
		}
	}
}
