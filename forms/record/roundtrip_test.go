package record_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sealform/forms"
	"sealform/forms/formstest"
	"sealform/forms/record"
)

// naughty are strings that other programs have broken on.
var naughty = []string{
	"", " ", "\t", "\r\n", "\n", "\r", "a\rb", "\x00", "a\x00b", "\x01\x02\x1b[31mred\x1b[0m", "\x7f", "\u0085", "\u2028\u2029",
	"\ufeffbom", "\u202egnp.exe", "\u2066isolate\u2069", "\u200b", "\u00ad", "e\u0301", strings.Repeat("\u0301", 2000), "\U0001F468\u200d\U0001F469\u200d\U0001F467",
	"\U0010FFFF", "\uFFFD", "\uFFFE", "\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "ok\xffok", "\xe2\x82", "null", "true", "NaN", "-1e999",
	`"`, `\`, `\"`, `\u0000`, "\\xff", "{}", `{"b64":"AAAA"}`, `[]`, "'; DROP TABLE submissions;--", "<script>alert(1)</script>", "&lt;", "${7*7}", "{{.}}", "%s%n",
	"=1+1", "==", "=3D", "=\r\n", "a=\n", "--=_0123", "--=_0123--", "\r\n.\r\n", ".", "From me", "Subject: x\r\n\r\nbody", "Sealform: 1; kind=store; service=x\r\n",
	strings.Repeat("x", 73), strings.Repeat("=", 75), strings.Repeat("x", 998), strings.Repeat("é", 40000), strings.Repeat(" ", 200), "x ", "x\t", " \n \n ",
	"田中さん", "مرحبا", "שלום", "ไทย", "Ω≈ç√∫", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "ﷺ", "Ṱ̺̺o͞", "İıſK", "1⁄2", "͏",
}

// sealedRecord is what the record says after a trip through the seal.
func sealedRecord(t testing.TB, b *bench, f *forms.Form, e *forms.Entry) *record.Record {
	t.Helper()
	s, err := record.Seal(formstest.Check(t, f, e), b.plan(f))
	if err != nil {
		t.Fatal(err)
	}
	r, err := record.ReadRecord(b.open(t, s.Answers))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// value undoes the record's encoding without our reader.
func value(t testing.TB, raw json.RawMessage) []byte {
	t.Helper()
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return []byte(s)
	}
	var coded map[string]string
	if err := json.Unmarshal(raw, &coded); err != nil || len(coded) != 1 {
		t.Fatalf("neither a string nor b64: %s", raw)
	}
	b, err := base64.StdEncoding.DecodeString(coded["b64"])
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// covers IN09: every byte comes back, in the order it was posted.
// covers IN06: so does every repeat.
func TestBytesComeBackExactly(t *testing.T) {
	b := newBench(t)
	f := formstest.Of(t, "  - { id: a, type: longtext, label: A, optional: true, max: 16000 }\n  - { id: z, type: text, label: Z, optional: true }\n")
	var all []forms.Pair
	for i, n := range naughty {
		if len(n) > 60_000 {
			n = n[:60_000]
		}
		name := "a"
		if i%3 == 1 && len(n) < 500 {
			name = "z"
		}
		if i%3 == 2 || len(n) > 16_000 {
			name = "extra" + n[:min(len(n), 90)]
		}
		all = append(all, formstest.Pair(name, n))
	}
	r := sealedRecord(t, b, f, &forms.Entry{Pairs: all})
	for _, ours := range []bool{true, false} {
		var want, got []forms.Pair
		for _, p := range all {
			if (p.Name == "a" || p.Name == "z") == ours {
				want = append(want, p)
			}
		}
		answers := r.Extra
		if ours {
			answers = r.Answers
		}
		for _, a := range answers {
			name := a.Field
			if a.B64 != "" {
				raw, err := base64.StdEncoding.DecodeString(a.B64)
				if err != nil {
					t.Fatal(err)
				}
				name = string(raw)
			}
			for _, v := range a.Values {
				got = append(got, forms.Pair{Name: name, Value: value(t, v)})
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ours %v (-posted +read):\n%s", ours, diff)
		}
	}
}

func TestReadingShowsWhatIsHidden(t *testing.T) {
	b := newBench(t)
	f := formstest.Of(t, "  - { id: a, type: text, label: A }\n  - { id: d, type: date, label: D, optional: true }\n  - { id: c, type: choices, label: C, options: { x: Ex, y: Why }, optional: true }\n")
	e := &forms.Entry{Pairs: []forms.Pair{
		formstest.Pair("a", "\u202egnp\x00"), formstest.Pair("a", "ok\xff"), formstest.Pair("c", "y"), formstest.Pair("c", "x"), formstest.Pair("status\u202e", "done\xfe"), formstest.Pair("a", "last"),
	}}
	s, err := record.Seal(formstest.Check(t, f, e), b.plan(f))
	if err != nil {
		t.Fatal(err)
	}
	r, err := record.Read(b.open(t, s.Answers), f, b.row(f, 0))
	if err != nil {
		t.Fatal(err)
	}
	want := []record.Answered{
		{Field: f.Fields[0], Label: "A", Values: []record.ReadValue{{Text: "‹U+202E›gnp‹U+0000›"}, {Text: "ok‹FF›", Raw: true}, {Text: "last"}}},
		{Field: f.Fields[1], Label: "D"},
		{Field: f.Fields[2], Label: "C", Values: []record.ReadValue{{Text: "Why"}, {Text: "Ex"}}},
	}
	same := cmp.Comparer(func(a, b *forms.Field) bool { return a == b })
	if diff := cmp.Diff(want, r.Answers, same); diff != "" {
		t.Error(diff)
	}
	extra := []record.Answered{{Label: "status‹U+202E›", Values: []record.ReadValue{{Text: "done‹FE›", Raw: true}}}}
	if diff := cmp.Diff(extra, r.Extra, same); diff != "" {
		t.Error(diff)
	}
}

// An earlier revision is shown with the questions it answered.
func TestOlderRevisionIsRead(t *testing.T) {
	b := newBench(t)
	old := formstest.Of(t, "  - { id: a, type: choice, label: Old question, options: { x: Old answer, y: Y } }\n")
	today := formstest.Of(t, "  - { id: a, type: choice, label: New question, options: { x: New answer, z: Z } }\n")
	plan := b.plan(today)
	s, err := record.Seal(formstest.Check(t, old, &forms.Entry{Pairs: []forms.Pair{formstest.Pair("a", "x")}}), plan)
	if err != nil {
		t.Fatal(err)
	}
	if s.Revision != old.Revision {
		t.Error("sealed under the revision of today")
	}
	kept, err := forms.ParseQuestions("try", old.Questions(), old.Revision)
	if err != nil {
		t.Fatal(err)
	}
	r, err := record.Read(b.open(t, s.Answers), kept, b.row(old, 0))
	if err != nil {
		t.Fatal(err)
	}
	if r.Answers[0].Label != "Old question" || r.Answers[0].Values[0].Text != "Old answer" {
		t.Errorf("read as %+v", r.Answers[0])
	}
}

func FuzzRecord(f *testing.F) {
	b, form := newBench(f), formstest.Of(f, "  - { id: a, type: longtext, label: A, optional: true, max: 16000 }\n")
	for _, n := range naughty {
		f.Add("a", []byte(n), n)
	}
	f.Fuzz(func(t *testing.T, name string, v []byte, other string) {
		e := &forms.Entry{Pairs: []forms.Pair{{Name: name, Value: v}, formstest.Pair(other, "1"), {Name: name, Value: v}}}
		a, rejected := form.Check(e, formstest.Now)
		if rejected != nil {
			return
		}
		s, err := record.Seal(a, b.plan(form))
		if err != nil {
			t.Fatal(err)
		}
		r, err := record.Read(b.open(t, s.Answers), form, b.row(form, 0))
		if err != nil {
			t.Fatal(err)
		}
		var got [][]byte
		for _, x := range append(r.Record.Answers, r.Record.Extra...) {
			for _, raw := range x.Values {
				if v := value(t, raw); x.Field != other || !bytes.Equal(v, []byte("1")) {
					got = append(got, v)
				}
			}
		}
		n := 0
		for _, g := range got {
			if bytes.Equal(g, v) {
				n++
			}
		}
		if n < 2 && !bytes.Equal(v, []byte("1")) {
			t.Fatalf("%q came back %d times", v, n)
		}
	})
}
