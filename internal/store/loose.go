package store

import (
	"bytes"
	"database/sql"
)

// loose scans a row that somebody may have written past this program: SQLite takes any type in any column. A value of
// another type is left zero and noted, so that one such row does not fail the query that meets it.
type loose struct{ wrong bool }

type (
	looseNumber struct {
		into  *int64
		wrong *bool
	}
	looseText struct {
		into  *string
		wrong *bool
	}
	looseBytes struct {
		into  *[]byte
		wrong *bool
	}
)

func (l *loose) number(into *int64) sql.Scanner { return looseNumber{into, &l.wrong} }
func (l *loose) text(into *string) sql.Scanner  { return looseText{into, &l.wrong} }
func (l *loose) bytes(into *[]byte) sql.Scanner { return looseBytes{into, &l.wrong} }

// Scan implements sql.Scanner.
func (x looseNumber) Scan(v any) error {
	n, ok := v.(int64)
	*x.into, *x.wrong = n, *x.wrong || !ok
	return nil
}

// Scan implements sql.Scanner.
func (x looseText) Scan(v any) error {
	s, ok := v.(string)
	*x.into, *x.wrong = s, *x.wrong || !ok
	return nil
}

// Scan implements sql.Scanner. An empty value may come as nil.
func (x looseBytes) Scan(v any) error {
	b, ok := v.([]byte)
	*x.into, *x.wrong = bytes.Clone(b), *x.wrong || !ok && v != nil
	return nil
}
