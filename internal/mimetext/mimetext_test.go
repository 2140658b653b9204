package mimetext

import (
	"bytes"
	"strings"
	"testing"
)

// TestBase64Lines: whatever pieces it comes in, text is broken at 76 digits, and the last line is ended once.
func TestBase64Lines(t *testing.T) {
	for _, length := range []int{0, 1, 75, 76, 77, 152, 1000} {
		for _, piece := range []int{1, 4, 76, 1024} {
			var b bytes.Buffer
			out := &Counter{W: &b}
			lines := &Base64Lines{W: out}
			for rest := strings.Repeat("x", length); rest != ""; {
				n := min(piece, len(rest))
				if written, err := lines.Write([]byte(rest[:n])); written != n || err != nil {
					t.Fatalf("%d written: %v", written, err)
				}
				rest = rest[n:]
			}
			if err := lines.End(); err != nil {
				t.Fatal(err)
			}
			want := strings.Repeat(strings.Repeat("x", LineLength)+"\r\n", length/LineLength)
			if rest := length % LineLength; rest > 0 {
				want += strings.Repeat("x", rest) + "\r\n"
			}
			if b.String() != want || out.N != int64(len(want)) {
				t.Errorf("%d digits in pieces of %d: %d bytes, counted %d:\n%s", length, piece, b.Len(), out.N, b.String())
			}
		}
	}
}
