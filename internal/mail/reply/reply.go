// Package reply reads what an SMTP server answers: replies and their codes (RFC 5321 §4.2), the parameters of an EHLO
// keyword, and from an error how a connection came to its end.
//
//	texts, err := reply.Read(r, 250)                     // one reply, of one line or several
//	parameter, offered := reply.Keyword(texts, "SIZE")   // of the reply to EHLO
//
// The relay's client and the check of MX hosts read by the same rules; this is all that they share. Nothing here
// connects, chooses a server, verifies or speaks TLS, or sends: a setting of the check cannot reach the relay's client.
//
// It refuses what does not speak SMTP (textproto.ProtocolError). A reply of another code than the one that is wanted is
// a *textproto.Error, of its first line: the rest may never come. Bounds on time and bytes are the reader's own.
package reply

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/textproto"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// Read reads one reply, whose code must be the one given, and returns the text of each line without the code. A code
// may stand alone on its line (RFC 5321 §4.2). A line that is longer than r's buffer is bufio.ErrBufferFull.
func Read(r *bufio.Reader, code int) (texts []string, err error) {
	for {
		b, err := r.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		l := strings.TrimRight(string(b), "\r\n")
		if len(l) < 3 || strings.Trim(l[:3], "0123456789") != "" || len(l) > 3 && l[3] != ' ' && l[3] != '-' {
			return nil, textproto.ProtocolError("not a reply of SMTP")
		}
		text := strings.TrimLeft(l[3:], " -")
		if n, _ := strconv.Atoi(l[:3]); n != code {
			return nil, &textproto.Error{Code: n, Msg: text}
		}
		texts = append(texts, text)
		if len(l) == 3 || l[3] == ' ' {
			return texts, nil
		}
	}
}

// Keyword looks for a keyword in the lines of a reply to EHLO, behind the first, which is the server's greeting
// (RFC 5321 §4.1.1.1). The parameter is "" where it has none.
func Keyword(texts []string, keyword string) (parameter string, offered bool) {
	for _, t := range texts[1:] {
		name, parameter, _ := strings.Cut(strings.TrimSpace(t), " ")
		if strings.EqualFold(name, keyword) {
			return parameter, true
		}
	}
	return "", false
}

// Size reads the parameter of the keyword SIZE: the largest message in bytes (RFC 1870 §3); 0 where it names none.
func Size(parameter string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(parameter), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// TimedOut says whether a connection, or a step on it, took longer than it may.
func TimedOut(err error) bool {
	var timeout net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// Broken says whether a connection ended in the middle of what was going on.
func Broken(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
