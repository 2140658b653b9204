package mail

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"sealform/keys"
)

// stages are where a relay can fail, in order; "handshake" is that of TLS.
var stages = []string{"greeting", "EHLO", "STARTTLS", "handshake", "AUTH", "MAIL", "RCPT", "DATA", "."}

// atStage is a relay that does something at one stage and is well before.
func atStage(t *testing.T, stage, does string) (*scripted, *Relay) {
	t.Helper()
	ca := authority(t)
	s := &scripted{
		certs: ca.Server, clearOffer: []string{"STARTTLS", "AUTH PLAIN"}, tlsOffer: []string{"AUTH PLAIN"},
		replies: map[string]string{stage: does},
	}
	if stage == "EHLO" {
		s.replies["HELO"] = does // go-mail asks again in the old way
	}
	return s, relay(t, s.serve(t), ca, func(c *RelayConfig) {
		c.User, c.Password = "forms", keys.NewPassword([]byte(relayPassword))
		if does == hang || does == drip {
			c.Command, c.DataEnd = 200*time.Millisecond, 200*time.Millisecond
		}
		if does == trickle { // the code's letters take 150 ms, on a busy machine longer
			c.Command, c.DataEnd = 2*time.Second, 2*time.Second
		}
	})
}

// checkStage sends and wants the code; nothing in clear, and nothing taken.
func checkStage(t *testing.T, stage, does string, want Code) {
	t.Helper()
	s, r := atStage(t, stage, does)
	began := time.Now()
	expect(t, r.Send(t.Context(), letter(t, 100)), want)
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("gave up after %v", took)
	}
	checkClear(t, s)
	if _, taken := s.counts(); taken > 0 {
		t.Error("the message was taken")
	}
	if len(r.idle) > 0 {
		t.Error("a connection was kept after a fault")
	}
}

// covers R09: a relay that puts it into words.
func TestRefusesAtEachStage(t *testing.T) {
	for _, stage := range stages {
		if stage == "handshake" {
			continue // has no words
		}
		for reply, want := range map[string]Code{
			"421 4.3.2 closing": "temporary_421", "451 4.7.1 greylisted": "temporary_451",
			"452 4.3.1 no room": "temporary_452", "550 5.7.1 no": "permanent_550",
		} {
			switch {
			case stage == "STARTTLS" && want == "permanent_550":
				want = NoStartTLS
			case stage == "AUTH" && want == "permanent_550":
				want = Auth
			}
			t.Run(stage+" "+reply, func(t *testing.T) {
				t.Parallel()
				checkStage(t, stage, reply, want)
			})
		}
	}
}

// covers R09: only after the final dot may a message have arrived that we do not know of.
func TestDropsAtEachStage(t *testing.T) {
	for _, stage := range stages {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			want := Cut
			if stage == "." {
				want = CutAfterData
			}
			checkStage(t, stage, drop, want)
		})
	}
}

// covers ML03 R09
func TestHangsAtEachStage(t *testing.T) {
	for _, stage := range stages {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			checkStage(t, stage, hang, Timeout)
		})
	}
}

// covers R09: a relay that says a letter now and then gets no more time by it than one that says nothing.
func TestDripsAtEachStage(t *testing.T) {
	for _, stage := range stages {
		if stage == "handshake" {
			continue // has no letters
		}
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			checkStage(t, stage, drip, Timeout)
		})
	}
}

// covers R09: the same where the letters of the code come one by one.
func TestTricklesAtEachStage(t *testing.T) {
	for _, stage := range stages {
		if stage == "handshake" {
			continue // has no letters
		}
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			checkStage(t, stage, trickle, Timeout)
		})
	}
}

// covers R09: one that talks without end is not listened to.
func TestTalksWithoutEndAtEachStage(t *testing.T) {
	for _, stage := range []string{"greeting", "EHLO", "STARTTLS", "MAIL", "RCPT", "DATA", "."} {
		t.Run(stage, func(t *testing.T) {
			t.Parallel()
			checkStage(t, stage, endless, Protocol)
		})
	}
}

// covers R09: a relay that agrees to the message and then reads none of it.
func TestReadsNothing(t *testing.T) {
	s, r := atStage(t, "message", hang)
	expect(t, r.Send(t.Context(), letter(t, 16<<20)), Timeout)
	checkClear(t, s)
}

// covers R09
func TestNobodyKnowsTheName(t *testing.T) {
	const refused, notFound = 5, 3 // RFC 1035 §4.1.1
	for name, test := range map[string]struct {
		code byte
		want Code
	}{
		"no such name": {notFound, UnknownHost}, "no answer to be had": {refused, UnknownHost}, "silence": {0, Timeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := nameServer(t, test.code)
			r := relay(t, "smtp.clinic.example:587", authority(t), func(c *RelayConfig) { c.Dial = 500 * time.Millisecond })
			r.dialer.Resolver = asking(t, server)
			expect(t, r.Send(t.Context(), letter(t, 100)), test.want)
		})
	}
}

// asking is a resolver that knows one name server. Go's goes on asking after nobody waits for it any more, until the
// test ends.
func asking(t *testing.T, server string) *net.Resolver {
	t.Helper()
	over, end := context.WithCancel(context.Background())
	t.Cleanup(end)
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		if over.Err() != nil {
			return nil, over.Err()
		}
		c, err := (&net.Dialer{}).DialContext(ctx, "udp", server)
		if err == nil {
			context.AfterFunc(over, func() { _ = c.Close() })
		}
		return c, err
	}}
}

// nameServer answers every question with code; 0: not at all.
func nameServer(t *testing.T, code byte) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 512)
		for {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			if code == 0 || n < 12 {
				continue
			}
			b[2] |= 0x80 // an answer
			b[3] = b[3]&0xf0 | code
			b[10], b[11] = 0, 0 // without the extension record that followed the question
			_, _ = c.WriteTo(question(b[:n]), from)
		}
	}()
	t.Cleanup(func() {
		_ = c.Close()
		<-done
	})
	return c.LocalAddr().String()
}

// question cuts a DNS message behind its first question.
func question(b []byte) []byte {
	end := strings.IndexByte(string(b[12:]), 0) + 12 + 1 + 4
	return b[:min(end, len(b))]
}
