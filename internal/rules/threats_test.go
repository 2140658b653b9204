package rules

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write arrows.txt, the files named in docs/flow.md and the table of docs/threat-model.md anew")

// threats names, by number, what must hold. must marks those that no release goes without a test for.
var threats = map[string]struct {
	what string
	must bool
}{
	"IN01": {"Uploads leave no plaintext on any disk, whatever ends the request", true},
	"IN02": {"Limits hold before memory is spent: body, fields, files, names, values", true},
	"IN03": {"A flood of tiny fields or parts costs little", true},
	"IN04": {"A compressed body is refused, never unpacked", true},
	"IN06": {"The query is never merged into the body; repeated fields all arrive", true},
	"IN07": {"Posted names cannot set what the server decides", true},
	"IN08": {"A claim of being sealed already changes nothing: the server seals", true},
	"IN09": {"Odd bytes arrive exactly as sent and are shown safely", false},
	"IN11": {"A file's name is data: it never becomes a path", true},
	"IN12": {"A file's claimed type is never trusted for serving", false},
	"IN13": {"No answer stands in an error, a log or an address", true},
	"IN14": {"A page's token cannot be forged, and used again gives the same receipt", true},
	"IN15": {"A retry or double click is one submission", false},
	"IN17": {"Slow clients do not hold up others", false},
	"IN19": {"Forwarding headers count only from named proxies; Host must be ours", false},
	"IN20": {"SQL takes bound parameters only", false},
	"IN22": {"Rules are checked by the server, whatever the page did", false},
	"IN23": {"Plain HTTP never takes a submission", true},
	"IN25": {"The receipt shows a reference and nothing else", false},

	"WB01": {"What a visitor typed never runs in a staff browser", true},
	"WB02": {"An uploaded file never opens inside the viewer", true},
	"WB03": {"Every answer states its type and forbids sniffing", true},
	"WB06": {"Another site cannot act in a staff member's name", true},
	"WB07": {"Only submitting a form is open to other sites, and it reads no cookie", true},
	"WB08": {"Pages cannot be framed where that is not meant", true},
	"WB05": {"An export cannot carry a formula", false},
	"WB10": {"A page leads on to addresses of ours only", false},
	"WB11": {"Addresses and referrers carry no answers", false},
	"WB12": {"After lock or sign-out, Back shows nothing", true},
	"WB15": {"Our pages ask nobody but us for anything", true},

	"WB16": {"Other sites' scripts read nothing", false},
	"WB17": {"What was typed is never taken for a template", false},
	"WB20": {"The content policy allows nothing from elsewhere", false},

	"AU01": {"Every object is reached through one check of who may", false},
	"AU02": {"What an address names cannot be guessed", false},
	"AU03": {"Signing in gives a new session; the old cookie is dead", true},
	"AU04": {"Sign-out, a new password or a disabled account ends sessions and locks keys at once", true},
	"AU05": {"Whether an account exists does not show", true},
	"AU06": {"Account passwords cannot be guessed by trying", true},
	"AU07": {"Key passwords cannot be guessed by trying, restart or not", true},
	"AU08": {"Costly password checks cannot starve the rest", true},
	"AU09": {"A sign-in code works once", true},

	"CR01": {"Answers are sealed to the readers named, and to no others", false},
	"CR02": {"Unfit keys are refused with the reason; an expired one closes the form", true},
	"CR03": {"When sealing fails nothing is kept, mailed or shown", true},
	"CR05": {"Nothing of a message is shown before all of it is verified", true},
	"CR06": {"What was sealed is read as a record, never as a web page", true},
	"CR07": {"A message moved, swapped or put back is noticed", true},
	"CR08": {"A locked key cannot be weakened in the database", false},
	"CR11": {"S/MIME: a changed message shows; certificates are checked before each use", false},
	"CR12": {"An unlocked key reaches no disk, log or core dump", true},
	"CR13": {"A key locks by itself, and between requests memory holds it encrypted", true},
	"CR14": {"Randomness is crypto/rand; each purpose has a key of its own", true},
	"CR15": {"Sizes are padded", false},
	"CR19": {"The server's signing key proves origin and opens nothing", false},

	"PK04": {"A notice says that something came, and nothing about whom", true},
	"ML01": {"Nothing a visitor typed stands in an outer mail header", true},
	"ML02": {"Mail addresses cannot carry SMTP parameters", true},
	"ML03": {"Mail leaves over verified TLS or waits", true},
	"ML05": {"There is no unsealed mail to fall back to", true},
	"ML06": {"The outer subject is neutral", false},
	"ML08": {"What we call by configuration is never inside our own network, whatever its name says", true},
	"ML09": {"A webhook tells ids or ciphertext, signed, and a repeat can be told", false},
	"ML10": {"A message too large for the relay is found before it is lost", true},
	"ML11": {"A gap in a form's mail shows", true},

	"LK01": {"Planted answers are found nowhere but inside ciphertext", true},
	"LK02": {"A panic shows and logs no values, and the process stays up", true},
	"LK03": {"Measurements and debug pages are not on the public listener", true},
	"LK06": {"A backup holds ciphertext only", false},
	"LK07": {"What is erased does not linger", false},
	"LK08": {"Secrets that others can read stop the start", true},
	"LK09": {"Pages are not indexed and name no version", false},
	"LK10": {"Who opened what is on record; a changed or cut record shows", true},
	"LK11": {"Known vulnerabilities in code we call fail the gate", false},

	"R01": {"A killed process loses nothing it acknowledged", false},
	"R02": {"A power cut loses nothing acknowledged", false},
	"R03": {"A failing disk is an honest refusal, not a receipt", false},
	"R04": {"A full disk is an honest refusal, and reading goes on", false},
	"R05": {"An unfit SQLite is refused at the start", false},
	"R06": {"A locked database ends in a receipt or a refusal, never a hang", false},
	"R07": {"A damaged database is noticed", false},
	"R19": {"Taking answers in calls nobody", true},
	"R21": {"What needs an operator is said, without a word of a visitor", false},

	"R09": {"Mail trouble delays a message and never loses it", true},
	"R10": {"A kill during delivery repeats a message at most and never loses one", true},
	"R12": {"A clean end loses nothing, and the next start carries on", false},
	"R17": {"Older databases are carried forward", false},
	"R18": {"A broken connection ends in a receipt or a clear error", false},
	"R20": {"Hostile input is fuzzed, goroutines end", false},
}

// said finds the numbers in a comment that begins with the word.
var said = regexp.MustCompile(`\bcovers ([A-Z]{1,2}\d{2}(?:(?:,? and |, ?| )[A-Z]{1,2}\d{2})*)`)

var number = regexp.MustCompile(`[A-Z]{1,2}\d{2}`)

// covered maps a threat's number to the tests that say they cover it, as "store.TestPut".
func covered(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, s := range allSources(t) {
		if !s.test {
			continue
		}
		for _, g := range s.file.Comments {
			for _, c := range g.List {
				m := said.FindStringSubmatch(c.Text)
				if m == nil {
					continue
				}
				name := testAround(s, c)
				if name == "" {
					t.Errorf("%s: %q belongs to no test", s.at(c), c.Text)
					continue
				}
				for _, n := range number.FindAllString(m[1], -1) {
					all[n] = append(all[n], name)
				}
			}
		}
	}
	scripted(t, all)
	return all
}

// testAround gives the test that a comment stands in or on.
func testAround(s *source, c *ast.Comment) string {
	for _, d := range s.file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Test") && !strings.HasPrefix(f.Name.Name, "Fuzz") {
			continue
		}
		from := f.Pos()
		if f.Doc != nil {
			from = f.Doc.Pos()
		}
		if from <= c.Pos() && c.Pos() <= f.End() {
			return path.Base(s.dir) + "." + f.Name.Name
		}
	}
	return ""
}

// scripted adds the scenario scripts of the commands; a script's name is its test's.
func scripted(t *testing.T, all map[string][]string) {
	t.Helper()
	for _, suffix := range []string{".txtar", ".txt"} {
		err := files(suffix, func(name string) error {
			if !strings.Contains(name, "/testdata/") {
				return nil
			}
			src, err := os.ReadFile(filepath.Join(root, name))
			for _, m := range said.FindAllSubmatch(src, -1) {
				for _, n := range number.FindAll(m[1], -1) {
					all[string(n)] = append(all[string(n)], path.Base(name))
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestThreatTable: every threat that needs a test has one that exists, and the document names exactly those. The
// names come from the tests themselves, so a renamed or removed one shows here.
func TestThreatTable(t *testing.T) {
	tests := covered(t)
	for n, threat := range threats {
		if threat.must && len(tests[n]) == 0 {
			t.Errorf("%s (%s): no test says that it covers it", n, threat.what)
		}
	}
	for n, by := range tests {
		if threats[n].what == "" {
			t.Errorf("%s is covered by %v, but says nothing; describe it in threats", n, by)
		}
	}
	document := filepath.Join(root, "docs", "threat-model.md")
	old, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- tests: begin -->\n", "<!-- tests: end -->\n"
	head, rest, ok := bytes.Cut(old, []byte(begin))
	_, tail, ok2 := bytes.Cut(rest, []byte(end))
	if !ok || !ok2 {
		t.Fatalf("%s has no %q … %q", document, begin, end)
	}
	updated := slices.Concat(head, []byte(begin), table(tests), []byte(end), tail)
	hold(t, document, updated)
}

// table writes the numbers in order, each with its tests.
func table(tests map[string][]string) []byte {
	var b bytes.Buffer
	b.WriteString("| number | what must hold | tests |\n|---|---|---|\n")
	for _, n := range slices.Sorted(maps.Keys(threats)) {
		names := sortedSet(tests[n])
		if len(names) == 0 {
			continue
		}
		fmt.Fprintf(&b, "| %s | %s | `%s` |\n", n, threats[n].what, strings.Join(names, "` `"))
	}
	return b.Bytes()
}
