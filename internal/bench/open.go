package main

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"time"

	"sealform/forms"
	"sealform/forms/record"
	"sealform/internal/secrets"
	"sealform/internal/store"
	"sealform/keys"
	"sealform/keys/private"
)

// open prints what opening costs: 1,000 stored submissions read from the database, verified, decrypted and parsed on
// one core.
func (b *bench) open(ctx context.Context) error {
	h, err := buildClinic(filepath.Join(b.dir, "open"))
	if err != nil {
		return err
	}
	p, err := b.serve(ctx, h)
	if err != nil {
		return err
	}
	_, err = b.load(ctx, append(h.loadArgs(p.url, "kept"), "-c", "8", "-d", "2s")...)
	p.stop()
	if err != nil {
		return err
	}
	sec, err := secrets.Load(filepath.Join(h.dir, "secrets"), service)
	if err != nil {
		return err
	}
	st, err := store.Open(ctx, store.Config{
		Path: filepath.Join(h.dir, "data", "sealform.db"), HeadFile: filepath.Join(h.dir, "data", "audit.head"),
		Service: service, LeafKey: sec.Key("leaf"), AuditKey: sec.Key("audit"), Now: time.Now,
	})
	if err != nil {
		return err
	}
	defer st.Close()
	signer, err := keys.ParseSigner(sec.Signing())
	if err != nil {
		return err
	}
	by, err := keys.ParseVerifiers(signer.Certificate())
	if err != nil {
		return err
	}
	key, err := h.locked.Unlock(h.password)
	if err != nil {
		return err
	}
	defer key.Wipe()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	n, took, err := openAll(ctx, st, key, by)
	if err != nil {
		return err
	}
	fmt.Printf("open    n=%d took=%.3fs per_submission=%.0fµs per_1000=%.3fs (read, verified, decrypted, parsed; one core)\n",
		n, took.Seconds(), float64(took.Microseconds())/float64(n), took.Seconds()/float64(n)*1000)
	return nil
}

func openAll(ctx context.Context, st *store.Store, key *private.Unlocked, by *keys.Verifiers) (int, time.Duration, error) {
	kept, err := st.Revisions(ctx, "kept")
	if err != nil {
		return 0, 0, err
	}
	questions := map[forms.Revision]*forms.Form{}
	for rev, q := range kept {
		if questions[rev], err = forms.ParseQuestions("kept", q, rev); err != nil {
			return 0, 0, err
		}
	}
	n, before, t := 0, int64(0), time.Now()
	for n < 1000 {
		rows, err := st.Page(ctx, []string{"kept"}, before, 50)
		if err != nil {
			return 0, 0, err
		}
		if len(rows) == 0 {
			break
		}
		for _, r := range rows {
			if err := openOne(ctx, st, key, by, questions, r.ID); err != nil {
				return 0, 0, err
			}
			n, before = n+1, r.ID
		}
	}
	return n, time.Since(t), nil
}

func openOne(ctx context.Context, st *store.Store, key *private.Unlocked, by *keys.Verifiers, questions map[forms.Revision]*forms.Form, id int64) error {
	sub, err := st.Submission(ctx, id)
	if err != nil {
		return err
	}
	plain, _, err := key.Open(sub.Answers, by)
	if err != nil {
		return err
	}
	_, err = record.Read(plain, questions[sub.Revision], record.Row{
		Service: service, ID: sub.ID, Form: sub.Form, Revision: sub.Revision, Reference: sub.Reference,
		Received: sub.Received, Readers: sub.Readers, Files: sub.Files,
	})
	return err
}
