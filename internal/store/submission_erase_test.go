package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"sealform/forms/record"
	"sealform/internal/audit"
	"sealform/keys"
)

func TestDelete(t *testing.T) {
	c := config(t, newClock())
	s := openStore(t, c)
	x := newSealer(t)
	sub := x.submission(t, "contact", []byte("answers"))
	photo := make([]byte, 2<<20)
	sub.Files = []keys.SealedStream{x.stream(t, bytesOf(photo)), x.stream(t, bytesOf([]byte("note")))}
	sub.Mails = []record.Mail{{To: "front@clinic.example", MessageID: "m", Body: x.stream(t, bytesOf(photo))}}
	put(t, s, sub)
	stay := x.submission(t, "contact", []byte("stays"))
	put(t, s, stay)

	if err := s.Delete(t.Context(), sub.ID, "asked for", staff(audit.ActErased)); err != nil {
		t.Fatal(err)
	}
	var erased *Erased
	_, err := s.Submission(t.Context(), sub.ID)
	if !errors.As(err, &erased) || erased.Reference != sub.Reference || erased.Why != "asked for" || !erased.At.Equal(c.Now()) {
		t.Errorf("afterwards: %v %+v", err, erased)
	}
	if err := s.Delete(t.Context(), sub.ID, "again", staff(audit.ActErased)); !errors.As(err, &erased) {
		t.Errorf("a second time: %v", err)
	}
	if err := s.Delete(t.Context(), 1, "never was", staff(audit.ActErased)); !errors.Is(err, ErrNotFound) {
		t.Errorf("nothing to erase: %v", err)
	}
	for table, want := range map[string]int{"submission": 1, "session_key": 2, "file": 0, "upload": 0, "chunk": 17, "outbox": 1, "tombstone": 1, "audit": 2} {
		if n := count(t, s, table); n != want {
			t.Errorf("%s: %d rows, want %d", table, n, want)
		}
	}
	counts, err := s.Counts(t.Context())
	if err != nil || counts["contact"][New] != 1 {
		t.Errorf("%v %v", counts, err)
	}
	if id, err := s.ByReference(t.Context(), sub.Reference); err != nil || id != sub.ID {
		t.Errorf("by reference: %d %v", id, err)
	}
	if f := findings(t, s); len(f) != 0 {
		t.Error(f)
	}
}

// covers LK07
func TestErasedBytesDoNotLinger(t *testing.T) {
	c := config(t, newClock())
	s := openStore(t, c)
	x := newSealer(t)
	marks := map[string][]byte{}
	var erase []int64
	for i := range 60 {
		sub := x.submission(t, "contact", bytes.Repeat([]byte{byte(i)}, 50*i))
		put(t, s, sub)
		if i%3 != 0 {
			marks[fmt.Sprintf("answers %d", i)] = sub.Answers.Data()[40:72]
			marks[fmt.Sprintf("session key %d", i)] = sub.Answers.SessionKeys()[0].Packet[40:72]
			erase = append(erase, sub.ID)
		}
	}
	for _, id := range erase {
		if err := s.Delete(t.Context(), id, "", staff(audit.ActErased)); err != nil {
			t.Fatal(err)
		}
	}
	if fi, err := os.Stat(c.Path + "-wal"); err != nil || fi.Size() != 0 {
		t.Errorf("the WAL still has %d bytes: %v", fi.Size(), err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(c.Path)
	if err != nil {
		t.Fatal(err)
	}
	for what, mark := range marks {
		if bytes.Contains(b, mark) {
			t.Errorf("%s is still in the database", what)
		}
	}
}

// covers CR07
func TestRowPutBack(t *testing.T) {
	c := config(t, newClock())
	s, other := openStore(t, c), openStore(t, c) // what one process erases, the other knows
	x := newSealer(t)
	sub := x.submission(t, "contact", []byte("answers"))
	put(t, s, sub)
	if _, err := other.Submission(t.Context(), sub.ID); err != nil {
		t.Fatal(err)
	}
	tamperSchema(t, s, `create table beside.kept as select * from submission`)
	tamperSchema(t, s, `create table beside.kept_keys as select * from session_key`)
	if err := s.Delete(t.Context(), sub.ID, "asked for", staff(audit.ActErased)); err != nil {
		t.Fatal(err)
	}
	tamper(t, s, `insert into submission select * from kept`)
	tamper(t, s, `insert into session_key select * from kept_keys`)

	opensAgain := func(s *Store) {
		t.Helper()
		var erased *Erased
		if _, err := s.Submission(t.Context(), sub.ID); !errors.As(err, &erased) || !erased.Back || !erased.At.Equal(sealedAt) {
			t.Errorf("it opens again: %v %+v", err, erased)
		}
		want := "form contact: submission " + sub.Reference + " was erased on 20 Nov 2026, but is here again"
		if f := findings(t, s); len(f) != 1 || f[0] != want {
			t.Errorf("findings %q", f)
		}
	}
	opensAgain(s)
	tamper(t, s, `delete from tombstone`)
	for _, s := range []*Store{s, other, openStore(t, c)} {
		opensAgain(s)
	}
	if err := s.Delete(t.Context(), sub.ID, "once more", staff(audit.ActErased)); err != nil {
		t.Errorf("erasing it again: %v", err)
	}
	if f := findings(t, s); len(f) != 0 {
		t.Errorf("findings %q", f)
	}
}

func TestPurge(t *testing.T) {
	s, c := newStore(t)
	x := newSealer(t)
	var old []*record.Submission
	sealed := x.submission(t, "contact", []byte("answers")).Answers
	for i := range purgeBatch + 20 {
		sub := x.like("contact", sealed)
		sub.Received = c.Now().Add(time.Duration(i) * time.Minute)
		old = append(old, sub)
		put(t, s, sub)
	}
	other := x.like("other", sealed)
	put(t, s, other)
	before := old[purgeBatch+10].Received
	n, err := s.Purge(t.Context(), "contact", before)
	if err != nil || n != purgeBatch+10 {
		t.Fatalf("%d %v", n, err)
	}
	if n := count(t, s, "audit"); n != 3 {
		t.Errorf("%d entries, want one a batch", n)
	}
	var erased *Erased
	if _, err := s.Submission(t.Context(), old[0].ID); !errors.As(err, &erased) || erased.Why != WhyPurged {
		t.Errorf("%v", err)
	}
	rows, err := s.Page(t.Context(), []string{"contact", "other"}, 0, 1000)
	if err != nil || len(rows) != 11 {
		t.Errorf("%d rows left: %v", len(rows), err)
	}
	if n, err := s.Purge(t.Context(), "contact", before); n != 0 || err != nil {
		t.Errorf("again: %d %v", n, err)
	}
	if n, err := s.Purge(t.Context(), "never-seen", before); n != 0 || err != nil {
		t.Errorf("no such form: %d %v", n, err)
	}
	if f := findings(t, s); len(f) != 0 {
		t.Error(f)
	}
}

func TestWitnessed(t *testing.T) {
	const hour, day, year = time.Hour, 24 * time.Hour, 365 * 24 * time.Hour
	type tick struct {
		wall, elapsed time.Duration // how far the wall clock moved, and how long the process really ran
		want          time.Duration // after the start
	}
	for name, ticks := range map[string][]tick{
		"both go on":                {{hour, hour, hour}, {hour, hour, 2 * hour}},
		"a jump ahead":              {{10 * year, hour, 2 * hour}, {hour, hour, 4 * hour}},
		"a jump that is mended":     {{year, hour, 2 * hour}, {hour - year, hour, hour}, {hour, hour, 2 * hour}},
		"set back":                  {{-day, hour, -day}, {hour, hour, -day + hour}},
		"set back and mended":       {{-day, hour, -day}, {day, hour, -day + 2*hour}, {hour, hour, -day + 4*hour}},
		"down for ten hours":        {{10 * hour, 0, 0}, {hour, hour, 2 * hour}, {9 * hour, 9 * hour, 20 * hour}, {hour, hour, 21 * hour}},
		"a monotonic clock at rest": {{hour, 0, 0}},
		"nonsense elapsed":          {{hour, -day, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			c := newClock()
			start := c.Now()
			cfg := config(t, c)
			s := openStore(t, cfg)
			for i, k := range ticks {
				c.add(k.wall)
				got, err := s.Witnessed(t.Context(), k.elapsed)
				if err != nil || got.Sub(start) != k.want {
					t.Fatalf("tick %d: %v, want %v: %v", i, got.Sub(start), k.want, err)
				}
				if err := s.Close(); err != nil { // it outlives a restart
					t.Fatal(err)
				}
				s = openStore(t, cfg)
			}
		})
	}
}

func TestSweep(t *testing.T) {
	c := newClock()
	cfg := config(t, c)
	s := openStore(t, cfg)
	stage := func() int64 {
		p := &part{s: s, ctx: t.Context()}
		if _, err := p.Write(make([]byte, 300<<10)); err != nil {
			t.Fatal(err)
		}
		if err := p.finish(); err != nil || p.chunks != 3 {
			t.Fatal(p.chunks, err)
		}
		return p.id
	}
	orphan := stage()
	c.add(50 * time.Minute)
	young := stage()
	if young <= orphan {
		t.Error("ids do not grow")
	}
	interrupted := stage()
	tamper(t, s, `update upload set seen = 0 where id = $1`, interrupted)
	c.add(20 * time.Minute)

	if err := s.Close(); err != nil { // as a crash would: nobody tidied up
		t.Fatal(err)
	}
	s = openStore(t, cfg)
	for id, want := range map[int64]int{orphan: 0, young: 300 << 10, interrupted: 0} {
		if got := len(readUpload(t, s, id)); got != want {
			t.Errorf("%d bytes of an upload, want %d", got, want)
		}
	}
	c.add(time.Hour)
	if err := s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := count(t, s, "chunk") + count(t, s, "upload"); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

// An upload that grows slowly is alive; one swept nevertheless does not become half a file.
func TestSlowUploadStaysAlive(t *testing.T) {
	s, c := newStore(t)
	p := &part{s: s, ctx: t.Context()}
	for range 5 {
		if _, err := p.Write(make([]byte, 200<<10)); err != nil {
			t.Fatal(err)
		}
		c.add(40 * time.Minute)
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, s, "chunk"); n != p.chunks || n < 5 {
		t.Errorf("%d chunks of %d", n, p.chunks)
	}
	c.add(2 * time.Hour)
	if err := s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Write(make([]byte, 200<<10)); !errors.Is(err, errSwept) {
		t.Errorf("after it was swept: %v", err)
	}
	err := s.write(t.Context(), 0, func(b *batch) error { _, _, err := p.link(b, c.Now()); return err })
	if !errors.Is(err, errSwept) {
		t.Errorf("linking it: %v", err)
	}
}
