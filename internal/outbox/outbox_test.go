package outbox

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sealform/forms"
	"sealform/internal/event"
	"sealform/internal/mail"
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
func openStore(t *testing.T, dir string, c *clock) *store.Store {
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

func closeStore(t *testing.T, s *store.Store) {
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

// put keeps a submission with one mail of size bytes and gives its Message-ID.
func put(t *testing.T, s *store.Store, c *clock, size int) string {
	t.Helper()
	by, err := sealing()
	if err != nil {
		t.Fatal(err)
	}
	text := make([]byte, size)
	answers, err := by.readers.Seal(keys.NewPlaintext([]byte("answers")), by.signer, c.now())
	if err != nil {
		t.Fatal(err)
	}
	body, err := by.readers.SealStream(by.signer, c.now(), func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	reference, err := forms.NewReference(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var drawn [24]byte
	if _, err := rand.Read(drawn[:]); err != nil {
		t.Fatal(err)
	}
	id := int64(binary.BigEndian.Uint64(drawn[:]) >> 1)
	message := fmt.Sprintf("%x@clinic.example", drawn[8:])
	_, err = s.Put(t.Context(), &forms.Submission{
		ID: id, Form: "new-patient", Reference: reference, Received: c.now(), Token: [16]byte(drawn[8:]), Stored: true, Answers: answers,
		Mails: []forms.Mail{{To: []string{"desk@clinic.example"}, MessageID: message, Body: body}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return message
}

// sink is a relay in the test's hands: it reads each message to its end and then answers as told.
type sink struct {
	mu      sync.Mutex
	answer  func(n int) error // of the n-th attempt, from 0; nil: taken
	tried   []string          // Message-IDs, in order
	taken   []string
	arrived chan struct{} // one for each attempt that ended
}

func newSink(answer func(n int) error) *sink {
	return &sink{answer: answer, arrived: make(chan struct{}, 10_000)}
}

func (s *sink) send(_ context.Context, m *mail.Message) error {
	defer func() { s.arrived <- struct{}{} }()
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

func (s *sink) wait(t *testing.T, n int) {
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
func run(t *testing.T, c Config) (o *Outbox, stop func()) {
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
func idle(t *testing.T, s *store.Store, n int64) {
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

func TestSendsAndForgets(t *testing.T) {
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	to := newSink(nil)
	o, stop := run(t, Config{Store: s, Send: to.send, Now: c.now})
	id := put(t, s, c, 700_000) // several chunks
	o.Nudge()
	to.wait(t, 1)
	idle(t, s, 0)
	stop()
	if _, taken := to.got(); !slices.Equal(taken, []string{id}) {
		t.Errorf("sent %v, want %s", taken, id)
	}
}

func TestPollsWithoutNudge(t *testing.T) {
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	to := newSink(nil)
	_, stop := run(t, Config{Store: s, Send: to.send, Now: c.now, Poll: 20 * time.Millisecond})
	put(t, s, c, 10)
	to.wait(t, 1)
	idle(t, s, 0)
	stop()
}

// covers R09: whatever the relay says, the job waits its turn, keeps its Message-ID, and goes out in the end.
func TestNeverGivesUp(t *testing.T) {
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	codes := []mail.Code{
		mail.Refused, "temporary-451", mail.BadCertificate, "permanent-550", mail.TooLarge, mail.Timeout, mail.CutAfterData,
	}
	to := newSink(func(n int) error {
		if n < len(codes) {
			return &mail.Error{Code: codes[n], Step: "test"}
		}
		return nil
	})
	ended := make(ends, 100)
	o, stop := run(t, Config{Store: s, Send: to.send, Now: c.now, Events: event.New(ended)})
	id := put(t, s, c, 10)
	minutes := []int{1, 5, 15, 30, 60, 60, 60}
	o.Nudge()
	for i, code := range codes {
		ended.want(t, i+1, code)
		c.add(time.Duration(minutes[i]*48)*time.Second - time.Second) // four fifths: no jitter makes it due before this
		o.Nudge()
		time.Sleep(30 * time.Millisecond)
		if tried, _ := to.got(); len(tried) != i+1 {
			t.Fatalf("tried again after %d attempts, too early", i+1)
		}
		c.add(time.Duration(minutes[i]*24)*time.Second + 2*time.Second) // six fifths: none makes it due later than this
		o.Nudge()
	}
	ended.want(t, len(codes)+1, "ok")
	idle(t, s, 0)
	stop()
	tried, taken := to.got()
	for _, m := range tried {
		if m != id {
			t.Errorf("message id %s became %s", id, m)
		}
	}
	if !slices.Equal(taken, []string{id}) {
		t.Errorf("taken %v", taken)
	}
}

// ends collects the events of attempts that are over and written down, "1 temporary-451".
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

// covers R10
func TestLeaseOfADeadProcessRunsOut(t *testing.T) {
	c := newClock()
	dir := t.TempDir()
	s := openStore(t, dir, c)
	id := put(t, s, c, 10)
	if jobs, err := s.Claim(t.Context(), 1, c.now().Add(20*time.Minute)); err != nil || len(jobs) != 1 {
		t.Fatal(jobs, err)
	}
	closeStore(t, s) // whoever claimed it is gone
	s = openStore(t, dir, c)
	defer closeStore(t, s)
	to := newSink(nil)
	o, stop := run(t, Config{Store: s, Send: to.send, Now: c.now})
	o.Nudge()
	time.Sleep(50 * time.Millisecond)
	if tried, _ := to.got(); len(tried) > 0 {
		t.Error("a leased job was sent by a second process")
	}
	c.add(21 * time.Minute)
	o.Nudge()
	to.wait(t, 1)
	idle(t, s, 0)
	stop()
	if _, taken := to.got(); !slices.Equal(taken, []string{id}) {
		t.Errorf("taken %v, want %s", taken, id)
	}
}

func TestStoppingGivesAnAttemptTimeAndThenCutsIt(t *testing.T) {
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	began := make(chan struct{})
	o, stop := run(t, Config{Store: s, Now: c.now, Grace: 50 * time.Millisecond, Send: func(ctx context.Context, _ *mail.Message) error {
		close(began)
		<-ctx.Done()
		if !errors.Is(ctx.Err(), context.Canceled) {
			t.Errorf("ended by %v", ctx.Err())
		}
		return &mail.Error{Code: mail.Stopped, Step: "data"}
	}})
	put(t, s, c, 10)
	o.Nudge()
	<-began
	stop()
	jobs, err := s.Claim(t.Context(), 1, c.now().Add(time.Minute))
	if err != nil || len(jobs) != 1 || jobs[0].LastError != string(mail.Stopped) {
		t.Errorf("the job is not due at once: %+v, %v", jobs, err)
	}
}

func TestStoppingLetsAnAttemptFinish(t *testing.T) {
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	began, finish := make(chan struct{}), make(chan struct{})
	o, stop := run(t, Config{Store: s, Now: c.now, Send: func(context.Context, *mail.Message) error {
		close(began)
		<-finish
		return nil
	}})
	put(t, s, c, 10)
	o.Nudge()
	<-began
	time.AfterFunc(50*time.Millisecond, func() { close(finish) })
	stop()
	idle(t, s, 0)
}

func TestSeveralAtOnceEachOnce(t *testing.T) {
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	var want []string
	for range 60 {
		want = append(want, put(t, s, c, 10))
	}
	to := newSink(nil)
	_, stop1 := run(t, Config{Store: s, Send: to.send, Now: c.now})
	_, stop2 := run(t, Config{Store: s, Send: to.send, Now: c.now}) // as a second process would
	to.wait(t, len(want))
	idle(t, s, 0)
	stop1()
	stop2()
	_, taken := to.got()
	slices.Sort(taken)
	slices.Sort(want)
	if !slices.Equal(taken, want) {
		t.Errorf("%d sent, want %d", len(taken), len(want))
	}
}

func TestDelays(t *testing.T) {
	o := New(Config{})
	for before, want := range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, time.Hour, time.Hour} {
		differ := map[time.Duration]bool{}
		for range 200 {
			d := o.delay(before, "permanent-550")
			if d < want*8/10 || d > want*12/10 {
				t.Fatalf("after %d: %v", before, d)
			}
			differ[d] = true
		}
		if len(differ) < 100 {
			t.Errorf("after %d: only %d different delays", before, len(differ))
		}
	}
}
