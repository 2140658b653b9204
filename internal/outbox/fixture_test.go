package outbox

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sealform/forms/record"
	"sealform/internal/mail"
	"sealform/internal/sealedaddress"
	"sealform/internal/store"
	"sealform/keys"
	"sealform/keys/private"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is set by the test.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 21, 20, 0, 0, 0, time.UTC)} }

// openStore opens, or opens again, the store in dir.
func openStore(t testing.TB, dir string, c *clock) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Config{
		Path: filepath.Join(dir, "sealform.db"), HeadFile: filepath.Join(dir, "head"), Service: "clinic",
		LeafKey: make([]byte, 32), AuditKey: make([]byte, 32), Now: c.now, MinFree: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closeStore(t testing.TB, s *store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

var sealing = sync.OnceValues(func() (*sealer, error) {
	at := newClock().now()
	locked, err := private.Generate("Front desk <desk@clinic.example>", keys.NewPassword([]byte("six plain words make it good")), at)
	if err != nil {
		return nil, err
	}
	certificate, err := keys.ParseCertificate(locked.Certificate(), at)
	if err != nil {
		return nil, err
	}
	readers, err := keys.NewRecipients(certificate)
	if err != nil {
		return nil, err
	}
	signer, _, err := keys.NewSigner("clinic", at)
	return &sealer{readers, signer}, err
})

type sealer struct {
	readers *keys.Recipients
	signer  *keys.Signer
}

// arrival is a submission to be kept.
type arrival struct {
	form     string // "": new-patient
	size     int    // bytes of each mail
	to       []string
	stored   bool
	webhooks []string
	receipt  *sealedaddress.Address
	tooLarge string // an address whose mail the relay would not take
}

// put keeps a submission with one mail of size bytes and gives its Message-ID.
func put(t testing.TB, s *store.Store, c *clock, size int) string {
	t.Helper()
	return arrive(t, s, c, arrival{size: size, stored: true, to: []string{"desk@clinic.example"}}).Mails[0].MessageID
}

// arrive keeps a submission, with a mail to each address.
func arrive(t testing.TB, s *store.Store, c *clock, a arrival) *record.Submission {
	t.Helper()
	by, err := sealing()
	if err != nil {
		t.Fatal(err)
	}
	var drawn [24]byte
	if _, err := rand.Read(drawn[:]); err != nil {
		t.Fatal(err)
	}
	sub := &record.Submission{
		ID: int64(binary.BigEndian.Uint64(drawn[:]) >> 1), Form: cmp.Or(a.form, "new-patient"), Received: c.now(),
		Token: [16]byte(drawn[8:]), Stored: a.stored, Webhooks: a.webhooks, Receipt: a.receipt,
	}
	if sub.Reference, err = record.NewReference(rand.Reader); err != nil {
		t.Fatal(err)
	}
	if a.stored {
		if sub.Answers, err = by.readers.Seal(keys.NewPlaintext([]byte("answers")), by.signer, c.now()); err != nil {
			t.Fatal(err)
		}
	}
	for i, to := range a.to {
		body, err := by.readers.SealStream(by.signer, c.now(), func(w io.Writer) error {
			_, err := w.Write(make([]byte, a.size))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		sub.Mails = append(sub.Mails, record.Mail{To: to, MessageID: fmt.Sprintf("%x.%d@clinic.example", drawn[8:], i), Body: body})
	}
	if a.tooLarge != "" {
		sub.Mails = append(sub.Mails, record.Mail{To: a.tooLarge, MessageID: fmt.Sprintf("%x.l@clinic.example", drawn[8:]), TooLarge: true})
	}
	if _, err := s.Put(t.Context(), sub); err != nil {
		t.Fatal(err)
	}
	return sub
}

// one is the only channel of most tests.
var one = []store.Channel{store.Mail}

// sink is a relay in the test's hands: it reads each message to its end and then answers as told.
type sink struct {
	mu      sync.Mutex
	answer  func(n int) error // of the n-th attempt, from 0; nil: taken
	tried   []string          // Message-IDs, in order
	taken   []string
	arrived chan struct{}                              // one for each attempt that ended
	onward  func(context.Context, *mail.Message) error // who carries it then; nil: nobody
}

func newSink(answer func(n int) error) *sink {
	return &sink{answer: answer, arrived: make(chan struct{}, 10_000)}
}

func (s *sink) send(ctx context.Context, m *mail.Message) error {
	defer func() { s.arrived <- struct{}{} }()
	if s.onward != nil {
		return s.onward(ctx, m)
	}
	if _, err := m.WriteTo(io.Discard); err != nil {
		return &mail.Error{Code: mail.Body, Step: "data"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.tried)
	s.tried = append(s.tried, m.MessageID)
	if s.answer != nil {
		if err := s.answer(n); err != nil {
			return err
		}
	}
	s.taken = append(s.taken, m.MessageID)
	return nil
}

func (s *sink) got() (tried, taken []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.tried), slices.Clone(s.taken)
}

func (s *sink) wait(t testing.TB, n int) {
	t.Helper()
	for range n {
		select {
		case <-s.arrived:
		case <-time.After(20 * time.Second):
			t.Fatal("no attempt was made")
		}
	}
}

// run works on the queue until the test, or the returned function, ends it.
func run(t testing.TB, c Config) (o *Outbox, stop func()) {
	t.Helper()
	c.From = "forms@clinic.example"
	if c.Poll == 0 {
		c.Poll = time.Hour // only nudges count
	}
	o = New(c)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		o.Run(ctx)
	}()
	stop = func() {
		cancel()
		<-done
	}
	t.Cleanup(stop)
	return o, stop
}

// idle waits until the queue holds n jobs, all given back.
func idle(t testing.TB, s *store.Store, n int64) {
	t.Helper()
	for range 1000 {
		if have, _, err := s.Waiting(t.Context()); err != nil {
			t.Fatal(err)
		} else if have == n {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("the queue never held %d jobs", n)
}

// ends collects the events of attempts that are over and written down, "1 temporary_451".
type ends chan string

// Enabled implements slog.Handler.
func (e ends) Enabled(context.Context, slog.Level) bool { return true }

// WithAttrs implements slog.Handler.
func (e ends) WithAttrs([]slog.Attr) slog.Handler { return e }

// WithGroup implements slog.Handler.
func (e ends) WithGroup(string) slog.Handler { return e }

// Handle implements slog.Handler.
func (e ends) Handle(_ context.Context, r slog.Record) error {
	said := map[string]string{}
	r.Attrs(func(a slog.Attr) bool {
		said[a.Key] = a.Value.String()
		return true
	})
	if r.Message == "mailed" {
		e <- said["attempts"] + " " + said["code"]
	}
	return nil
}

// troubles collects the codes of what is warned of.
type troubles chan string

// Enabled implements slog.Handler.
func (e troubles) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }

// WithAttrs implements slog.Handler.
func (e troubles) WithAttrs([]slog.Attr) slog.Handler { return e }

// WithGroup implements slog.Handler.
func (e troubles) WithGroup(string) slog.Handler { return e }

// Handle implements slog.Handler.
func (e troubles) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "code" {
			e <- a.Value.String()
		}
		return true
	})
	return nil
}

func (e ends) want(t *testing.T, attempts int, code mail.Code) {
	t.Helper()
	select {
	case got := <-e:
		if want := fmt.Sprintf("%d %s", attempts, code); got != want {
			t.Errorf("logged %q, want %q", got, want)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("no attempt ended")
	}
}
