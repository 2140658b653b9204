package library

import (
	"testing"

	"sealform/forms"
	"sealform/forms/file"
)

func TestEveryFormIsSound(t *testing.T) {
	all, warnings, err := file.ParseAll(All())
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) > 0 {
		t.Errorf("warnings:\n%v", warnings)
	}
	for _, f := range all {
		again, err := forms.ParseQuestions(f.ID, f.Questions(), f.Revision)
		if err != nil || again.Revision != f.Revision {
			t.Errorf("%s: questions do not come back: %v", f.ID, err)
		}
	}
	for _, name := range []string{"new-patient", "contact"} {
		if _, ok := Source(name); !ok {
			t.Errorf("no form %q", name)
		}
	}
	if _, ok := Source("../library"); ok {
		t.Error("a name led out of the library")
	}
}

func TestNewPatientGoesBothWays(t *testing.T) {
	src, _ := Source("new-patient")
	f, err := file.Parse("new-patient.yaml", src)
	if err != nil {
		t.Fatal(err)
	}
	if f.Store == nil || f.Mail == nil || f.To[0] != "front-desk" {
		t.Errorf("delivery: store %v, mail %v, to %v", f.Store, f.Mail, f.To)
	}
}
