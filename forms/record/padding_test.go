package record

import (
	"io"
	"mime/quotedprintable"
	"strings"
	"testing"
)

func TestPadme(t *testing.T) {
	for _, c := range []struct{ n, want int64 }{
		{0, 0}, {1, 1}, {2, 2}, {9, 10}, {100, 104}, {1000, 1024}, {1025, 1088}, {4096, 4096}, {4097, 4352}, {1 << 20, 1 << 20}, {1<<20 + 1, 1<<20 + 1<<15},
	} {
		if got := padme(c.n); got != c.want {
			t.Errorf("padme(%d) = %d, want %d", c.n, got, c.want)
		}
	}
	for n := int64(2); n < 200_000; n += 7 {
		p := padme(n)
		if p < n || float64(p-n) > 0.12*float64(n) || padme(p) != p {
			t.Fatalf("padme(%d) = %d", n, p)
		}
	}
}

// covers CR15: whatever is written, the sealed length is a padded one, and no more than 12 % longer.
func TestEntityLengthIsPadded(t *testing.T) {
	for have := range int64(400) {
		for col := range int64(lineEnd + 1) {
			n := paddingFor(5000+13*have, col, 44)
			used := 5000 + 13*have + quotedCost(col, n+2) + 44
			if left := padme(used) - used; left < 0 || left > 4 {
				t.Fatalf("have %d, column %d: %d bytes of padding leave %d", 5000+13*have, col, n, left)
			}
			if base := 5000 + 13*have + quotedCost(col, 2) + 44; padme(used) != padme(base) {
				t.Fatalf("have %d, column %d: padded from %d to %d", 5000+13*have, col, base, padme(used))
			}
		}
	}
}

// TestQuoted reads what we quote with the standard library, and holds every line to its length.
func TestQuoted(t *testing.T) {
	var ascii strings.Builder
	for i := range 256 {
		ascii.WriteByte(byte(i))
	}
	for _, s := range []string{
		"", "a", "a b", " ", "=", "é", ascii.String(), strings.Repeat("x", 72), strings.Repeat("x", 73), strings.Repeat("x", 74), strings.Repeat("x", 500),
		strings.Repeat("é", 100), strings.Repeat("x", 72) + " ", strings.Repeat("x", 71) + "=", strings.Repeat("a =b\t", 60),
	} {
		q := &quoted{}
		q.write(s)
		if cost := quotedCost(0, int64(len(s))); s == strings.Repeat("x", len(s)) && int64(len(q.b)) != cost {
			t.Errorf("%d literal bytes cost %d, not %d", len(s), len(q.b), cost)
		}
		q.newline()
		for line := range strings.SplitSeq(strings.TrimSuffix(string(q.b), "\r\n"), "\r\n") {
			if len(line) > 76 || strings.HasSuffix(line, " ") || strings.HasSuffix(line, "\t") {
				t.Errorf("a line of %d bytes: %q", len(line), line)
			}
		}
		if ours, err := unquote(q.b); err != nil || string(ours) != s+"\r\n" {
			t.Errorf("%q came back to us as %q (%v)", s, ours, err)
		}
		got, err := io.ReadAll(quotedprintable.NewReader(strings.NewReader(string(q.b))))
		if err != nil || string(got) != s+"\r\n" {
			t.Errorf("%q came back as %q (%v)", s, got, err)
		}
	}
}
