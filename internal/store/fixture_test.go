package store

import (
	"bytes"
	"crypto/rand"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sealform/forms"
	"sealform/forms/file"
	"sealform/forms/record"
	"sealform/internal/audit"
	"sealform/keys"
	"sealform/keys/private"
	"sealform/keys/private/privatetest"
)

// clock is a wall clock that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// config is of a store in a folder of its own.
func config(t testing.TB, c *clock) Config {
	dir := t.TempDir()
	return Config{
		Path:     filepath.Join(dir, "data", "sealform.db"),
		HeadFile: filepath.Join(dir, "head", "audit.head"),
		Service:  "clinic",
		LeafKey:  bytes.Repeat([]byte{1}, 32),
		AuditKey: bytes.Repeat([]byte{2}, 32),
		Now:      c.Now,
		MinFree:  1,
	}
}

func openStore(t testing.TB, c Config) *Store {
	t.Helper()
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return s
}

func newStore(t testing.TB) (*Store, *clock) {
	t.Helper()
	c := newClock()
	return openStore(t, config(t, c)), c
}

// sealer makes real sealed messages for two readers.
type sealer struct {
	readers    *keys.Recipients
	signer     *keys.Signer
	verifiers  *keys.Verifiers
	reader     *private.Locked
	references atomic.Int64
}

const keyPassword = "correct horse battery staple"

func newSealer(t testing.TB) *sealer {
	t.Helper()
	front, doctor := privatetest.Key(t, "Front desk <front@clinic.example>", keyPassword), privatetest.Key(t, "Dr. Ito <ito@clinic.example>", keyPassword)
	x := &sealer{readers: privatetest.Recipients(t, front, doctor), reader: doctor}
	x.signer, x.verifiers = privatetest.Signer(t)
	return x
}

var sealedAt = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

// stream is a sealed message of content.
func (x *sealer) stream(t testing.TB, write func(io.Writer) error) keys.SealedStream {
	t.Helper()
	s, err := x.readers.SealStream(x.signer, sealedAt, write)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func bytesOf(b []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		for len(b) > 0 {
			n := min(len(b), 32<<10)
			if _, err := w.Write(b[:n]); err != nil {
				return err
			}
			b = b[n:]
		}
		return nil
	}
}

// submission is a stored one without files, with an id, token and reference of its own.
func (x *sealer) submission(t testing.TB, form string, answers []byte) *record.Submission {
	t.Helper()
	sealed, err := x.readers.Seal(keys.NewPlaintext(bytes.Clone(answers)), x.signer, sealedAt)
	if err != nil {
		t.Fatal(err)
	}
	return x.like(form, sealed)
}

// like is a submission with the sealed answers given.
func (x *sealer) like(form string, sealed keys.Sealed) *record.Submission {
	var r [40]byte // id, token, content
	_, _ = rand.Read(r[:])
	n := x.references.Add(1)
	sub := &record.Submission{
		ID:        sealedAt.UnixMilli()<<20 + n<<16 + int64(binary.BigEndian.Uint16(r[:])),
		Form:      form,
		Revision:  asked().Revision,
		Reference: reference(n),
		Received:  sealedAt.Add(time.Duration(n) * time.Millisecond),
		Stored:    true,
		Answers:   sealed,
	}
	copy(sub.Token[:], r[8:])
	copy(sub.Content[:], r[24:])
	return sub
}

// asked are the questions that all submissions here answer.
var asked = sync.OnceValue(func() *forms.Form {
	f, err := file.Parse("contact.yaml", []byte(`
form: contact
title: Contact us
seal: { to: [all] }
deliver: { store: { keep: 30d } }
fields:
  - { id: message, type: longtext, label: How can we help?, max: 9000 }
`))
	if err != nil {
		panic(err)
	}
	return f
})

// ask keeps the questions, as the program does when it starts.
func ask(t testing.TB, s *Store, form string) {
	t.Helper()
	if err := s.SaveRevision(t.Context(), form, asked().Revision, asked().Questions()); err != nil {
		t.Fatal(err)
	}
}

func reference(n int64) string {
	const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	b := make([]byte, 6)
	for i := range b {
		b[5-i], n = digits[n%32], n/32
	}
	return string(b[:3]) + "-" + string(b[3:])
}

func put(t testing.TB, s *Store, sub *record.Submission) {
	t.Helper()
	ask(t, s, sub.Form)
	kept, err := s.Put(t.Context(), sub)
	if err != nil {
		t.Fatal(err)
	}
	if kept.Reference != sub.Reference || kept.Repeat || !kept.Received.Equal(sub.Received) {
		t.Fatalf("kept %+v", kept)
	}
}

// verified fails the test unless the findings are those wanted.
func findings(t testing.TB, s *Store) []string {
	t.Helper()
	r, err := s.VerifyAudit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r.Findings
}

// another is how a program of somebody else opens the database.
func another(path string) string {
	return "file:" + path + "?_txlock=immediate&_busy_timeout=10000&_foreign_keys=1&_defensive=1"
}

// tamper writes past the store, as someone would who has the file.
func tamper(t testing.TB, s *Store, query string, args ...any) {
	t.Helper()
	if tamperSchema(t, s, query, args...) == 0 {
		t.Fatal("tampering: nothing changed")
	}
}

// tamperSchema is tamper for what changes no rows. Tables that it makes in the schema "beside" lie in a file of their own.
func tamperSchema(t testing.TB, s *Store, query string, args ...any) (changed int64) {
	t.Helper()
	db, err := sql.Open("sqlite", another(s.cfg.Path))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`attach $1 as beside`, s.cfg.Path+".beside"); err != nil {
		t.Fatal(err)
	}
	r, err := db.Exec(query, args...)
	if err != nil {
		t.Fatalf("tampering: %v", err)
	}
	changed, err = r.RowsAffected()
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

func count(t testing.TB, s *Store, table string) (n int) {
	t.Helper()
	if _, err := s.db.Get(t.Context(), fmt.Sprintf(`select count(*) from %s`, table), nil, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func staff(act string, about ...string) audit.Entry {
	return audit.Entry{Who: "dana@clinic.example", From: "192.0.2.7", Act: act, About: about}
}

// read gives an upload's chunks as one.
func readUpload(t testing.TB, s *Store, upload int64) []byte {
	t.Helper()
	var out []byte
	for n := 0; ; n++ {
		b, err := s.Chunk(t.Context(), upload, n)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b...)
	}
}

// opened decrypts and verifies a sealed message.
func (x *sealer) opened(t testing.TB, m keys.Sealed) []byte {
	t.Helper()
	p, _, err := privatetest.Unlocked(t, x.reader, keyPassword).Open(m, x.verifiers)
	if err != nil {
		t.Fatal(err)
	}
	return p.Reveal()
}
