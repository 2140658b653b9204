package e2e

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
)

// imap is as much of an IMAP client as reading a mailbox takes.
type imap struct {
	t *testing.T
	c net.Conn
	r *bufio.Reader
	n int
}

func (i *imap) line() string {
	i.t.Helper()
	l, err := i.r.ReadString('\n')
	if err != nil {
		i.t.Fatalf("IMAP: %v", err)
	}
	return strings.TrimRight(l, "\r\n")
}

// send writes a command and gives its tag.
func (i *imap) send(command string) string {
	i.t.Helper()
	i.n++
	tag := fmt.Sprintf("a%d", i.n)
	if _, err := fmt.Fprintf(i.c, "%s %s\r\n", tag, command); err != nil {
		i.t.Fatalf("IMAP: %v", err)
	}
	return tag
}

// ended says whether a line ends the command, and fails unless it went well.
func (i *imap) ended(tag, line string) bool {
	i.t.Helper()
	rest, ok := strings.CutPrefix(line, tag+" ")
	if ok && !strings.HasPrefix(rest, "OK") {
		i.t.Fatalf("IMAP: %s", rest)
	}
	return ok
}

// command gives the lines before the one that ends it.
func (i *imap) command(command string) []string {
	i.t.Helper()
	tag := i.send(command)
	var all []string
	for {
		l := i.line()
		if i.ended(tag, l) {
			return all
		}
		all = append(all, l)
	}
}

// message gives the bytes of message k, headers and all.
func (i *imap) message(k int) []byte {
	i.t.Helper()
	tag := i.send(fmt.Sprintf("FETCH %d BODY.PEEK[]", k))
	var whole []byte
	for {
		l := i.line()
		if i.ended(tag, l) {
			return whole
		}
		at := strings.LastIndexByte(l, '{')
		if at < 0 || !strings.HasSuffix(l, "}") {
			continue
		}
		size, err := strconv.Atoi(l[at+1 : len(l)-1])
		if err != nil {
			i.t.Fatalf("IMAP: a literal of %q bytes", l[at:])
		}
		whole = make([]byte, size)
		if _, err := io.ReadFull(i.r, whole); err != nil {
			i.t.Fatalf("IMAP: %v", err)
		}
	}
}
