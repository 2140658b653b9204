package rules

import (
	"path"
	"slices"
	"strings"
	"testing"
)

// arrows says which packages of ours each package may import. A package under internal that is not named here is
// a leaf: one idea, importing nothing of ours. Any other package fails the test until its place is decided.
var arrows = map[string][]string{
	"keys/internal/packets":      {},
	"keys/private/internal/cost": {},
	"keys":                       {"keys/internal/packets"},
	"keys/smime":                 {"keys"},
	"keys/private":               {"keys", "keys/internal/packets", "keys/private/internal/cost"},
	"keys/private/privatetest":   {"keys", "keys/private", "keys/private/internal/cost"},

	"forms":           {"internal/notice", "internal/text"},
	"forms/file":      {"forms", "internal/address", "internal/notice", "internal/text", "internal/yamltree"},
	"forms/record":    {"forms", "keys", "internal/address", "internal/text"},
	"forms/formstest": {"forms", "forms/file", "forms/library"},
	"forms/library":   {},
	"templates":       {"forms", "internal/text"},

	"internal/yamltree":  {"internal/text"},
	"internal/demo/site": {"templates", "internal/demo/postbox"},

	"internal/spool":                {"keys"},
	"internal/store":                {"forms", "forms/record", "keys", "internal/audit"},
	"internal/notice":               {"internal/text"},
	"internal/config":               {"internal/notice", "internal/yamltree", leaves},
	"internal/mail/check":           {},
	"internal/mail/check/checktest": {"internal/mail/check"},
	"internal/mail/headers":         {},
	"internal/wkd":                  {"internal/address", "internal/outward"},
	"internal/webhook":              {"internal/outward", "keys"},
	"internal/mail":                 {"keys", "internal/address", "internal/notice"},
	"internal/outbox":               {"keys", "internal/store", "internal/mail", "internal/notice", "internal/outward", "internal/webhook", "internal/event"},

	"internal/staff": {"keys", "internal/store", leaves},

	"intake": {"forms", "forms/record", "keys", "templates", "internal/spool", leaves},
	"viewer": {"forms", "forms/file", "forms/record", "forms/library", "keys", "keys/private", "templates", "internal/staff", "internal/store", leaves},
}

// leaves, in a list of arrows, stands for every leaf.
const leaves = "(leaves)"

// leaf says whether a package is one.
func leaf(dir string) bool {
	return strings.HasPrefix(dir, "internal/") && arrows[dir] == nil && !everything(dir)
}

// everything marks the places where the program is put together, measured or tested from outside.
func everything(dir string) bool {
	return dir == "cmd/sealform" || dir == "internal/bench" || dir == "e2e" || dir == "internal/rules"
}

// TestArrows holds the imports of product code against the architecture. Tests may use the real parts of any
// package: the program has no mocks of its own.
func TestArrows(t *testing.T) {
	for _, s := range productSources(t) {
		if everything(s.dir) {
			continue
		}
		allowed, named := arrows[s.dir]
		if !named && !leaf(s.dir) {
			t.Errorf("%s: no arrows are written for package %s", s.path, s.dir)
			continue
		}
		for _, i := range s.imports() {
			ours, is := strings.CutPrefix(i, module+"/")
			if !is || slices.Contains(allowed, ours) || leaf(ours) && slices.Contains(allowed, leaves) {
				continue
			}
			t.Errorf("%s: %s must not import %s", s.path, s.dir, ours)
		}
	}
}

// TestForeignArrows keeps technology at its edge: which packages may know a library or a standard package.
func TestForeignArrows(t *testing.T) {
	only := map[string][]string{
		"database/sql":                           {"internal/store"},
		"database/sql/driver":                    {"internal/store"},
		"modernc.org/sqlite":                     {"internal/store"},
		"github.com/labstack/echo/v4":            {"intake", "viewer", "internal/web", "cmd/sealform"},
		"github.com/labstack/echo/v4/middleware": {"intake", "viewer", "internal/web", "cmd/sealform"},
		"github.com/ProtonMail/go-crypto":        {"keys", "keys/private", "keys/internal/packets"},
		"github.com/go-playground/validator/v10": {"forms"},
		"go.yaml.in/yaml/v4":                     {"internal/yamltree"},
		"html/template":                          {"templates", "cmd/sealform"},
		"github.com/wneessen/go-mail":            {"internal/mail"},
		"github.com/emersion/go-smtp":            {"internal/demo/postbox"},
		"github.com/alexedwards/argon2id":        {"internal/staff", "cmd/sealform", "internal/secrets"},
		"github.com/caddyserver/certmagic":       {"cmd/sealform"},
		"github.com/urfave/cli/v3":               {"cmd/sealform"},
		"os/exec":                                {"cmd/sealform"},
		"net/http":                               {"intake", "viewer", "templates", "internal/staff", "internal/web", "internal/demo/site", "internal/outward", "internal/webhook", "internal/mail/check", "internal/mail/check/checktest", "cmd/sealform"},
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
	"intake":         {"keys/private", "internal/store"},
	"forms":          {"keys/private", "internal/store"},
	"templates":      {"keys/private", "internal/store"},
	"internal/mail":  {"keys/private", "internal/store"},
	"internal/staff": {"keys/private"},
}

// TestNeverTogether: what renders or routes must not hold SQL, and the public program must not be able to open.
func TestNeverTogether(t *testing.T) {
	packages := map[string]map[string]bool{}
	for _, s := range productSources(t) {
		if packages[s.dir] == nil {
			packages[s.dir] = map[string]bool{}
		}
		for _, i := range s.imports() {
			packages[s.dir][i] = true
		}
	}
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
			if i == "testing" && !strings.HasSuffix(s.dir, "test") || strings.HasPrefix(i, module+"/") && strings.HasSuffix(i, "test") {
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
