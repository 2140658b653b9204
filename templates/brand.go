package templates

import (
	"fmt"
	"strings"

	"sealform/internal/colour"
)

// BrandSheet is the style sheet that sets the organisation's accent colour, "#0b6e69", in place of ours. The colour is made
// darker, or for dark pages lighter, until it reads as text on its card (4.5:1, WCAG 1.4.3). What is not a
// colour of six hex digits gives the zero File. folder is what its address begins with.
func BrandSheet(folder, accent string) File {
	c, ok := colour.Parse(accent)
	if !ok {
		return File{}
	}
	var b strings.Builder
	light := shades{card: colour.White, to: colour.Black}
	dark := shades{card: colour.Colour{26, 35, 38}, to: colour.White}
	b.WriteString(":root {\n" + light.of(c) + "}\n")
	b.WriteString("@media screen and (prefers-color-scheme: dark) {\n:root {\n" + dark.of(c) + "}\n}\n")
	b.WriteString("@media print {\n:root { --accent: #000; --accent-deep: #000; --accent-soft: #fff; }\n}\n")
	return newFile(folder, "brand.css", []byte(b.String()))
}

// shades derives a set of accents that are readable on card by mixing towards to.
type shades struct{ card, to colour.Colour }

func (s shades) of(c colour.Colour) string {
	for range 20 {
		if colour.Contrast(c, s.soft(c)) >= colour.Readable { // then on the card itself too
			break
		}
		c = c.Mix(s.to, 0.1)
	}
	ink := colour.White
	if colour.Contrast(c, ink) < colour.Readable {
		ink = colour.Colour{8, 18, 20}
	}
	return fmt.Sprintf("  --accent: %s;\n  --accent-ink: %s;\n  --accent-deep: %s;\n  --accent-soft: %s;\n",
		c, ink, c.Mix(s.to, 0.25), s.soft(c))
}

// soft is the card with a breath of the colour: the ground of what is chosen.
func (s shades) soft(c colour.Colour) colour.Colour { return s.card.Mix(c, 0.09) }
