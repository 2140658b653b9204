package outbox

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"sealform/internal/mail"
)

// server is a real SMTP server in the test's hands.
type server struct {
	mu       sync.Mutex
	rcpt     func(to string) error // nil: everybody
	data     func(n int) error     // of the n-th message, from 0; nil: taken
	hangUp   func(n int) bool      // instead of answering the final dot of the n-th message
	messages []string              // whole, in order; those it answered with an error too
	to       []string              // of each
}

func (s *server) NewSession(c *smtp.Conn) (smtp.Session, error) { return &dialogue{s: s, c: c}, nil }

type dialogue struct {
	s  *server
	c  *smtp.Conn
	to string
}

func (d *dialogue) Mail(string, *smtp.MailOptions) error {
	if _, secure := d.c.TLSConnectionState(); !secure {
		return &smtp.SMTPError{Code: 530, Message: "STARTTLS first"}
	}
	return nil
}

func (d *dialogue) Rcpt(to string, _ *smtp.RcptOptions) error {
	d.to = to
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	if d.s.rcpt != nil {
		return d.s.rcpt(to)
	}
	return nil
}

func (d *dialogue) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	n := len(d.s.messages)
	d.s.messages, d.s.to = append(d.s.messages, string(b)), append(d.s.to, d.to)
	if d.s.hangUp != nil && d.s.hangUp(n) {
		_ = d.c.Conn().Close()
		return errors.New("hung up")
	}
	if d.s.data != nil {
		return d.s.data(n)
	}
	return nil
}

func (d *dialogue) Reset()        {}
func (d *dialogue) Logout() error { return nil }

func (s *server) got() (messages, to []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages), slices.Clone(s.to)
}

// smtpServer starts one on loopback, and gives a relay that trusts it.
func smtpServer(t testing.TB, s *server) *mail.Relay {
	t.Helper()
	ca := authority(t)
	x := smtp.NewServer(s)
	x.Domain, x.TLSConfig = "localhost", &tls.Config{Certificates: []tls.Certificate{ca.Server}, MinVersion: tls.VersionTLS12}
	x.ErrorLog = quiet{}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- x.Serve(l) }()
	relay, err := mail.NewRelay(mail.RelayConfig{
		Address: l.Addr().String(), Mode: mail.StartTLS, ServerName: "localhost", Roots: ca.Pool(), Command: 5 * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		relay.Close()
		if err := errors.Join(x.Close(), ignoreClosed(<-done)); err != nil {
			t.Error(err)
		}
	})
	return relay
}

func ignoreClosed(err error) error {
	if errors.Is(err, smtp.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// messageIDs are those of whole messages.
func messageIDs(messages []string) []string {
	var ids []string
	for _, m := range messages {
		_, rest, _ := strings.Cut(m, "\r\nMessage-ID: <")
		id, _, _ := strings.Cut(rest, ">")
		ids = append(ids, id)
	}
	return ids
}
