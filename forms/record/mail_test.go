package record_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sealform/forms"
	"sealform/forms/formstest"
	"sealform/forms/record"
)

type part struct {
	kind, name string
	body       []byte
}

// readMail reads the inner entity of a mail as any mail program would.
func readMail(t *testing.T, b []byte) (mail.Header, []part) {
	t.Helper()
	h, params, parts := readEntity(t, b)
	if params["protected-headers"] != "v1" || params["hp"] != "cipher" {
		t.Fatalf("content type %q", h.Get("Content-Type"))
	}
	return h, parts
}

func readEntity(t *testing.T, b []byte) (mail.Header, map[string]string, []part) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/mixed" {
		t.Fatalf("content type %q: %v", m.Header.Get("Content-Type"), err)
	}
	var parts []part
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return m.Header, params, parts
		}
		if err != nil {
			t.Fatal(err)
		}
		var body io.Reader = p
		if p.Header.Get("Content-Transfer-Encoding") == "base64" {
			body = base64.NewDecoder(base64.StdEncoding, p)
		}
		content, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		name := ""
		if d := p.Header.Get("Content-Disposition"); d != "" {
			_, params, err := mime.ParseMediaType(d)
			if err != nil {
				t.Fatalf("%q: %v", d, err)
			}
			name = params["filename"]
		}
		parts = append(parts, part{p.Header.Get("Content-Type"), name, content})
	}
}

func TestMailEntity(t *testing.T) {
	b, f := newBench(t), formstest.Library(t, "new-patient")
	f.Title = "Fragebogen für neue Patientinnen und Patienten der Praxis am Fluß, erste Vorstellung"
	names := []string{"card.jpg", "Überweisung für Frau Müller " + strings.Repeat("und noch mehr ", 9) + ".pdf"}
	photo := bytes.Repeat([]byte{0, 1, 2, 0xff}, 30_000)
	e := formstest.Patient()
	e.Files = []forms.File{formstest.Upload("card", names[0], "text/html", photo), formstest.Upload("card", "../"+names[1], "", []byte("pdf"))}
	e.Files[0].Type = "image/jpeg"
	p := b.plan(f)
	s, err := record.Seal(formstest.Check(t, f, e), p)
	if err != nil {
		t.Fatal(err)
	}
	entity := b.openStream(t, s.Mails[0].Body).Reveal()
	if !padded(len(entity)) {
		t.Errorf("%d bytes are no padded length", len(entity))
	}
	for line := range strings.SplitSeq(string(entity), "\r\n") {
		if len(line) > 78 && !strings.HasPrefix(line, "HP-Outer:") {
			t.Errorf("a line of %d bytes: %q", len(line), line)
		}
		if strings.ContainsAny(line, "\r\n") {
			t.Errorf("a bare line end in %q", line)
		}
	}
	h, parts := readMail(t, entity)
	subject, err := new(mime.WordDecoder).DecodeHeader(h.Get("Subject"))
	if err != nil || subject != f.Title+" R7K-4Q2" {
		t.Errorf("subject %q (%v)", subject, err)
	}
	var outer []string
	for _, x := range record.OuterHeader(p.MailFrom, s.Mails[0].To, s.Received, s.Mails[0].MessageID) {
		outer = append(outer, x.Name+": "+x.Value)
		if x.Name != "Subject" && h.Get(x.Name) != x.Value {
			t.Errorf("%s inside is %q, outside %q", x.Name, h.Get(x.Name), x.Value)
		}
	}
	if diff := cmp.Diff(outer, h["Hp-Outer"]); diff != "" {
		t.Error(diff)
	}
	if len(parts) != 4 || parts[0].kind != "text/plain; charset=utf-8" || parts[1].kind != "application/json" {
		t.Fatalf("%d parts", len(parts))
	}
	if parts[2].kind != "image/jpeg" || parts[2].name != names[0] || !bytes.Equal(parts[2].body, photo) {
		t.Errorf("the photo: %q, %q, %d bytes", parts[2].kind, parts[2].name, len(parts[2].body))
	}
	if parts[3].kind != "application/pdf" || parts[3].name != record.DownloadName(names[1]) || string(parts[3].body) != "pdf" {
		t.Errorf("the letter: %q, %q, %q", parts[3].kind, parts[3].name, parts[3].body)
	}
}

// A mail must not hand a page or script to a mail program, whatever the visitor calls it.
func TestMailedFileHasNoActiveType(t *testing.T) {
	b := newBench(t)
	f := formstest.Of(t, "  - { id: x, type: file, label: X, accept: [txt, zip], max_files: 2 }\n")
	f.Mail, f.Store = &forms.MailDelivery{To: []forms.MailTo{{Address: "a@clinic.example"}}}, nil
	s, err := record.Seal(formstest.Check(t, f, &forms.Entry{Files: []forms.File{formstest.Upload("x", "a\r\nContent-Type: text/html\r\n\r\n.txt", "", []byte("<script>"))}}), b.plan(f))
	if err != nil {
		t.Fatal(err)
	}
	if s.Stored {
		t.Error("a mail-only form was stored")
	}
	_, parts := readMail(t, b.openStream(t, s.Mails[0].Body).Reveal())
	if len(parts) != 3 || parts[2].kind != "application/octet-stream" || strings.ContainsAny(parts[2].name, "\r\n:") {
		t.Errorf("%d parts, the last %q %q", len(parts), parts[len(parts)-1].kind, parts[len(parts)-1].name)
	}
}

// padded repeats the definition of a padded length: from the tenth bit on, only the upper ones are set.
func padded(n int) bool {
	bits := 0
	for 1<<(bits+1) <= n {
		bits++
	}
	keep := 0
	for 1<<keep <= bits {
		keep++
	}
	return n&(1<<(bits-keep)-1) == 0
}

// covers CR15: the stored answers have a padded length too, with short and with long answers.
func TestStoredLengthIsPadded(t *testing.T) {
	b := newBench(t)
	f := formstest.Of(t, "  - { id: a, type: longtext, label: A, max: 16000 }\n")
	for n := 1; n < 9000; n += 173 {
		s, err := record.Seal(formstest.Check(t, f, &forms.Entry{Pairs: []forms.Pair{formstest.Pair("a", strings.Repeat("é=", n)[:n])}}), b.plan(f))
		if err != nil {
			t.Fatal(err)
		}
		if l := len(b.open(t, s.Answers).Reveal()); !padded(l) {
			t.Errorf("%d characters: %d bytes are no padded length", n, l)
		}
	}
}

// What is stored is ordinary MIME too: whoever decrypts it with another program can read it.
func TestStoredEntityIsOrdinaryMIME(t *testing.T) {
	b, f := newBench(t), formstest.Library(t, "new-patient")
	s, err := record.Seal(formstest.Check(t, f, formstest.Patient()), b.plan(f))
	if err != nil {
		t.Fatal(err)
	}
	p := b.open(t, s.Answers)
	text, err := record.ReadText(p)
	if err != nil {
		t.Fatal(err)
	}
	_, _, parts := readEntity(t, p.Reveal())
	if len(parts) != 2 || string(bytes.ReplaceAll(parts[0].body, []byte("\r\n"), []byte("\n"))) != text || !json.Valid(parts[1].body) {
		t.Errorf("%d parts: %q", len(parts), parts)
	}
}

func TestTwoMailsDiffer(t *testing.T) {
	b, f := newBench(t), formstest.Library(t, "new-patient")
	a := formstest.Check(t, f, formstest.Patient())
	one, err := record.Seal(a, b.plan(f))
	if err != nil {
		t.Fatal(err)
	}
	two, err := record.Seal(a, b.plan(f))
	if err != nil {
		t.Fatal(err)
	}
	if one.Mails[0].MessageID == two.Mails[0].MessageID || !strings.HasSuffix(one.Mails[0].MessageID, "@riverside.example") {
		t.Errorf("message ids %q and %q", one.Mails[0].MessageID, two.Mails[0].MessageID)
	}
}

func TestReadableText(t *testing.T) {
	b := newBench(t)
	f := formstest.Of(t, "  - { id: name, type: name, label: Full name, section: About you }\n"+
		"  - { id: born, type: date, label: Date of birth }\n  - { id: mail, type: email, label: Email, optional: true }\n"+
		"  - { id: story, type: longtext, label: Story, section: Your health }\n"+
		"  - { id: pills, type: choice, label: Pills?, options: { yes: \"Yes\", unsure: I am not sure } }\n"+
		"  - { id: card, type: file, label: Card, optional: true }\n  - { id: ok, type: consent, label: I agree, version: 2026-01 }\n")
	e := &forms.Entry{Pairs: []forms.Pair{
		formstest.Pair("name", "Tom Reed\n\nStory\n  Nothing."), formstest.Pair("born.day", "2"), formstest.Pair("born.month", "nov"), formstest.Pair("born.year", "1981"),
		formstest.Pair("story", "Knee.\r\nSince Monday. \r\n.\r\n\xff"), formstest.Pair("pills", "unsure"), formstest.Pair("ok", "yes"), formstest.Pair("utm", "x"),
	}, Files: []forms.File{formstest.Upload("card", "front\u202e.jpg", "", bytes.Repeat([]byte("x"), 1258291))}}
	p := b.plan(f)
	p.Follows = "P3M-8T1"
	s, err := record.Seal(formstest.Check(t, f, e), p)
	if err != nil {
		t.Fatal(err)
	}
	got, err := record.ReadText(b.open(t, s.Answers))
	if err != nil {
		t.Fatal(err)
	}
	want := `A try
Reference R7K-4Q2
Received 21 November 2026, 10:12:13 UTC
Sent again, corrected, after P3M-8T1

ABOUT YOU

Full name
  Tom Reed
  
  Story
    Nothing.

Date of birth
  2 November 1981

Email
  Not provided

YOUR HEALTH

Story
  Knee.
  Since Monday. 
  .
  ‹FF›  [holds bytes that are no text]

Pills?
  I am not sure

Card
  front‹U+202E›.jpg (1.2 MB)

I agree
  Agreed (version 2026-01)

ALSO SENT, THOUGH THE FORM DOES NOT ASK FOR IT
  utm
    x`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
