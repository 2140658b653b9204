package forms

import (
	"errors"
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

// testRange compares a number with its bound.
func testRange(code string, within func(n, bound float64) bool) func(*Field, string) (test, error) {
	return func(_ *Field, arg string) (test, error) {
		bound, ok := ParseNumber(arg)
		if !ok {
			return nil, errors.New("a bound needs a number")
		}
		return each(code, func(v string) bool { n, _ := ParseNumber(v); return within(n, bound) }), nil
	}
}

// saysRange is the message about a bound of a number: with the other one, where there are two.
func saysRange(direction string) func(*Field, string, broken) string {
	return func(f *Field, arg string, _ broken) string {
		if f.Min != nil && f.Max != nil {
			return fmt.Sprintf("“%s” must be from %s to %s", f.Label, *f.Min, *f.Max)
		}
		return fmt.Sprintf("“%s” must be %s or %s", f.Label, arg, direction)
	}
}
