package store

import (
	"bytes"
)

// lenient scans a row that somebody may have written past this program: SQLite takes any type in any column. A value of
// another type is left zero and marked, so that one such row does not fail the query that meets it.
type lenient struct{ wrong bool }

type (
	lenientNumber struct {
		into  *int64
		wrong *bool
	}
	lenientText struct {
		into  *string
		wrong *bool
	}
	lenientBytes struct {
		into  *[]byte
		wrong *bool
	}
)

func (l *lenient) number(into *int64) any { return lenientNumber{into, &l.wrong} }
func (l *lenient) text(into *string) any  { return lenientText{into, &l.wrong} }
func (l *lenient) bytes(into *[]byte) any { return lenientBytes{into, &l.wrong} }

// Scan implements sql.Scanner.
func (x lenientNumber) Scan(v any) error {
	n, ok := v.(int64)
	*x.into, *x.wrong = n, *x.wrong || !ok
	return nil
}

// Scan implements sql.Scanner.
func (x lenientText) Scan(v any) error {
	s, ok := v.(string)
	*x.into, *x.wrong = s, *x.wrong || !ok
	return nil
}

// Scan implements sql.Scanner. An empty value may come as nil.
func (x lenientBytes) Scan(v any) error {
	b, ok := v.([]byte)
	*x.into, *x.wrong = bytes.Clone(b), *x.wrong || !ok && v != nil
	return nil
}
