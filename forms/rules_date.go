package forms

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

var partNames = [3]string{"day", "month", "year"}

// civil is a day of the calendar, without a time or zone.
type civil struct {
	year  int
	month time.Month
	day   int
}

func (c civil) before(d civil) bool {
	if c.year != d.year {
		return c.year < d.year
	}
	if c.month != d.month {
		return c.month < d.month
	}
	return c.day < d.day
}

// String is "27 March 1957".
func (c civil) String() string { return fmt.Sprintf("%d %s %d", c.day, c.month, c.year) }

// DateText gives the day, month and year that were typed into a date's boxes as "27 March 1957"; ok is false where they
// are no date.
func DateText(boxes [3]string) (date string, ok bool) {
	c, wrong := readDate(boxes)
	return c.String(), wrong == ""
}

// readDate reads the three boxes. If they are no date, wrong says which box is to blame.
func readDate(parts [3]string) (c civil, wrong string) {
	year, ok := readPart(parts[2], 4)
	if !ok || year < 1000 {
		return c, "year"
	}
	month, ok := readMonth(parts[1])
	if !ok {
		return c, "month"
	}
	day, ok := readPart(parts[0], 2)
	if t := time.Date(year, month, day, 0, 0, 0, 0, time.UTC); !ok || day == 0 || t.Day() != day {
		return c, "day"
	}
	return civil{year, month, day}, ""
}

func readPart(s string, digits int) (int, bool) {
	s = strings.ReplaceAll(foldDigits(s), " ", "")
	if s == "" || len(s) > digits || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}

// readMonth takes 3, 03, mar, Mar. and march.
func readMonth(s string) (time.Month, bool) {
	if n, ok := readPart(s, 2); ok {
		return time.Month(n), n >= 1 && n <= 12
	}
	s = strings.ToLower(strings.Trim(s, " ."))
	if len(s) < 3 {
		return 0, false
	}
	for m := time.January; m <= time.December; m++ {
		if strings.HasPrefix(strings.ToLower(m.String()), s) {
			return m, true
		}
	}
	return 0, false
}

func testDate(*Field, string) (test, error) {
	return func(g *given, _ time.Time) broken {
		for i, p := range g.parts {
			if p == "" {
				return broken{code: "incomplete", part: partNames[i]}
			}
		}
		if _, wrong := readDate(g.parts); wrong != "" {
			return broken{code: "not_real", part: wrong}
		}
		return broken{}
	}, nil
}

func sayDate(f *Field, _ string, b broken) string {
	switch {
	case b.code == "incomplete":
		return fmt.Sprintf("Add the %s to “%s”", b.part, f.Label)
	case b.part == "year":
		return fmt.Sprintf("Write the year in “%s” with four digits, such as 1957", f.Label)
	case b.part == "month":
		return fmt.Sprintf("Write the month in “%s” as a number from 1 to 12, or as a name such as March", f.Label)
	}
	return fmt.Sprintf("Check the day in “%s”: that month has no such day", f.Label)
}

// attrsDate gives the tokens of a birthday to a memorable date. The boxes take "jan" too, so no maxlength.
func attrsDate(f *Field, _, part string) []Attr {
	part = strings.TrimPrefix(part, f.ID+".")
	token := "off"
	if f.Memorable && f.Autocomplete == "" {
		token = "bday-" + part
	}
	return []Attr{{"autocomplete", token}, {"inputmode", "numeric"}, {"enterkeyhint", "next"}}
}

// bound reads "today" or 2006-01-02, itself allowed: a child may be born today. On "today" the visitor's day counts,
// and we do not know where they are: zones reach from twelve hours behind UTC to fourteen ahead, so what is
// already today, or still today, in any of them is taken. Seen from a zone between, that is one day more.
func bound(arg string, ahead time.Duration) (func(now time.Time) civil, error) {
	if arg == "today" {
		return func(now time.Time) civil {
			y, m, d := now.UTC().Add(ahead).Date()
			return civil{y, m, d}
		}, nil
	}
	t, err := time.Parse(time.DateOnly, arg)
	if err != nil {
		return nil, fmt.Errorf("a date's bound must be today or a date such as 2026-01-31")
	}
	c := civil{t.Year(), t.Month(), t.Day()}
	return func(time.Time) civil { return c }, nil
}

func testBefore(_ *Field, arg string) (test, error) {
	last, err := bound(arg, 14*time.Hour)
	return func(g *given, now time.Time) broken {
		if c, _ := readDate(g.parts); last(now).before(c) {
			return broken{code: "not_past"}
		}
		return broken{}
	}, err
}

func sayBefore(f *Field, arg string, _ broken) string {
	if arg == "today" {
		return fmt.Sprintf("“%s” must not be in the future", f.Label)
	}
	return fmt.Sprintf("“%s” must be %s or earlier", f.Label, longDate(arg))
}

func testAfter(_ *Field, arg string) (test, error) {
	first, err := bound(arg, -12*time.Hour)
	return func(g *given, now time.Time) broken {
		if c, _ := readDate(g.parts); c.before(first(now)) {
			return broken{code: "not_future"}
		}
		return broken{}
	}, err
}

func sayAfter(f *Field, arg string, _ broken) string {
	if arg == "today" {
		return fmt.Sprintf("“%s” must be today or a later date", f.Label)
	}
	return fmt.Sprintf("“%s” must be %s or later", f.Label, longDate(arg))
}

func longDate(iso string) string {
	t, err := time.Parse(time.DateOnly, iso)
	if err != nil {
		return "the given date"
	}
	return t.Format("2 January 2006")
}
