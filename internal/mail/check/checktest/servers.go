package checktest

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// MailServer is what a mail server does. The zero value, but for its certificate, does all well.
type MailServer struct {
	Certificate tls.Certificate
	NoSTARTTLS  bool              // does not offer it
	Replies     map[string]string // in place of the usual: to "" (the greeting), "EHLO", "STARTTLS"; without "\r\n" at the end
	Silent      string            // says nothing to this one and waits: "greeting", "EHLO", "STARTTLS", "handshake"
	Newest      uint16            // the newest version of TLS; 0: what Go has
}

// Conversation is what a mail server heard.
type Conversation struct {
	mu    sync.Mutex
	lines []string
}

// Heard gives the lines, before and under TLS.
func (c *Conversation) Heard() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.lines...)
}

func (c *Conversation) hear(line string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines = append(c.lines, line)
}

// Mail starts a mail server at an address of this machine, 127.0.0.x.
func (n *Internet) Mail(address string, s MailServer) *Conversation {
	n.t.Helper()
	l := n.listen(address, n.Port)
	heard := &Conversation{}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(patience))
				s.serve(conn, heard)
			}()
		}
	}()
	return heard
}

func (s MailServer) serve(conn net.Conn, heard *Conversation) {
	if !s.say(conn, "", "220 here ESMTP") {
		wait(conn)
		return
	}
	in := bufio.NewScanner(conn)
	for in.Scan() {
		heard.hear(in.Text())
		verb, _, _ := strings.Cut(strings.ToUpper(in.Text()), " ")
		answer := map[string]string{"EHLO": s.hello(), "STARTTLS": "220 go ahead", "QUIT": "221 bye"}[verb]
		if answer == "" {
			answer = "502 not here"
		}
		if !s.say(conn, verb, answer) {
			wait(conn)
			return
		}
		if verb == "STARTTLS" && !s.NoSTARTTLS {
			s.secure(conn, heard)
			return
		}
		if verb == "QUIT" {
			return
		}
	}
}

func (s MailServer) hello() string {
	if s.NoSTARTTLS {
		return "250-here\r\n250 SIZE 1000"
	}
	return "250-here\r\n250-STARTTLS\r\n250 SIZE 1000"
}

// say answers; false: it was told to be silent.
func (s MailServer) say(conn net.Conn, verb, answer string) bool {
	if other, ok := s.Replies[verb]; ok {
		answer = other
	}
	if s.Silent == verb && verb != "" || s.Silent == "greeting" && verb == "" {
		return false
	}
	fmt.Fprintf(conn, "%s\r\n", answer)
	return true
}

func (s MailServer) secure(conn net.Conn, heard *Conversation) {
	if s.Silent == "handshake" {
		wait(conn)
		return
	}
	t := tls.Server(conn, &tls.Config{
		Certificates: []tls.Certificate{s.Certificate}, MinVersion: tls.VersionTLS10, MaxVersion: s.Newest, // #nosec G402 -- old versions are what is tested
	})
	if t.Handshake() != nil { //nolint:noctx // the connection has a deadline
		return
	}
	in := bufio.NewScanner(t)
	for in.Scan() {
		heard.hear(in.Text())
	}
}

// wait reads on until the client has had enough.
func wait(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// Policy starts the web server of mta-sts names at an address of this machine. The page's path and host are checked.
func (n *Internet) Policy(address string, cert tls.Certificate, page http.HandlerFunc) {
	n.t.Helper()
	l := n.listen(address, n.HTTPSPort)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/mta-sts.txt", func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Host, "mta-sts.") {
			http.NotFound(w, r)
			return
		}
		page(w, r)
	})
	s := &http.Server{Handler: mux, ReadHeaderTimeout: patience}
	go func() {
		_ = s.Serve(greeted{l, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}})
	}()
	n.t.Cleanup(func() { _ = s.Close() })
}

// greeted accepts connections whose handshake is done. Clients that refuse the certificate are meant to, and nothing is
// to be logged of them.
type greeted struct {
	net.Listener
	config *tls.Config
}

// Accept waits for the next client that takes the certificate.
func (g greeted) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		t := tls.Server(conn, g.config)
		_ = conn.SetDeadline(time.Now().Add(patience))
		if t.Handshake() == nil { //nolint:noctx // the connection has a deadline
			_ = conn.SetDeadline(time.Time{})
			return t, nil
		}
		_ = conn.Close() // it is of no use
	}
}

// Text is a page that answers with this text.
func Text(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, body)
	}
}
