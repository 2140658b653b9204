package store

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"sealform/forms/record"
	"sealform/keys"
)

// Two processes may share the file: numbers and the audit chain are read inside the
// transaction. covers R05
func TestTwoHandles(t *testing.T) {
	c := config(t, newClock())
	handles := []*Store{openStore(t, c), openStore(t, c)}
	x := newSealer(t)
	ask(t, handles[0], "contact")
	const each = 40
	var wg sync.WaitGroup
	for h, s := range handles {
		for g := range 4 {
			wg.Go(func() {
				for i := range each / 4 {
					sub := x.submission(t, "contact", fmt.Append(nil, h, g, i))
					if _, err := s.Put(t.Context(), sub); err != nil {
						t.Error(err)
					}
					if err := s.Audit(t.Context(), staff("opened", sub.Reference)); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	for _, s := range handles {
		r, err := s.VerifyAudit(t.Context())
		if err != nil || r.Entries != 1+2*each || len(r.Findings) != 0 {
			t.Errorf("%+v %v", r, err)
		}
	}
	counts, err := handles[0].Counts(t.Context())
	if err != nil || counts["contact"][New] != 2*each {
		t.Errorf("%v %v", counts, err)
	}
}

// A visitor who sends slowly holds up nobody: no transaction is open meanwhile.
func TestSlowUpload(t *testing.T) {
	c := config(t, newClock())
	s, other := openStore(t, c), openStore(t, c)
	x := newSealer(t)
	halfway, goOn := make(chan struct{}), make(chan struct{})
	slow := x.submission(t, "new-patient", []byte("slow"))
	piece := make([]byte, 400<<10)
	slow.Files = []keys.SealedStream{x.stream(t, func(w io.Writer) error {
		if _, err := w.Write(piece); err != nil {
			return err
		}
		close(halfway)
		<-goOn
		_, err := w.Write(piece)
		return err
	})}
	answer := make(chan error, 1)
	go func() {
		_, err := s.Put(t.Context(), slow)
		answer <- err
	}()
	<-halfway
	for i := range 20 {
		put(t, s, x.submission(t, "contact", fmt.Append(nil, i)))
		put(t, other, x.submission(t, "contact", fmt.Append(nil, i)))
	}
	if _, err := s.Submission(t.Context(), slow.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("half a submission can be seen: %v", err)
	}
	close(goOn)
	if err := <-answer; err != nil {
		t.Fatal(err)
	}
	got, err := s.Submission(t.Context(), slow.ID)
	if err != nil {
		t.Fatal(err)
	}
	m, err := keys.JoinSealed(got.FileKeys[0].SessionKeys, readUpload(t, other, got.FileKeys[0].Upload))
	if err != nil || len(x.opened(t, m)) != 2*len(piece) {
		t.Errorf("the file: %v", err)
	}
}

func TestUploadThatFails(t *testing.T) {
	s, _ := newStore(t)
	x := newSealer(t)
	broken := errors.New("the visitor went away")
	sub := x.submission(t, "new-patient", []byte("answers"))
	sub.Files = []keys.SealedStream{x.stream(t, func(w io.Writer) error {
		if _, err := w.Write(make([]byte, 3<<20)); err != nil {
			return err
		}
		return broken
	})}
	if _, err := s.Put(t.Context(), sub); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	for _, table := range []string{"submission", "session_key", "file", "upload", "chunk"} {
		if n := count(t, s, table); n != 0 {
			t.Errorf("%s: %d rows are left", table, n)
		}
	}
	if s.staged.Load() != 0 {
		t.Error("the budget was not given back")
	}
}

// covers IN02
func TestStagingBudget(t *testing.T) {
	c := config(t, newClock())
	c.StagingBudget = 1 << 20
	s := openStore(t, c)
	x := newSealer(t)
	sub := x.submission(t, "new-patient", []byte("answers"))
	sub.Files = []keys.SealedStream{x.stream(t, bytesOf(make([]byte, 2<<20)))}
	if _, err := s.Put(t.Context(), sub); !errors.Is(err, record.ErrFull) {
		t.Errorf("over the budget: %v", err)
	}
	if n := count(t, s, "chunk"); n != 0 {
		t.Errorf("%d chunks are left", n)
	}
	sub = x.submission(t, "new-patient", []byte("answers"))
	sub.Files = []keys.SealedStream{x.stream(t, bytesOf(make([]byte, 900<<10)))}
	put(t, s, sub)
}
