package file

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sealform/forms"
	"sealform/internal/text"
	"sealform/internal/yamltree"
)

// mostCharacters is the most that "max" may allow: a value is at most 64 KiB and a character up to four bytes.
const mostCharacters = 16_000

// lessThanMax mends a range that holds nothing.
const lessThanMax = `Swap the two, or correct one: "min" is the smaller number.`

// readText reads the bounds, in characters, of an answer in words.
func readText(f *forms.Field, m *yamltree.Mapping) {
	least, _ := readCharacters(f, m, "min")
	_, given := readCharacters(f, m, "max")
	most := f.MostCharacters()
	if given && least > most {
		m.Fault("min", fmt.Sprintf(`"min" is more than "max" in field %q`, f.ID), lessThanMax)
	}
	addRule(f, string(f.Type), "")
	if least > 0 {
		addRule(f, "min_length", strconv.Itoa(least))
	}
	addRule(f, "max_length", strconv.Itoa(most))
}

// readCharacters reads a bound of characters; given is false where it is missing or a fault, and for addresses and phone
// numbers, which have bounds of their own.
func readCharacters(f *forms.Field, m *yamltree.Mapping, key string) (n int, given bool) {
	if f.Type == forms.Email || f.Type == forms.Phone {
		return 0, false
	}
	n, given = m.Int(key)
	if !given {
		return 0, false
	}
	if n < 1 || n > mostCharacters {
		m.Fault(key, fmt.Sprintf("%q counts characters here: from 1 to %d", key, mostCharacters), "Write a number between the two, such as 2000.")
		return 0, false
	}
	a := forms.Amount(strconv.Itoa(n))
	if key == "min" {
		f.Min = &a
	} else {
		f.Max = &a
	}
	return n, true
}

// readRange reads the bounds of a number, themselves allowed.
func readRange(f *forms.Field, m *yamltree.Mapping) {
	f.Min, f.Max = readAmount(m, "min"), readAmount(m, "max")
	if f.Min != nil {
		addRule(f, "min", string(*f.Min))
	}
	if f.Max != nil {
		addRule(f, "max", string(*f.Max))
	}
	if f.Min == nil || f.Max == nil {
		return
	}
	low, _ := forms.ParseNumber(string(*f.Min)) // which readAmount read before
	high, _ := forms.ParseNumber(string(*f.Max))
	if low > high {
		m.Fault("min", fmt.Sprintf(`"min" is more than "max" in field %q`, f.ID), lessThanMax)
	}
}

// readAmount reads a bound as its author wrote it, without spaces and commas.
func readAmount(m *yamltree.Mapping, key string) *forms.Amount {
	s := m.Text(key)
	if s == "" {
		return nil
	}
	if _, ok := forms.ParseNumber(s); !ok || strings.ContainsAny(s, ", ") {
		m.Fault(key, fmt.Sprintf("%q must be a number", key), "Write 12 or 12.5.")
		return nil
	}
	a := forms.Amount(s)
	return &a
}

// readDates reads the bounds of a date, and whether people know it by heart.
func readDates(f *forms.Field, m *yamltree.Mapping) {
	f.Memorable = m.Bool("memorable")
	f.Before, f.After = readBound(m, "before"), readBound(m, "after")
	if f.Before != "" {
		addRule(f, "before", f.Before)
	}
	if f.After != "" {
		addRule(f, "after", f.After)
	}
	if f.Before != "today" && f.After != "today" && f.Before != "" && f.Before < f.After {
		m.Fault("after", fmt.Sprintf(`"after" is later than "before" in field %q`, f.ID), `No day lies between: swap the two, or correct one.`)
	}
}

// readBound reads "today" or a date such as 2026-01-31.
func readBound(m *yamltree.Mapping, key string) string {
	s := m.Text(key)
	if s == "" || s == "today" {
		return s
	}
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		m.Fault(key, fmt.Sprintf("%q must be today or a date such as 2026-01-31", key), "Write the year first, then month and day with two digits each.")
		return ""
	}
	return s
}

// tokens are the autocomplete names of the HTML standard that a clinic's form can want.
var tokens = []string{
	"off", "on", "name", "given-name", "family-name", "additional-name", "honorific-prefix", "nickname", "organization",
	"email", "tel", "street-address", "address-line1", "address-line2", "address-level1", "address-level2",
	"postal-code", "country-name", "sex",
}

// readAutocomplete reads the token of the HTML standard that replaces the type's own.
func readAutocomplete(f *forms.Field, m *yamltree.Mapping) {
	f.Autocomplete = m.Text("autocomplete")
	if f.Autocomplete == "" || slices.Contains(tokens, f.Autocomplete) {
		return
	}
	mend := cmp.Or(text.Meant(f.Autocomplete, tokens), "Use off where an answer is about somebody else, or remove the line.")
	m.Fault("autocomplete", fmt.Sprintf("%q is no autocomplete name", f.Autocomplete), mend)
}
