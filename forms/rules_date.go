package forms

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

var partNames = [3]string{"day", "month", "year"}

// longDay is how a day is written for people: "27 March 1957".
const longDay = "2 January 2006"

// DateText gives the day, month and year that were typed into a date's boxes as "27 March 1957"; ok is false where they
// are no date.
func DateText(boxes [3]string) (date string, ok bool) {
	day, wrong := readDate(boxes)
	return day.Format(longDay), wrong == ""
}

// readDate reads the three boxes as a day, its midnight in UTC. If they are no date, wrong says which box is to blame.
func readDate(parts [3]string) (date time.Time, wrong string) {
	year, ok := readPart(parts[2], 4)
	if !ok || year < 1000 {
		return date, "year"
	}
	month, ok := readMonth(parts[1])
	if !ok {
		return date, "month"
	}
	day, ok := readPart(parts[0], 2)
	date = time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	if !ok || day == 0 || date.Day() != day {
		return date, "day"
	}
	return date, ""
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
func bound(arg string, ahead time.Duration) (func(now time.Time) time.Time, error) {
	if arg == "today" {
		return func(now time.Time) time.Time { return now.UTC().Add(ahead).Truncate(24 * time.Hour) }, nil
	}
	day, err := time.Parse(time.DateOnly, arg)
	if err != nil {
		return nil, fmt.Errorf("a date's bound must be today or a date such as 2026-01-31")
	}
	return func(time.Time) time.Time { return day }, nil
}

func testBefore(_ *Field, arg string) (test, error) {
	last, err := bound(arg, 14*time.Hour)
	return func(g *given, now time.Time) broken {
		if day, _ := readDate(g.parts); day.After(last(now)) {
			return broken{code: "not_past"}
		}
		return broken{}
	}, err
}

func testAfter(_ *Field, arg string) (test, error) {
	first, err := bound(arg, -12*time.Hour)
	return func(g *given, now time.Time) broken {
		if day, _ := readDate(g.parts); day.Before(first(now)) {
			return broken{code: "not_future"}
		}
		return broken{}
	}, err
}

// saysBound is the message about a bound: of today, or of a day, itself allowed, and all in one direction from it.
func saysBound(today, direction string) func(*Field, string, broken) string {
	return func(f *Field, arg string, _ broken) string {
		if arg == "today" {
			return fmt.Sprintf("“%s” must %s", f.Label, today)
		}
		day, _ := time.Parse(time.DateOnly, arg) // which the test read before
		return fmt.Sprintf("“%s” must be %s or %s", f.Label, day.Format(longDay), direction)
	}
}
