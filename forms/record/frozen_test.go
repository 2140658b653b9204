package record_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sealform/forms"
	"sealform/forms/formstest"
	"sealform/forms/record"
	"sealform/keys"
)

// frozenFields are the questions that testdata/record.eml answers. It is never written anew: what was sealed once must
// be read by every later version.
const frozenFields = "  - { id: name, type: name, label: Your name }\n" +
	"  - { id: born, type: date, label: Date of birth, optional: true }\n" +
	"  - { id: visit, type: choice, label: First visit?, options: { yes: \"Yes\", no: \"No\" } }\n" +
	"  - { id: card, type: file, label: Card, optional: true }\n"

func frozen(t testing.TB) ([]byte, *forms.Form, record.Row) {
	t.Helper()
	p, err := os.ReadFile("testdata/record.eml")
	if err != nil {
		t.Fatal(err)
	}
	f := formstest.Of(t, frozenFields)
	return p, f, record.Row{
		Service: "service-1", ID: 1234567890123456789, Form: "try", Revision: f.Revision, Reference: "R7K-4Q2", Received: formstest.Now,
		Readers: []keys.Fingerprint{"DC9EA7D83D837649DFDC9C4F554C1010D5475AD2", "D588D811D19EBABDF4581DCB5A89974523DC8737"}, Files: 1,
	}
}

func TestFrozenRecord(t *testing.T) {
	p, f, row := frozen(t)
	r, err := record.Read(keys.NewPlaintext(p), f, row)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]record.ReadValue{}
	for _, a := range append(r.Answers, r.Extra...) {
		got[a.Label] = a.Values
	}
	want := map[string][]record.ReadValue{
		"Your name":     {{Text: "María = \"Álvarez\"‹U+202E›"}, {Text: "again‹FF›", Raw: true}},
		"Date of birth": {{Text: "27 March 1957"}},
		"First visit?":  {{Text: "Yes"}},
		"Card":          {{Text: "front.jpg"}},
		"utm‹FE›":       {{Text: "‹U+0000›"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if x := r.Files[0]; x.Label != "Card" || x.Size != 1 || x.SHA256 != sha256.Sum256([]byte("x")) {
		t.Errorf("the file: %+v", x)
	}
}

// Plaintexts that are nearly a record are refused with our own error, which says nothing of what they hold.
func TestDamagedRecordIsRefused(t *testing.T) {
	good, f, row := frozen(t)
	swap := func(old, replacement string) []byte {
		if !bytes.Contains(good, []byte(old)) {
			t.Fatalf("the record has no %q", old)
		}
		return bytes.Replace(good, []byte(old), []byte(replacement), 1)
	}
	for name, p := range map[string][]byte{
		"empty":             nil,
		"no kind":           good[1:],
		"another envelope":  swap("kind=store", "kind=mail"),
		"another service":   swap("service=service-1", "service=service-2"),
		"no boundary":       swap("; boundary=", "; bound="),
		"not mixed":         swap("multipart/mixed", "multipart/signed"),
		"parts exchanged":   swap("Content-Type: text/plain; charset=utf-8", "Content-Type: application/json"),
		"a page":            swap("Content-Type: application/json", "Content-Type: text/html"),
		"another version":   swap(`"sealform":1`, `"sealform":2`),
		"an unknown member": swap(`"roster":0`, `"hoster":0`),
		"a value as number": swap(`["yes"]`, `[12345]`),
		"an unknown value":  swap(`["yes"]`, `[{"b65":"MTIzNDU="}]`),
		"broken base64":     swap(`"b64":"Y`, `"b64":"*`),
		"cut":               good[:len(good)*3/4],
		"a short hash":      swap(`"sha256":"`, `"sha256":"=`+"\r\n"+`00`),
		"endless header":    append([]byte("Sealform: 1; kind=store; service=service-1\r\nX: "), bytes.Repeat([]byte("x"), 1<<20)...),
	} {
		r, err := record.Read(keys.NewPlaintext(p), f, row)
		if !errors.Is(err, record.ErrRecord) || r != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && bytes.Contains([]byte(err.Error()), []byte("12345")) {
			t.Errorf("%s: the error quotes an answer: %v", name, err)
		}
	}
}

func FuzzRead(f *testing.F) {
	good, form, row := frozen(f)
	f.Add(good)
	f.Add(bytes.ReplaceAll(good, []byte("=_"), []byte("--")))
	f.Add(good[:len(good)/2])
	f.Fuzz(func(t *testing.T, p []byte) {
		if r, err := record.Read(keys.NewPlaintext(p), form, row); (r == nil) == (err == nil) {
			t.Fatal("neither a reading nor an error, or both")
		}
		if _, err := record.ReadText(keys.NewPlaintext(p)); err != nil && !errors.Is(err, record.ErrRecord) {
			t.Fatalf("an error that is not ours: %v", err)
		}
	})
}
