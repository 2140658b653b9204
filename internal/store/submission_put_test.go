package store

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sealform/forms/record"
	"sealform/keys"
)

func TestPutAndOpen(t *testing.T) {
	s, _ := newStore(t)
	x := newSealer(t)
	photo := make([]byte, 700<<10)
	_, _ = rand.Read(photo)
	sub := x.submission(t, "new-patient", []byte("the answers"))
	sub.Files = []keys.SealedStream{x.stream(t, bytesOf(photo)), x.stream(t, bytesOf([]byte("a note")))}
	sub.Mails = []record.Mail{{To: "front@clinic.example", MessageID: "m1@clinic", Body: x.stream(t, bytesOf([]byte("a mail")))}}
	put(t, s, sub)

	got, err := s.Submission(t.Context(), sub.ID)
	if err != nil {
		t.Fatal(err)
	}
	if !got.LeafOK || got.Seq != 1 || got.State != New || got.Revision != sub.Revision || got.Files != 2 {
		t.Errorf("row: %+v", got.Row)
	}
	if diff := cmp.Diff(x.readers.Fingerprints(), sorted(got.Readers, x.readers.Fingerprints())); diff != "" {
		t.Error(diff)
	}
	if a := x.opened(t, got.Answers); string(a) != "the answers" {
		t.Errorf("answers: %q", a)
	}
	for i, want := range [][]byte{photo, []byte("a note")} {
		f := got.FileKeys[i]
		m, err := keys.JoinSealed(f.SessionKeys, readUpload(t, s, f.Upload))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(x.opened(t, m), want) {
			t.Errorf("file %d differs", i)
		}
	}
	if n := count(t, s, "upload"); n != 0 {
		t.Errorf("%d uploads are left unlinked", n)
	}
	if s.staged.Load() != 0 {
		t.Errorf("%d bytes of the budget are not given back", s.staged.Load())
	}
	if f := findings(t, s); len(f) != 0 {
		t.Error(f)
	}
}

// sorted brings the fingerprints into the order of like, if they are the same.
func sorted(f, like []keys.Fingerprint) []keys.Fingerprint {
	var out []keys.Fingerprint
	for _, want := range like {
		for _, have := range f {
			if have == want {
				out = append(out, have)
			}
		}
	}
	return out
}

// covers IN13
func TestPutConflicts(t *testing.T) {
	s, _ := newStore(t)
	x := newSealer(t)
	first := x.submission(t, "contact", []byte("one"))
	put(t, s, first)
	erased := x.submission(t, "contact", []byte("two"))
	put(t, s, erased)
	if err := s.Delete(t.Context(), erased.ID, "asked for", staff("erased")); err != nil {
		t.Fatal(err)
	}
	mailed := mailOnly(t, x)
	put(t, s, mailed)

	for _, there := range []*record.Submission{first, erased, mailed} {
		kept, err := s.Put(t.Context(), again(t, x, there))
		want := record.Kept{Reference: there.Reference, Received: there.Received, Repeat: true}
		if diff := cmp.Diff(want, kept); err != nil || diff != "" {
			t.Errorf("repeat: %v %s", err, diff)
		}

		other := again(t, x, there)
		other.Content[0]++
		var reused *record.ErrReused
		if _, err := s.Put(t.Context(), other); !errors.As(err, &reused) || reused.Reference != there.Reference {
			t.Errorf("same token, other content: %v", err)
		}

		foreign := again(t, x, there)
		foreign.Token[0]++
		if _, err := s.Put(t.Context(), foreign); !errors.Is(err, record.ErrIDTaken) {
			t.Errorf("other token: %v", err)
		}

		for _, newcomer := range []*record.Submission{x.submission(t, "contact", []byte("new")), mailOnly(t, x)} {
			newcomer.Reference = there.Reference
			if _, err := s.Put(t.Context(), newcomer); !errors.Is(err, record.ErrReferenceTaken) {
				t.Errorf("reference: %v", err)
			}
		}
	}
	put(t, s, x.submission(t, "contact", []byte("last")))
	if f := findings(t, s); len(f) != 0 {
		t.Errorf("numbers have gaps: %v", f)
	}
	if n, _, err := s.Waiting(t.Context()); n != 1 || err != nil {
		t.Errorf("%d mails wait: %v", n, err)
	}
}

// mailOnly is a submission of a form that keeps nothing.
func mailOnly(t testing.TB, x *sealer) *record.Submission {
	sub := x.like("contact", keys.Sealed{})
	sub.Stored = false
	sub.Mails = []record.Mail{{To: "front@clinic.example", MessageID: "m@clinic", Body: x.stream(t, bytesOf([]byte("mail")))}}
	return sub
}

// again is what a browser that sends twice makes of sub: sealed anew.
func again(t testing.TB, x *sealer, sub *record.Submission) *record.Submission {
	c := *sub
	c.Reference = reference(1<<29 + x.references.Add(1))
	c.Received = sub.Received.Add(time.Minute)
	c.Mails = nil
	for _, m := range sub.Mails {
		m.Body = x.stream(t, bytesOf([]byte("again")))
		c.Mails = append(c.Mails, m)
	}
	return &c
}
