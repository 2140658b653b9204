package colour

import (
	"fmt"
	"math"
	"testing"
)

func TestParse(t *testing.T) {
	for s, want := range map[string]bool{"#0b6e69": true, "#ABCDEF": true, "0b6e69": false, "#fff": false, "#0b6e6g": false, "#+b6e69": false, "#0_6e69": false, "": false} {
		c, ok := Parse(s)
		if ok != want {
			t.Errorf("%q is a colour: %v", s, ok)
		}
		if again, _ := Parse(c.String()); again != c {
			t.Errorf("%q: %v is read back as %v", s, c, again)
		}
	}
}

// TestContrast: the ends of the scale, and greys on either side of what can be read on white.
func TestContrast(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want string
	}{{"#000000", "#ffffff", "21.00"}, {"#ffffff", "#ffffff", "1.00"}, {"#767676", "#ffffff", "4.54"}, {"#ffffff", "#777777", "4.48"}} {
		a, _ := Parse(test.a)
		b, _ := Parse(test.b)
		if got := fmt.Sprintf("%.2f", Contrast(a, b)); got != test.want {
			t.Errorf("%s on %s: %s", test.a, test.b, got)
		}
	}
	if got := Black.Mix(White, 0.5); math.Abs(got[1]-127.5) > 1e-9 {
		t.Errorf("half way: %v", got)
	}
}
