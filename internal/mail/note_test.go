package mail

import (
	"bytes"
	"io"
	"mime"
	"mime/quotedprintable"
	netmail "net/mail"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sealform/internal/notice"
)

func note(l notice.Letter, reply bool) *Note {
	return &Note{From: "forms@clinic.example", To: "nurse@clinic.example", MessageID: "n.7@clinic.example", Date: at, Letter: l, Reply: reply}
}

func arrived() notice.Letter {
	return notice.Words{Clinic: "Riverside"}.Arrived(3, "https://staff.riverside.example/go/inbox")
}

// covers ML01 ML06: this is all there is in the header of what goes in clear.
func TestNoteHeader(t *testing.T) {
	for _, reply := range []bool{false, true} {
		var b bytes.Buffer
		n := note(arrived(), reply)
		count, err := n.WriteTo(&b)
		if err != nil || count != int64(b.Len()) || count > n.mailed() {
			t.Fatalf("%d of %d bytes, %v", count, b.Len(), err)
		}
		checkLines(t, b.Bytes())
		m, err := netmail.ReadMessage(&b)
		if err != nil {
			t.Fatal(err)
		}
		want := netmail.Header{
			"From":                      {"forms@clinic.example"},
			"To":                        {"nurse@clinic.example"},
			"Date":                      {"Sat, 21 Nov 2026 20:19:32 +0000"},
			"Message-Id":                {"<n.7@clinic.example>"},
			"Subject":                   {n.Letter.Subject()},
			"Auto-Submitted":            {"auto-generated"},
			"X-Auto-Response-Suppress":  {"DR, RN, NRN, OOF, AutoReply"},
			"Mime-Version":              {"1.0"},
			"Content-Type":              {"text/plain; charset=utf-8"},
			"Content-Transfer-Encoding": {"7bit"},
		}
		if reply {
			want["Auto-Submitted"], want["X-Auto-Response-Suppress"] = []string{"auto-replied"}, []string{"All"}
		}
		if diff := cmp.Diff(want, m.Header); diff != "" {
			t.Error(diff)
		}
		text, err := io.ReadAll(m.Body)
		if got := strings.ReplaceAll(string(text), "\r\n", "\n"); err != nil || got != n.Letter.Text() {
			t.Errorf("text %q, %v", got, err)
		}
	}
}

// covers ML01: operators write in their own language; what comes out is 7-bit mail that reads as it was written.
func TestNoteInOtherLetters(t *testing.T) {
	words := "Müller\r\nBcc: all@clinic.example\u2028" + strings.Repeat("größer ", 10)
	n := note(notice.Receipt("Riverside "+words, "K4M2QX", strings.Repeat("Grüße aus der Praxis. ", 80)+"\n.\n=20 \x00"), true)
	var b bytes.Buffer
	if _, err := n.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	checkLines(t, b.Bytes())
	for line := range bytes.Lines(b.Bytes()) {
		if len(line) > 80 {
			t.Errorf("line %q", line)
		}
	}
	m, err := netmail.ReadMessage(&b)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Header) != 10 || m.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
		t.Errorf("header %q", m.Header)
	}
	given, err := new(mime.WordDecoder).DecodeHeader(n.Letter.Subject())
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != given || strings.ContainsAny(subject, "\r\n\u2028") {
		t.Errorf("subject %q, %v", subject, err)
	}
	text, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if got := strings.ReplaceAll(string(text), "\r\n", "\n"); err != nil || got != n.Letter.Text() {
		t.Errorf("text %q, want %q, %v", got, n.Letter.Text(), err)
	}
}

// covers ML01: whatever a letter were to hold.
func TestSubjectIsOneField(t *testing.T) {
	for _, s := range []string{
		"", "plain", "a\r\nBcc: x@y", "a\nb", "a\x00b", "a\u2028b", "Ärzte", strings.Repeat("ä", 500), "=?utf-8?q?=0D=0A?=", "\xff",
	} {
		for i, line := range strings.Split(encodeSubject(s), "\n") {
			if i > 0 && !strings.HasPrefix(line, " =?") {
				t.Errorf("%q begins another field: %q", s, line)
			}
			if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }) || len(line) > longestLine {
				t.Errorf("%q gives the line %q", s, line)
			}
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("hello\n")
	f.Add("a\rb\r\n.\nFrom x\n" + strings.Repeat("x", 2000))
	f.Add("größer\u2028\x00=\t \n")
	f.Fuzz(func(t *testing.T, text string) {
		encoding, body := encodeText(text)
		var b bytes.Buffer
		if _, err := (&lines{to: &b}).Write(body); err != nil {
			t.Fatal(err)
		}
		checkLines(t, b.Bytes())
		got := b.String()
		if encoding == "quoted-printable" {
			decoded, err := io.ReadAll(quotedprintable.NewReader(&b))
			if err != nil {
				t.Fatal(err)
			}
			got = string(decoded)
		}
		want := lineEnds.Replace(text)
		if !strings.HasSuffix(want, "\n") {
			want += "\n"
		}
		if got = strings.ReplaceAll(got, "\r\n", "\n"); got != want {
			t.Fatalf("%q came back as %q", want, got)
		}
	})
}

func TestNoteRefuses(t *testing.T) {
	r := relay(t, "127.0.0.1:1", authority(t), nil)
	for name, test := range map[string]struct {
		spoil func(*Note)
		want  Code
	}{
		"sender":     {func(n *Note) { n.From = "a@b\r\nBcc: c@d" }, Address},
		"recipient":  {func(n *Note) { n.To = `"a@x> ORCPT=rfc822;y"@z` }, Address},
		"message id": {func(n *Note) { n.MessageID = "" }, Address},
		"no letter":  {func(n *Note) { n.Letter = notice.Letter{} }, Body},
	} {
		n := note(arrived(), false)
		test.spoil(n)
		var b bytes.Buffer
		if _, err := n.WriteTo(&b); err == nil || b.Len() > 0 || strings.Contains(err.Error(), "Bcc") {
			t.Errorf("%s: %v, %d bytes", name, err, b.Len())
		}
		expect(t, r.Note(t.Context(), n), test.want)
	}
}

func TestNoteIsDelivered(t *testing.T) {
	ca := authority(t)
	addr, dir := mailbox(t, ca, 0, false)
	n := note(arrived(), false)
	if err := relay(t, addr, ca, nil).Note(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(delivered(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if _, err := n.WriteTo(&want); err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("delivered %q, %v", got, err)
	}
}

// A reply has nobody to bounce to (RFC 3834 §3.3); all else bounces to where the operator wants it.
func TestEnvelopeSender(t *testing.T) {
	for bounces, want := range map[string][]string{
		"":                      {"<forms@clinic.example>", "<forms@clinic.example>", "<>"},
		"bounces@riverside.org": {"<bounces@riverside.org>", "<bounces@riverside.org>", "<>"},
	} {
		s, r := steady(t, nil, func(c *RelayConfig) { c.Bounces = bounces })
		s.tlsOffer = []string{"8BITMIME", "SMTPUTF8", "DSN"} // none of which changes what we say of an address
		expect(t, r.Send(t.Context(), letter(t, 100)), "")
		expect(t, r.Note(t.Context(), note(arrived(), false)), "")
		expect(t, r.Note(t.Context(), note(arrived(), true)), "")
		var got []string
		for _, c := range s.commands() {
			if from, is := strings.CutPrefix(c, "MAIL FROM:"); is {
				got = append(got, strings.TrimSuffix(from, " BODY=8BITMIME"))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q", bounces, got)
		}
	}
}
