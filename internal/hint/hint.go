// Package hint adds to an error the next thing to try, in the words of whoever met the error: a file that is there already
// says "another file name" where it is made, and nobody above needs to know why. Commands show it on a line of its own.
//
// An error keeps its identity: errors.Is and errors.As see through the hint, and wrapping the error again keeps the hint.
// Neither part may hold what a visitor typed, nor a secret.
package hint

import (
	"errors"
	"fmt"
)

type hinted struct {
	error
	next string
}

func (h *hinted) Unwrap() error { return h.error }

// Add gives err with the next thing to try, which is formatted as by fmt.Sprintf.
func Add(err error, next string, args ...any) error {
	return &hinted{err, fmt.Sprintf(next, args...)}
}

// Of is the outermost hint of err; "" where nobody added one.
func Of(err error) string {
	var h *hinted
	if errors.As(err, &h) {
		return h.next
	}
	return ""
}
