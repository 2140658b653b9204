package private_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// tool finds a program; without it the test is skipped, and fails in CI.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed", name)
		}
		t.Skipf("%s is not installed", name)
	}
	return path
}

// gpg is GnuPG with a home of its own.
type gpg struct {
	t    *testing.T
	path string
	home string
}

func newGPG(t *testing.T) gpg {
	t.Helper()
	path := tool(t, "gpg")
	home, err := os.MkdirTemp("/tmp", "g") // short: its agent's socket path must be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = exec.Command("gpgconf", "--homedir", home, "--kill", "all").Run()
		_ = os.RemoveAll(home)
	})
	return gpg{t, path, home}
}

// try runs gpg and gives its output and its status lines.
func (g gpg) try(in []byte, args ...string) (out []byte, status string, err error) {
	g.t.Helper()
	all := append([]string{"--homedir", g.home, "--batch", "--yes", "--no-tty", "--pinentry-mode", "loopback", "--status-fd", "2"}, args...)
	cmd := exec.Command(g.path, all...)
	cmd.Stdin = bytes.NewReader(in)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	return stdout.Bytes(), stderr.String(), err
}

func (g gpg) run(in []byte, args ...string) []byte {
	g.t.Helper()
	out, status, err := g.try(in, args...)
	if err != nil {
		g.t.Fatalf("gpg %v: %v\n%s", args, err, status)
	}
	return out
}

// decrypt wants the message whole and its signature good.
func (g gpg) decrypt(message []byte, passphrase string) []byte {
	g.t.Helper()
	out, status, err := g.try(message, "--passphrase", passphrase, "--trust-model", "always", "--decrypt")
	if err != nil || !strings.Contains(status, "DECRYPTION_OKAY") || !strings.Contains(status, "GOODSIG") || !strings.Contains(status, "GOODMDC") {
		g.t.Fatalf("gpg does not open and verify: %v\n%s", err, status)
	}
	return out
}

// sq is Sequoia's program.
type sq struct {
	t    *testing.T
	path string
	dir  string
}

func newSQ(t *testing.T) sq {
	t.Helper()
	return sq{t, tool(t, "sq"), t.TempDir()}
}

func (s sq) run(args ...string) {
	s.t.Helper()
	cmd := exec.Command(s.path, args...)
	cmd.Dir = s.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("sq %v: %v\n%s", args, err, out)
	}
}

// runAsked runs sq where it asks for a password, which it does only at a terminal.
func (s sq) runAsked(password string, args ...string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, tool(s.t, "script"), "-qec", s.path+" "+strings.Join(args, " "), "/dev/null")
	cmd.Dir = s.dir
	keyboard, err := cmd.StdinPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended, idle := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(idle)
		for {
			select {
			case <-ended:
				return
			case <-time.After(300 * time.Millisecond):
				_, _ = io.WriteString(keyboard, password+"\n")
			}
		}
	}()
	err = cmd.Wait()
	close(ended)
	<-idle
	if err != nil {
		s.t.Fatalf("sq %v: %v\n%s", args, err, &out)
	}
}

func (s sq) write(name string, b []byte) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), b, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s sq) read(name string) []byte {
	s.t.Helper()
	b, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}
