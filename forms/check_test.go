package forms_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sealform/forms"
)

// codes gives "code" or "part:code" for one field's answer, "" if it is fine.
func codes(f *forms.Form, e *forms.Entry) string {
	_, rejected := f.Check(e, now)
	if rejected == nil {
		return ""
	}
	p := rejected.Problems[0]
	if p.Part != "" {
		return p.Part + ":" + p.Code
	}
	return p.Code
}

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
		f := formOf(t, "  - { id: q, label: Question, "+c.field+" }\n")
		for _, v := range c.good {
			if code := codes(f, &forms.Entry{Pairs: []forms.Pair{pair("q", v)}}); code != "" {
				t.Errorf("%s: %q is refused: %s", c.field, v, code)
			}
		}
		for v, want := range c.bad {
			if code := codes(f, &forms.Entry{Pairs: []forms.Pair{pair("q", v)}}); code != want {
				t.Errorf("%s: %q gives %q, want %q", c.field, v, code, want)
			}
		}
	}
}

// covers IN06: every value of a repeated name is checked, and a single choice cannot be two.
func TestRepeatedValues(t *testing.T) {
	f := formOf(t, "  - { id: one, type: choice, label: One, options: [a, b] }\n  - { id: mail, type: email, label: Mail, optional: true }\n")
	for _, c := range []struct {
		pairs []forms.Pair
		want  string
	}{
		{[]forms.Pair{pair("one", "a"), pair("one", "a")}, ""},
		{[]forms.Pair{pair("one", "a"), pair("one", "b")}, "not_a_choice"},
		{[]forms.Pair{pair("one", "a"), pair("mail", "a@example.com"), pair("mail", "evil")}, "bad_email"},
		{[]forms.Pair{pair("one", "a"), pair("mail", ""), pair("mail", "a@example.com")}, ""},
		{[]forms.Pair{pair("one[]", "a")}, "required"},
	} {
		if got := codes(f, &forms.Entry{Pairs: c.pairs}); got != c.want {
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
		f := formOf(t, "  - { id: q, label: Question, type: date"+c.setting+" }\n")
		at := now
		e := &forms.Entry{Pairs: []forms.Pair{pair("q.day", c.d), pair("q.month", c.m), pair("q.year", c.y)}}
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

func TestFiles(t *testing.T) {
	f := formOf(t, "  - { id: card, label: Card, type: file, accept: [jpg, pdf], max_files: 2, max_size: 1KB }\n")
	one := []byte("x")
	big := make([]byte, 1025)
	for _, c := range []struct {
		name  string
		files []forms.File
		want  string
	}{
		{"one", []forms.File{upload("card", "a.jpg", "image/jpeg", one)}, ""},
		{"no claim", []forms.File{upload("card", "a.jpeg", "", one)}, ""},
		{"vague claim", []forms.File{upload("card", "A.JPG", "application/octet-stream", one)}, ""},
		{"two", []forms.File{upload("card", "a.jpg", "image/jpeg", one), upload("card", "b.pdf", "application/pdf", one)}, ""},
		{"full size", []forms.File{upload("card", "a.jpg", "image/jpeg", big[:1024])}, ""},
		{"none", nil, "required"},
		{"wrong extension", []forms.File{upload("card", "a.exe", "image/jpeg", one)}, "file_type"},
		{"no extension", []forms.File{upload("card", "jpg", "image/jpeg", one)}, "file_type"},
		{"double extension", []forms.File{upload("card", "a.jpg.html", "text/html", one)}, "file_type"},
		{"claims another type", []forms.File{upload("card", "a.jpg", "application/pdf", one)}, "file_type"},
		{"claims a page", []forms.File{upload("card", "a.pdf", "text/html; charset=utf-8", one)}, "file_type"},
		{"too big", []forms.File{upload("card", "a.jpg", "image/jpeg", big)}, "file_size"},
		{"empty", []forms.File{upload("card", "a.jpg", "image/jpeg", nil)}, "file_empty"},
		{"too many", []forms.File{upload("card", "a.jpg", "", one), upload("card", "b.jpg", "", one), upload("card", "c.jpg", "", one)}, "file_count"},
		{"a record of ours", []forms.File{upload("card", "a.jpg", "", []byte("Sealform: 1; kind=store; service=x\r\n"))}, "file_type"},
		{"not asked for", []forms.File{upload("card", "a.jpg", "", one), upload("other", "b.jpg", "", one)}, "unknown_field"},
	} {
		if got := codes(f, &forms.Entry{Files: c.files}); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestMessages: one problem for each field, in the form's order, in the question's words.
func TestMessages(t *testing.T) {
	f := library1(t, "new-patient")
	e := &forms.Entry{Pairs: []forms.Pair{
		pair("birth.day", "27"), pair("birth.month", "3"), pair("phone", "12"), pair("email", "x"), pair("height", "900"),
		pair("medicines", "perhaps"), pair("reason", strings.Repeat("x", 2001)),
	}, Files: []forms.File{upload("card", "a.jpg", "", []byte("x")), upload("card", "b.gif", "", []byte("x"))}}
	_, rejected := f.Check(e, now)
	var got []string
	for _, p := range rejected.Problems {
		got = append(got, p.Message)
	}
	want := []string{
		"Fill in “Full name”",
		"Add the year to “Date of birth”",
		"Check “Phone number”: write a phone number of 7 to 15 digits, such as 555-0142",
		"Check “Email address”: an email address looks like name@example.com",
		"Choose an answer to “How may we reach you?”",
		"Shorten “What would you like help with?” to 2000 characters or fewer",
		"Choose one of the answers to “Do you take any medicines?”",
		"Choose at least one answer to “Has a doctor ever told you that you have any of these?”",
		"“Height in centimetres” must be from 30 to 260",
		"Choose an answer to “Is this your first visit with us?”",
		"File 2 of “Photo of your insurance card” must be a JPG, PNG, HEIC or PDF file",
		"Tick the box if you agree: “I agree that Riverside uses my answers for my care”",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// covers IN13: whatever is wrong with a value, nothing that is said about it holds the value.
func TestNoProblemHoldsAValue(t *testing.T) {
	const canary = "CANARY-7f3a"
	f := library1(t, "new-patient")
	e := &forms.Entry{}
	for _, x := range f.Fields {
		for _, part := range x.Parts() {
			for _, v := range []string{canary, "  " + canary + "\x00", canary + "@", "\xff" + canary} {
				e.Pairs = append(e.Pairs, pair(part, v))
			}
		}
	}
	e.Pairs = append(e.Pairs, pair(canary, canary))
	e.Files = []forms.File{
		upload("card", canary+".exe", canary, []byte(canary)), upload("card", canary+".jpg", "text/html", nil),
		upload(canary, canary, canary, nil),
	}
	for range f.Fields { // mend one problem after the other, so that each rule speaks
		_, rejected := f.Check(e, now)
		if rejected == nil {
			break
		}
		for _, p := range rejected.Problems {
			if strings.Contains(p.Field+p.Part+p.Code+p.Message, "CANARY") {
				t.Errorf("%s holds the value: %+v", p.Field, p)
			}
		}
		first := rejected.Problems[0].Field
		e.Pairs = dropField(e.Pairs, first)
	}
}

func dropField(pairs []forms.Pair, field string) []forms.Pair {
	var kept []forms.Pair
	for _, p := range pairs {
		if p.Name != field && !strings.HasPrefix(p.Name, field+".") {
			kept = append(kept, p)
		}
	}
	return kept
}

func TestAttrs(t *testing.T) {
	f := library1(t, "new-patient")
	for _, c := range []struct{ field, part, want string }{
		{"full_name", "full_name", "autocomplete=name spellcheck=false autocapitalize=words enterkeyhint=next maxlength=200"},
		{"birth", "birth.day", "autocomplete=bday-day inputmode=numeric enterkeyhint=next"},
		{"birth", "year", "autocomplete=bday-year inputmode=numeric enterkeyhint=next"},
		{"email", "email", "autocomplete=email inputmode=email spellcheck=false autocapitalize=none enterkeyhint=next maxlength=254"},
		{"phone", "phone", "autocomplete=tel inputmode=tel enterkeyhint=next maxlength=50"},
		{"height", "height", "inputmode=decimal autocomplete=off enterkeyhint=next"},
		{"reason", "reason", ""},
		{"card", "card", "accept=.heic,.heif,.jpe,.jpeg,.jpg,.pdf,.png multiple=multiple"},
		{"privacy", "privacy", ""},
	} {
		var got []string
		for _, a := range f.Field(c.field).Attrs(c.part) {
			got = append(got, a.Name+"="+a.Value)
			if a.Name == "required" || a.Name == "style" || a.Name == "type" {
				t.Errorf("%s has the attribute %s", c.field, a.Name)
			}
		}
		if diff := cmp.Diff(c.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s: %s", c.part, diff)
		}
	}
	g := formOf(t, "  - { id: son, type: name, label: Your son, autocomplete: \"off\" }\n  - { id: town, type: text, label: Town, autocomplete: address-level2 }\n")
	if a := g.Fields[0].Attrs("son")[0]; a.Value != "off" {
		t.Errorf("somebody else's name: %v", a)
	}
	if a := g.Fields[1].Attrs("town"); a[len(a)-1].Value != "address-level2" {
		t.Errorf("a token of its own: %v", a)
	}
}

// covers IN07: a name that is no field means nothing, however it is spelt.
func TestUnknownNamesMeanNothing(t *testing.T) {
	f := library1(t, "contact")
	e := &forms.Entry{Pairs: []forms.Pair{pair("name", "A"), pair("email", "a@example.com"), pair("message", "Hello")}}
	before := check(t, f, e)
	for _, name := range []string{"form", "id", "recipient", "key", "encrypted", "status", "reference", "to", "revision", "Name", "name ", "name[]", "birth.day", ""} {
		e.Pairs = append(e.Pairs, pair(name, "evil"))
	}
	after := check(t, f, e)
	if before.Form() != after.Form() {
		t.Error("another form")
	}
	if before.ContentMAC([]byte("n")) == after.ContentMAC([]byte("n")) {
		t.Error("extra names are not part of the content")
	}
}

func FuzzCheck(f *testing.F) {
	form := library1(f, "new-patient")
	f.Add("full_name", []byte("María"), "birth.day", []byte("27"), "card", "a.jpg", "image/jpeg")
	f.Add("phone", []byte("+1 555"), "height", []byte("1,234.5"), "card", "../../x", "")
	f.Add("reason", []byte("\xff\x00"), "birth.month", []byte("ſept"), "", "", "")
	f.Fuzz(func(t *testing.T, n1 string, v1 []byte, n2 string, v2 []byte, field, name, kind string) {
		e := &forms.Entry{Pairs: append(patient().Pairs, forms.Pair{Name: n1, Value: v1}, forms.Pair{Name: n2, Value: v2})}
		if name != "" {
			e.Files = []forms.File{upload(field, name, kind, v1)}
		}
		a, r := form.Check(e, now)
		if (a == nil) == (r == nil) {
			t.Fatal("neither answers nor problems, or both")
		}
		if r == nil {
			return
		}
		for _, p := range r.Problems {
			if p.Code == "" || p.Message == "" || (len(v1) > 8 && strings.Contains(p.Message, string(v1)) && !strings.Contains(string(form.Questions()), string(v1))) {
				t.Fatalf("a problem without words, or with the value: %+v", p)
			}
		}
	})
}
