package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sealform/internal/config"
	"sealform/internal/demo/ca"
)

var update = flag.Bool("update", false, "write what is said as what must be said")

// badTime is when the bad configurations are tried: some of their keys have ended by then.
var badTime = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// planted stands wherever a case holds a secret; no message may repeat it.
const planted = "hunter2"

// TestBadConfigurations starts the service on each testdata/bad/*.yaml and wants the words of the .txt beside it, all
// faults together, and nothing started. A case's lines "# given: …" say what else is wrong in its folder:
//
//	env NAME=VALUE · flag ARGS · chmod MODE FILE · remove FILE · copy FILE OF TESTDATA/BAD TO · grow FILE BYTES · write FILE TEXT
//	certificate FROM TO NAMES (days from now)
//
// covers LK08, CR02
func TestBadConfigurations(t *testing.T) {
	cases, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	from, err := filepath.Abs("testdata/bad")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range cases {
		name := strings.TrimSuffix(filepath.Base(path), ".yaml")
		t.Run(name, func(t *testing.T) {
			b := &badCase{from: from, args: []string{"sealform", "serve"}}
			b.build(t, name)
			said := b.said(t)
			if strings.Contains(said, planted) {
				t.Errorf("the message holds a secret:\n%s", said)
			}
			if _, err := os.Stat("data/sealform.db"); err == nil {
				t.Error("a database was made")
			}
			golden(t, filepath.Join(from, name+".txt"), said)
		})
	}
}

// badCase is a service's folder with something wrong in it.
type badCase struct {
	from string // testdata/bad
	env  []string
	args []string
}

// build makes the folder, goes there, and does what the case's lines say.
func (b *badCase) build(t *testing.T, name string) {
	t.Helper()
	dir := t.TempDir()
	pl := plan{Dir: dir, Name: demoName, Service: "sf-bad", Intake: "localhost", Viewer: "staff.localhost", Zone: "UTC", Forms: []string{"contact"}}
	if err := pl.build(badTime); err != nil {
		t.Fatal(err)
	}
	if _, err := ca.Open(filepath.Join(dir, "tls"), badTime); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	b.copy(t, "keys/desk.asc", "keys/front-desk.asc")
	b.copy(t, name+".yaml", config.FileName)
	src, err := os.ReadFile(config.FileName)
	if err != nil {
		t.Fatal(err)
	}
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
		b.env = append(b.env, strings.Join(words[1:], " "))
	case "flag":
		b.args = append(b.args, words[1:]...)
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
			certify(t, "tls/server.pem", "tls/server.key", badTime.AddDate(0, 0, from), badTime.AddDate(0, 0, to), words[3:]...)
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
	src, err := os.ReadFile(filepath.Join(b.from, from))
	if err == nil {
		err = os.WriteFile(to, src, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// said runs serve, which must refuse, and gives what it says.
func (b *badCase) said(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var out, said bytes.Buffer
	p := &program{in: strings.NewReader(""), out: &out, err: &said, env: b.env, now: func() time.Time { return badTime }}
	if code := p.run(ctx, b.args); code != 1 {
		t.Fatalf("exit code %d, want 1\n%s", code, said.String())
	}
	if out.Len() > 0 {
		t.Errorf("standard output holds:\n%s", out.String())
	}
	return said.String()
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
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", filepath.Base(path), diff)
	}
}
