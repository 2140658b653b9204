package forms_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sealform/forms"
	"sealform/forms/formstest"
	"sealform/forms/record"
)

// TestMessages: one problem for each field, in the form's order, in the question's words.
func TestMessages(t *testing.T) {
	f := formstest.Library(t, "new-patient")
	e := &forms.Entry{Pairs: []forms.Pair{
		formstest.Pair("birth.day", "27"), formstest.Pair("birth.month", "3"), formstest.Pair("phone", "12"), formstest.Pair("email", "x"), formstest.Pair("height", "900"),
		formstest.Pair("medicines", "perhaps"), formstest.Pair("reason", strings.Repeat("x", 2001)),
	}, Files: []forms.File{formstest.Upload("card", "a.jpg", "", []byte("x")), formstest.Upload("card", "b.gif", "", []byte("x"))}}
	_, rejected := f.Check(e, formstest.Now)
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
	f := formstest.Library(t, "new-patient")
	e := &forms.Entry{}
	for _, x := range f.Fields {
		for _, part := range x.Parts() {
			for _, v := range []string{canary, "  " + canary + "\x00", canary + "@", "\xff" + canary} {
				e.Pairs = append(e.Pairs, formstest.Pair(part, v))
			}
		}
	}
	e.Pairs = append(e.Pairs, formstest.Pair(canary, canary))
	e.Files = []forms.File{
		formstest.Upload("card", canary+".exe", canary, []byte(canary)), formstest.Upload("card", canary+".jpg", "text/html", nil),
		formstest.Upload(canary, canary, canary, nil),
	}
	for range f.Fields { // mend one problem after the other, so that each rule speaks
		_, rejected := f.Check(e, formstest.Now)
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
	f := formstest.Library(t, "new-patient")
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
	g := formstest.Of(t, "  - { id: son, type: name, label: Your son, autocomplete: \"off\" }\n  - { id: town, type: text, label: Town, autocomplete: address-level2 }\n")
	if a := g.Fields[0].Attrs("son")[0]; a.Value != "off" {
		t.Errorf("somebody else's name: %v", a)
	}
	if a := g.Fields[1].Attrs("town"); a[len(a)-1].Value != "address-level2" {
		t.Errorf("a token of its own: %v", a)
	}
}

// covers IN07: a name that is no field means nothing, however it is spelt.
func TestUnknownNamesMeanNothing(t *testing.T) {
	f := formstest.Library(t, "contact")
	e := &forms.Entry{Pairs: []forms.Pair{formstest.Pair("name", "A"), formstest.Pair("email", "a@example.com"), formstest.Pair("message", "Hello")}}
	before := formstest.Check(t, f, e)
	for _, name := range []string{"form", "id", "recipient", "key", "encrypted", "status", "reference", "to", "revision", "Name", "name ", "name[]", "birth.day", ""} {
		e.Pairs = append(e.Pairs, formstest.Pair(name, "evil"))
	}
	after := formstest.Check(t, f, e)
	if before.Form() != after.Form() {
		t.Error("another form")
	}
	if record.ContentMAC(before, []byte("n")) == record.ContentMAC(after, []byte("n")) {
		t.Error("extra names are not part of the content")
	}
}

func FuzzCheck(f *testing.F) {
	form := formstest.Library(f, "new-patient")
	f.Add("full_name", []byte("María"), "birth.day", []byte("27"), "card", "a.jpg", "image/jpeg")
	f.Add("phone", []byte("+1 555"), "height", []byte("1,234.5"), "card", "../../x", "")
	f.Add("reason", []byte("\xff\x00"), "birth.month", []byte("ſept"), "", "", "")
	f.Fuzz(func(t *testing.T, n1 string, v1 []byte, n2 string, v2 []byte, field, name, kind string) {
		e := &forms.Entry{Pairs: append(formstest.Patient().Pairs, forms.Pair{Name: n1, Value: v1}, forms.Pair{Name: n2, Value: v2})}
		if name != "" {
			e.Files = []forms.File{formstest.Upload(field, name, kind, v1)}
		}
		a, r := form.Check(e, formstest.Now)
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
