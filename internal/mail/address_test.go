package mail

import (
	"bufio"
	"bytes"
	"errors"
	"net/textproto"
	"strings"
	"testing"

	"sealform/internal/address"
	"sealform/keys"
)

// covers ML01
func TestRefusesBeforeWriting(t *testing.T) {
	bad := "a@b\r\nBcc: e@f"
	for name, spoil := range map[string]func(*Message){
		"sender":        func(m *Message) { m.From = bad },
		"recipient":     func(m *Message) { m.To = bad },
		"no recipient":  func(m *Message) { m.To = "" },
		"two":           func(m *Message) { m.To = "a@b, c@d" },
		"message id":    func(m *Message) { m.MessageID = "x@y>\r\nBcc: e@f" },
		"no message id": func(m *Message) { m.MessageID = "" },
	} {
		m := letter(t, 100)
		spoil(m)
		var b bytes.Buffer
		if _, err := m.WriteTo(&b); !errors.Is(err, address.ErrNotPlain) || b.Len() > 0 || strings.Contains(err.Error(), "Bcc") {
			t.Errorf("%s: %v, %d bytes", name, err, b.Len())
		}
	}
}

// covers ML01 ML02: whatever is put in, there is no header that we did not mean and no recipient that was not named.
func FuzzHeader(f *testing.F) {
	f.Add("a@b", "c@d", "e@f", "contact", int64(1))
	f.Add("a@b\r\nBcc: x@y", "c@d, e@f", "g>@h\n", "x\r\n\r\nbody", int64(-1))
	f.Add(`"a@x> ORCPT=z"@y`, "=?utf-8?q?=0aBcc?=@b", "\u2028@x", "\x00", int64(0))
	c := readers(f)
	one, err := c.readers.Seal(keys.NewPlaintext([]byte("x")), c.signer, at)
	if err != nil {
		f.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := one.WriteTo(&b); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, from, to, id, form string, seq int64) {
		m := &Message{From: from, To: to, MessageID: id, Date: at, Series: Series(make([]byte, 32), from, form), Seq: seq, Open: packed(b.Bytes())}
		var b bytes.Buffer
		if _, err := m.WriteTo(&b); err != nil {
			if b.Len() > 0 {
				t.Fatalf("refused after %d bytes", b.Len())
			}
			return
		}
		checkLines(t, b.Bytes())
		head, err := textproto.NewReader(bufio.NewReader(&b)).ReadMIMEHeader()
		if err != nil {
			t.Fatal(err)
		}
		want := 8
		if seq > 0 {
			want++
		}
		if len(head) != want || head.Get("From") != from || head.Get("To") != to || head.Get("Message-Id") != "<"+id+">" {
			t.Fatalf("header %q", head)
		}
	})
}
