package file_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"sealform/forms"
	"sealform/forms/file"
	"sealform/forms/formstest"
)

func many(n int, field string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  - { id: f%d, label: Question %d, %s }\n", i+1, i+1, field)
	}
	return b.String()
}

func options(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("o%d", i+1)
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// A form that nobody could send is refused before anybody fills it in.
func TestFormsThatCannotBeSent(t *testing.T) {
	for _, c := range []struct {
		what, fields, message string
		line                  int
	}{
		{"dates", many(67, "type: date"), "more than 200 answers", 73},
		{"many dates", many(70, "type: date"), "more than 200 answers", 73},
		{"options", "  - { id: a, type: text, label: A }\n  - { id: b, type: choices, label: B, options: " + options(200) + " }\n", "more than 200 answers", 8},
		{"files", many(2, "type: file, max_files: 5") + "  - { id: c, type: file, label: C, optional: true }\n", "more than 10 files in all", 9},
		{"long answers", many(17, "type: longtext, max: 16000"), "more than 1 MB", 23},
		{"one large file", "  - { id: c, type: file, label: C, max_size: 30MB }\n", "than all files together", 7},
	} {
		_, err := file.Parse("try.yaml", []byte(formstest.Head+c.fields))
		var faults, wrong file.Faults
		if !errors.As(err, &faults) {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		for _, x := range faults {
			if !x.Warning {
				wrong = append(wrong, x)
			}
		}
		if len(wrong) != 1 || !strings.Contains(wrong[0].Message, c.message) || wrong[0].Line != c.line || wrong[0].Mend == "" {
			t.Errorf("%s: %v", c.what, wrong)
		}
	}
	for what, fields := range map[string]string{
		"dates":   many(66, "type: date") + "  - { id: a, type: yesno, label: A }\n  - { id: b, type: text, label: B }\n",
		"options": "  - { id: b, type: choices, label: B, options: " + options(200) + " }\n",
		"files":   many(2, "type: file, max_files: 5"),
		"answers": many(200, "type: text"),
		"long":    many(16, "type: longtext, max: 16000"),
	} {
		if _, err := file.Parse("try.yaml", []byte(formstest.Head+fields)); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestFilesThatAreOfferedAndNotTaken(t *testing.T) {
	got := warnings(t, formstest.Head+"  - { id: a, type: text, label: A }\n  - { id: c, type: file, label: C, max_files: 4 }\n")
	if len(got) != 1 || !strings.Contains(got[0].Message, "come to 32 MB, and 25 MB are taken") {
		t.Errorf("warnings: %v", got)
	}
}

// The longest names and values that a form can ask for are within what a post may have.
func TestLongestNameAndValue(t *testing.T) {
	id := "a" + strings.Repeat("b", 63)
	f := formstest.Of(t, "  - { id: "+id+", type: date, label: A }\n")
	for _, p := range f.Fields[0].Parts() {
		if len(p) > forms.MaxName {
			t.Errorf("a name of %d bytes", len(p))
		}
	}
	f = formstest.Of(t, "  - { id: q, type: longtext, label: A, max: 16000 }\n")
	longest := strings.Repeat("𝒜", 16000)
	if code := formstest.Codes(f, &forms.Entry{Pairs: []forms.Pair{formstest.Pair("q", longest)}}); code != "" || len(longest) > forms.MaxValue {
		t.Errorf("%d bytes: %s", len(longest), code)
	}
}

func TestWhichFormsArePostedInParts(t *testing.T) {
	for fields, want := range map[string]bool{
		many(3, "type: text"):                     false,
		many(7, "type: longtext"):                 false,
		many(1, "type: file, optional: true"):     true,
		many(16, "type: longtext, max: 16000"):    true,
		many(200, "type: name, max: 500"):         true,
		many(10, "type: choice, options: [a, b]"): false,
	} {
		if got := formstest.Of(t, fields).Multipart(); got != want {
			t.Errorf("multipart %v for %.60s", got, fields)
		}
	}
}
