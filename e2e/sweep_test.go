package e2e

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
)

// canary is what a test plants wherever a visitor can put bytes. All of a test's words begin with one stem, so that
// a sweep looks for one thing in many disguises.
type canary struct {
	stem  string
	marks [][]byte
}

// newCanary draws a stem that occurs nowhere by chance.
func newCanary() *canary {
	salt := make([]byte, 6)
	must2(rand.Read(salt))
	c := &canary{stem: "kestrel" + hex.EncodeToString(salt)}
	c.marks = disguises(c.stem)
	return c
}

// word is the canary for one place.
func (c *canary) word(place string) string {
	return c.stem + strings.NewReplacer(".", "", "_", "", " ", "").Replace(place)
}

// disguises are the forms in which a program could have written a word: as it is, in base64 at each of its three
// offsets (both alphabets agree on letters and digits), as hex, and in UTF-16.
func disguises(word string) [][]byte {
	all := [][]byte{[]byte(word), []byte(hex.EncodeToString([]byte(word)))}
	for skip := range 3 {
		padded := append(make([]byte, skip), word...)
		coded := base64.RawStdEncoding.EncodeToString(padded)
		// The first characters mix with what stood before, the last with what follows.
		all = append(all, []byte(coded[4:len(coded)-2]))
	}
	var wide []byte
	for _, u := range utf16.Encode([]rune(word)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	return append(all, wide)
}

// in finds the first disguise in b.
func (c *canary) in(b []byte) []byte {
	lower := bytes.ToLower(b)
	for i, m := range c.marks {
		// Words, hex and UTF-16 may have changed case on the way; base64 may not.
		within := b
		if i < 2 || i == len(c.marks)-1 {
			within = lower
		}
		if at := bytes.Index(within, m); at >= 0 {
			return b[max(0, at-60):min(len(b), at+120)]
		}
	}
	return nil
}

// sweep reads every file below the folders, and wants the canary in none.
func (c *canary) sweep(t *testing.T, when string, places ...string) {
	t.Helper()
	files, size := 0, 0
	for _, place := range places {
		err := filepath.WalkDir(place, func(path string, e fs.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			files, size = files+1, size+len(b)
			if found := c.in(b); found != nil {
				t.Errorf("%s: %s holds what a visitor sent: %q", when, path, found)
			}
			if c.in([]byte(path)) != nil {
				t.Errorf("%s: the path %s holds what a visitor sent", when, path)
			}
			return nil
		})
		if err != nil {
			t.Fatalf("%s: sweeping: %v", when, err)
		}
	}
	if files == 0 || size == 0 {
		t.Errorf("%s: nothing to sweep in %v", when, places)
	}
}

// TestSweepFinds: a sweep that finds nothing anywhere would prove nothing.
func TestSweepFinds(t *testing.T) {
	c := newCanary()
	for _, hidden := range []string{
		c.word("x"), strings.ToUpper(c.stem), hex.EncodeToString([]byte("1" + c.stem)),
		base64.StdEncoding.EncodeToString([]byte("a" + c.word("y"))),
		base64.URLEncoding.EncodeToString([]byte("ab" + c.word("y"))),
		base64.StdEncoding.EncodeToString([]byte("abc" + c.word("y"))),
		string(disguises("z" + c.stem)[5]),
	} {
		if c.in([]byte("before"+hidden+"after")) == nil {
			t.Errorf("%q is not found", hidden)
		}
	}
	if found := c.in([]byte("nothing of the kind")); found != nil {
		t.Errorf("found %q", found)
	}
}
