package reply

import (
	"bufio"
	"errors"
	"net/textproto"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRead(t *testing.T) {
	for _, test := range []struct {
		name, said string
		texts      []string
		code       int // of a reply that is not wanted
		broken     bool
		protocol   bool
	}{
		{name: "one line", said: "250 here ESMTP\r\nmore", texts: []string{"here ESMTP"}},
		{name: "several", said: "250-here\r\n250-SIZE 1000\n250 HELP\r\n", texts: []string{"here", "SIZE 1000", "HELP"}},
		{name: "a code alone", said: "250\r\n", texts: []string{""}},
		{name: "another code", said: "554-go away\r\n", code: 554},
		{name: "another code later", said: "250-here\r\n421 closing\r\n", code: 421},
		{name: "no reply", said: "HTTP/1.1 400 Bad Request\r\n", protocol: true},
		{name: "no mark behind the code", said: "2500 x\r\n", protocol: true},
		{name: "cut off", said: "250-here\r\n", broken: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			texts, err := Read(bufio.NewReader(strings.NewReader(test.said)), 250)
			var other *textproto.Error
			var protocol textproto.ProtocolError
			switch {
			case errors.As(err, &other) != (test.code != 0), other != nil && other.Code != test.code:
				t.Errorf("error %v, and code %d is wanted", err, test.code)
			case errors.As(err, &protocol) != test.protocol, Broken(err) != test.broken:
				t.Errorf("error %v", err)
			case !cmp.Equal(texts, test.texts):
				t.Error(cmp.Diff(test.texts, texts))
			}
		})
	}
	if _, err := Read(bufio.NewReaderSize(strings.NewReader("250 "+strings.Repeat("x", 9999)), 64), 250); !errors.Is(err, bufio.ErrBufferFull) {
		t.Errorf("a long line: %v", err)
	}
}

func TestKeyword(t *testing.T) {
	texts := []string{"SIZE 1 greets you", "starttls ", "SIZE 35882577", "AUTH PLAIN LOGIN"}
	for keyword, want := range map[string]string{"STARTTLS": "", "size": "35882577", "AUTH": "PLAIN LOGIN"} {
		if got, offered := Keyword(texts, keyword); got != want || !offered {
			t.Errorf("%s: %q, %v", keyword, got, offered)
		}
	}
	if _, offered := Keyword(texts, "PIPELINING"); offered {
		t.Error("what is not offered was found")
	}
	for parameter, want := range map[string]int64{"35882577": 35882577, " 5 ": 5, "": 0, "-1": 0, "many": 0} {
		if got := Size(parameter); got != want {
			t.Errorf("SIZE %q: %d", parameter, got)
		}
	}
}
