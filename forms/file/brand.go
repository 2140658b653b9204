package file

import (
	"fmt"
	"math"
	"strconv"

	"sealform/forms"
	"sealform/internal/yamltree"
)

const readable = 4.5 // WCAG 2.2, 1.4.3: contrast of text to its background

func readBrand(f *forms.Form, m *yamltree.Mapping) {
	b := m.Mapping("brand")
	b.Refuse("logo", "is not in this version yet", "The name is shown instead.")
	f.Brand.Name = oneLine(b, "name", 80)
	f.Brand.Accent = b.Text("accent")
	switch a := f.Brand.Accent; {
	case a == "":
	case !yamltree.IsColour(a):
		b.Fault("accent", `"accent" must be a colour such as "#0b6e69"`, "Write # and six hex digits, in quotes.")
	case contrast(a) < readable:
		b.Fault("accent", fmt.Sprintf(`"accent" is too pale: %.1f:1 on white, %.1f:1 is needed`, math.Floor(contrast(a)*10)/10, readable), "Take a darker shade: buttons and links are hard to read otherwise.")
	}
	b.Done()
}

// contrast of a colour on white: WCAG 2.2, "contrast ratio" and "relative luminance".
func contrast(colour string) float64 {
	weights := [3]float64{0.2126, 0.7152, 0.0722}
	luminance := 0.0
	for i, w := range weights {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			return 0
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		luminance += w * c
	}
	return 1.05 / (luminance + 0.05)
}
