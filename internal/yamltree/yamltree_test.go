package yamltree

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// sample is a configuration as a reader of ours would walk it.
type sample struct {
	Name    string
	On      bool
	Wait    time.Duration
	Size    int64
	Groups  map[string][]string
	Count   int
	Hosts   []string
	Options []Pair
	Items   []string
}

func read(src string) (sample, Faults) {
	t := Parse("sealform.yaml", []byte(src))
	m := t.Mapping()
	var s sample
	s.Name, s.On, s.Wait, s.Size = m.Text("name"), m.Bool("on"), m.Duration("wait"), m.Size("size")
	s.Count, _ = m.Int("count")
	s.Hosts, s.Options = m.Texts("hosts"), m.Pairs("options")
	inner := m.Mapping("mail")
	inner.Text("from")
	inner.Need("from", "Say who it comes from.")
	inner.Refuse("password", "does not belong in this file", "Use a file of its own.")
	inner.Done()
	if g := m.Mapping("groups"); g.Given() {
		s.Groups = map[string][]string{}
		for _, n := range g.Names() {
			s.Groups[n] = g.Texts(n)
		}
		g.Done()
	}
	for _, i := range m.Mappings("items") {
		i.In("an item")
		s.Items = append(s.Items, i.Line("id", 5))
		i.Done()
	}
	m.Hint("hostname", "Names are listed under hosts.")
	m.Done()
	return s, t.Faults()
}

func TestRead(t *testing.T) {
	got, faults := read("\ufeff" + `# a comment
name: " Riverside "
on: yes
wait: 90d
size: 25 MB
count: -3
hosts: [a.example, 'b.example', 010]
options: { z: Last, a: First, no: No }
groups:
  front-desk: [dana.asc, sam.asc]
  nurses: eve.asc
items:
  - id: one
  - { id: two }
`)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	want := sample{
		Name: "Riverside", On: true, Wait: 90 * 24 * time.Hour, Size: 25 << 20, Count: -3, Hosts: []string{"a.example", "b.example", "010"},
		Options: []Pair{{"z", "Last"}, {"a", "First"}, {"no", "No"}},
		Groups:  map[string][]string{"front-desk": {"dana.asc", "sam.asc"}, "nurses": {"eve.asc"}}, Items: []string{"one", "two"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFaults(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"", "0:0 is empty"},
		{"# nothing\n", "0:0 is empty"},
		{"- a\n", "1:1 settings are expected here, each as name: value"},
		{"just text\n", "1:1 settings are expected here, each as name: value"},
		{"\xff\xfe", "0:0 is not UTF-8 text"},
		{"name: \x00", "0:0 holds a NUL byte"},
		{strings.Repeat("#", MaxSize+1), "0:0 is larger than 256 KiB"},
		{"naem: x", "1:1 unknown setting \"naem\""},
		{"hostnam: x", "1:1 unknown setting \"hostnam\""},
		{"name:", "1:6 \"name\" is empty"},
		{"name: ''", "1:7 \"name\" is empty"},
		{"name: ~", "1:7 \"name\" is empty"},
		{"name: [a]", "1:7 \"name\" must be a text"},
		{"on: perhaps", "1:5 \"on\" must be true or false"},
		{"wait: 3 years", "1:7 \"wait\" must be a time such as 90d or 12h"},
		{"wait: -1d", "1:7 \"wait\" must be a time such as 90d or 12h"},
		{"wait: 99999999999d", "1:7 \"wait\" must be a time such as 90d or 12h"},
		{"size: 8 apples", "1:7 \"size\" must be a size such as 8MB"},
		{"count: 1.5", "1:8 \"count\" must be a whole number"},
		{"count: 0x10", "1:8 \"count\" must be a whole number"},
		{"hosts: []", "1:8 \"hosts\" is empty"},
		{"hosts: [a, ]\n", ""},
		{"hosts: [a, {b: c}]", "1:12 \"hosts\" must be a list of texts"},
		{"mail: x", "1:7 \"mail\" must hold settings of its own, each as name: value"},
		{"mail: { password: x }", "1:7 \"from\" is missing in \"mail\", 1:9 \"password\" in \"mail\" does not belong in this file"},
		{"mail: { form: x, from: y }", "1:9 unknown setting \"form\" in \"mail\""},
		{"items: x", "1:8 \"items\" must be a list: each item begins with a dash"},
		{"items: [x]", "1:9 each item of \"items\" must hold settings, each as name: value"},
		{"items: [{ id: toolong }]", "1:15 \"id\" is longer than 5 characters in an item"},
		{"items: [{ id: \"a\\nb\" }]", "1:15 \"id\" must stand in one line in an item"},
		{"name: a\nname: b", "2:1 \"name\" stands here twice; it was given in line 1"},
		{strings.Repeat("{a: ", 20) + "1" + strings.Repeat("}", 20), "1:65 is nested too deeply"},
	} {
		_, faults := read(c.src)
		var got []string
		for _, f := range faults {
			got = append(got, strings.TrimSpace(strings.Join([]string{itoa(f.Line) + ":" + itoa(f.Column), f.Message}, " ")))
		}
		if g := strings.Join(got, ", "); g != c.want {
			t.Errorf("%.40q:\n got %s\nwant %s", c.src, g, c.want)
		}
	}
}

func itoa(n int) string { return string(appendInt(nil, n)) }

func appendInt(b []byte, n int) []byte {
	if n >= 10 {
		b = appendInt(b, n/10)
	}
	return append(b, byte('0'+n%10))
}

func TestMends(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"naem: x", `Did you mean "name"?`},
		{"hostnam: x", "Names are listed under hosts."},
		{"colour: x", "Remove it, or check its spelling."},
		{"mail: { passwort: x, from: y }", "Remove it, or check its spelling."}, // what is refused is never proposed
		{"name: #0b6e69", `In YAML a space and # start a comment. Put the colour in quotes: "#0b6e69".`},
		{"name: # later", "In YAML a space and # start a comment. Put the value in quotes."},
	} {
		_, faults := read(c.src)
		if len(faults) != 1 || faults[0].Mend != c.want {
			t.Errorf("%q: %+v, want the mend %q", c.src, faults, c.want)
		}
	}
}

func TestErrorDrawsTheMark(t *testing.T) {
	_, faults := read("name: a\n\ton: b\n")
	if len(faults) == 0 {
		t.Fatal("tabs were taken")
	}
	f := Faults{
		{File: "b.yaml", Line: 2, Column: 3, Width: 4, Message: "is wrong", Excerpt: "\tä long: x", Mend: "Mend it."},
		{File: "a.yaml", Message: "is empty", Mend: "Fill it."},
		{File: "b.yaml", Line: 2, Column: 3, Width: 4, Message: "is wrong", Excerpt: "\tä long: x", Mend: "Mend it."},
		{File: "a.yaml", Line: 1200, Column: 1, Message: "is odd", Excerpt: "x", Warning: true},
	}.Sort()
	want := "a.yaml: is empty\n  Fill it.\n" +
		"a.yaml:1200:1: warning: is odd\n1200 | x\n     | ^\n" +
		"b.yaml:2:3: is wrong\n   2 | \tä long: x\n     | \t ^^^^ Mend it.\n" +
		"2 errors, 1 warning"
	if diff := cmp.Diff(want, f.Error()); diff != "" {
		t.Error(diff)
	}
	var err error = f
	var back Faults
	if !errors.As(err, &back) || !back.Failed() {
		t.Error("faults are no error of their own")
	}
}

// An alias bomb, a flow of brackets and a long line end quickly and say so.
func TestBombs(t *testing.T) {
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n"
	for name, src := range map[string]string{
		"aliases": bomb, "brackets": strings.Repeat("[", 100_000), "braces": strings.Repeat("{a: ", 60_000), "dashes": strings.Repeat("- ", 100_000),
		"keys": strings.Repeat("? ", 100_000), "many": "name: [" + strings.Repeat("a,", 120_000) + "]", "quotes": `"` + strings.Repeat(`\`, 200_001),
	} {
		start := time.Now()
		_, faults := read(src)
		if !faults.Failed() {
			t.Errorf("%s were taken", name)
		}
		if n := len(faults.Error()); n > 64<<10 {
			t.Errorf("%s: %d bytes of messages", name, n)
		}
		t.Logf("%s: %v", name, time.Since(start))
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"name: x\n", "a: &a [*a]\n", "mail: { from: #x }\n", "- 1\n- 2\n", "? [a]\n: b\n", "%YAML 1.2\n---\na: |\n  x\n", "items:\n  - { id: \"\\u263a\" }\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		_, faults := read(string(src))
		lines := len(strings.Split(breaks.Replace(string(src)), "\n"))
		for _, x := range faults {
			if x.Message == "" || x.Line < 0 || x.Column < 0 || x.Line > lines+1 {
				t.Fatalf("a fault without words or place: %+v", x)
			}
		}
		if s := faults.Error(); s == "" {
			t.Fatal("faults without words")
		}
	})
}
