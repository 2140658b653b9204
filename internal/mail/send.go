package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail/smtp"
)

// The steps of a conversation, in order.
const (
	stepConnect  = "connect"
	stepGreeting = "greeting"
	stepStartTLS = "starttls"
	stepAuth     = "auth"
	stepMail     = "mail"
	stepRcpt     = "rcpt"
	stepData     = "data"
	stepEnd      = "end of data"
)

// Send hands m over. nil means that the relay has taken responsibility for all recipients. Any error is an *Error and
// means that the message must be sent again; after "cut-after-data", and whenever the relay's answer to the final dot
// is lost, the relay may have it already, and the same Message-ID lets the reader's program see that.
func (r *Relay) Send(ctx context.Context, m *Message) error {
	if err := m.check(); err != nil {
		return &Error{Code: Address, Step: stepConnect, cause: err}
	}
	t, err := r.open(ctx)
	if err != nil {
		return err
	}
	defer t.wire.end()
	return t.deliver(m)
}

// talk is one conversation with the relay, under TLS and signed in.
type talk struct {
	*Relay
	ctx    context.Context //nolint:containedctx // lives as long as the one call that it came with
	wire   *wire
	client *smtp.Client
}

// step gives what follows its time, does it, and names what went wrong.
func (t *talk) step(name string, do func() error) error {
	if err := t.wire.allow(t.config.Command); err != nil {
		return fail(t.ctx, name, err)
	}
	return fail(t.ctx, name, do())
}

// open connects and signs in; no byte of a message or of a password goes out before TLS stands.
func (r *Relay) open(ctx context.Context) (*talk, error) {
	dialing, cancel := context.WithTimeout(ctx, r.config.Dial)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(dialing, "tcp", r.config.Address)
	if err != nil {
		return nil, fail(ctx, stepConnect, err)
	}
	t := &talk{Relay: r, ctx: ctx, wire: newWire(ctx, conn)}
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
	return t, nil
}

// greet reads the greeting and says EHLO. go-mail falls back to HELO, which offers nothing, so that STARTTLS and AUTH
// are then found missing.
func (t *talk) greet(conn net.Conn) error {
	return t.step(stepGreeting, func() (err error) {
		if t.client, err = smtp.NewClient(conn, t.config.ServerName); err != nil {
			return err
		}
		t.client.SkipSMTPUTF8(true)
		return t.client.Hello(t.config.Hello)
	})
}

func (t *talk) implicitTLS() error {
	if err := t.wire.allow(t.config.Dial); err != nil {
		return fail(t.ctx, stepStartTLS, err)
	}
	conn := tls.Client(t.wire, t.tls)
	if err := conn.HandshakeContext(t.ctx); err != nil {
		return fail(t.ctx, stepStartTLS, err)
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
	if err := t.step(stepStartTLS, func() error { return t.client.StartTLS(t.tls.Clone()) }); err != nil {
		var reply *Error
		if errors.As(err, &reply) && strings.HasPrefix(string(reply.Code), permanent) {
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
	return t.step(stepAuth, func() error { return t.client.Auth(with) })
}

// limit is the size that the relay announced (RFC 1870); 0: none.
func (t *talk) limit() int64 {
	_, value := t.client.Extension("SIZE")
	n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

func (t *talk) deliver(m *Message) error {
	if most := t.limit(); most > 0 && m.Size > 0 && m.mailed() > most {
		t.quit()
		return &Error{Code: TooLarge, Step: stepMail}
	}
	if err := t.step(stepMail, func() error { return t.client.Mail("<" + m.From + ">") }); err != nil {
		return err
	}
	if err := t.step(stepRcpt, func() error { return t.client.Rcpt("<" + m.To + ">") }); err != nil {
		return err
	}
	if err := t.data(m); err != nil {
		return err
	}
	t.quit()
	return nil
}

// data streams the message. When its body breaks off, the connection is cut without the final dot, so that the relay
// discards what it has.
func (t *talk) data(m *Message) error {
	var to io.WriteCloser
	err := t.step(stepData, func() (err error) { to, err = t.client.Data(); return err })
	if err != nil {
		return err
	}
	out := &paced{talk: t, to: to}
	if _, err := m.WriteTo(out); err != nil {
		if out.err != nil {
			return fail(t.ctx, stepData, out.err)
		}
		return &Error{Code: Body, Step: stepData, cause: err}
	}
	if err := t.wire.allow(t.config.DataEnd); err != nil {
		return fail(t.ctx, stepEnd, err)
	}
	err = fail(t.ctx, stepEnd, to.Close())
	if CodeOf(err) == Cut {
		return &Error{Code: CutAfterData, Step: stepEnd, cause: err}
	}
	return err
}

// quit is politeness: the message is handed over or refused whatever becomes of it.
func (t *talk) quit() { _ = t.step("quit", t.client.Quit) }

// paced gives every block its time and remembers a fault of the connection, to tell it from a fault of the body.
type paced struct {
	*talk
	to  io.Writer
	err error
}

// Write implements io.Writer.
func (p *paced) Write(b []byte) (int, error) {
	if p.err = p.wire.allow(p.config.Command); p.err != nil {
		return 0, p.err
	}
	n, err := p.to.Write(b)
	p.err = err
	return n, err
}

// mailed is the size of the message as it goes out, rounded up: base64 in lines of 64 with CRLF, and the headers.
func (m *Message) mailed() int64 { return m.Size*4/3*66/64 + 4096 }
