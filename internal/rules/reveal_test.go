package rules

import (
	"go/ast"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// revealers are the functions that may turn a keys.Plaintext or a keys.Password back into bytes, and where the
// bytes go. Read a new one before adding it: where do they go, and how long do they live?
var revealers = map[string]string{
	"keys Recipients.Seal":     "plaintext into the cipher",
	"forms/record MailedFiles": "an opened mail's files, for sealform open, which writes them into a folder that its caller names",
	"forms/record ReadRecord":  "verified plaintext into a record, for the viewer",
	"forms/record ReadText":    "verified plaintext into the readable part, for sealform open",

	"keys/private Generate":       "is there a password at all",
	"keys/private Import":         "is there a password at all",
	"keys/private Locked.Export":  "is there a password at all",
	"keys/private decrypt":        "key password into the key derivation",
	"keys/private relock":         "key password into the key derivation",
	"internal/staff HashPassword": "account password into Argon2id",
	"internal/staff matches":      "account password into Argon2id",

	"internal/mail talk.signIn": "the relay's password into AUTH, under TLS",

	"cmd/sealform program.accountPassword": "how long it is",
	"cmd/sealform program.copyOf":          "how long it is",
	"cmd/sealform program.newKeyPassword":  "a drawn one onto the operator's terminal, once",
	"cmd/sealform opened.beside":           "an opened submission's files, likewise",
	"cmd/sealform demo.people":             "the demo's made-up passwords into its ready line",
}

// disclosers are the functions that may take what a visitor typed out of checked answers, and what for. All of them go by
// contentOf, the only one that calls Disclose.
var disclosers = map[string]string{
	"forms/record Seal":       "into the record, the readable text and the seal",
	"forms/record ContentMAC": "into the MAC by which a repeat is told from a correction",
}

// passwordRevealers are the functions that may name the relay's password as the configuration holds it, and what for.
var passwordRevealers = map[string]string{
	"internal/config (package level)":      "the field itself",
	"internal/config password":             "set from its variable or file",
	"internal/config Mail.MissingPassword": "is there one at all",
	"internal/server relayConfig":          "into a keys.Password; the copy is wiped",
}

// TestRevealers compares every mention of the exits with their lists. It counts by name, so that a method value
// or a wrapper is found too; TestRevealNamesOneThing keeps the names unique.
// covers LK01, CR12
func TestRevealers(t *testing.T) {
	for exit, may := range map[string]map[string]string{
		"Reveal": revealers, "Disclose": {"forms/record contentOf": "for the disclosers"}, "contentOf": disclosers,
		"RevealPassword": passwordRevealers,
	} {
		if diff := cmp.Diff(slices.Sorted(maps.Keys(may)), sortedSet(mentions(t, exit))); diff != "" {
			t.Errorf("who calls %s (-may, +does):\n%s", exit, diff)
		}
	}
}

// mentions are the functions that name a method, as "intake desk.accept".
func mentions(t *testing.T, method string) (in []string) {
	t.Helper()
	for _, s := range productSources(t) {
		for _, d := range s.file.Decls {
			name := s.dir + " (package level)"
			var own *ast.Ident // the declaration of the exit itself is no mention
			if f, ok := d.(*ast.FuncDecl); ok {
				name, own = s.dir+" "+funcName(f), f.Name
			}
			ast.Inspect(d, func(n ast.Node) bool {
				if x, ok := n.(*ast.Ident); ok && x.Name == method && x != own {
					in = append(in, name)
				}
				return true
			})
		}
	}
	return in
}

// TestRevealNamesOneThing: only the guarded types have methods of those names.
func TestRevealNamesOneThing(t *testing.T) {
	var got []string
	for _, s := range productSources(t) {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && (f.Name.Name == "Reveal" || f.Name.Name == "Disclose") {
				got = append(got, s.dir+" "+funcName(f))
			}
		}
	}
	want := []string{"forms Answers.Disclose", "keys Password.Reveal", "keys Plaintext.Reveal"}
	if diff := cmp.Diff(want, sortedSet(got)); diff != "" {
		t.Errorf("methods named Reveal or Disclose (-want, +got):\n%s", diff)
	}
}

// TestGuardedTypesHoldFunctions: the bytes of a guarded type live in a function value, its own or that of secret, which printing, JSON, gob,
// SQL and templates cannot look into. A slice or string field would undo that in silence.
// covers CR12
func TestGuardedTypesHoldFunctions(t *testing.T) {
	guarded := map[string]bool{"Password": false, "Plaintext": false, "secret": false}
	for _, s := range productSources(t) {
		if s.dir != "keys" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if _, is := guarded[spec.Name.Name]; !is {
				return true
			}
			fields, ok := spec.Type.(*ast.StructType)
			if !ok {
				t.Errorf("%s: %s must be a struct around a function", s.at(spec), spec.Name.Name)
				return true
			}
			for _, f := range fields.Fields.List {
				_, function := f.Type.(*ast.FuncType)
				inner, _ := f.Type.(*ast.Ident)
				if !function && (inner == nil || inner.Name != "secret") {
					t.Errorf("%s: %s may hold functions only", s.at(f), spec.Name.Name)
				}
			}
			guarded[spec.Name.Name] = true
			return true
		})
	}
	for name, seen := range guarded {
		if !seen {
			t.Errorf("keys.%s is not there", name)
		}
	}
}
