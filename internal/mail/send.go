package mail

import (
	"context"
	"io"
)

// The steps of a conversation, in order.
const (
	stepConnect  = "connect"
	stepGreeting = "greeting"
	stepStartTLS = "starttls"
	stepAuth     = "auth"
	stepReset    = "reset"
	stepMail     = "mail"
	stepRcpt     = "rcpt"
	stepData     = "data"
	stepMessage  = "message"
	stepEnd      = "end of data"
	stepQuit     = "quit"
)

// Send hands m over. nil means that the relay has taken responsibility for it. Any error is an *Error and means that
// the message must be sent again; after "cut_after_data", and whenever the relay's answer to the final dot is lost,
// the relay may have it already, and the same Message-ID lets the reader's program see that.
func (r *Relay) Send(ctx context.Context, m *Message) error { return r.send(ctx, m) }

// Note hands a letter over, as Send does a message.
func (r *Relay) Note(ctx context.Context, n *Note) error { return r.send(ctx, n) }

func (r *Relay) send(ctx context.Context, p parcel) error {
	if err := p.check(); err != nil {
		return refused(err)
	}
	if t := r.kept(ctx); t != nil {
		err := t.step(stepReset, min(awake, t.config.Command), t.client.Reset)
		if err == nil {
			err = t.carry(p)
		}
		if !t.stale(err) {
			return r.done(t, err)
		}
		t.leave()
	}
	t, err := r.open(ctx)
	if err != nil {
		return err
	}
	return r.done(t, t.carry(p))
}

// done keeps a connection that did well, and ends every other one.
func (r *Relay) done(t *talk, err error) error {
	if err != nil || !r.keep(t) {
		t.leave()
	}
	return err
}

// carry hands one message over.
func (t *talk) carry(p parcel) error {
	if most := t.limit(); most > 0 && p.mailed() > most {
		return &Error{Code: TooLarge, Step: stepMail}
	}
	signature, err := t.config.DKIM.sign(p)
	if err != nil {
		return t.unreadable(stepMail, err)
	}
	from, to := "<"+p.sender(t.config.Bounces)+">", "<"+p.recipient()+">"
	if err := t.command(stepMail, func() error { return t.client.Mail(from) }); err != nil {
		return err
	}
	if err := t.command(stepRcpt, func() error { return t.client.Rcpt(to) }); err != nil {
		return err
	}
	if err := t.data(signature, p); err != nil {
		return err
	}
	t.carried++
	return nil
}

// data streams the message. When its body breaks off, the connection is cut without the final dot, so that the relay
// discards what it has.
func (t *talk) data(signature string, p parcel) error {
	var to io.WriteCloser
	err := t.command(stepData, func() (err error) { to, err = t.client.Data(); return err })
	if err != nil {
		return err
	}
	t.midway = true
	out := &paced{talk: t, to: to}
	if _, err = io.WriteString(out, signature); err == nil {
		_, err = p.WriteTo(out)
	}
	if out.err != nil {
		return fail(t.ctx, stepMessage, out.err)
	}
	if err != nil {
		return t.unreadable(stepMessage, err)
	}
	if err := t.last(p); err != nil {
		return err
	}
	err = t.step(stepEnd, t.config.DataEnd, to.Close)
	t.midway = false
	if CodeOf(err) == Cut {
		return &Error{Code: CutAfterData, Step: stepEnd, cause: err}
	}
	return err
}

// last asks whether the end may be sent. The relay is left waiting for it, which it bears for some minutes
// (RFC 5321 §4.5.3.2.5); cut off then, it discards what it has.
func (t *talk) last(p parcel) error {
	waiting, cancel := context.WithTimeout(t.ctx, t.config.Command)
	defer cancel()
	return fail(waiting, stepMessage, p.last(waiting))
}

// unreadable is for a body that broke off: because of itself, unless we are told to stop, which ends reading too.
func (t *talk) unreadable(step string, err error) error {
	if t.ctx.Err() != nil {
		return fail(t.ctx, step, err)
	}
	return &Error{Code: Body, Step: step, cause: err}
}

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
