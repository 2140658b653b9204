package hint

import (
	"errors"
	"fmt"
	"testing"
)

// TestOf: an error keeps what it is and what it says; the outermost hint counts, however often it is wrapped.
func TestOf(t *testing.T) {
	inner := errors.New("the disk is full")
	err := fmt.Errorf("opening: %w", Add(inner, "make room on %s", "/data"))
	if err.Error() != "opening: the disk is full" || !errors.Is(err, inner) || Of(err) != "make room on /data" {
		t.Errorf("%q, %q", err, Of(err))
	}
	if got := Of(Add(err, "read the log")); got != "read the log" {
		t.Errorf("%q", got)
	}
	if Of(inner) != "" || Of(nil) != "" {
		t.Error("a hint that nobody gave")
	}
}
