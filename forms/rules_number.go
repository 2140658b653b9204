package forms

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var (
	plainNumber = regexp.MustCompile(`^[+-]?\d{1,15}([.,]\d{1,9})?$`)
	stray       = strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", "−", "-")
	thousands   = regexp.MustCompile(`^[+-]?\d{1,3}(,\d{3})+(\.\d{1,9})?$`)
)

// ParseNumber reads 12, -3.5, 1,234.5, 1 234 and 2,5. No exponent, no hex, no infinity.
func ParseNumber(v string) (float64, bool) {
	v = stray.Replace(foldDigits(v))
	switch {
	case thousands.MatchString(v):
		v = strings.ReplaceAll(v, ",", "")
	case plainNumber.MatchString(v):
		v = strings.ReplaceAll(v, ",", ".")
	default:
		return 0, false
	}
	n, err := strconv.ParseFloat(v, 64)
	return n, err == nil
}

func testNumber(*Field, string) (test, error) {
	return each("not_real", func(v string) bool { _, ok := ParseNumber(v); return ok }), nil
}

// attrsNumber asks for a keypad of digits, unless a minus can be meant: keypads have none.
func attrsNumber(f *Field, _, _ string) []Attr {
	mode := "decimal"
	if f.Min != nil && strings.HasPrefix(string(*f.Min), "-") {
		mode = "text"
	}
	return []Attr{{"inputmode", mode}, {"autocomplete", "off"}, {"enterkeyhint", "next"}}
}

func testMin(_ *Field, arg string) (test, error) {
	bound, ok := ParseNumber(arg)
	if !ok {
		return nil, fmt.Errorf("min needs a number")
	}
	return each("below_min", func(v string) bool { n, _ := ParseNumber(v); return n >= bound }), nil
}

func sayMin(f *Field, arg string, _ broken) string {
	if f.Max != nil {
		return fmt.Sprintf("“%s” must be from %s to %s", f.Label, *f.Min, *f.Max)
	}
	return fmt.Sprintf("“%s” must be %s or more", f.Label, arg)
}

func testMax(_ *Field, arg string) (test, error) {
	bound, ok := ParseNumber(arg)
	if !ok {
		return nil, fmt.Errorf("max needs a number")
	}
	return each("above_max", func(v string) bool { n, _ := ParseNumber(v); return n <= bound }), nil
}

func sayMax(f *Field, arg string, _ broken) string {
	if f.Min != nil {
		return fmt.Sprintf("“%s” must be from %s to %s", f.Label, *f.Min, *f.Max)
	}
	return fmt.Sprintf("“%s” must be %s or less", f.Label, arg)
}
