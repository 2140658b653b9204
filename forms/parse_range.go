package forms

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sealform/internal/text"
	"sealform/internal/yamltree"
)

// longest is how many characters an answer may have unless the file says otherwise.
var longest = map[Type]int{Text: 500, LongText: 5000, Name: 200, Email: 254, Phone: 50}

// mostCharacters is the most that "max" may allow: a value is at most 64 KiB and a character up to four bytes.
const mostCharacters = 16_000

// lessThanMax mends a range that holds nothing.
const lessThanMax = `Swap the two, or correct one: "min" is the smaller number.`

func (f *Field) readText(m *yamltree.Mapping) {
	least, _ := f.characters(m, "min", 0)
	most, given := f.characters(m, "max", longest[f.Type])
	if given && least > most {
		m.Fault("min", fmt.Sprintf(`"min" is more than "max" in field %q`, f.ID), lessThanMax)
	}
	f.rule(string(f.Type), "")
	if least > 0 {
		f.rule("min_length", strconv.Itoa(least))
	}
	f.rule("max_length", strconv.Itoa(most))
}

// most is how many characters an answer in words may have.
func (f *Field) most() int {
	if f.Max != nil {
		if n, err := strconv.Atoi(string(*f.Max)); err == nil {
			return n
		}
	}
	return longest[f.Type]
}

func (f *Field) characters(m *yamltree.Mapping, key string, otherwise int) (int, bool) {
	if f.Type == Email || f.Type == Phone {
		return otherwise, false
	}
	n, given := m.Int(key)
	if !given {
		return otherwise, false
	}
	if n < 1 || n > mostCharacters {
		m.Fault(key, fmt.Sprintf("%q counts characters here: from 1 to %d", key, mostCharacters), "Write a number between the two, such as 2000.")
		return otherwise, false
	}
	a := Amount(strconv.Itoa(n))
	if key == "min" {
		f.Min = &a
	} else {
		f.Max = &a
	}
	return n, true
}

func (f *Field) readRange(m *yamltree.Mapping) {
	f.Min, f.Max = readAmount(m, "min"), readAmount(m, "max")
	if f.Min != nil {
		f.rule("min", string(*f.Min))
	}
	if f.Max != nil {
		f.rule("max", string(*f.Max))
	}
	if f.Min == nil || f.Max == nil {
		return
	}
	if low, _ := number(string(*f.Min)); low > mustNumber(*f.Max) {
		m.Fault("min", fmt.Sprintf(`"min" is more than "max" in field %q`, f.ID), lessThanMax)
	}
}

func mustNumber(a Amount) float64 {
	n, _ := number(string(a))
	return n
}

func readAmount(m *yamltree.Mapping, key string) *Amount {
	s := m.Text(key)
	if s == "" {
		return nil
	}
	if _, ok := number(s); !ok || strings.ContainsAny(s, ", ") {
		m.Fault(key, fmt.Sprintf("%q must be a number", key), "Write 12 or 12.5.")
		return nil
	}
	a := Amount(s)
	return &a
}

func (f *Field) readDates(m *yamltree.Mapping) {
	f.Memorable = m.Bool("memorable")
	f.Before, f.After = readBound(m, "before"), readBound(m, "after")
	if f.Before != "" {
		f.rule("before", f.Before)
	}
	if f.After != "" {
		f.rule("after", f.After)
	}
	if f.Before != "today" && f.After != "today" && f.Before != "" && f.Before < f.After {
		m.Fault("after", fmt.Sprintf(`"after" is later than "before" in field %q`, f.ID), `No day lies between: swap the two, or correct one.`)
	}
}

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

func (f *Field) readAutocomplete(m *yamltree.Mapping) {
	f.Autocomplete = m.Text("autocomplete")
	if f.Autocomplete == "" || slices.Contains(tokens, f.Autocomplete) {
		return
	}
	mend := "Use off where an answer is about somebody else, or remove the line."
	if near := text.Closest(f.Autocomplete, tokens); near != "" {
		mend = fmt.Sprintf("Did you mean %q?", near)
	}
	m.Fault("autocomplete", fmt.Sprintf("%q is no autocomplete name", f.Autocomplete), mend)
}
