package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"sealform/internal/mail/reply"
)

// talk is one conversation with the relay, under TLS and signed in. It carries one message after the other.
type talk struct {
	*Relay
	ctx     context.Context //nolint:containedctx // of the one call that it serves at the moment
	wire    *wire
	client  *smtp.Client
	carried int         // messages handed over
	midway  bool        // a message has begun and not ended: whatever is said now would be part of it
	rest    *time.Timer // while it waits
}

// step gives what follows its time, does it, and names what went wrong.
func (t *talk) step(name string, most time.Duration, do func() error) error {
	if err := t.wire.allow(most); err != nil {
		return fail(t.ctx, name, err)
	}
	return fail(t.ctx, name, do())
}

// command is a step with the time of a command.
func (t *talk) command(name string, do func() error) error { return t.step(name, t.config.Command, do) }

// open connects and signs in; no byte of a message or of a password goes out before TLS stands.
func (r *Relay) open(ctx context.Context) (*talk, error) {
	dialing, cancel := context.WithTimeout(ctx, r.config.Dial)
	defer cancel()
	conn, err := r.dialer.DialContext(dialing, "tcp", r.config.Address)
	if err != nil {
		return nil, fail(ctx, stepConnect, err)
	}
	t := &talk{Relay: r, ctx: ctx, wire: &wire{Conn: conn}}
	t.wire.begin(ctx)
	begin := t.startTLS
	if r.config.Mode == ImplicitTLS {
		begin = t.implicitTLS
	}
	if err := begin(); err != nil {
		t.wire.end()
		return nil, fail(ctx, stepStartTLS, err)
	}
	if err := t.signIn(); err != nil {
		t.wire.end()
		return nil, err
	}
	t.tellSize()
	return t, nil
}

// greet reads the greeting and says EHLO. go-mail falls back to HELO, which offers nothing, so that STARTTLS and AUTH
// are then found missing.
func (t *talk) greet(conn net.Conn) error {
	return t.command(stepGreeting, func() (err error) {
		if t.client, err = smtp.NewClient(conn, t.config.ServerName); err != nil {
			return err
		}
		t.client.SkipSMTPUTF8(true)
		return t.client.Hello(t.config.Hello)
	})
}

func (t *talk) implicitTLS() error {
	conn := tls.Client(t.wire, t.tls)
	err := t.step(stepStartTLS, t.config.Dial, func() error { return conn.HandshakeContext(t.ctx) })
	if err != nil {
		return err
	}
	return t.greet(conn)
}

// startTLS goes on only with the reader that go-mail makes anew over TLS: what was slipped in after the reply to
// STARTTLS stays in the old one.
func (t *talk) startTLS() error {
	if err := t.greet(t.wire); err != nil {
		return err
	}
	if offered, _ := t.client.Extension("STARTTLS"); !offered {
		return &Error{Code: NoStartTLS, Step: stepStartTLS}
	}
	if err := t.command(stepStartTLS, func() error { return t.client.StartTLS(t.tls.Clone()) }); err != nil {
		var answer *Error
		if errors.As(err, &answer) && strings.HasPrefix(string(answer.Code), permanent) {
			return &Error{Code: NoStartTLS, Step: stepStartTLS, cause: err} // offered, and then refused
		}
		return err
	}
	return nil
}

// signIn gives user and password, when there is a user. It asks the connection itself whether TLS stands.
func (t *talk) signIn() error {
	if _, err := t.client.GetTLSConnectionState(); err != nil {
		return &Error{Code: BadTLS, Step: stepAuth, cause: err}
	}
	if t.config.User == "" {
		return nil
	}
	_, offered := t.client.Extension("AUTH")
	password := string(t.config.Password.Reveal())
	var with smtp.Auth
	for _, mechanism := range strings.Fields(strings.ToUpper(offered)) {
		switch {
		case mechanism == "PLAIN":
			with = smtp.PlainAuth("", t.config.User, password, t.config.ServerName, false)
		case mechanism == "LOGIN" && with == nil:
			with = smtp.LoginAuth(t.config.User, password, t.config.ServerName, false)
		}
	}
	if with == nil {
		return &Error{Code: Auth, Step: stepAuth}
	}
	return t.command(stepAuth, func() error { return t.client.Auth(with) })
}

// limit is the size that the relay announced (RFC 1870); 0: none.
func (t *talk) limit() int64 {
	_, value := t.client.Extension("SIZE")
	return reply.Size(value)
}

// tellSize passes the relay's limit on when it is news.
func (t *talk) tellSize() {
	if t.config.Sized == nil {
		return
	}
	t.sizeMu.Lock()
	defer t.sizeMu.Unlock()
	if n := t.limit(); n != t.size {
		t.size = n
		t.config.Sized(n)
	}
}

// farewell is how long a relay has to say goodbye.
const farewell = 5 * time.Second

// leave says goodbye where that is possible and means no more than that, and hangs up.
func (t *talk) leave() {
	if !t.midway && !t.wire.broken {
		_ = t.step(stepQuit, min(farewell, t.config.Command), t.client.Quit) // the message is handed over or refused whatever becomes of it
	}
	t.wire.end()
}
