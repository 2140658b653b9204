package servertest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sealform/internal/config"
	"sealform/internal/hint"
)

var update = flag.Bool("update", false, "write what is said as what must be said")

// BadTime is when the bad configurations are tried: some of their keys have ended by then.
var BadTime = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// planted stands wherever a case holds a secret; no message may repeat it.
const planted = "hunter2"

// Bad runs try on each case of testdata/bad, a *.yaml, in a folder of its own and with what goes over the file, and wants
// its error in the words of the .txt beside it, as commands say them. A case's lines "# given: …" say what else is wrong
// in its folder:
//
//	env NAME=VALUE · flag ARGS · chmod MODE FILE · remove FILE · copy FILE OF FILES TO · grow FILE BYTES · write FILE TEXT
//	certificate FROM TO NAMES (days from now)
//
// files is the folder that copy takes from.
func Bad(t *testing.T, files string, try func(t *testing.T, over config.Over) error) {
	t.Helper()
	cases, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	if files, err = filepath.Abs(files); err != nil {
		t.Fatal(err)
	}
	for _, path := range cases {
		path, err := filepath.Abs(path)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".yaml")
		t.Run(name, func(t *testing.T) {
			b := &badCase{files: files, over: config.Over{Flags: map[string][]string{}}}
			b.build(t, path)
			err := try(t, b.over)
			if err == nil {
				t.Fatal("it is taken")
			}
			said := "sealform: " + err.Error() + "\nTry: " + hint.Of(err) + "\n"
			if strings.Contains(said, planted) {
				t.Errorf("the message holds a secret:\n%s", said)
			}
			golden(t, strings.TrimSuffix(path, ".yaml")+".txt", said)
		})
	}
}

// badCase is a service's folder with something wrong in it.
type badCase struct {
	files string
	over  config.Over
}

// build makes the folder, goes there, and does what the case's lines say.
func (b *badCase) build(t *testing.T, path string) {
	t.Helper()
	f := New(t, BadTime)
	t.Chdir(f.Dir)
	b.copy(t, "keys/desk.asc", "keys/front-desk.asc")
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f.Write(t, config.FileName, src)
	for line := range strings.Lines(string(src)) {
		if given, ok := strings.CutPrefix(line, "# given: "); ok {
			b.given(t, strings.Fields(given))
		}
	}
}

func (b *badCase) given(t *testing.T, words []string) {
	t.Helper()
	var err error
	switch words[0] {
	case "env":
		b.over.Env = append(b.over.Env, strings.Join(words[1:], " "))
	case "flag":
		for i := 1; i+1 < len(words); i += 2 {
			b.over.Flags[strings.TrimPrefix(words[i], "--")] = strings.Split(words[i+1], ",")
		}
	case "remove":
		err = os.Remove(words[1])
	case "copy":
		b.copy(t, words[1], words[2])
	case "chmod":
		var mode uint64
		if mode, err = strconv.ParseUint(words[1], 8, 32); err == nil {
			err = os.Chmod(words[2], os.FileMode(mode))
		}
	case "grow":
		var n int64
		if n, err = strconv.ParseInt(words[2], 10, 64); err == nil {
			err = os.Truncate(words[1], n)
		}
	case "write":
		err = os.WriteFile(words[1], []byte(strings.Join(words[2:], " ")), 0o600)
	case "certificate":
		var from, to int
		if _, err = fmt.Sscan(words[1]+" "+words[2], &from, &to); err == nil {
			Certify(t, "tls/server.pem", "tls/server.key", BadTime.AddDate(0, 0, from), BadTime.AddDate(0, 0, to), words[3:]...)
		}
	default:
		err = fmt.Errorf("unknown: %s", words[0])
	}
	if err != nil {
		t.Fatalf("given %v: %v", words, err)
	}
}

func (b *badCase) copy(t *testing.T, from, to string) {
	t.Helper()
	src, err := os.ReadFile(filepath.Join(b.files, from))
	if err == nil {
		err = os.WriteFile(to, src, 0o600) // #nosec G703 -- a path of the test's
	}
	if err != nil {
		t.Fatal(err)
	}
}

// golden holds got against a file's words.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: it says\n%s\nand should say\n%s", filepath.Base(path), got, want)
	}
}
