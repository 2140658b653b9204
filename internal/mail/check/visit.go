package check

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/textproto"
	"strings"
	"syscall"
	"time"

	"sealform/internal/mail/reply"
)

// maxSaid bounds what a host may say before TLS, in bytes, and maxLine one line of it.
const (
	maxSaid = 64 << 10
	maxLine = 2 << 10
)

// visit connects to the host and fills in what it finds.
func (k *check) visit(ctx context.Context, host *Host, records tlsa) {
	if conn := k.connect(ctx, host); conn != nil {
		defer conn.Close()
		t, err := k.secure(ctx, conn, host)
		if err != nil {
			host.Error = codeOf(err)
		}
		if t != nil {
			state := t.ConnectionState()
			host.Version = versionName(state.Version)
			host.Cipher = tls.CipherSuiteName(state.CipherSuite)
			k.judge(host, state.PeerCertificates)
			_ = t.SetDeadline(time.Now().Add(time.Second)) // leaving politely is all that is left to do
			_, _ = io.WriteString(t, "QUIT\r\n")
		}
	}
	host.DANE = records.state(host.presented, host.Name, k.Now())
	if host.DANE == DANEBogus && records.failed == "" && host.Version == "" && !host.withheld() {
		host.DANE = DANEUnknown // it was not seen what it would present
	}
}

// withheld tells whether the host was spoken to and did no TLS, which signed records promise: somebody may be in between.
func (h *Host) withheld() bool {
	return h.Address != "" && h.Error == "" || strings.HasPrefix(string(h.Error), "starttls-")
}

// connect connects to the host and notes the address, or why none answers.
func (k *check) connect(ctx context.Context, host *Host) net.Conn {
	conn, err := k.dial(ctx, host.Name, k.Port)
	if err != nil {
		host.Error = codeOf(err)
		return nil
	}
	if to, ok := conn.RemoteAddr().(*net.TCPAddr); ok {
		host.Address = to.AddrPort().Addr().Unmap().String()
	}
	return conn
}

// dial tries the addresses of a host in turn, which the check's own resolver finds.
func (k *check) dial(ctx context.Context, host string, port int) (net.Conn, error) {
	addresses, err := k.dns.addresses(ctx, host)
	if err != nil {
		return nil, Code("dns")
	}
	d := net.Dialer{Timeout: k.Step}
	failed := error(Code("no-address"))
	for _, a := range addresses {
		conn, err := d.DialContext(ctx, "tcp", netip.AddrPortFrom(a, uint16(port)).String()) // #nosec G115 -- a port
		if err == nil {
			return conn, nil
		}
		failed = err
	}
	return nil, failed
}

// secure speaks SMTP up to STARTTLS (RFC 3207) and does the handshake. It takes what it is given, old versions and any
// certificate, for the report; nothing is ever sent under it.
func (k *check) secure(ctx context.Context, conn net.Conn, host *Host) (*tls.Conn, error) {
	s := &session{conn: conn, step: k.Step, r: bufio.NewReaderSize(io.LimitReader(conn, maxSaid), maxLine)}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })
	defer stop()
	if _, err := s.want("", 220); err != nil {
		return nil, err
	}
	offers, err := s.want("EHLO "+k.Hello, 250)
	if err != nil {
		return nil, err
	}
	parameter, offered := reply.Keyword(offers, "STARTTLS")
	host.STARTTLS = offered && parameter == ""
	if !host.STARTTLS {
		_, _ = io.WriteString(conn, "QUIT\r\n") // politeness only
		return nil, nil
	}
	if _, err := s.want("STARTTLS", 220); err != nil {
		return nil, err
	}
	if s.r.Buffered() > 0 {
		return nil, Code("plaintext-after-starttls") // somebody on the way put it there
	}
	t := tls.Client(conn, &tls.Config{
		ServerName: host.Name, MinVersion: tls.VersionTLS10, CipherSuites: everyCipher(),
		InsecureSkipVerify: true, Time: k.Now, // #nosec G402 -- it is looked at and reported; no mail goes this way
	})
	_ = conn.SetDeadline(time.Now().Add(k.Step)) // a failure shows in the handshake
	if err := t.HandshakeContext(ctx); err != nil {
		if c := codeOf(err); c == "timeout" || c == "closed" {
			return nil, c
		}
		return nil, Code("handshake")
	}
	return t, nil
}

func everyCipher() []uint16 {
	var all []uint16
	for _, s := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		all = append(all, s.ID)
	}
	return all
}

// versionName is "TLS1.3".
func versionName(v uint16) string { return strings.ReplaceAll(tls.VersionName(v), " ", "") }

// session is the part before TLS.
type session struct {
	conn net.Conn
	r    *bufio.Reader
	step time.Duration
}

// want sends a command, unless it is empty, and reads the reply, whose code must be the one given.
func (s *session) want(line string, code int) ([]string, error) {
	if err := s.conn.SetDeadline(time.Now().Add(s.step)); err != nil {
		return nil, err
	}
	if line != "" {
		if _, err := io.WriteString(s.conn, line+"\r\n"); err != nil {
			return nil, err
		}
	}
	texts, err := reply.Read(s.r, code)
	var other *textproto.Error
	if errors.As(err, &other) {
		verb, _, _ := strings.Cut(strings.ToLower(line), " ")
		return nil, Code(fmt.Sprintf("%s-%03d", cmp.Or(verb, "greeting"), other.Code))
	}
	return texts, err
}

// Error lets a code be an error on its way to the report.
func (c Code) Error() string { return string(c) }

// codeOf gives a failed connection its code.
func codeOf(err error) Code {
	var code Code
	var protocol textproto.ProtocolError
	switch {
	case errors.As(err, &code):
		return code
	case errors.As(err, &protocol):
		return "protocol"
	case reply.TimedOut(err):
		return "timeout"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refused"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.EADDRNOTAVAIL):
		return "unreachable"
	case reply.Broken(err):
		return "closed"
	case errors.Is(err, bufio.ErrBufferFull):
		return "too-long"
	}
	return "failed"
}
