package text_test

import (
	"testing"

	"sealform/internal/text"
)

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 bytes", 1: "1 byte", 1023: "1023 bytes", 1024: "1 KB", 1535: "1 KB", 1536: "2 KB", 300_000: "293 KB",
		1<<20 - 513: "1023 KB", 1<<20 - 1: "1 MB", 1 << 20: "1 MB", 1_300_000: "1.2 MB", 8 << 20: "8 MB", 100 << 20: "100 MB",
	} {
		if got := text.Size(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 files", 1: "1 file", 2: "2 files"} {
		if got := text.Count(n, "file"); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
}
