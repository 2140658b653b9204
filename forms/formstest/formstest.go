// Package formstest makes forms, entries and answers for tests. It has no product code.
package formstest

import (
	"bytes"
	"crypto/sha256"
	"io"
	"strings"
	"testing"
	"time"

	"sealform/forms"
	"sealform/forms/file"
	"sealform/forms/library"
)

// Now is when tests check answers.
var Now = time.Date(2026, 11, 21, 10, 12, 13, 456e6, time.UTC)

// Head begins a form file that lacks only its fields.
const Head = "form: try\ntitle: A try\ncontact: Call us.\nseal: { to: [front-desk] }\ndeliver: { store: { keep: 12h } }\nfields:\n"

// Of is a form with the fields given as YAML lines, each indented by two.
func Of(t testing.TB, fields string) *forms.Form {
	t.Helper()
	f, err := file.Parse("try.yaml", []byte(Head+fields))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// ContactFields ask for a name and an address.
const ContactFields = "  - { id: name, type: name, label: Your name }\n  - { id: email, type: email, label: Email, optional: true }\n"

// Delivered is a form with what stands under deliver, each line indented by two.
func Delivered(t testing.TB, deliver string) *forms.Form {
	t.Helper()
	src := strings.Replace(Head, "deliver: { store: { keep: 12h } }\n", "deliver:\n"+deliver, 1)
	f, err := file.Parse("try.yaml", []byte(src+ContactFields))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Library is a form of the library.
func Library(t testing.TB, name string) *forms.Form {
	t.Helper()
	src, _ := library.Source(name)
	f, err := file.Parse(name+".yaml", src)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Pair is a posted name and value.
func Pair(name, value string) forms.Pair { return forms.Pair{Name: name, Value: []byte(value)} }

// Upload is a file as the spool hands it on.
func Upload(field, name, kind string, b []byte) forms.File {
	return forms.File{
		Field: field, Name: name, Type: kind, Size: int64(len(b)), SHA256: sha256.Sum256(b),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil },
	}
}

// Patient is a whole entry for the form "new-patient".
func Patient() *forms.Entry {
	return &forms.Entry{Pairs: []forms.Pair{
		Pair("full_name", " María Álvarez "), Pair("birth.day", "27"), Pair("birth.month", "mar"), Pair("birth.year", "1957"),
		Pair("phone", "(555) 010-0142"), Pair("email", ""), Pair("reach", "call"),
		Pair("reason", "My knee hurts.\r\nSince Monday = worse \u202e at night"), Pair("medicines", "unsure"),
		Pair("conditions", "asthma"), Pair("conditions", "heart"), Pair("height", "165"), Pair("first_visit", "yes"), Pair("privacy", "yes"),
	}}
}

// Check gives the answers of an entry that is sound.
func Check(t testing.TB, f *forms.Form, e *forms.Entry) *forms.Answers {
	t.Helper()
	a, rejected := f.Check(e, Now)
	if rejected != nil {
		t.Fatalf("refused: %v", rejected.Problems)
	}
	return a
}

// Codes gives "code" or "part:code" for one field's answer, "" if it is fine.
func Codes(f *forms.Form, e *forms.Entry) string {
	_, rejected := f.Check(e, Now)
	if rejected == nil {
		return ""
	}
	p := rejected.Problems[0]
	if p.Part != "" {
		return p.Part + ":" + p.Code
	}
	return p.Code
}
