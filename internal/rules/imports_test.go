package rules

import (
	"bytes"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// arrowsFile has a line for each package: "intake → forms, forms/record, …", those of ours that it imports, tests left out.
const arrowsFile = "arrows.txt"

// leaves hold one idea each and import nothing of ours but other leaves.
var leaves = []string{
	"internal/address", "internal/audit", "internal/body", "internal/colour", "internal/digest", "internal/durable", "internal/event",
	"internal/hint", "internal/limit", "internal/mail/headers", "internal/mail/reply", "internal/mimetext", "internal/notice", "internal/outward",
	"internal/sealedaddress", "internal/secrets", "internal/spool", "internal/text", "internal/token", "internal/web", "internal/wkd",
	"internal/yamltree",
}

// TestArrows holds the imports of product code against arrows.txt, so that a new arrow is a line that a reviewer sees, and
// a package without a line fails. Write it anew with: go test ./internal/rules -update. Tests may use the real parts of
// any package: the program has no mocks of its own.
func TestArrows(t *testing.T) {
	packages := importsOf(t)
	var b strings.Builder
	for _, dir := range slices.Sorted(maps.Keys(packages)) {
		var ours []string
		for i := range packages[dir] {
			if to, is := strings.CutPrefix(i, module+"/"); is {
				ours = append(ours, to)
				if slices.Contains(leaves, dir) && !slices.Contains(leaves, to) {
					t.Errorf("%s is a leaf and imports %s, which is none", dir, to)
				}
			}
		}
		slices.Sort(ours)
		b.WriteString(strings.TrimSpace(dir+" → "+strings.Join(ours, ", ")) + "\n")
	}
	hold(t, arrowsFile, []byte(b.String()))
}

// hold compares a document that is made from the source with what the source says, or writes it where -update is given.
func hold(t *testing.T, document string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(document)
	if err == nil && bytes.Equal(got, want) {
		return
	}
	if *update {
		if err := os.WriteFile(document, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	diff := cmp.Diff(strings.Split(string(got), "\n"), strings.Split(string(want), "\n"))
	t.Errorf("%s is not what the source says; if that is meant: go test ./internal/rules -update\n(-written, +found):\n%s", document, diff)
}

// importsOf gives what the product code of each package imports.
func importsOf(t *testing.T) map[string]map[string]bool {
	t.Helper()
	packages := map[string]map[string]bool{}
	for _, s := range productSources(t) {
		if packages[s.dir] == nil {
			packages[s.dir] = map[string]bool{}
		}
		for _, i := range s.imports() {
			packages[s.dir][i] = true
		}
	}
	return packages
}

// TestForeignArrows keeps technology at its edge: which packages may know a library or a standard package.
func TestForeignArrows(t *testing.T) {
	only := map[string][]string{
		"database/sql":                           {"internal/store/engine"},
		"database/sql/driver":                    {"internal/store/engine"},
		"modernc.org/sqlite":                     {"internal/store/engine"},
		"github.com/labstack/echo/v4":            {"intake", "viewer", "internal/web"},
		"github.com/labstack/echo/v4/middleware": {"intake", "viewer", "internal/web"},
		"github.com/ProtonMail/go-crypto":        {"keys", "keys/private", "keys/internal/packets"},
		"github.com/go-playground/validator/v10": {"forms"},
		"go.yaml.in/yaml/v4":                     {"internal/yamltree"},
		"html/template":                          {"templates", "templates/public", "templates/staff", "templates/demo"},
		"github.com/wneessen/go-mail":            {"internal/mail"},
		"github.com/emersion/go-smtp":            {"internal/demo/postbox"},
		"github.com/alexedwards/argon2id":        {"internal/staff", "internal/secrets"},
		"github.com/caddyserver/certmagic":       {"internal/server"},
		"github.com/urfave/cli/v3":               {"cmd/sealform"},
		"os/exec":                                {},
		"net/http":                               {"intake", "internal/body", "viewer", "templates", "internal/staff", "internal/web", "internal/demo/site", "internal/outward", "internal/webhook", "internal/mail/check", "internal/mail/check/checktest", "internal/server", "cmd/sealform"},
		"unsafe":                                 {},
		"math/rand":                              {},
		"math/rand/v2":                           {},
		"encoding/gob":                           {},
		"text/template":                          {"cmd/sealform"},
		"net/http/pprof":                         {},
		"expvar":                                 {},
		"plugin":                                 {},
		"github.com/emersion/go-msgauth":         {"internal/mail"},
		"golang.org/x/crypto/openpgp":            {},
		"github.com/chromedp/chromedp":           {},
		"github.com/rogpeppe/go-internal":        {},
		"github.com/google/go-cmp":               {},
		"go.uber.org/goleak":                     {},
	}
	for _, s := range productSources(t) {
		if strings.HasPrefix(s.dir, "internal/bench") {
			continue
		}
		for _, i := range s.imports() {
			for lib := i; lib != "." && lib != "/"; lib = path.Dir(lib) {
				allowed, named := only[lib]
				if named && !slices.Contains(allowed, s.dir) {
					t.Errorf("%s imports %s; only %v may", s.path, i, allowed)
				}
				if named {
					break
				}
			}
		}
	}
}

// unreachable says what a package may not even reach through what it imports.
var unreachable = map[string][]string{
	"intake":                {"keys/private", "internal/store", "internal/mail"},
	"forms":                 {"keys", "internal/yamltree", "internal/store"},
	"forms/file":            {"keys", "internal/store"},
	"forms/record":          {"keys/private", "internal/yamltree", "internal/store"},
	"templates/public":      {"keys", "internal/store"},
	"templates/staff":       {"forms", "keys", "internal/store"},
	"templates/demo":        {"forms", "keys", "internal/store"},
	"internal/config":       {"forms", "keys", "internal/store"},
	"internal/mail":         {"keys/private", "forms", "internal/store"},
	"internal/readers":      {"keys/private", "internal/store"},
	"internal/notice":       {"keys", "forms"},
	"internal/staff":        {"keys/private"},
	"internal/store/engine": {"forms", "keys", "internal/audit"},
	"internal/webhook":      {"forms", "internal/store"},
}

// TestNeverTogether: what renders or routes must not hold SQL, and the public program must not be able to open.
func TestNeverTogether(t *testing.T) {
	packages := importsOf(t)
	for dir, imports := range packages {
		if imports["database/sql"] && imports["github.com/labstack/echo/v4"] {
			t.Errorf("%s: echo and database/sql never meet in one package", dir)
		}
	}
	for dir, reached := range reach(packages) {
		for _, forbidden := range unreachable[dir] {
			if reached[module+"/"+forbidden] {
				t.Errorf("%s reaches %s through its imports", dir, forbidden)
			}
		}
	}
}

// reach gives, for each package, everything of ours that its imports lead to.
func reach(packages map[string]map[string]bool) map[string]map[string]bool {
	all := map[string]map[string]bool{}
	var walk func(dir string, into map[string]bool)
	walk = func(dir string, into map[string]bool) {
		for i := range packages[dir] {
			ours, is := strings.CutPrefix(i, module+"/")
			if is && !into[i] {
				into[i] = true
				walk(ours, into)
			}
		}
	}
	for dir := range packages {
		all[dir] = map[string]bool{}
		walk(dir, all[dir])
	}
	return all
}

// TestOnlyForTests: a package for tests can weaken what the product does (cheap key locks), so only tests import it.
func TestOnlyForTests(t *testing.T) {
	for _, s := range productSources(t) {
		for _, i := range s.imports() {
			if strings.HasSuffix(s.dir, "test") {
				continue // one for tests may use another
			}
			if i == "testing" || strings.HasPrefix(i, module+"/") && strings.HasSuffix(i, "test") {
				t.Errorf("%s imports %s, which is for tests", s.path, i)
			}
		}
	}
}

// TestRandomness: crypto/rand alone, in tests too: what a test shows is copied.
// covers CR14
func TestRandomness(t *testing.T) {
	for _, s := range allSources(t) {
		for _, i := range s.imports() {
			if i == "math/rand" || i == "math/rand/v2" {
				t.Errorf("%s imports %s; crypto/rand only", s.path, i)
			}
		}
	}
}

// TestPlaces: Go code lives in the folders of the architecture and nowhere else.
func TestPlaces(t *testing.T) {
	places := []string{"cmd", "forms", "intake", "keys", "viewer", "templates", "internal", "e2e"}
	for _, s := range allSources(t) {
		top, _, _ := strings.Cut(s.path, "/")
		if !slices.Contains(places, top) {
			t.Errorf("%s: Go code lives in %v", s.path, places)
		}
		for _, word := range []string{"util", "utils", "common", "helper", "helpers", "manager", "service", "services", "misc"} {
			if path.Base(s.dir) == word || strings.TrimSuffix(path.Base(s.path), ".go") == word {
				t.Errorf("%s: %q says nothing about what is inside; name the idea", s.path, word)
			}
		}
	}
}
