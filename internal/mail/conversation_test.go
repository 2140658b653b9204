package mail

import (
	"bufio"
	"cmp"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"time"
)

// conversation is one connection to a scripted relay.
type conversation struct {
	*scripted
	over    <-chan struct{}
	brought int // messages
}

func (c *conversation) hold(conn net.Conn) {
	c.mu.Lock()
	c.met++
	c.mu.Unlock()
	var talking net.Conn = &tapped{Conn: conn, s: c.scripted}
	if c.implicit {
		talking = c.secure(conn)
	}
	in := bufio.NewReader(talking)
	if !c.reply(talking, "greeting", "220 relay ready") {
		return
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		c.note(line)
		verb, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(line)), " ")
		agree := "250 fine"
		switch verb {
		case "EHLO":
			_, isTLS := talking.(*tls.Conn)
			agree = c.hello(isTLS)
		case "STARTTLS":
			agree = "220 go ahead"
		case "DATA":
			agree = "354 send it"
		case "AUTH":
			agree = "235 welcome"
		case "QUIT":
			agree = "221 bye"
		}
		if !c.reply(talking, verb, agree) || verb == "QUIT" {
			return
		}
		if verb == "STARTTLS" && c.agrees(verb) {
			if talking = c.upgrade(conn); talking == nil {
				return
			}
			in = bufio.NewReader(talking)
		}
		if verb == "DATA" && c.agrees(verb) && !c.message(in, talking) {
			return
		}
	}
}

// script is what there is to say to verb at this moment; "": it agrees.
func (c *conversation) script(verb string) string {
	if c.brought > 0 {
		return cmp.Or(c.later[verb], c.replies[verb])
	}
	return c.replies[verb]
}

func (c *conversation) agrees(verb string) bool { return c.script(verb) == "" }

// message takes one, up to the final dot.
func (c *conversation) message(in *bufio.Reader, talking net.Conn) bool {
	if c.script("message") == hang {
		<-c.over
		return false
	}
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return false
		}
		if string(line) == ".\r\n" {
			break
		}
		if c.forget {
			continue
		}
		c.mu.Lock()
		c.letter.Write(line)
		c.mu.Unlock()
	}
	if !c.agrees(".") {
		return c.reply(talking, ".", "")
	}
	c.brought++
	c.mu.Lock()
	c.taken++
	c.mu.Unlock()
	return c.say(talking, "250 taken") // not as scripted for later: this is the message that came before
}

// upgrade begins TLS, unless the script has something else to say in its place; then it gives nil.
func (c *conversation) upgrade(conn net.Conn) net.Conn {
	instead := c.script("handshake")
	switch instead {
	case "":
		return c.secure(conn)
	case hang:
		<-c.over
		return nil
	case drop:
		return nil
	}
	_, _ = conn.Read(make([]byte, 16)) // of the client's handshake, so that the words come after it
	_ = c.say(conn, instead)
	_, _ = io.Copy(io.Discard, conn) // closing with something unread would reset the connection
	return nil
}

func (c *conversation) secure(conn net.Conn) net.Conn {
	config := &tls.Config{
		Certificates: []tls.Certificate{c.certs}, MinVersion: tls.VersionTLS10, MaxVersion: cmp.Or(c.newest, tls.VersionTLS13),
	}
	config.SetSessionTicketKeys([][32]byte{{1}}) // so that one conversation can go on from another
	return tls.Server(conn, config)
}

// reply answers verb as the script says, otherwise with agree; false: the conversation is over.
func (c *conversation) reply(conn net.Conn, verb, agree string) bool {
	switch with := c.script(verb); with {
	case "":
		if verb == "STARTTLS" && c.injected != "" {
			agree += "\r\n" + strings.TrimSuffix(c.injected, "\r\n")
		}
		return c.say(conn, agree)
	case hang:
		<-c.over
		return false
	case drop:
		return false
	case drip:
		c.dribble(conn, "250-")
		return false
	case trickle:
		c.dribble(conn, "2", "5", "0", "-")
		return false
	case endless:
		for range 64 {
			if _, err := io.WriteString(conn, "250-"+strings.Repeat("y", 8<<10)); err != nil {
				break
			}
		}
		<-c.over
		return false
	default:
		return c.say(conn, with+" "+secretText)
	}
}

func (c *conversation) say(conn net.Conn, reply string) bool {
	_, err := io.WriteString(conn, reply+"\r\n")
	return err == nil
}

// dribble begins a reply and goes on with a letter now and then, always in time and never done.
func (c *conversation) dribble(conn net.Conn, begin ...string) {
	for i := 0; ; i++ {
		next := "x"
		if i < len(begin) {
			next = begin[i]
		}
		if _, err := io.WriteString(conn, next); err != nil {
			return
		}
		select {
		case <-c.over:
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}
