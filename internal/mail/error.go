package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/textproto"
	"strconv"
	"strings"

	"sealform/internal/address"
	"sealform/internal/mail/reply"
)

// Code names why a message was not handed over, in small letters, digits and "_". It can be logged and stored.
type Code string

// The codes. Temporary and Permanent stand before the relay's reply code: "temporary_451", "permanent_550".
const (
	Address        Code = "address"         // the message has an address that is not plain; no connection was made
	Body           Code = "body"            // the sealed body could not be read to its end
	UnknownHost    Code = "unknown_host"    // the relay's name has no address
	Refused        Code = "refused"         // nobody listens there, or there is no way
	Timeout        Code = "timeout"         // a step took too long
	Stopped        Code = "stopped"         // we are shutting down
	NoStartTLS     Code = "no_starttls"     // the relay offers no TLS, or somebody on the way took the offer out
	BadTLS         Code = "bad_tls"         // no TLS 1.2 or newer came about
	BadCertificate Code = "bad_certificate" // expired, of an unknown authority, or of another name
	BadPin         Code = "bad_pin"         // a good certificate, but of none of the keys that the operator named
	Auth           Code = "auth"            // user or password not accepted, or no known way to give them
	TooLarge       Code = "too_large"       // larger than the relay takes
	Cut            Code = "cut"             // the connection broke before the message was complete
	CutAfterData   Code = "cut_after_data"  // it broke after the message was complete: it may have arrived
	Protocol       Code = "protocol"        // what answered does not speak SMTP

	temporary = "temporary_"
	permanent = "permanent_"
)

// Codes are all there are. The last two stand for those that begin with them.
func Codes() []Code {
	return []Code{
		Address, Body, UnknownHost, Refused, Timeout, Stopped, NoStartTLS, BadTLS, BadCertificate, BadPin, Auth, TooLarge,
		Cut, CutAfterData, Protocol, temporary, permanent,
	}
}

// Error is what Send returns. Its text is the code and the step: never what the relay said, which may quote anything.
type Error struct {
	Code  Code
	Step  string // "connect", "greeting", "starttls", "auth", "reset", "mail", "rcpt", "data", "message", "end of data"
	cause error
}

func (e *Error) Error() string { return "sending mail: " + e.Step + ": " + string(e.Code) }

// Is lets errors.Is find the sentinels of this program and of net, context and os below; the cause itself is not
// handed out, so that no caller prints it by accident.
func (e *Error) Is(target error) bool { return errors.Is(e.cause, target) }

// CodeOf gives the code of an error of Send; "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Protocol
}

// refused is for a message that no connection was made for.
func refused(err error) error {
	code := Address
	if !errors.Is(err, address.ErrNotPlain) {
		code = Body
	}
	return &Error{Code: code, Step: stepConnect, cause: err}
}

// fail gives step's error its code.
func fail(ctx context.Context, step string, err error) error {
	if err == nil {
		return nil
	}
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	return &Error{Code: classify(ctx, step, err), Step: step, cause: err}
}

func classify(ctx context.Context, step string, err error) Code {
	var answer *textproto.Error
	if errors.As(err, &answer) {
		return replied(step, answer)
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return Stopped
	}
	if code, ok := certificate(err); ok {
		return code
	}
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return UnknownHost
	case ctx.Err() != nil, reply.TimedOut(err):
		return Timeout
	case errors.As(err, &dns):
		return UnknownHost
	case step == stepConnect:
		return Refused
	case reply.Broken(err):
		return Cut
	}
	return Protocol
}

// certificate tells a certificate that is not the relay's from a handshake that failed otherwise.
func certificate(err error) (Code, bool) {
	var (
		verify    *tls.CertificateVerificationError
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		header    tls.RecordHeaderError
	)
	switch {
	case errors.Is(err, errPin):
		return BadPin, true
	case errors.As(err, &verify), errors.As(err, &authority), errors.As(err, &host), errors.As(err, &invalid):
		return BadCertificate, true
	case errors.As(err, &header), strings.Contains(err.Error(), "tls: "):
		return BadTLS, true // most of crypto/tls's refusals, and all alerts, have no type
	}
	return "", false
}

// replied gives the code of a refusal that the relay put into words. A bare 552 means the message's size or a full mailbox;
// at RCPT, where the size is not known yet, only the mailbox.
func replied(step string, answer *textproto.Error) Code {
	tooLarge := strings.HasPrefix(answer.Msg, "5.3.4") || (answer.Code == 552 && step != stepRcpt && !strings.HasPrefix(answer.Msg, "5.2.2"))
	switch {
	case tooLarge:
		return TooLarge
	case step == stepAuth && answer.Code >= 500:
		return Auth
	case answer.Code >= 400 && answer.Code < 500:
		return Code(temporary + strconv.Itoa(answer.Code))
	case answer.Code >= 500 && answer.Code < 600:
		return Code(permanent + strconv.Itoa(answer.Code))
	}
	return Protocol
}
