package mail

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// steady is a relay that keeps its connections.
func steady(t *testing.T, later map[string]string, change func(*RelayConfig)) (*scripted, *Relay) {
	t.Helper()
	ca := authority(t)
	s := &scripted{certs: ca.Server, clearOffer: []string{"STARTTLS"}, later: later}
	return s, relay(t, s.serve(t), ca, change)
}

// count wants so many conversations and messages taken.
func (s *scripted) count(t *testing.T, met, taken int) {
	t.Helper()
	if m, n := s.counts(); m != met || n != taken {
		t.Errorf("%d messages in %d conversations, want %d in %d", n, m, taken, met)
	}
}

// covers R09: one greeting for many messages, which is how ten thousand waiting ones get out.
func TestConnectionIsKept(t *testing.T) {
	s, r := steady(t, nil, nil)
	m := letter(t, 100)
	for range 3 {
		expect(t, r.Send(t.Context(), m), "")
	}
	r.Close()
	s.count(t, 1, 3)
	once := []string{"MAIL FROM:<forms@clinic.example>", "RCPT TO:<desk@clinic.example>", "DATA"}
	hello := "EHLO forms.clinic.example"
	want := slices.Concat([]string{hello, "STARTTLS", hello}, once, []string{"RSET"}, once, []string{"RSET"}, once, []string{"QUIT"})
	if diff := cmp.Diff(want, s.commands()); diff != "" {
		t.Error(diff)
	}
	expect(t, r.Send(t.Context(), m), "")
	if len(r.idle) > 0 {
		t.Error("a connection was kept after Close")
	}
}

func TestConnectionCarriesSoMany(t *testing.T) {
	s, r := steady(t, nil, nil)
	m := letter(t, 100)
	for range mostCarried + 1 {
		expect(t, r.Send(t.Context(), m), "")
	}
	s.count(t, 2, mostCarried+1)
}

func TestConnectionRestsSoLong(t *testing.T) {
	s, r := steady(t, nil, nil)
	r.resting = 50 * time.Millisecond
	expect(t, r.Send(t.Context(), letter(t, 100)), "")
	for began := time.Now(); !s.heard("QUIT"); time.Sleep(10 * time.Millisecond) {
		if time.Since(began) > 5*time.Second {
			t.Fatal("it rests for ever")
		}
	}
	expect(t, r.Send(t.Context(), letter(t, 100)), "")
	s.count(t, 2, 2)
}

// covers R09: a kept connection that is no longer of use is replaced before anything of the message was said.
func TestStaleConnectionIsReplaced(t *testing.T) {
	for _, later := range []map[string]string{
		{"RSET": drop},
		{"RSET": "421 idle for too long"},
		{"RSET": "500 what"},
		{"RSET": hang},
		{"RSET": drip},
		{"MAIL": drop},
		{"MAIL": "421 closing"},
		{"MAIL": "452 4.3.2 enough for one connection"},
		{"RCPT": drop},
		{"RCPT": "421 closing"},
		{"DATA": drop},
		{"DATA": "421 closing"},
	} {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			s, r := steady(t, later, func(c *RelayConfig) { c.Command = time.Second })
			for range 3 {
				expect(t, r.Send(t.Context(), letter(t, 100)), "")
			}
			s.count(t, 3, 3)
		})
	}
}

// covers R09: what is about the message, or came after its first byte, is told and not tried again behind the caller's back.
func TestFaultOnKeptConnectionIsTold(t *testing.T) {
	for _, test := range []struct {
		later map[string]string
		want  Code
	}{
		{map[string]string{"MAIL": "550 no"}, "permanent_550"},
		{map[string]string{"RCPT": "451 4.7.1 greylisted"}, "temporary_451"},
		{map[string]string{"RCPT": "550 5.1.1 unknown"}, "permanent_550"},
		{map[string]string{"DATA": "554 no"}, "permanent_554"},
		{map[string]string{".": drop}, CutAfterData},
		{map[string]string{".": "421 closing"}, "temporary_421"},
		{map[string]string{".": "552 5.2.2 full"}, "permanent_552"},
		{map[string]string{"MAIL": hang}, Timeout},
	} {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			s, r := steady(t, test.later, func(c *RelayConfig) { c.Command = time.Second })
			expect(t, r.Send(t.Context(), letter(t, 100)), "")
			expect(t, r.Send(t.Context(), letter(t, 100)), test.want)
			s.count(t, 1, 1)
			if len(r.idle) > 0 {
				t.Error("a connection was kept after a fault")
			}
		})
	}
}

func TestRelayThatWentAway(t *testing.T) {
	ca := authority(t)
	s := &scripted{certs: ca.Server, clearOffer: []string{"STARTTLS"}, later: map[string]string{"RSET": drop}}
	r := relay(t, s.serve(t), ca, nil)
	expect(t, r.Send(t.Context(), letter(t, 100)), "")
	r.config.Address = "127.0.0.1:1"
	expect(t, r.Send(t.Context(), letter(t, 100)), Refused)
}

func TestStoppedOnKeptConnection(t *testing.T) {
	for _, step := range []string{"RSET", "MAIL", "."} {
		s, r := steady(t, map[string]string{step: hang}, nil)
		ctx, cancel := context.WithCancel(t.Context())
		expect(t, r.Send(ctx, letter(t, 100)), "")
		time.AfterFunc(100*time.Millisecond, cancel)
		expect(t, r.Send(ctx, letter(t, 100)), Stopped)
		expect(t, r.Send(ctx, letter(t, 100)), Stopped)
		s.count(t, 1, 1)
	}
}

// The context of a message has no power over the connection once the message is gone.
func TestKeptBeyondItsContext(t *testing.T) {
	s, r := steady(t, nil, nil)
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		expect(t, r.Send(ctx, letter(t, 100)), "")
		cancel()
	}
	s.count(t, 1, 2)
}

func TestNoMoreConnectionsThanMessagesAtOnce(t *testing.T) {
	const workers, each = 4, 20
	s, r := steady(t, nil, nil)
	m := letter(t, 100)
	var under sync.WaitGroup
	for range workers {
		under.Go(func() {
			for range each {
				if err := r.Send(t.Context(), m); err != nil {
					t.Error(err)
				}
			}
		})
	}
	under.Wait()
	if met, taken := s.counts(); met > workers || taken != workers*each || len(r.idle) != met {
		t.Errorf("%d messages in %d conversations, %d kept", taken, met, len(r.idle))
	}
	r.Close()
	quits := 0
	for _, c := range s.commands() {
		if strings.HasPrefix(c, "QUIT") {
			quits++
		}
	}
	if met, _ := s.counts(); quits != met {
		t.Errorf("%d goodbyes in %d conversations", quits, met)
	}
}
