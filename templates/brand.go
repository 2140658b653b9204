package templates

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// BrandSheet is the style sheet that sets the house's accent colour, "#0b6e69", in place of ours. The colour is made
// darker, or for dark pages lighter, until it reads as text on its card (4.5:1, WCAG 1.4.3). What is not a
// colour of six hex digits gives an empty sheet.
func BrandSheet(accent string) []byte {
	c, ok := parseColour(accent)
	if !ok {
		return nil
	}
	var b strings.Builder
	light := shades{card: colour{255, 255, 255}, to: colour{0, 0, 0}}
	dark := shades{card: colour{26, 35, 38}, to: colour{255, 255, 255}}
	b.WriteString(":root {\n" + light.of(c) + "}\n")
	b.WriteString("@media screen and (prefers-color-scheme: dark) {\n:root {\n" + dark.of(c) + "}\n}\n")
	b.WriteString("@media print {\n:root { --accent: #000; --accent-deep: #000; --accent-soft: #fff; }\n}\n")
	return []byte(b.String())
}

// shades derives a set of accents that are readable on card by mixing towards to.
type shades struct{ card, to colour }

func (s shades) of(c colour) string {
	for range 20 {
		if contrast(c, s.soft(c)) >= 4.5 { // then on the card itself too
			break
		}
		c = c.mix(s.to, 0.1)
	}
	ink := colour{255, 255, 255}
	if contrast(c, ink) < 4.5 {
		ink = colour{8, 18, 20}
	}
	return fmt.Sprintf("  --accent: %s;\n  --accent-ink: %s;\n  --accent-deep: %s;\n  --accent-soft: %s;\n",
		c, ink, c.mix(s.to, 0.25), s.soft(c))
}

// soft is the card with a breath of the colour: the ground of what is chosen.
func (s shades) soft(c colour) colour { return s.card.mix(c, 0.09) }

type colour [3]float64

func (c colour) String() string {
	return fmt.Sprintf("#%02x%02x%02x", uint8(math.Round(c[0])), uint8(math.Round(c[1])), uint8(math.Round(c[2])))
}

func (c colour) mix(with colour, part float64) colour {
	for i := range c {
		c[i] += (with[i] - c[i]) * part
	}
	return c
}

// luminance is the relative luminance of WCAG 2.2.
func (c colour) luminance() float64 {
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

// contrast is the contrast ratio of WCAG 2.2, 1 to 21.
func contrast(a, b colour) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func parseColour(s string) (c colour, ok bool) {
	if len(s) != 7 || s[0] != '#' {
		return c, false
	}
	n, err := strconv.ParseUint(s[1:], 16, 24)
	if err != nil {
		return c, false
	}
	return colour{float64(n >> 16), float64(n >> 8 & 255), float64(n & 255)}, true
}
