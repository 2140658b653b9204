package forms_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sealform/forms"
)

var update = flag.Bool("update", false, "write the messages of testdata/bad anew")

// TestBadForms holds every file of testdata/bad against the exact words it must be refused with.
func TestBadForms(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no bad forms: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = forms.Parse("forms/"+filepath.Base(file), src)
			if err == nil {
				t.Fatal("it was taken")
			}
			var faults forms.Faults
			if !errors.As(err, &faults) {
				t.Fatal(err)
			}
			for _, x := range faults {
				if x.Mend == "" {
					t.Errorf("line %d: %s: no word on how to mend it", x.Line, x.Message)
				}
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(err.Error()+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, readErr := os.ReadFile(golden)
			if readErr != nil {
				t.Fatal(readErr)
			}
			if diff := cmp.Diff(string(want), err.Error()+"\n"); diff != "" {
				t.Errorf("other words (-want +got):\n%s", diff)
			}
		})
	}
}
