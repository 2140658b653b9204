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
	f, err := fingerprintBytes(k.Fingerprint)
	if err == nil {
		err = s.record(ctx, func(b *batch) (link, error) {
			n, err := b.Exec(`
				insert into locked_key (fingerprint, account, name, created, failures, retry, locked)
				values ($1, $2, $3, $4, 0, 0, $5) on conflict do nothing`,
				f, k.Account, k.Name, s.cfg.Now().UnixMilli(), nonNil(k.Locked))
			if err != nil {
				return link{}, err
			}
			if n == 0 {
				return link{}, refuse(ErrExists)
			}
			if e.Act != audit.ActKeyImported {
				e.Act = audit.ActKeyGenerated
			}
			return b.append(s, about(e, string(fingerprint(f)), s.keyRow(&k)))
		})
	}
	if err != nil {
		return fmt.Errorf("adding a key: %w", err)
	}
	return nil
}

// RemoveKey erases a locked key; the entry is of the same commit. ErrNotFound.
func (s *Store) RemoveKey(ctx context.Context, f keys.Fingerprint, e audit.Entry) error {
	b, err := fingerprintBytes(f)
	if err == nil {
		err = s.record(ctx, func(t *batch) (link, error) {
			if err := t.one(`delete from locked_key where fingerprint = $1`, b); err != nil {
				return link{}, err
			}
			e.Act = audit.ActKeyRemoved
			return t.append(s, about(e, string(fingerprint(b))))
		})
	}
	if err == nil {
		err = s.wipe(ctx)
	}
	if err != nil {
		return fmt.Errorf("removing a key: %w", err)
	}
	return nil
}

// Keys gives all locked keys, the oldest first.
func (s *Store) Keys(ctx context.Context) ([]LockedKey, error) {
	return s.lockedKeys(ctx, `select `+keyColumns+` from locked_key order by created, fingerprint`)
}

// KeysOf gives an account's locked keys, the oldest first, but none that the record does not vouch for.
func (s *Store) KeysOf(ctx context.Context, account int64) ([]LockedKey, error) {
	all, err := s.lockedKeys(ctx, `select `+keyColumns+` from locked_key where account = $1 order by created, fingerprint`, account)
	if err != nil {
		return nil, err
	}
	err = s.snapshot(ctx, func(r snapshot) error {
		return s.projection(ctx, r, func(p *projection) {
			all = slices.DeleteFunc(all, func(k LockedKey) bool { return !s.trusted(p, &k) })
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading keys: %w", err)
	}
	return all, nil
}

const keyColumns = `fingerprint, account, name, created, failures, retry, locked`

func (s *Store) lockedKeys(ctx context.Context, query string, args ...any) ([]LockedKey, error) {
	var out []LockedKey
	err := s.db.Each(ctx, query, args, func(scan func(...any) error) error {
		k, err := scanKey(scan)
		out = append(out, *k)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading keys: %w", err)
	}
	return out, nil
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
	if err == nil {
		var n int
		err = s.write(ctx, 0, func(b *batch) error {
			ok, err := b.Get(`update locked_key set failures = failures + 1 where fingerprint = $1 returning failures`, []any{raw}, &n)
			if err != nil {
				return err
			}
			if !ok {
				return refuse(ErrNotFound)
			}
			_, err = b.Exec(`update locked_key set retry = $2 where fingerprint = $1`, raw, s.cfg.Now().Add(retry(n)).UnixMilli())
			return err
		})
		if err == nil {
			return n, nil
		}
	}
	return 0, fmt.Errorf("counting a failure: %w", err)
}

// SucceedKey clears the failures.
func (s *Store) SucceedKey(ctx context.Context, f keys.Fingerprint) error {
	b, err := fingerprintBytes(f)
	if err != nil {
		return fmt.Errorf("clearing failures: %w", err)
	}
	return s.do(ctx, "clearing failures", `update locked_key set failures = 0, retry = 0 where fingerprint = $1`, b)
}
