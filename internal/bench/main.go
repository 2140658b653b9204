// Command bench measures the product beside a floor, in one run on one machine, and prints a line a figure.
//
//	go run ./internal/bench             # everything, some minutes
//	go run ./internal/bench -d 3s intake upload
//
// The floor (floor.go) is what the least service must do: a bare handler over TLS that parses the same body, seals it
// to two readers with a signature and group-commits one row of ciphertext. Product and floor take turns, so that a
// machine whose speed drifts slows both; medians of the runs are printed, and CPU time of the server process beside
// the rates, because it is the steadier figure. The load is a third process. All of it is on loopback and bounded.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "floor":
			check(runFloor(os.Args[2:]))
			return
		case "load":
			check(runLoad(os.Args[2:]))
			return
		case "sink":
			check(runSink(os.Args[2:]))
			return
		}
	}
	b := &bench{}
	flag.DurationVar(&b.length, "d", 5*time.Second, "length of one run")
	flag.IntVar(&b.runs, "runs", 3, "runs of each configuration; the median is printed")
	flag.StringVar(&b.dir, "dir", "", "folder on the disk that counts (default: the current one)")
	flag.StringVar(&b.binary, "binary", "", "measure this program instead of building one")
	flag.Parse()
	check(b.run(context.Background(), flag.Args()))
}

// bench is one run of the measurements named.
type bench struct {
	length time.Duration
	runs   int
	dir    string
	self   string // this program, for the floor and the load
	binary string // the product
}

func (b *bench) run(ctx context.Context, only []string) error {
	parent := b.dir
	if parent == "" {
		parent = "."
	}
	dir, err := os.MkdirTemp(parent, ".bench-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer os.RemoveAll(dir)
	if b.dir, err = filepath.Abs(dir); err != nil {
		return fmt.Errorf("finding the folder: %w", err)
	}
	if b.self, err = os.Executable(); err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	if b.binary == "" {
		if err := b.build(ctx); err != nil {
			return err
		}
	}
	fmt.Printf("# %s %s/%s cores=%d runs=%d d=%s\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), b.runs, b.length)
	for _, m := range []struct {
		name string
		run  func(context.Context) error
	}{{"size", b.size}, {"idle", b.idle}, {"intake", b.intake}, {"upload", b.upload}, {"open", b.open}, {"inbox", b.inbox}, {"mail", b.mail}, {"drain", b.drain}} {
		if len(only) > 0 && !slices.Contains(only, m.name) {
			continue
		}
		if err := m.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

// buildClinic makes the product as it is released.
func (b *bench) build(ctx context.Context) error {
	b.binary = filepath.Join(b.dir, "sealform")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", b.binary, "./cmd/sealform") // #nosec G204
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("building the product: %w", err)
	}
	return nil
}

func (b *bench) size(context.Context) error {
	st, err := os.Stat(b.binary)
	if err != nil {
		return err
	}
	fmt.Printf("size    binary=%.1fMB (stripped, static)\n", float64(st.Size())/1e6)
	return nil
}

func check(err error) {
	if err != nil {
		log.Fatal("bench: ", err)
	}
}

// median of a list that is not empty.
func median(v []float64) float64 {
	s := slices.Clone(v)
	slices.Sort(s)
	return s[len(s)/2]
}
