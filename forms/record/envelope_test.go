package record_test

import (
	"bytes"
	"mime"
	"net/textproto"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sealform/forms"
	"sealform/forms/formstest"
	"sealform/forms/record"
	"sealform/keys"
	"sealform/keys/private/privatetest"
)

// Each address has a message of its own: its own id, its own readers, and no word of the other addresses.
func TestEachAddressHasItsOwnMail(t *testing.T) {
	b, f := newBench(t), formstest.Library(t, "new-patient")
	alone, err := keys.NewRecipients(privatetest.Certificate(t, privatetest.Key(t, "Dana <dana@riverside.example>", "one")))
	if err != nil {
		t.Fatal(err)
	}
	other, _, err := keys.NewSigner("service-1", privatetest.Born)
	if err != nil {
		t.Fatal(err)
	}
	if b.verifiers, err = keys.ParseVerifiers(b.signer.Certificate(), other.Certificate()); err != nil {
		t.Fatal(err)
	}
	p := b.plan(f)
	p.Mails = []record.Envelope{
		{To: "frontdesk@riverside.example", Sealer: b.recipients.By(b.signer)},
		{To: "dana@riverside.example", Sealer: alone.By(other)},
		{To: "list@riverside.example", Sealer: b.recipients.By(b.signer)},
	}
	s, err := record.Seal(formstest.Check(t, f, formstest.Patient()), p)
	if err != nil || len(s.Mails) != 3 {
		t.Fatalf("%d mails: %v", len(s.Mails), err)
	}
	ids := map[string]bool{}
	for i, m := range s.Mails {
		entity := b.openStream(t, m.Body)
		h, _ := readMail(t, entity.Reveal())
		r, err := record.ReadRecord(entity)
		if err != nil {
			t.Fatal(err)
		}
		if m.To != p.Mails[i].To || h.Get("To") != m.To || h.Get("Message-Id") != "<"+m.MessageID+">" || r.Signer != p.Mails[i].Sealer.SignedBy() {
			t.Errorf("mail %d goes to %q with id %q, its inner header says %q, %q", i, m.To, m.MessageID, h.Get("To"), h.Get("Message-Id"))
		}
		if d := cmp.Diff(p.Mails[i].Sealer.Fingerprints(), r.Readers); d != "" || len(m.Body.SessionKeys()) != len(r.Readers) {
			t.Errorf("mail %d: readers\n%s", i, d)
		}
		for j := range p.Mails {
			if j != i && bytes.Contains(entity.Reveal(), []byte(p.Mails[j].To)) {
				t.Errorf("mail %d names the address of mail %d", i, j)
			}
		}
		ids[m.MessageID] = true
	}
	if len(ids) != 3 {
		t.Errorf("ids %v", ids)
	}
}

// tricks are what somebody could try to steer a mail program with.
var tricks = []string{
	"\r\nBcc: CANARY@evil.example", "a\nCANARY: b\n\n<html>", "a\rCANARY: b", "=?utf-8?q?CANARY=0D=0ABcc:_eve@evil.example?=", "=?utf-8?b?Q0FOQVJZ?=",
	"a\u2028CANARY: b\u2029c", "a\u0085CANARY: b", "CANARY\u202egpj.exe", "\"; filename=CANARY.exe; x=\"", "utf-8''CANARY%0D%0A", strings.Repeat("CANARY ", 400),
	"\x00CANARY\x1b[2J", "CANARY\xff\xfe", "--=_CANARY", "../../CANARY", "Sealform: 1; kind=CANARY",
}

var fieldLine = regexp.MustCompile(`^([!-9;-~]+: ?[ -~]*|[ \t][ -~]*)$`)

// covers ML01, ML06: nothing that a visitor or the form's author writes gets into a header, outside or inside, but as
// text of the inner Subject and as the name of an attachment, encoded so that it stays what it is.
func TestHeadersCannotBeSteered(t *testing.T) {
	b := newBench(t)
	for _, trick := range tricks {
		f := formstest.Of(t, "  - { id: who, type: text, label: Who, optional: true, max: 9000 }\n  - { id: x, type: file, label: X, accept: [txt], optional: true }\n")
		f.Title, f.Fields[0].Label, f.Fields[0].Section = trick, trick, trick
		f.Mail = &forms.MailDelivery{To: []forms.MailTo{{Address: "a@clinic.example"}, {Address: "b@clinic.example"}}}
		e := &forms.Entry{
			Pairs: []forms.Pair{formstest.Pair("who", trick), formstest.Pair(trick, trick), formstest.Pair("Subject", trick), formstest.Pair("_replyto", trick)},
			Files: []forms.File{formstest.Upload("x", trick+".txt", trick, []byte("file"))},
		}
		p := b.plan(f)
		s, err := record.Seal(formstest.Check(t, f, e), p)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range s.Mails {
			for _, x := range record.OuterHeader(p.MailFrom, m.To, s.Received, m.MessageID) {
				if strings.Contains(x.Value, "CANARY") || strings.ContainsAny(x.Value, "\r\n") {
					t.Errorf("%q: outside stands %s: %q", trick, x.Name, x.Value)
				}
			}
			steered(t, trick, b.openStream(t, m.Body).Reveal())
		}
	}
}

// steered looks at every header section of an entity.
func steered(t *testing.T, trick string, entity []byte) {
	t.Helper()
	want := []string{"Sealform", "MIME-Version", "Content-Type", "Subject", "From", "To", "Date", "Message-ID", "HP-Outer", "HP-Outer", "HP-Outer", "HP-Outer", "HP-Outer"}
	if d := cmp.Diff(want, section(t, trick, entity)); d != "" {
		t.Errorf("%q: the entity's header:\n%s", trick, d)
	}
	h, parts := readMail(t, entity)
	subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
	if title := strings.ToValidUTF8(strings.Join(strings.Fields(trick), " "), "\uFFFD"); err != nil || strings.ToValidUTF8(subject, "\uFFFD") != strings.TrimSpace(title)+" R7K-4Q2" {
		t.Errorf("%q: the subject is %q (%v)", trick, subject, err)
	}
	_, edge, _ := bytes.Cut(entity, []byte(`boundary="`))
	edge, _, _ = bytes.Cut(edge, []byte(`"`))
	bodies := bytes.Split(entity, append([]byte("\r\n--"), edge...))
	if len(parts) != 3 || len(bodies) != 5 { // the entity's header, three parts, the end
		t.Fatalf("%q: %d parts", trick, len(parts))
	}
	for i, want := range [][]string{
		{"Content-Type", "Content-Transfer-Encoding"},
		{"Content-Type", "Content-Disposition", "Content-Transfer-Encoding"},
		{"Content-Type", "Content-Disposition", "Content-Transfer-Encoding"},
	} {
		if d := cmp.Diff(want, section(t, trick, bytes.TrimPrefix(bodies[i+1], []byte("\r\n")))); d != "" {
			t.Errorf("%q: header of part %d:\n%s", trick, i, d)
		}
	}
	if name := parts[2].name; name != record.DownloadName(trick+".txt") || strings.ContainsAny(name, "\r\n/\\\"") || parts[2].kind != "application/octet-stream" {
		t.Errorf("%q: attached as %q, %q", trick, parts[2].name, parts[2].kind)
	}
}

// section gives the names of the fields before the first empty line, each of which must be one (RFC 5322 §2.2): this is
// the MIME part that S/MIME signs, and it must begin with a header that every parser reads alike.
func section(t *testing.T, trick string, b []byte) (names []string) {
	t.Helper()
	head, _, found := bytes.Cut(b, []byte("\r\n\r\n"))
	if !found {
		t.Fatalf("%q: a header without end", trick)
	}
	for line := range strings.SplitSeq(string(head), "\r\n") {
		if len(line) > 998 || !fieldLine.MatchString(line) {
			t.Errorf("%q: this is no header line: %q", trick, line)
		}
		if name, _, _ := strings.Cut(line, ":"); !strings.HasPrefix(line, " ") {
			names = append(names, name)
		}
	}
	if textproto.CanonicalMIMEHeaderKey(names[0]) != names[0] {
		t.Errorf("%q: %q", trick, names[0])
	}
	return names
}

// covers ML02
func TestEnvelopesAreChecked(t *testing.T) {
	b, f := newBench(t), formstest.Library(t, "new-patient")
	a := formstest.Check(t, f, formstest.Patient())
	for name, spoil := range map[string]func(*record.Envelope){
		"no sealer":    func(e *record.Envelope) { e.Sealer = nil },
		"no address":   func(e *record.Envelope) { e.To = "" },
		"two":          func(e *record.Envelope) { e.To = "a@x.example, b@x.example" },
		"a line more":  func(e *record.Envelope) { e.To = "a@x.example\r\nBcc: b@x.example" },
		"a quoted one": func(e *record.Envelope) { e.To = "\"a@x> ORCPT=b\"@x.example" },
		"a name":       func(e *record.Envelope) { e.To = "A <a@x.example>" },
	} {
		p := b.plan(f)
		spoil(&p.Mails[0])
		if s, err := record.Seal(a, p); err == nil || s != nil {
			t.Errorf("%s: sealed", name)
		}
	}
}
