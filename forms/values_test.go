package forms_test

import (
	"strings"
	"testing"
	"time"

	"sealform/forms"
	"sealform/forms/file"
	"sealform/forms/formstest"
)

// TestValues holds each type's rules against good and bad answers.
func TestValues(t *testing.T) {
	long := strings.Repeat("ä", 501)
	for _, c := range []struct {
		field string
		good  []string
		bad   map[string]string
	}{
		{"type: text", []string{"x", " x ", long[:1000], "=1+1", "a\x00b", "\xff"}, map[string]string{"": "required", " \t\u00a0": "required", long: "too_long"}},
		{"type: text, min: 3, max: 5", []string{"abc", "äöüßé"}, map[string]string{"ab": "too_short", "abcdef": "too_long"}},
		{"type: text, optional: true, min: 3", []string{"", "  "}, map[string]string{"ab": "too_short"}},
		{"type: longtext, max: 5", []string{"a\r\nb\r\nc"}, map[string]string{"a\r\nb\r\nc\r\nd": "too_long"}},
		{"type: name", []string{"O’Neil-Ñandú, Jr.", "李"}, map[string]string{"": "required"}},
		{"type: email", []string{"a@example.com", " a@example.com ", "a+b@example.co.uk", "用户@例え.jp"}, map[string]string{
			"a": "bad_email", "a@": "bad_email", "@b": "bad_email", "a b@example.com": "bad_email",
			"a@example.com, b@example.com": "bad_email", "a@b@example.com": "bad_email", "a@example.com\r\nBcc: x@y.example": "bad_email",
			strings.Repeat("a", 250) + "@example.com": "bad_email",
		}},
		{"type: phone", []string{"5550142", "(555) 010-0142", "+49 (0) 711/123456", "555.010.0142", "555 0142 x12", "٥٥٥٠١٤٢"}, map[string]string{
			"555": "bad_phone", "1234567890123456": "bad_phone", "call me": "bad_phone", "555-0142; rm": "bad_phone", "5+550142": "bad_phone",
		}},
		{"type: number", []string{"12", " 12 ", "-1.5", "2,5", "1,234,567", "1 234", "１２"}, map[string]string{
			"": "required", "twelve": "not_real", "1e9": "not_real", "0x10": "not_real", "Inf": "not_real", "NaN": "not_real", "1.2.3": "not_real",
			"12 kg": "not_real", strings.Repeat("9", 400): "not_real", "--1": "not_real",
		}},
		{"type: number, min: 0.5, max: 10", []string{"0.5", "10", "10.0"}, map[string]string{"0.4": "below_min", "-1": "below_min", "10.01": "above_max"}},
		{"type: yesno", []string{"yes", "no"}, map[string]string{"": "required", "maybe": "not_a_choice", "Yes": "not_a_choice", "yes\x00": "not_a_choice"}},
		{"type: choice, options: { a: A, b: B }", []string{"a", "b"}, map[string]string{"": "required", "A": "not_a_choice", "c": "not_a_choice"}},
		{"type: choices, options: { a: A, b: B }", []string{"a"}, map[string]string{"": "required", "c": "not_a_choice"}},
		{"type: consent, version: 1", []string{"yes"}, map[string]string{"": "required", "no": "not_a_choice"}},
	} {
		f := formstest.Of(t, "  - { id: q, label: Question, "+c.field+" }\n")
		for _, v := range c.good {
			if code := formstest.Codes(f, &forms.Entry{Pairs: []forms.Pair{formstest.Pair("q", v)}}); code != "" {
				t.Errorf("%s: %q is refused: %s", c.field, v, code)
			}
		}
		for v, want := range c.bad {
			if code := formstest.Codes(f, &forms.Entry{Pairs: []forms.Pair{formstest.Pair("q", v)}}); code != want {
				t.Errorf("%s: %q gives %q, want %q", c.field, v, code, want)
			}
		}
	}
}

// covers IN06: every value of a repeated name is checked, and a single choice cannot be two.
func TestRepeatedValues(t *testing.T) {
	f := formstest.Of(t, "  - { id: one, type: choice, label: One, options: [a, b] }\n  - { id: mail, type: email, label: Mail, optional: true }\n")
	for _, c := range []struct {
		pairs []forms.Pair
		want  string
	}{
		{[]forms.Pair{formstest.Pair("one", "a"), formstest.Pair("one", "a")}, ""},
		{[]forms.Pair{formstest.Pair("one", "a"), formstest.Pair("one", "b")}, "not_a_choice"},
		{[]forms.Pair{formstest.Pair("one", "a"), formstest.Pair("mail", "a@example.com"), formstest.Pair("mail", "evil")}, "bad_email"},
		{[]forms.Pair{formstest.Pair("one", "a"), formstest.Pair("mail", ""), formstest.Pair("mail", "a@example.com")}, ""},
		{[]forms.Pair{formstest.Pair("one[]", "a")}, "required"},
	} {
		if got := formstest.Codes(f, &forms.Entry{Pairs: c.pairs}); got != c.want {
			t.Errorf("%v: %q, want %q", c.pairs, got, c.want)
		}
	}
}

func TestDates(t *testing.T) {
	for _, c := range []struct{ setting, d, m, y, want string }{
		{"", "27", "3", "1957", ""},
		{"", " 27 ", "03", "1957", ""},
		{"", "27", "jan", "1957", ""},
		{"", "27", "Sept.", "1957", ""},
		{"", "27", "MARCH", "1957", ""},
		{"", "29", "2", "2024", ""},
		{"", "٢٧", "٣", "١٩٥٧", ""},
		{"", "", "", "", "required"},
		{"", "27", "3", "", "year:incomplete"},
		{"", "", "3", "", "day:incomplete"},
		{"", "27", "", "1957", "month:incomplete"},
		{"", "29", "2", "2023", "day:not_real"},
		{"", "31", "4", "2023", "day:not_real"},
		{"", "0", "4", "2023", "day:not_real"},
		{"", "-1", "4", "2023", "day:not_real"},
		{"", "1", "13", "2023", "month:not_real"},
		{"", "1", "ja", "2023", "month:not_real"},
		{"", "1", "1", "57", "year:not_real"},
		{"", "1", "1", "0057", "year:not_real"},
		{"", "1", "1", "19570", "year:not_real"},
		{", before: today", "21", "11", "2026", ""},
		{", before: today", "22", "11", "2026", ""}, // already today, fourteen hours ahead of UTC
		{", before: today", "23", "11", "2026", "not_past"},
		{", after: today", "20", "11", "2026", ""}, // still today, twelve hours behind UTC
		{", after: today", "19", "11", "2026", "not_future"},
		{", before: 2000-01-01", "1", "1", "2000", ""},
		{", before: 2000-01-01", "2", "1", "2000", "not_past"},
		{", after: 1900-01-01", "31", "12", "1899", "not_future"},
	} {
		f := formstest.Of(t, "  - { id: q, label: Question, type: date"+c.setting+" }\n")
		at := formstest.Now
		e := &forms.Entry{Pairs: []forms.Pair{formstest.Pair("q.day", c.d), formstest.Pair("q.month", c.m), formstest.Pair("q.year", c.y)}}
		if strings.Contains(c.setting, "after: today") {
			at = time.Date(2026, 11, 21, 11, 0, 0, 0, time.UTC)
		}
		got := ""
		if _, r := f.Check(e, at); r != nil {
			got = strings.TrimPrefix(r.Problems[0].Part+":"+r.Problems[0].Code, ":")
		}
		if got != c.want {
			t.Errorf("%v: %q, want %q", c, got, c.want)
		}
	}
}

func TestOneCharacterIsNotSeveral(t *testing.T) {
	f := formstest.Of(t, "  - { id: q, label: Initial, type: text, max: 1 }\n")
	want := "Shorten “Initial” to 1 character or fewer"
	if _, r := f.Check(&forms.Entry{Pairs: []forms.Pair{formstest.Pair("q", "ab")}}, formstest.Now); r == nil || r.Problems[0].Message != want {
		t.Errorf("%+v, want %q", r, want)
	}
}

// What is said of a date that is refused must hold for every date that is taken.
func TestDateMessagesAreTrue(t *testing.T) {
	for setting, want := range map[string]string{
		"before: today": "“Born” must not be in the future", "after: today": "“Born” must be today or a later date",
		"before: 2000-01-01": "“Born” must be 1 January 2000 or earlier", "after: 1900-01-01": "“Born” must be 1 January 1900 or later",
	} {
		f := formstest.Of(t, "  - { id: q, label: Born, type: date, "+setting+" }\n")
		year := "1600"
		if strings.HasPrefix(setting, "before") {
			year = "2600"
		}
		e := &forms.Entry{Pairs: []forms.Pair{formstest.Pair("q.day", "1"), formstest.Pair("q.month", "1"), formstest.Pair("q.year", year)}}
		if _, r := f.Check(e, formstest.Now); r == nil || r.Problems[0].Message != want {
			t.Errorf("%s: %+v, want %q", setting, r, want)
		}
	}
}

func TestFiles(t *testing.T) {
	f := formstest.Of(t, "  - { id: card, label: Card, type: file, accept: [jpg, pdf], max_files: 2, max_size: 1KB }\n")
	one := []byte("x")
	big := make([]byte, 1025)
	for _, c := range []struct {
		name  string
		files []forms.File
		want  string
	}{
		{"one", []forms.File{formstest.Upload("card", "a.jpg", "image/jpeg", one)}, ""},
		{"no claim", []forms.File{formstest.Upload("card", "a.jpeg", "", one)}, ""},
		{"vague claim", []forms.File{formstest.Upload("card", "A.JPG", "application/octet-stream", one)}, ""},
		{"two", []forms.File{formstest.Upload("card", "a.jpg", "image/jpeg", one), formstest.Upload("card", "b.pdf", "application/pdf", one)}, ""},
		{"full size", []forms.File{formstest.Upload("card", "a.jpg", "image/jpeg", big[:1024])}, ""},
		{"none", nil, "required"},
		{"wrong extension", []forms.File{formstest.Upload("card", "a.exe", "image/jpeg", one)}, "file_type"},
		{"no extension", []forms.File{formstest.Upload("card", "jpg", "image/jpeg", one)}, "file_type"},
		{"double extension", []forms.File{formstest.Upload("card", "a.jpg.html", "text/html", one)}, "file_type"},
		{"claims another type", []forms.File{formstest.Upload("card", "a.jpg", "application/pdf", one)}, "file_type"},
		{"claims a page", []forms.File{formstest.Upload("card", "a.pdf", "text/html; charset=utf-8", one)}, "file_type"},
		{"too big", []forms.File{formstest.Upload("card", "a.jpg", "image/jpeg", big)}, "file_size"},
		{"empty", []forms.File{formstest.Upload("card", "a.jpg", "image/jpeg", nil)}, "file_empty"},
		{"too many", []forms.File{formstest.Upload("card", "a.jpg", "", one), formstest.Upload("card", "b.jpg", "", one), formstest.Upload("card", "c.jpg", "", one)}, "file_count"},
		{"a record of ours", []forms.File{formstest.Upload("card", "a.jpg", "", []byte("Sealform: 1; kind=store; service=x\r\n"))}, "file_type"},
		{"not asked for", []forms.File{formstest.Upload("card", "a.jpg", "", one), formstest.Upload("other", "b.jpg", "", one)}, "unknown_field"},
	} {
		if got := formstest.Codes(f, &forms.Entry{Files: c.files}); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestOptionValueIsShort(t *testing.T) {
	for n, good := range map[int]bool{1: true, 100: true, 101: false} {
		src := "form: a\ntitle: A\ncontact: Call.\nseal: { to: [desk] }\ndeliver: { store: { keep: 1d } }\nfields:\n" +
			"  - { id: one, type: choice, label: One, options: { " + strings.Repeat("é", n) + ": A, b: B } }\n"
		if _, err := file.Parse("a.yaml", []byte(src)); (err == nil) != good {
			t.Errorf("%d characters: %v", n, err)
		}
	}
}
