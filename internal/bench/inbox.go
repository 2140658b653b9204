package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// inbox prints the time of one inbox page, list and counts, with 1,000 and with 1,000,000 stored rows. The rows are
// made by the store's own benchmark, as nothing outside that package writes SQL.
func (b *bench) inbox(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkPage$", "./internal/store", "-args", "-pagerows", "1000000")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("running the store's benchmark: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "Benchmark") {
			fmt.Print("inbox   ", line)
		}
	}
	return nil
}
