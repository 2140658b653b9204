package notice

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sealform/internal/text"
)

// Placeholders that may stand in the operator's words.
var (
	inSubject = []string{"{clinic}", "{count}"}
	inText    = []string{"{clinic}", "{count}", "{link}"}
)

// address finds what mail programs make a link of.
var address = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*://|\bwww\.|\b(mailto|tel|javascript|data):|<a\s`)

// Check tells the first thing that must not be in the operator's words, as an error for the operator: a placeholder
// that is not in the closed list, a link that is not ours, more than one line of subject.
func (w Words) Check() error {
	if strings.ContainsAny(w.Clinic, "\r\n") {
		return errors.New("the clinic's name must be one line")
	}
	if oneLine(w.Subject) != strings.TrimSpace(w.Subject) {
		return errors.New("the subject of a notice must be one line of plain text, with single spaces")
	}
	if len([]rune(w.Subject)) > subjectMost {
		return fmt.Errorf("the subject of a notice has more than %d characters", subjectMost)
	}
	if err := check("subject", w.Subject, inSubject); err != nil {
		return err
	}
	if err := check("text", w.Text, inText); err != nil {
		return err
	}
	if w.Text != "" && !strings.Contains(w.Text, "{link}") {
		return errors.New("the text of a notice needs {link}, or nobody knows where to read")
	}
	return nil
}

func check(part, words string, allowed []string) error {
	for _, p := range text.Placeholders(words) {
		if !slices.Contains(allowed, p) {
			return fmt.Errorf("the %s of a notice has %s: a notice never holds answers. It can have %s",
				part, p, strings.Join(allowed, ", "))
		}
	}
	if address.MatchString(words) {
		return fmt.Errorf("the %s of a notice has a link of its own: write {link}, which leads to the staff pages", part)
	}
	return nil
}
