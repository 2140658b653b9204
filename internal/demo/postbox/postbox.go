// Package postbox is the demo's mail server: it takes messages by SMTP over TLS and keeps each one as a file.
//
//	box, err := postbox.New(postbox.Config{Dir: dir, Certificate: ca.Server})
//	go box.Serve(listener)
//	defer box.Close()
//
// It stands where a clinic's real mail server would, so that the demo sends real mail and nobody has to own a
// mailbox to try it. It refuses a sender before STARTTLS (RFC 3207), relays nothing, asks for no password and takes
// any recipient; so it listens on loopback only, and New's caller picks the listener.
//
// A message is acknowledged after its bytes and its name are on disk: written beside the others as a hidden file
// (0600), synced, renamed, and the folder synced. The names sort by time of arrival and end in ".eml". What arrives
// is kept byte for byte: Sealform mails ciphertext only, so ciphertext is what lies in the folder.
package postbox

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/emersion/go-smtp"
)

// Config is the folder, the certificate and the limits of a Postbox.
type Config struct {
	Dir         string          // made (0700) if missing
	Certificate tls.Certificate // of the name that senders verify
	MaxBytes    int64           // of one message; 0: 160 MiB, a form's 100 MiB of files in armor
}

const (
	largest = 160 << 20
	patient = 5 * time.Minute // RFC 5321 §4.5.3.2.7 asks a server to wait that long
)

// Postbox is the server.
type Postbox struct {
	server *smtp.Server
	dir    string
}

// New makes the folder and clears what an interrupted delivery left in it.
func New(c Config) (*Postbox, error) {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the mail folder: %w", err)
	}
	if err := sweep(c.Dir); err != nil {
		return nil, err
	}
	p := &Postbox{dir: c.Dir}
	p.server = smtp.NewServer(smtp.BackendFunc(p.session))
	p.server.Domain = "localhost"
	p.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{c.Certificate}, MinVersion: tls.VersionTLS12}
	p.server.MaxMessageBytes = cmp.Or(c.MaxBytes, largest)
	p.server.MaxRecipients = 64
	p.server.ReadTimeout, p.server.WriteTimeout = patient, patient
	p.server.ErrorLog = silent{}
	return p, nil
}

// Serve answers on l until Close. Give it a tls.Listener for TLS from the first byte; otherwise it offers STARTTLS.
func (p *Postbox) Serve(l net.Listener) error {
	if err := p.server.Serve(l); err != nil {
		return fmt.Errorf("taking mail: %w", err)
	}
	return nil
}

// Close ends listeners and connections at once. A message that was not acknowledged by then is still with its
// sender.
func (p *Postbox) Close() error {
	if err := p.server.Close(); err != nil && !errors.Is(err, smtp.ErrServerClosed) {
		return fmt.Errorf("closing the postbox: %w", err)
	}
	return nil
}

// silent drops the log of go-smtp: its text can quote a peer.
type silent struct{}

// Printf is called by go-smtp.
func (silent) Printf(string, ...any) {}

// Println is called by go-smtp.
func (silent) Println(...any) {}

func (p *Postbox) session(c *smtp.Conn) (smtp.Session, error) {
	_, secure := c.TLSConnectionState()
	return &session{box: p, secure: secure}, nil
}

// session is one sender's conversation. go-smtp starts a new one after STARTTLS.
type session struct {
	box    *Postbox
	secure bool
}

var (
	errNoTLS = &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Must issue a STARTTLS command first"}
	errDisk  = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "The message could not be kept"}
)

// Mail begins a message.
func (s *session) Mail(string, *smtp.MailOptions) error {
	if !s.secure {
		return errNoTLS
	}
	return nil
}

// Rcpt takes any recipient: there is one folder for all.
func (s *session) Rcpt(string, *smtp.RcptOptions) error { return nil }

// Data keeps the message. The sender is told that the disk failed, but not how.
func (s *session) Data(r io.Reader) error {
	err := keep(s.box.dir, time.Now(), r)
	if refused := new(smtp.SMTPError); errors.As(err, &refused) {
		return refused // too large
	}
	if err != nil {
		return errDisk
	}
	return nil
}

// Reset has nothing to forget between messages.
func (s *session) Reset() {}

// Logout ends the conversation.
func (s *session) Logout() error { return nil }
