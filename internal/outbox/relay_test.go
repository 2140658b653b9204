package outbox

import (
	"errors"
	"net"
	netmail "net/mail"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sealform/internal/demo/ca"
	"sealform/internal/demo/postbox"
	"sealform/internal/event"
	"sealform/internal/mail"
)

// covers ML03 R09: the relay is away, then there with a certificate that nobody vouches for, then well again.
func TestWaitsForAGoodRelay(t *testing.T) {
	good, forged := authority(t), authority(t)
	folder := t.TempDir()
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	relay, err := mail.NewRelay(mail.RelayConfig{Address: addr, Mode: mail.StartTLS, ServerName: "localhost", Roots: good.Pool(), Command: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(ends, 10)
	o, stop := run(t, Config{Store: s, Now: c.now, Events: event.New(ended), Carriers: Carriers{Send: relay.Send}})
	id := put(t, s, c, 1000)
	o.Nudge()
	ended.want(t, 1, mail.Refused)

	end := serve(t, addr, folder, forged)
	c.add(2 * time.Minute)
	o.Nudge()
	ended.want(t, 2, mail.BadCertificate)
	end()
	if names, err := postbox.List(folder); err != nil || len(names) != 0 {
		t.Fatalf("a relay that nobody vouches for got %v, %v", names, err)
	}

	defer serve(t, addr, folder, good)()
	c.add(7 * time.Minute)
	o.Nudge()
	ended.want(t, 3, "ok")
	idle(t, s, 0)
	stop()
	names, err := postbox.List(folder)
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	f, err := os.Open(filepath.Join(folder, names[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	m, err := netmail.ReadMessage(f)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Header.Get("Message-ID"); got != "<"+id+">" {
		t.Errorf("message id %s, want %s", got, id)
	}
	if got := m.Header.Get("Sealform-Number"); got[:3] != "1; " {
		t.Errorf("number %q", got)
	}
}

func authority(t testing.TB) *ca.CA {
	t.Helper()
	ca, err := ca.Open(t.TempDir(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

// serve runs a real SMTP server on addr until the returned function is called.
func serve(t *testing.T, addr, folder string, ca *ca.CA) func() {
	t.Helper()
	box, err := postbox.New(postbox.Config{Dir: folder, Certificate: ca.Server})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- box.Serve(l) }()
	return func() {
		if err := errors.Join(box.Close(), <-done); err != nil {
			t.Error(err)
		}
	}
}
