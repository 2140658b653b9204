package config

import (
	"errors"
	"regexp"
	"strings"

	"sealform/internal/hint"
	"sealform/internal/text"
	"sealform/internal/yamltree"
)

// Faults are everything that keeps something from being done, told together.
type Faults []error

// AsError gives nil for an empty list, the list otherwise. Nils in it are left out, lists in it become part of it.
func (f Faults) AsError() error {
	var all Faults
	for _, err := range f {
		more, isList := err.(Faults) //nolint:errorlint // a list inside a wrapped error keeps its wrapping
		switch {
		case isList:
			all = append(all, more...)
		case err != nil:
			all = append(all, err)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

func (f Faults) Unwrap() []error { return f }

// Error is a single fault as it is; several stand one below the other and are counted.
func (f Faults) Error() string {
	var b strings.Builder
	n := 0
	for _, err := range f {
		said, more := lines(err)
		b.WriteString("\n" + said)
		n += more
	}
	if n == 1 && len(f) == 1 && !strings.Contains(b.String()[1:], "\n") {
		return b.String()[1:]
	}
	return text.Count(n, "fault") + ":" + b.String()
}

// Mend adds to faults what to do about them; other errors stay as they are.
func Mend(err error) error {
	var faults Faults
	if errors.As(err, &faults) {
		return hint.Add(err, "mend what is named above; nothing was started or changed")
	}
	return err
}

// lines is the text of a fault, and how many it counts for: the faults of a file close with a count of their own, which
// is left out here.
func lines(err error) (string, int) {
	var file yamltree.Faults
	if !errors.As(err, &file) {
		return err.Error(), 1
	}
	n := 0
	for _, x := range file {
		if !x.Warning {
			n++
		}
	}
	text := strings.TrimRight(err.Error(), "\n")
	if end := strings.LastIndexByte(text, '\n'); end >= 0 {
		text = text[:end]
	}
	return text, n
}

// secretLine finds a line that may hold a password or the like, and what stands behind the name.
var secretLine = regexp.MustCompile(`(?i)(?:pass|secret|token|credential)[A-Za-z_-]*["']?\s*:\s*["']?([^,}"']*)`)

// discreet takes the excerpts out of a configuration's faults: a line of it may hold a secret that does not belong
// there, and what is said ends up in logs and tickets. A message that quotes such a line is replaced.
func discreet(src []byte, faults yamltree.Faults) yamltree.Faults {
	text := strings.Split(string(src), "\n")
	for i := range faults {
		f := &faults[i]
		f.Excerpt = ""
		if f.Line < 1 || f.Line > len(text) {
			continue
		}
		m := secretLine.FindStringSubmatch(text[f.Line-1])
		if m == nil {
			continue
		}
		if value := strings.TrimSpace(m[1]); value != "" && strings.Contains(f.Message+f.Mend, value) {
			f.Message, f.Mend = "a line that can't be read, and may hold a secret", "A secret does not belong in this file."
		}
	}
	return faults
}
