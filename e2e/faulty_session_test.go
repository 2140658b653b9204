package e2e

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/tls"
	"encoding/base64"
	"io"
	"net"
	"strings"
)

// smtpSession is one connection.
type smtpSession struct {
	fault
	relay *faultyRelay
	raw   net.Conn
	conn  net.Conn // raw, or TLS over it
	in    *bufio.Reader
}

func (s *smtpSession) hold() {
	s.conn, s.in = s.raw, bufio.NewReader(s.raw)
	if !s.answer("greeting", "220 relay") {
		return
	}
	for {
		line, err := s.in.ReadString('\n')
		if err != nil {
			return
		}
		_, isTLS := s.conn.(*tls.Conn)
		s.relay.heard(line, isTLS)
		verb, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " ")
		if !s.answer(verb, s.agree(verb, line, isTLS)) {
			return
		}
		switch {
		case s.replies[verb] != "":
		case verb == "STARTTLS":
			s.upgrade()
		case verb == "DATA":
			if !s.message() {
				return
			}
		}
	}
}

// agree is what a relay says where nothing is wrong.
func (s *smtpSession) agree(verb, line string, isTLS bool) string {
	switch verb {
	case "EHLO":
		switch {
		case isTLS:
			return "250-relay\r\n250-SIZE 40000000\r\n250 AUTH PLAIN"
		case s.noTLS:
			return "250-relay\r\n250 AUTH PLAIN"
		}
		return "250-relay\r\n250-AUTH PLAIN\r\n250 STARTTLS" // who gives a password before TLS has only himself to blame
	case "STARTTLS":
		if !s.late && s.injected != "" {
			return "220 go ahead\r\n" + s.injected
		}
		return "220 go ahead"
	case "AUTH":
		if strings.TrimSpace(line) != "AUTH PLAIN "+relayToken() {
			return "535 who are you"
		}
		return "235 welcome"
	case "DATA":
		return "354 go on"
	case "QUIT":
		return "221 bye"
	}
	return "250 fine"
}

// relayToken is how the clinic signs in (RFC 4616).
func relayToken() string {
	return base64.StdEncoding.EncodeToString([]byte("\x00forms@" + mailDomain + "\x00" + mailPassword))
}

// answer says what the fault has for verb, else agreed. false: this connection is over.
func (s *smtpSession) answer(verb, agreed string) bool {
	switch with := s.replies[verb]; with {
	case "":
		return s.say(agreed)
	case drop:
		return false
	case hang:
		s.relay.mu.Lock()
		s.relay.hung++
		s.relay.mu.Unlock()
		_, _ = io.Copy(io.Discard, s.conn)
		return false
	default:
		return s.say(with + " " + gossip)
	}
}

func (s *smtpSession) say(reply string) bool {
	_, err := io.WriteString(s.conn, reply+"\r\n")
	return err == nil
}

// upgrade begins TLS; a handshake that fails shows in the next read.
func (s *smtpSession) upgrade() {
	if s.late {
		first, _ := s.in.Peek(1) // of the client's handshake
		if len(first) == 1 && s.say(s.injected) {
			_, _ = io.Copy(io.Discard, s.in) // to close with something unread would reset the connection
		}
		return
	}
	cert := s.relay.good
	if s.cert != nil {
		cert = s.cert(s.relay.ca)
	}
	s.conn = tls.Server(s.raw, &tls.Config{
		Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS10, MaxVersion: cmp.Or(s.newest, tls.VersionTLS13),
	})
	s.in = bufio.NewReader(s.conn)
}

// message takes one, up to the final dot.
func (s *smtpSession) message() bool {
	var whole bytes.Buffer
	for {
		line, err := s.in.ReadBytes('\n')
		if err != nil {
			return false
		}
		if string(line) == ".\r\n" {
			break
		}
		whole.Write(bytes.TrimPrefix(line, []byte("."))) // RFC 5321 §4.5.2
	}
	s.relay.mu.Lock()
	s.relay.mails = append(s.relay.mails, whole.Bytes())
	n := len(s.relay.mails)
	s.relay.mu.Unlock()
	if s.taken != nil {
		s.taken(n)
	}
	return s.answer(".", "250 taken")
}
