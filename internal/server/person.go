package server

import (
	"context"
	"errors"
	"slices"

	"sealform/internal/hint"
	"sealform/internal/readers"
	"sealform/internal/store"
	"sealform/keys"
	"sealform/keys/private"
)

// personKey looks up a person's certificate in the store as it is then, as a readers.PersonKey.
func (s *Server) personKey(ctx context.Context, address string, f keys.Fingerprint) (*keys.Certificate, error) {
	account, err := s.store.Account(ctx, address)
	if errors.Is(err, store.ErrNotFound) {
		return nil, hint.Add(readers.ErrNoAccount, "`sealform user list`, or key: with a file")
	}
	if err != nil {
		return nil, err
	}
	if account.Disabled {
		return nil, hint.Add(readers.ErrDisabled,
			"take %s out of the forms and recipients, give it key: with a file, or `sealform user disable --email %s --undo`", address, address)
	}
	held, err := s.store.KeysOf(ctx, account.ID)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(held, func(k store.LockedKey) bool { return k.Fingerprint == f })
	if i < 0 {
		return nil, s.whyNoKey(ctx, f)
	}
	locked, err := private.ParseLocked(held[i].Locked)
	if err != nil {
		return nil, err
	}
	return keys.ParseCertificate(locked.Certificate(), s.now())
}

// whyNoKey tells a key that is not here from one that somebody put into the database past this program.
func (s *Server) whyNoKey(ctx context.Context, f keys.Fingerprint) error {
	held, err := s.store.Keys(ctx)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(held, func(k store.LockedKey) bool { return k.Fingerprint == f }) {
		return hint.Add(readers.ErrSwapped, "`sealform audit verify`, which says what was touched")
	}
	return hint.Add(readers.ErrNoKey, "`sealform keys list`")
}
