package record_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"testing/iotest"
	"unicode"
	"unicode/utf8"

	"sealform/forms/record"
)

// covers IN11: no name leads anywhere, hides its ending, or opens a device.
func TestDownloadName(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"card.jpg", "card.jpg"},
		{"My card (front).JPG", "My card (front).JPG"},
		{"Überweisung für Müller.pdf", "Überweisung für Müller.pdf"},
		{"../../etc/passwd", "passwd"},
		{`C:\Users\me\scan.pdf`, "scan.pdf"},
		{"/", "file"},
		{"", "file"},
		{"...", "file"},
		{".htaccess", "htaccess"},
		{"-rf", "rf"},
		{"~root", "root"},
		{"a\x00b.pdf", "ab.pdf"},
		{"photo\u202egpj.exe", "photogpj.exe"},
		{"a\r\nSet-Cookie: x=1.txt", "a Set-Cookie_ x=1.txt"},
		{"CON", "_CON"},
		{"con.txt", "_con.txt"},
		{"COM1.tar.gz", "_COM1.tar.gz"},
		{"console.txt", "console.txt"},
		{"name. . ", "name"},
		{"a\xffb.jpg", "a_b.jpg"},
		{`a"b<c>|?*;%.txt`, "a_b_c______.txt"},
		{strings.Repeat("é", 4096) + ".jpg", strings.Repeat("é", 72) + ".jpg"},
		{strings.Repeat("x", 200), strings.Repeat("x", 149)},
		{"a." + strings.Repeat("y", 400), "a." + strings.Repeat("y", 147)},
	} {
		if got := record.DownloadName(c.name); got != c.want {
			t.Errorf("DownloadName(%.60q) = %q, want %q", c.name, got, c.want)
		}
	}
}

func FuzzDownloadName(f *testing.F) {
	f.Add("a/b\\c\u202e.exe")
	f.Add(" .- con . ")
	f.Fuzz(func(t *testing.T, name string) {
		got := record.DownloadName(name)
		bad := strings.ContainsAny(got, "/\\\x00\"<>:|?*;%") || strings.HasPrefix(got, ".") || strings.HasPrefix(got, "-") ||
			strings.ContainsFunc(got, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) })
		if bad || got == "" || len(got) > 150 || !utf8.ValidString(got) || strings.TrimSpace(got) != got {
			t.Fatalf("DownloadName(%q) = %q", name, got)
		}
	})
}

func TestReference(t *testing.T) {
	seen := map[string]bool{}
	for range 2000 {
		r, err := record.NewReference(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if len(r) != 7 || r[3] != '-' || strings.ContainsAny(r, "ILOU") || strings.ToUpper(r) != r {
			t.Fatalf("reference %q", r)
		}
		if p, ok := record.ParseReference(r); !ok || p != r {
			t.Fatalf("%q reads as %q", r, p)
		}
		seen[r] = true
	}
	if len(seen) < 1990 {
		t.Errorf("only %d of 2000 differ", len(seen))
	}
	if r, err := record.NewReference(bytes.NewReader([]byte{255, 254, 0, 1, 32, 31})); err != nil || r != "ZY0-10Z" {
		t.Errorf("%q, %v", r, err)
	}
	if _, err := record.NewReference(iotest.ErrReader(errors.New("none left"))); err == nil {
		t.Error("a reference without randomness")
	}
}

func TestParseReference(t *testing.T) {
	for in, want := range map[string]string{
		"R7K-4Q2": "R7K-4Q2", "r7k4q2": "R7K-4Q2", " r7k 4q2 ": "R7K-4Q2", "R7K–4Q2": "R7K-4Q2", "oil-oil": "011-011", "R7K-4Q": "",
		"R7K-4Q22": "", "R7K-4QU": "", "": "", "R7K/4Q2": "", "é7K-4Q2": "", strings.Repeat("-", 100): "", "ſſſſſſ": "",
	} {
		if got, ok := record.ParseReference(in); got != want || ok != (want != "") {
			t.Errorf("ParseReference(%q) = %q, %v; want %q", in, got, ok, want)
		}
	}
}
