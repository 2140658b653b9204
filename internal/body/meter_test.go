package body

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// A body that stalls ends alone: over HTTP/2 the other streams of its connection go on.
// covers IN17
func TestAStalledStreamEndsAlone(t *testing.T) {
	ended := make(chan error, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m := newMeter(w, r.Body, 1<<20, 1<<20)
		if r.URL.Path == "/stalls" {
			m.due = time.Now().Add(300 * time.Millisecond) // the grace, nearly over
		}
		_, err := io.Copy(io.Discard, m)
		m.done()
		if r.URL.Path == "/stalls" {
			ended <- err
		}
		if err != nil {
			w.WriteHeader(http.StatusRequestTimeout)
		}
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	post := func(path string, body io.Reader) (int, int) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+path, body)
		if err != nil {
			t.Error(err)
			return 0, 0
		}
		resp, err := server.Client().Do(r)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return 0, 0
		}
		defer resp.Body.Close()
		return resp.StatusCode, resp.ProtoMajor
	}
	going, send := io.Pipe()
	went := make(chan int, 1)
	go func() {
		status, _ := post("/goes-on", going)
		went <- status
	}()
	if _, err := send.Write([]byte("a")); err != nil {
		t.Fatal(err)
	}
	stalled, stall := io.Pipe()
	defer stall.Close()
	if status, major := post("/stalls", stalled); status != http.StatusRequestTimeout || major != 2 {
		t.Errorf("stalled: %d over HTTP/%d", status, major)
	}
	if err := <-ended; !errors.Is(err, ErrSlow) {
		t.Errorf("reading ended with %v", err)
	}
	if _, err := send.Write([]byte("b")); err != nil {
		t.Error(err)
	}
	if err := send.Close(); err != nil {
		t.Error(err)
	}
	if status := <-went; status != http.StatusOK {
		t.Errorf("the other stream: %d", status)
	}
}

// slow gives what its pace says, until its connection's deadline.
type slow struct {
	http.ResponseWriter
	deadline time.Time
	clock    time.Time
	pace     func(given int) (n int, after time.Duration)
	given    int
}

func (s *slow) SetReadDeadline(t time.Time) error  { s.deadline = t; return nil }
func (s *slow) SetWriteDeadline(t time.Time) error { return nil }
func (s *slow) Read(b []byte) (int, error) {
	n, after := s.pace(s.given)
	if s.clock = s.clock.Add(after); s.clock.After(s.deadline) {
		s.clock = s.deadline
		return 0, &timeoutError{}
	}
	n = min(n, len(b))
	s.given += n
	return n, nil
}

type timeoutError struct{}

func (*timeoutError) Error() string   { return "CANARY i/o timeout" }
func (*timeoutError) Timeout() bool   { return true }
func (*timeoutError) Is(e error) bool { return e.Error() == "i/o timeout" }

// covers IN17
func TestSlowBodiesEnd(t *testing.T) {
	const size = 24 << 20
	for name, c := range map[string]struct {
		pace        func(given int) (int, time.Duration)
		least, most time.Duration
	}{
		"nothing":             {func(int) (int, time.Duration) { return 0, 30 * time.Second }, grace, grace + time.Second},
		"10 bytes a second":   {func(int) (int, time.Duration) { return 1, 100 * time.Millisecond }, grace, grace + time.Second},
		"fast, then nothing":  {fastUntil(20<<20, 0, time.Hour), silence, silence + 15*time.Second},
		"fast, then trickle":  {fastUntil(20<<20, 1, 10*time.Second), silence, silence + 25*time.Second},
		"a KiB in 1.1 s":      {func(int) (int, time.Duration) { return 1 << 10, 1100 * time.Millisecond }, 5 * time.Minute, 6 * time.Minute},
		"3 KiB a second":      {func(int) (int, time.Duration) { return 3 << 10, time.Second }, whole + size/overall*time.Second - 2*time.Second, whole + size/overall*time.Second},
		"fast, in long gasps": {fastUntil(size/2, 1<<20, 65*time.Second), silence, silence + 15*time.Second},
	} {
		s := &slow{ResponseWriter: httptest.NewRecorder(), clock: time.Now(), pace: c.pace}
		m := newMeter(s, s, size, size)
		m.now = func() time.Time { return s.clock }
		began := s.clock
		n, err := io.Copy(io.Discard, m)
		if !errors.Is(err, ErrSlow) {
			t.Errorf("%s: after %d bytes: %v", name, n, err)
		}
		if took := s.clock.Sub(began); took < c.least-time.Second || took > c.most {
			t.Errorf("%s: ended after %v", name, took)
		}
	}
}

// fastUntil gives all that is asked for at first, and n bytes each gap from some point on.
func fastUntil(point, n int, gap time.Duration) func(int) (int, time.Duration) {
	return func(given int) (int, time.Duration) {
		if given < point {
			return 1 << 20, 5 * time.Millisecond
		}
		return n, gap
	}
}

// covers IN17
func TestSteadyBodiesArrive(t *testing.T) {
	const size = 2 << 20
	for name, pace := range map[string]func(given int) (int, time.Duration){
		"5 KiB a second":    func(int) (int, time.Duration) { return 5 << 10, time.Second },
		"8 KiB every 1.9 s": func(int) (int, time.Duration) { return 8 << 10, 1900 * time.Millisecond },
		"a late start": func(given int) (int, time.Duration) {
			return 32 << 10, map[bool]time.Duration{true: 29 * time.Second}[given == 0]
		},
		"a break of 55 s midway": func(given int) (int, time.Duration) {
			return 32 << 10, map[bool]time.Duration{true: 55 * time.Second}[given == 1<<20]
		},
	} {
		s := &slow{ResponseWriter: httptest.NewRecorder(), clock: time.Now(), pace: pace}
		m := newMeter(s, s, size, size)
		m.now = func() time.Time { return s.clock }
		if n, err := io.CopyN(io.Discard, m, size); err != nil {
			t.Errorf("%s: after %d bytes: %v", name, n, err)
		}
	}
}
