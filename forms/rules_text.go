package forms

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-playground/validator/v10"

	"sealform/internal/text"
)

var checker = validator.New()

func testRequired(*Field, string) (test, error) {
	return func(g *given, _ time.Time) broken {
		if g.blank() {
			return broken{code: "required"}
		}
		return broken{}
	}, nil
}

func sayRequired(f *Field, _ string, _ broken) string {
	format := "Fill in “%s”"
	switch f.Type {
	case YesNo, Choice:
		format = "Choose an answer to “%s”"
	case Choices:
		format = "Choose at least one answer to “%s”"
	case Consent:
		format = "Tick the box if you agree: “%s”"
	case FileType:
		format = "Choose a file for “%s”"
	case Text, LongText, Name, Email, Phone, Number, Date:
	}
	return fmt.Sprintf(format, f.Label)
}

func testEmail(*Field, string) (test, error) {
	const tag = "required,email,max=254" // RFC 5321 §4.5.3.1.3
	_ = checker.Var("", tag)             // an unknown tag would panic here, under compile's recover
	return each("bad_email", func(v string) bool { return checker.Var(v, tag) == nil }), nil
}

// testPhone counts digits and looks past what people put between them. An extension may follow an x.
func testPhone(*Field, string) (test, error) {
	return each("bad_phone", func(v string) bool {
		number, _, _ := strings.Cut(strings.ToLower(foldDigits(v)), "x")
		number = strings.TrimSuffix(strings.TrimSpace(number), "e") // "ex 12", "ext" is cut at its x
		digits := 0
		for i, r := range number {
			switch {
			case r >= '0' && r <= '9':
				digits++
			case r == '+' && i == 0:
			case strings.ContainsRune(" -()[]./\u00a0\u2010\u2011\u2013", r):
			default:
				return false
			}
		}
		return digits >= 7 && digits <= 15 // ITU-T E.164 §6
	}), nil
}

// foldDigits writes the digits of other scripts as 0 to 9.
func foldDigits(s string) string {
	ascii := true
	for i := range len(s) {
		ascii = ascii && s[i] < utf8.RuneSelf
	}
	if ascii {
		return s
	}
	zeros := [...]rune{'٠', '۰', '०', '০', '０'} // Arabic, Persian, Devanagari, Bengali, full width
	return strings.Map(func(r rune) rune {
		for _, z := range zeros {
			if r >= z && r <= z+9 {
				return '0' + r - z
			}
		}
		return r
	}, s)
}

func length(v string) int { return utf8.RuneCountInString(strings.ReplaceAll(v, "\r\n", "\n")) }

// testLength compares the characters of a value with a bound.
func testLength(code string, within func(v string, n int) bool) func(*Field, string) (test, error) {
	return func(_ *Field, arg string) (test, error) {
		n, err := strconv.Atoi(arg)
		if err != nil {
			return nil, errors.New("a bound of length needs a whole number")
		}
		return each(code, func(v string) bool { return within(v, n) }), nil
	}
}

func sayMinLength(f *Field, arg string, _ broken) string {
	return fmt.Sprintf("Write a little more in “%s”: at least %s", f.Label, characters(arg))
}

func characters(arg string) string {
	n, _ := strconv.Atoi(arg) // which the test read before
	return text.Count(n, "character")
}

func sayMaxLength(f *Field, arg string, _ broken) string {
	return fmt.Sprintf("Shorten “%s” to %s or fewer", f.Label, characters(arg))
}

// attrsMaxLength leaves long answers without a maxlength: browsers cut what is pasted there without a word, and
// with it what somebody wanted to tell. The check says it instead.
func attrsMaxLength(f *Field, arg, _ string) []Attr {
	if f.Type == LongText {
		return nil
	}
	return []Attr{{"maxlength", arg}}
}

func testOneOf(f *Field, _ string) (test, error) {
	some, err := testSomeOf(f, "")
	return func(g *given, now time.Time) broken {
		for _, v := range g.values {
			if v != g.values[0] {
				return broken{code: "not_a_choice"}
			}
		}
		return some(g, now)
	}, err
}

func testSomeOf(f *Field, _ string) (test, error) {
	if len(f.Options) == 0 {
		return nil, fmt.Errorf("field %s has no options", f.ID)
	}
	return each("not_a_choice", func(v string) bool {
		_, ok := f.OptionLabel(v)
		return ok
	}), nil
}
