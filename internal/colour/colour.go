// Package colour reckons with the colours of pages: reading "#0b6e69", mixing, and the contrast that tells whether text
// can be read on its ground (WCAG 2.2, 1.4.3 asks for 4.5:1).
//
//	accent, ok := colour.Parse("#0b6e69")
//	if colour.Contrast(accent, colour.White) < colour.Readable { … }
//
// A form file is refused by the same figures by which its pages are drawn. The package keeps nothing.
package colour

import (
	"fmt"
	"math"
	"strconv"
)

// Readable is the least contrast of text to its ground (WCAG 2.2, 1.4.3).
const Readable = 4.5

// Colour is red, green and blue, each from 0 to 255.
type Colour [3]float64

// The ends of the scale.
var (
	White = Colour{255, 255, 255}
	Black = Colour{0, 0, 0}
)

// Parse reads # and six hex digits.
func Parse(s string) (c Colour, ok bool) {
	if len(s) != 7 || s[0] != '#' {
		return c, false
	}
	n, err := strconv.ParseUint(s[1:], 16, 24)
	if err != nil {
		return c, false
	}
	return Colour{float64(n >> 16), float64(n >> 8 & 255), float64(n & 255)}, true
}

// String is # and six hex digits.
func (c Colour) String() string {
	return fmt.Sprintf("#%02x%02x%02x", uint8(math.Round(c[0])), uint8(math.Round(c[1])), uint8(math.Round(c[2])))
}

// Mix moves c towards another colour, by part of the way.
func (c Colour) Mix(with Colour, part float64) Colour {
	for i := range c {
		c[i] += (with[i] - c[i]) * part
	}
	return c
}

// luminance is the relative luminance of WCAG 2.2.
func (c Colour) luminance() float64 {
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		v := c[i] / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum
}

// Contrast is the contrast ratio of WCAG 2.2, 1 to 21.
func Contrast(a, b Colour) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}
