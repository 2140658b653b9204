package store

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"sealform/internal/audit"
	"sealform/keys"
)

// errFingerprint never shows what was given.
var errFingerprint = errors.New("not a fingerprint")

func fingerprintBytes(f keys.Fingerprint) ([]byte, error) {
	b, err := hex.DecodeString(string(f))
	if err != nil || len(b) == 0 {
		return nil, errFingerprint
	}
	return b, nil
}

// AddKey keeps a person's locked key; the entry is of the same commit. ErrExists.
func (s *Store) AddKey(ctx context.Context, k LockedKey, e audit.Entry) error {
	return s.record(ctx, "adding a key", func(b *batch) error {
		f, err := fingerprintBytes(k.Fingerprint)
		if err != nil {
			return err
		}
		n, err := b.Exec(`
			insert into locked_key (fingerprint, account, name, created, failures, retry, locked)
			values ($1, $2, $3, $4, 0, 0, $5) on conflict do nothing`,
			f, k.Account, k.Name, s.cfg.Now().UnixMilli(), nonNil(k.Locked))
		if err != nil {
			return err
		}
		if n == 0 {
			return refuse(ErrExists)
		}
		if e.Act != audit.ActKeyImported {
			e.Act = audit.ActKeyGenerated
		}
		return b.append(s, about(e, string(fingerprint(f)), s.keyRow(&k)))
	})
}

// RemoveKey erases a locked key; the entry is of the same commit. ErrNotFound.
func (s *Store) RemoveKey(ctx context.Context, f keys.Fingerprint, e audit.Entry) error {
	const removing = "removing a key"
	err := s.record(ctx, removing, func(b *batch) error {
		raw, err := fingerprintBytes(f)
		if err != nil {
			return err
		}
		if err := b.one(`delete from locked_key where fingerprint = $1`, raw); err != nil {
			return err
		}
		e.Act = audit.ActKeyRemoved
		return b.append(s, about(e, string(fingerprint(raw))))
	})
	if err != nil {
		return err
	}
	if err := s.wipe(ctx); err != nil {
		return fmt.Errorf("%s: %w", removing, err)
	}
	return nil
}

// Keys gives all locked keys, the oldest first.
func (s *Store) Keys(ctx context.Context) (all []LockedKey, err error) {
	err = s.look(ctx, "reading keys", func(r snapshot) (err error) {
		all, err = lockedKeys(ctx, r, `select `+keyColumns+` from locked_key order by created, fingerprint`)
		return err
	})
	return all, err
}

// KeysOf gives an account's locked keys, the oldest first, but none that the record does not vouch for.
func (s *Store) KeysOf(ctx context.Context, account int64) (of []LockedKey, err error) {
	err = s.look(ctx, "reading keys", func(r snapshot) (err error) {
		of, err = lockedKeys(ctx, r, `select `+keyColumns+` from locked_key where account = $1 order by created, fingerprint`, account)
		if err != nil {
			return err
		}
		return s.projection(ctx, r, func(p *projection) {
			of = slices.DeleteFunc(of, func(k LockedKey) bool { return !s.trusted(p, &k) })
		})
	})
	return of, err
}

const keyColumns = `fingerprint, account, name, created, failures, retry, locked`

func lockedKeys(ctx context.Context, r snapshot, query string, args ...any) (out []LockedKey, err error) {
	err = r.Each(ctx, query, args, func(scan func(...any) error) error {
		k, err := scanKey(scan)
		out = append(out, *k)
		return err
	})
	return out, err
}

func scanKey(scan func(...any) error) (*LockedKey, error) {
	k := &LockedKey{}
	var f []byte
	var created, retry int64
	err := scan(&f, &k.Account, &k.Name, &created, &k.Failures, &retry, &k.Locked)
	k.Fingerprint, k.Created, k.Retry = fingerprint(f), millis(created), optional(retry)
	return k, err
}

// FailKey counts a wrong key password, sets Retry to now and what retry says for so many
// in a row, and gives their number. The count outlives a restart. ErrNotFound.
func (s *Store) FailKey(ctx context.Context, f keys.Fingerprint, retry func(failures int) time.Duration) (failures int, err error) {
	raw, err := fingerprintBytes(f)
	if err != nil {
		return 0, fmt.Errorf("counting a failure: %w", err)
	}
	return s.countFailure(ctx, retry, raw,
		`update locked_key set failures = failures + 1 where fingerprint = $1 returning failures`,
		`update locked_key set retry = $2 where fingerprint = $1`)
}

// SucceedKey clears the failures.
func (s *Store) SucceedKey(ctx context.Context, f keys.Fingerprint) error {
	b, err := fingerprintBytes(f)
	if err != nil {
		return fmt.Errorf("clearing failures: %w", err)
	}
	return s.do(ctx, "clearing failures", `update locked_key set failures = 0, retry = 0 where fingerprint = $1`, b)
}
