package file

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sealform/forms"
	"sealform/internal/notice"
	"sealform/internal/text"
	"sealform/internal/yamltree"
)

// readNotify reads who is told that something came. An entry is one of two kinds: notices soon after something came,
// within the hours of "when", or one "digest" a day at its time. Whoever is to get both has two entries.
func readNotify(f *forms.Form, d *yamltree.Mapping) {
	soon, daily := map[string]bool{}, map[string]bool{}
	byLevel := map[string]bool{}
	if f.Mail != nil {
		for _, t := range f.Mail.To {
			byLevel[strings.ToLower(t.Address)] = t.Level == forms.Notice
		}
	}
	for _, e := range d.Entries("notify", "email") {
		seen := soon
		if e.Has("digest") {
			seen = daily
		}
		n := notice.Notify{Email: readAddress(e, "email", seen), When: readWindow(e), Digest: readDigest(e)}
		switch {
		case e.Has("digest") && e.Has("when"):
			e.FaultAtName("when", `an entry has "when" or "digest", not both`, "Make two entries of it: the digest has its own time.")
		case !e.Has("digest") && byLevel[strings.ToLower(n.Email)]:
			e.Fault("email", fmt.Sprintf("%q gets notices already, by its level under mail", n.Email), "Keep one of them.")
		}
		e.Done()
		f.Notify = append(f.Notify, n)
	}
	if len(f.Notify) > 2*maxAddress {
		d.Fault("notify", fmt.Sprintf("more than %d entries", 2*maxAddress), "Use a mailing list's address.")
	}
}

// readDigest reads the time of a daily digest; nil where there is none, or none that we understand.
func readDigest(m *yamltree.Mapping) *notice.Minute {
	s := m.Text("digest")
	if s == "" {
		return nil
	}
	at, ok := clock(s)
	if !ok || at == midnight {
		m.Fault("digest", fmt.Sprintf("%q is not a time of day", s), `Write hours and minutes, in quotes: "07:30".`)
		return nil
	}
	return &at
}

// readWindow reads when notices may go out; always, unless told.
func readWindow(m *yamltree.Mapping) notice.Window {
	s := m.Text("when")
	if s == "" {
		return notice.Window{}
	}
	w, message, mend := parseWindow(s)
	if message != "" {
		m.Fault("when", message, mend)
	}
	return w
}

// windowMend shows every way to write a window.
const windowMend = "Write days, then hours: weekdays 08:00-18:00, daily 07:00-20:00, mon,wed 09:00-12:00, or always."

// around matches a dash or a comma with the space around it.
var around = regexp.MustCompile(`\s*([-–,])\s*`)

// parseWindow reads "weekdays 08:00-18:00", "mon-fri 8:00-17:00", "mon,wed 09:00-12:00", "daily", "always".
func parseWindow(s string) (w notice.Window, message, mend string) {
	tidy := strings.ReplaceAll(around.ReplaceAllString(strings.ToLower(s), "$1"), "–", "-")
	words := strings.Fields(tidy)
	if tidy == "always" {
		return notice.Window{}, "", ""
	}
	if len(words) == 0 || len(words) > 2 {
		return notice.Window{}, fmt.Sprintf("%q is no time that we understand", s), windowMend
	}
	if first := words[0][0]; first < '0' || first > '9' {
		if w.Days, mend = parseDays(words[0]); mend != "" {
			return notice.Window{}, fmt.Sprintf("%q names a day that we do not know", s), mend
		}
		words = words[1:]
	}
	if len(words) == 0 {
		return w, "", ""
	}
	from, to, _ := strings.Cut(words[0], "-")
	var okFrom, okTo bool
	w.From, okFrom = clock(from)
	w.To, okTo = clock(to)
	switch {
	case len(words) > 1 || !okFrom || !okTo:
		return notice.Window{}, fmt.Sprintf("%q has hours that we do not understand", s), windowMend
	case w.To <= w.From:
		return notice.Window{}, fmt.Sprintf("%q ends before it begins", s), "Give the hours of one day, such as 08:00-18:00: notices of the night wait until then."
	}
	return w, "", ""
}

// midnight is the time at the end of a day, 24:00.
const midnight notice.Minute = 24 * 60

// clockTime is the shape of a time of day.
var clockTime = regexp.MustCompile(`^([01]?[0-9]|2[0-3]):([0-5][0-9])$`)

// clock reads "8:00", "08:00" or "24:00".
func clock(s string) (notice.Minute, bool) {
	if s == "24:00" {
		return midnight, true
	}
	at := clockTime.FindStringSubmatch(s)
	if at == nil {
		return 0, false
	}
	hour, _ := strconv.Atoi(at[1]) // which are digits
	minute, _ := strconv.Atoi(at[2])
	return notice.Minute(60*hour + minute), true
}

// dayNames are in the order of time.Weekday; the first three letters are enough.
var dayNames = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// parseDays reads "daily", "weekdays" or a list of days and ranges of them. mend is "" if it is understood.
func parseDays(s string) (days [7]bool, mend string) {
	switch s {
	case "daily":
		return days, ""
	case "weekdays":
		return [7]bool{1: true, 2: true, 3: true, 4: true, 5: true}, ""
	}
	for part := range strings.SplitSeq(s, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, to := weekday(first), weekday(last)
		if from < 0 || to < 0 {
			return days, dayMend(first, last)
		}
		for ; from != to; from = (from + 1) % 7 {
			days[from] = true
		}
		days[to] = true
	}
	return days, ""
}

// weekday gives the number of a day's name, Sunday 0; -1 for no day.
func weekday(s string) int {
	return slices.IndexFunc(dayNames, func(name string) bool { return s == name || s == name[:3] })
}

// dayMend gives the nearest name of a day for the first word that is none, else all ways to write a window.
func dayMend(words ...string) string {
	known := append([]string{"weekdays", "daily", "always"}, dayNames...)
	for _, w := range words {
		if meant := text.Meant(w, known); meant != "" && weekday(w) < 0 {
			return meant
		}
	}
	return windowMend
}
