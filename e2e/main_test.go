package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
)

// root is the checkout.
const root = ".."

// program is the binary under test.
var program string

func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		os.Exit(m.Run()) // every test skips by itself
	}
	dir, err := os.MkdirTemp("", "sealform-e2e-")
	if err == nil {
		err = build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	if err := os.RemoveAll(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// build makes the program as a release is made.
func build(dir string) error {
	program = filepath.Join(dir, "sealform")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", program, "./cmd/sealform")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the program: %w\n%s", err, out)
	}
	return nil
}

// whole marks a test that needs the real program; -short leaves it out.
func whole(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("the real program is not started under -short")
	}
}

// tool finds a program that the test needs.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is missing; scripts/setup-tests installs it", name)
	}
	return path
}

// soak gives the larger number under SOAK=1.
func soak(usual, patient int) int {
	if on, err := strconv.ParseBool(os.Getenv("SOAK")); err == nil && on {
		return patient
	}
	return usual
}
