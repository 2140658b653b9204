package mail

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// unusual are addresses that parsers have been fooled with, or that only a newer SMTP can carry.
var unusual = []string{
	"", "@", "a", "a@", "@b", "a@b@c", "<a@b>", "Desk <a@b>", "a@b,c@d", "a@b, c@d", "a@b;c@d", "a@b c@d",
	// quoted local parts, the smuggling of CVE-2025-59937 among them
	`"a@x> ORCPT=rfc822;y"@z`, `"a> SIZE=1"@z`, `"a b"@c`, `"a\"b"@c`, `""@c`, `"a"@b`, `a."b".c@d`, `a\@b@c`,
	// parameters and commands behind an address
	"a@b> ORCPT=rfc822;c@d", "a@b> SIZE=1", "a@b> BODY=8BITMIME", "a@b>\r\nRCPT TO:<c@d", "a@b\r\nDATA", "a@b\r\n.\r\nMAIL FROM:<c@d>",
	// ends of lines, and what some take for one
	"a@b\r", "a@b\n", "\ra@b", "\na@b", "a\r\n@b", "a@b\u2028", "a\u2029@b", "a@b\u0085", "a@b\v", "a@b\f", "a\x00@b", "a@b\x00", "a@b\x1a", "a@b\x7f", "a\t@b", "a@b ", " a@b",
	// letters outside ASCII, whole or broken, and encoded
	"ä@b", "a@ä.example", "a\xff@b", "a@b\xe2\x80", "\uff41@b", "a@b\u3002c", "=?utf-8?q?a=40b=0D=0A?=@c d", "a@b\u200b", "a\u00ad@b",
	// routes, literals, comments
	"@x:a@b", "@x,@y:a@b", "a@[127.0.0.1]", "a@[IPv6:::1]", "a(comment)@b", "a@(comment)b", "a@b(comment)", "a@b:25", "a@b/c", "mailto:a@b?cc=c",
	// signs that old relays send mail on by, or that shells read
	"a%b.example@c.example", "b.example!a@c.example", "a|b@c.example", "{a}@b.example", "$HOME@c.example", "`id`@c.example", "a/b@c.example", "*@b.example", "?@b.example",
	// names of one label, dots and dashes
	"a@b", "a@localhost",
	".a@b", "a.@b", "a..b@c", "a@.b", "a@b.", "a@b..c", "a@-b", "a@b-", "a@b.-c", "a@b_c", "a@*",
	// too long: 64 before the @, 63 in a label, 254 in all
	strings.Repeat("a", 65) + "@b", "a@" + strings.Repeat("b", 64), "a@" + strings.Repeat("b.", 126) + "c",
	strings.Repeat("a", 64) + "@" + strings.Repeat("b", 63) + "." + strings.Repeat("c", 63) + "." + strings.Repeat("d", 62), strings.Repeat("a", 100_000) + "@b",
}

// covers ML02: no connection is made for an address out of the ordinary, wherever it stands.
func TestUnusualAddressesCallNobody(t *testing.T) {
	ca := authority(t)
	s := &scripted{certs: ca.Server, clearOffer: []string{"STARTTLS"}}
	addr := s.serve(t)
	r := relay(t, addr, ca, nil)
	m := letter(t, 100)
	for _, address := range unusual {
		for name, spoil := range map[string]func(*Message, *Note){
			"from": func(m *Message, n *Note) { m.From, n.From = address, address },
			"to":   func(m *Message, n *Note) { m.To, n.To = address, address },
			"id":   func(m *Message, n *Note) { m.MessageID, n.MessageID = address, address },
		} {
			spoiled, n := *m, note(arrived(), false)
			spoil(&spoiled, n)
			if code := CodeOf(r.Send(t.Context(), &spoiled)); code != Address {
				t.Errorf("%s %.80q: message gave %q", name, address, code)
			}
			if code := CodeOf(r.Note(t.Context(), n)); code != Address {
				t.Errorf("%s %.80q: note gave %q", name, address, code)
			}
		}
		if address == "" {
			continue // bounces go to the sender
		}
		if _, err := NewRelay(RelayConfig{Address: addr, Mode: StartTLS, Bounces: address}); err == nil {
			t.Errorf("%.80q is taken for bounces", address)
		}
	}
	s.count(t, 0, 0)
}

// covers ML02: the addresses that we take are on the wire as they are, in two commands that hold nothing else.
func TestAddressesOnTheWire(t *testing.T) {
	ca := authority(t)
	for _, address := range []string{
		"a@b.example", "front.desk+forms@clinic.example", "o'brien@clinic.example", "x@xn--bcher-kva.example", "a=b@c.example", "r&d@c.example",
		"#a@b.example", "~a-b_c@d.example", strings.Repeat("a", 64) + "@" + strings.Repeat("b", 63) + ".example",
	} {
		s := &scripted{certs: ca.Server, clearOffer: []string{"STARTTLS"}, tlsOffer: []string{"SMTPUTF8", "DSN", "SIZE 100000", "PIPELINING", "CHUNKING"}}
		r := relay(t, s.serve(t), ca, nil)
		m := letter(t, 100)
		m.From, m.To = address, address
		expect(t, r.Send(t.Context(), m), "")
		hello := "EHLO forms.clinic.example"
		want := []string{hello, "STARTTLS", hello, "MAIL FROM:<" + address + ">", "RCPT TO:<" + address + ">", "DATA"}
		if diff := cmp.Diff(want, s.commands()); diff != "" {
			t.Error(diff)
		}
		head, _, _ := strings.Cut(s.letter.String(), "\r\n\r\n")
		fields := strings.Split(head, "\r\n")
		for _, want := range []string{"From: " + address, "To: " + address} {
			if !slices.Contains(fields, want) {
				t.Errorf("%q is not in %q", want, fields)
			}
		}
		checkClear(t, s)
	}
}
