package library

import (
	"testing"

	"sealform/forms"
)

func TestEveryFormIsSound(t *testing.T) {
	all, err := forms.ParseAll(All())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if len(f.Warnings) > 0 {
			t.Errorf("%s:\n%v", f.ID, f.Warnings)
		}
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
	f, err := forms.Parse("new-patient.yaml", src)
	if err != nil {
		t.Fatal(err)
	}
	if f.Store == nil || f.Mail == nil || f.To[0] != "front-desk" {
		t.Errorf("delivery: store %v, mail %v, to %v", f.Store, f.Mail, f.To)
	}
}
