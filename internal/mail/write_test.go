package mail

import (
	"bytes"
	"errors"
	"io"
	"mime"
	netmail "net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-message"
	"github.com/google/go-cmp/cmp"

	"sealform/keys"
)

func written(t testing.TB, m *Message) []byte {
	t.Helper()
	var b bytes.Buffer
	n, err := m.WriteTo(&b)
	if err != nil {
		t.Fatal(err)
	}
	if n != int64(b.Len()) {
		t.Errorf("WriteTo says %d bytes, wrote %d", n, b.Len())
	}
	return b.Bytes()
}

// covers ML06
func TestOuterHeaderSaysNothingElse(t *testing.T) {
	raw := written(t, letter(t, 100))
	m, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	want := netmail.Header{
		"From":            {"forms@clinic.example"},
		"To":              {"desk@clinic.example"},
		"Date":            {"Sat, 21 Nov 2026 20:19:32 +0000"},
		"Message-Id":      {"<7f3a.42@clinic.example>"},
		"Subject":         {"[...]"},
		"Auto-Submitted":  {"auto-generated"},
		"Sealform-Number": {"42; series=1f0c9a2b"},
		"Mime-Version":    {"1.0"},
		"Content-Type":    {`multipart/encrypted; protocol="application/pgp-encrypted"; boundary="` + params["boundary"] + `"`},
	}
	if diff := cmp.Diff(want, m.Header); diff != "" {
		t.Error(diff)
	}
	if head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n")); bytes.Contains(head, []byte("new-patient")) {
		t.Error("the form's id stands in the outer header")
	}
}

// covers ML06: the name of a series is one for a form and sender, and nobody without the key can tell which form.
func TestSeriesIsOfOneFormAndSender(t *testing.T) {
	key := make([]byte, 32)
	name := Series(key, "forms@clinic.example", "contact")
	if len(name) != 8 || name != Series(key, "forms@clinic.example", "contact") {
		t.Errorf("one form has two series, or %q is none", name)
	}
	if got := (&Message{Seq: 42, Series: name}).Number(); got != "42; series="+name {
		t.Errorf("the header says %q", got)
	}
	others := []string{
		Series(key, "forms@clinic.example", "new-patient"), Series(key, "other@clinic.example", "contact"),
		Series([]byte("another service's own key of 32b"), "forms@clinic.example", "contact"),
	}
	if slices.Contains(others, name) {
		t.Errorf("the same series for others: %q", others)
	}
}

// An independent parser sees the two parts of RFC 3156 §4.
func TestStructure(t *testing.T) {
	e, err := message.Read(bytes.NewReader(written(t, letter(t, 100))))
	if err != nil {
		t.Fatal(err)
	}
	parts := e.MultipartReader()
	if parts == nil {
		t.Fatal("not multipart")
	}
	control, err := parts.NextPart()
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(control.Body)
	if err != nil || string(text) != "Version: 1\r\n" {
		t.Errorf("control part %q, %v", text, err)
	}
	data, err := parts.NextPart()
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := data.Header.ContentType()
	if err != nil || kind != "application/octet-stream" || params["name"] != "encrypted.asc" {
		t.Errorf("%s %v %v", kind, params, err)
	}
	where, _, err := data.Header.ContentDisposition()
	if err != nil || where != "inline" {
		t.Errorf("%s %v", where, err)
	}
	armor, err := io.ReadAll(data.Body)
	if err != nil || !bytes.HasPrefix(armor, []byte("-----BEGIN PGP MESSAGE-----\r\n")) || !bytes.HasSuffix(bytes.TrimSpace(armor), []byte("-----END PGP MESSAGE-----")) {
		t.Errorf("armor %.60q, %v", armor, err)
	}
	if _, err := parts.NextPart(); !errors.Is(err, io.EOF) {
		t.Errorf("a third part: %v", err)
	}
}

func TestEveryLineIsAMailLine(t *testing.T) {
	m := letter(t, 5000)
	m.To = strings.Repeat("a", 64) + "@" + strings.Repeat("b", 60) + ".example"
	checkLines(t, written(t, m))
}

// checkLines wants CRLF line ends, 7-bit text and no line over 998 bytes (RFC 5322 §2.1.1).
func checkLines(t testing.TB, raw []byte) {
	t.Helper()
	for line := range bytes.Lines(raw) {
		text, ended := bytes.CutSuffix(line, []byte("\r\n"))
		if !ended || len(text) > 998 || bytes.ContainsAny(text, "\r\n\x00") {
			t.Fatalf("line %.80q", line)
		}
		for _, c := range text {
			if c >= 0x80 {
				t.Fatalf("line %.80q", line)
			}
		}
	}
}

func TestSameMessageSameBytes(t *testing.T) {
	m := letter(t, 3000)
	if !bytes.Equal(written(t, m), written(t, m)) {
		t.Error("two attempts differ")
	}
}

func TestGnuPGOpensIt(t *testing.T) {
	file := filepath.Join(t.TempDir(), "letter.eml")
	if err := os.WriteFile(file, written(t, letter(t, 2000)), 0o600); err != nil {
		t.Fatal(err)
	}
	want, err := io.ReadAll(entity(2000))
	if err != nil {
		t.Fatal(err)
	}
	if got := gpg(t, file); !bytes.Equal(got, want) {
		t.Errorf("got %.80q", got)
	}
}

// covers ML05: a body that is not a sealed message cannot be made; the zero value writes nothing at all.
func TestNoBodyNoMessage(t *testing.T) {
	for name, m := range map[string]*Message{
		"no body":    carrying(nil),
		"zero body":  carrying(func() (keys.SealedStream, error) { return keys.SealedStream{}, nil }),
		"clear text": carrying(packed([]byte("Content-Type: text/plain\r\n\r\nquoting patient 4711"))),
	} {
		var b bytes.Buffer
		if n, err := m.WriteTo(&b); err == nil || n != 0 || b.Len() > 0 {
			t.Errorf("%s: %d bytes, %v", name, n, err)
		}
	}
}

func TestBrokenBodyDoesNotLookWhole(t *testing.T) {
	var whole bytes.Buffer
	if _, err := sealed(t, 200_000).WriteTo(&whole); err != nil {
		t.Fatal(err)
	}
	m := carrying(packed(whole.Bytes()[:whole.Len()/2]))
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err == nil || bytes.Contains(b.Bytes(), []byte("END PGP MESSAGE")) {
		t.Errorf("half a body: %v", err)
	}
}
