package file_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sealform/forms/file"
)

var update = flag.Bool("update", false, "write the messages of testdata/bad anew")

// TestBadForms holds every file of testdata/bad against the exact words it must be refused with.
func TestBadForms(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no bad forms: %v", err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			_, err = file.Parse("forms/"+filepath.Base(name), src)
			if err == nil {
				t.Fatal("it was taken")
			}
			var faults file.Faults
			if !errors.As(err, &faults) {
				t.Fatal(err)
			}
			for _, x := range faults {
				if x.Mend == "" {
					t.Errorf("line %d: %s: no word on how to mend it", x.Line, x.Message)
				}
			}
			golden := strings.TrimSuffix(name, ".yaml") + ".txt"
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
