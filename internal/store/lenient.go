package store

import "bytes"

// lenient scans a row that somebody may have written past this program: SQLite takes any type in any column. A value of
// another type is left zero and marked, so that one such row does not fail the query that meets it.
type lenient struct{ wrong bool }

func (l *lenient) number(into *int64) any { return lenientValue[int64]{into, &l.wrong} }
func (l *lenient) text(into *string) any  { return lenientValue[string]{into, &l.wrong} }
func (l *lenient) bytes(into *[]byte) any { return lenientValue[[]byte]{into, &l.wrong} }

type lenientValue[T int64 | string | []byte] struct {
	into  *T
	wrong *bool
}

// Scan implements sql.Scanner. Bytes are the driver's own until they are copied; an empty value may come as nil.
func (x lenientValue[T]) Scan(v any) error {
	if b, ok := v.([]byte); ok || v == nil {
		v = bytes.Clone(b)
	}
	value, ok := v.(T)
	*x.into = value
	if !ok {
		*x.wrong = true
	}
	return nil
}
