package file

import (
	"fmt"
	"math"

	"sealform/forms"
	"sealform/internal/colour"
	"sealform/internal/yamltree"
)

// readBrand reads the organisation's name and colour. An accent that white cannot be read beside (4.5:1) is refused.
func readBrand(f *forms.Form, m *yamltree.Mapping) {
	b := m.Mapping("brand")
	b.Refuse("logo", "is not in this version yet", "The name is shown instead.")
	f.Brand.Name = oneLine(b, "name", 80)
	f.Brand.Accent = b.Text("accent")
	accent, ok := colour.Parse(f.Brand.Accent)
	contrast := colour.Contrast(accent, colour.White)
	switch {
	case f.Brand.Accent == "":
	case !ok:
		b.Fault("accent", `"accent" must be a colour such as "#0b6e69"`, "Write # and six hex digits, in quotes.")
	case contrast < colour.Readable:
		b.Fault("accent", fmt.Sprintf(`"accent" is too pale: %.1f:1 on white, %.1f:1 is needed`, math.Floor(contrast*10)/10, colour.Readable), "Take a darker shade: buttons and links are hard to read otherwise.")
	}
	b.Done()
}
