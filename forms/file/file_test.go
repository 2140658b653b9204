package file_test

import (
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sealform/forms"
	"sealform/forms/file"
	"sealform/forms/formstest"
	"sealform/forms/library"
)

func TestParseReadsEverySetting(t *testing.T) {
	f := formstest.Library(t, "new-patient")
	if f.Title != "New patient form" || f.Store.Keep != 90*24*time.Hour || f.Mail.To[0].Address != "frontdesk@riverside.example" ||
		f.Brand.Accent != "#0b6e69" || f.Limits.TotalUpload != 25<<20 || f.After.Title != "Thank you" {
		t.Errorf("settings: %+v", f)
	}
	card := f.Field("card")
	if card.MaxFiles != 2 || card.MaxSize != 8<<20 || !card.Optional || card.Section != "Insurance" {
		t.Errorf("card: %+v", card)
	}
	if diff := cmp.Diff([]forms.Option{{Value: "yes", Label: "Yes"}, {Value: "no", Label: "No"}, {Value: "unsure", Label: "I am not sure"}}, f.Field("medicines").Options); diff != "" {
		t.Error(diff)
	}
}

// The words yes, no, 010 and 1.0 stay what the author wrote.
func TestOptionsStayAsWritten(t *testing.T) {
	f := formstest.Of(t, "  - { id: code, type: choice, label: Code, options: [010, 1.0, no, 2026-01-05] }\n")
	var got []string
	for _, o := range f.Fields[0].Options {
		got = append(got, o.Value)
	}
	if diff := cmp.Diff([]string{"010", "1.0", "no", "2026-01-05"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestParseAllTogether(t *testing.T) {
	files := library.All()
	files["other/contact.yaml"] = files["contact.yaml"]
	files["try.yaml"] = []byte(strings.Replace(formstest.Head, "try", "tri", 1) + "  - { id: a, type: text, label: A, lenght: 3 }\n") //nolint:misspell // a slip on purpose
	_, _, err := file.ParseAll(files)
	var faults file.Faults
	if !errors.As(err, &faults) {
		t.Fatalf("taken: %v", err)
	}
	var got []string
	for _, x := range faults {
		got = append(got, x.File+": "+x.Message)
	}
	want := []string{
		`other/contact.yaml: the form "contact" is in contact.yaml already`,
		`try.yaml: the form is "tri" but the file is named "try.yaml"`,
		`try.yaml: unknown setting "lenght" in field "a"`, //nolint:misspell // a slip on purpose
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWarningsAloneAreNoError(t *testing.T) {
	got := warnings(t, formstest.Head+"  - { id: a, type: text, label: \"A *\" }\n")
	if len(got) != 1 || !got[0].Warning || got.Failed() || !strings.HasSuffix(got.Error(), "0 errors, 1 warning") {
		t.Errorf("warnings: %v", got)
	}
}

// warnings are what a file without faults could say better.
func warnings(t *testing.T, src string) file.Faults {
	t.Helper()
	_, got, err := file.ParseAll(map[string][]byte{"try.yaml": []byte(src)})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestRevisionIsOfTheQuestionsOnly(t *testing.T) {
	field := "  - { id: a, type: text, label: A }\n"
	f := formstest.Of(t, field)
	same := []string{
		strings.Replace(formstest.Head, "Call us.", "Write to us.", 1),
		strings.Replace(formstest.Head, "front-desk", "nurses", 1),
		strings.Replace(formstest.Head, "12h", "30d", 1),
		"brand: { name: Riverside, accent: \"#0b6e69\" }\nafter: { title: Thanks }\naccess: { closed: true }\n" + formstest.Head,
		"# a comment\n" + formstest.Head,
	}
	for _, h := range same {
		if g, err := file.Parse("try.yaml", []byte(h+field)); err != nil || g.Revision != f.Revision {
			t.Errorf("another revision (%v) for\n%s", err, h)
		}
	}
	for _, other := range []string{
		"  - { id: b, type: text, label: A }\n", "  - { id: a, type: name, label: A }\n", "  - { id: a, type: text, label: B }\n",
		"  - { id: a, type: text, label: A, hint: H }\n", "  - { id: a, type: text, label: A, optional: true }\n",
		"  - { id: a, type: text, label: A, max: 7 }\n", field + "  - { id: c, type: text, label: C }\n",
	} {
		if g := formstest.Of(t, other); g.Revision == f.Revision {
			t.Errorf("the same revision for %s", other)
		}
	}
}

func TestQuestionsComeBack(t *testing.T) {
	f := formstest.Library(t, "new-patient")
	g, err := forms.ParseQuestions(f.ID, f.Questions(), f.Revision)
	if err != nil {
		t.Fatal(err)
	}
	if string(g.Questions()) != string(f.Questions()) || g.Revision != f.Revision || g.Title != f.Title || len(g.Fields) != len(f.Fields) {
		t.Error("the questions changed")
	}
	for i, x := range f.Fields {
		if diff := cmp.Diff(x.Rules, g.Fields[i].Rules); diff != "" {
			t.Errorf("%s: %s", x.ID, diff)
		}
		for _, p := range x.Parts() {
			if diff := cmp.Diff(x.Attrs(p), g.Fields[i].Attrs(p)); diff != "" {
				t.Errorf("%s: %s", p, diff)
			}
		}
	}
	formstest.Check(t, g, formstest.Patient())
	bad := f.Questions()
	bad[len(bad)/2] ^= 1
	if _, err := forms.ParseQuestions(f.ID, bad, f.Revision); !errors.Is(err, forms.ErrRevision) {
		t.Errorf("changed questions: %v", err)
	}
}

// Kept questions of a rule we do not know must not be read as if the rule were not there, nor panic.
func TestUnknownRuleIsRefused(t *testing.T) {
	for _, q := range []string{
		`{"v":1,"title":"T","fields":[{"id":"a","type":"text","label":"A","rules":[["moon","full"]]}]}`,
		`{"v":1,"title":"T","fields":[{"id":"a","type":"text","label":"A","rules":[["max_length","many"]]}]}`,
		`{"v":1,"title":"T","fields":[{"id":"a","type":"date","label":"A","rules":[["before","soon"]]}]}`,
		`{"v":1,"title":"T","fields":[{"id":"a","type":"choice","label":"A","rules":[["one_of",""]]}]}`,
		`{"v":1,"title":"T","fields":[],"more":1}`,
		`{"v":2,"title":"T","fields":[]}`,
		`{"v":1,"title":"T","fields":[]} {}`,
		`no json`,
	} {
		if _, err := forms.ParseQuestions("try", []byte(q), sha256.Sum256([]byte(q))); err == nil {
			t.Errorf("taken: %s", q)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, src := range library.All() {
		f.Add(src)
	}
	f.Add([]byte(formstest.Head + "  - { id: a, type: date, label: A, before: today }\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte(strings.Replace(formstest.Head, "deliver: { store: { keep: 12h } }\n", "deliver:\n"+everyDelivery, 1) + formstest.ContactFields))
	f.Fuzz(func(t *testing.T, src []byte) {
		form, err := file.Parse("try.yaml", src)
		if err != nil {
			var faults file.Faults
			if !errors.As(err, &faults) || len(faults) == 0 || !faults.Failed() {
				t.Fatalf("an error without faults: %v", err)
			}
			return
		}
		again, err := forms.ParseQuestions(form.ID, form.Questions(), form.Revision)
		if err != nil || len(again.Fields) != len(form.Fields) {
			t.Fatalf("questions do not come back: %v", err)
		}
	})
}
