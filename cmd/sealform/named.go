package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sealform/forms"
	"sealform/internal/notice"
	"sealform/internal/readers"
	"sealform/internal/server"
	"sealform/internal/store"
	"sealform/keys"
)

// stillNamed is where configuration and forms name an account's address or one of its keys, each with what to change: an
// account that is shut out goes on to get mail and to be sealed to until somebody does.
func (o *operator) stillNamed(ctx context.Context, a *store.Account) ([]string, error) {
	held, err := o.store.Keys(ctx)
	if err != nil {
		return nil, err
	}
	theirs := map[keys.Fingerprint]bool{}
	for _, k := range held {
		if k.Account == a.ID {
			theirs[k.Fingerprint] = true
		}
	}
	all := append(o.groupsOf(theirs), o.recipientsOf(a.Email, theirs)...)
	if slices.ContainsFunc(o.cfg.Alarms, func(to string) bool { return strings.EqualFold(to, a.Email) }) {
		all = append(all, "alarms.to names the address: take it out.")
	}
	return append(all, o.formsThatMail(a.Email)...), nil
}

// groupsOf are the groups with a key of theirs.
func (o *operator) groupsOf(theirs map[keys.Fingerprint]bool) (all []string) {
	for _, name := range slices.Sorted(maps.Keys(o.cfg.Groups)) {
		for _, path := range o.cfg.Groups[name] {
			if cert, err := readers.ReadKey(path, o.now()); err == nil && theirs[cert.Fingerprint()] {
				all = append(all, fmt.Sprintf("group %s has their key: take %s out of it. What came before stays sealed to it.", name, path))
			}
		}
	}
	return all
}

func (o *operator) recipientsOf(address string, theirs map[keys.Fingerprint]bool) (all []string) {
	for _, to := range slices.Sorted(maps.Keys(o.cfg.Recipients)) {
		r := o.cfg.Recipients[to]
		switch {
		case to == address && r.Person:
			all = append(all, fmt.Sprintf("recipients has key: person for %s: forms that are mailed there close now; take it out, or name a file.", to))
		case to == address:
			all = append(all, fmt.Sprintf("recipients has a key for %s: take it out once no form is mailed there.", to))
		case r.Key != "":
			if cert, err := readers.ReadKey(r.Key, o.now()); err == nil && theirs[cert.Fingerprint()] {
				all = append(all, fmt.Sprintf("recipients has their key for %s: give that address another.", to))
			}
		}
	}
	return all
}

func (o *operator) formsThatMail(address string) (all []string) {
	found, err := server.ReadForms(o.cfg.Forms)
	if err != nil {
		return []string{"The forms could not be looked through for the address, as they have faults: sealform forms check"}
	}
	for _, f := range found {
		if f.Mail != nil && slices.ContainsFunc(f.Mail.To, func(to forms.MailTo) bool { return strings.EqualFold(to.Address, address) }) {
			all = append(all, fmt.Sprintf("form %s is mailed to the address: take it out of deliver.mail.", f.ID))
		}
		if slices.ContainsFunc(f.Notify, func(n notice.Notify) bool { return strings.EqualFold(n.Email, address) }) {
			all = append(all, fmt.Sprintf("form %s tells the address that something came: take it out of deliver.notify.", f.ID))
		}
	}
	return all
}
