package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"sealform/keys"
)

// terminal gives both ends of a new pseudo-terminal: what people type into, and what the program reads.
func terminal(t *testing.T) (keyboard, screen *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { keyboard.Close() })
	fd := int(keyboard.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	screen, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { screen.Close() })
	return keyboard, screen
}

func echoes(t *testing.T, screen *os.File) bool {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(screen.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return state.Lflag&unix.ECHO != 0
}

// letGo ends a reading that nobody waits for any longer. The last thing it does is to put the echo back as it was.
func letGo(t *testing.T, keyboard, screen *os.File) {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(screen.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	state.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(int(screen.Fd()), unix.TCSETS, state); err != nil {
		t.Fatal(err)
	}
	if _, err := keyboard.WriteString("\n"); err != nil {
		t.Fatal(err)
	}
	until(t, "the end of the reading", func() bool { return echoes(t, screen) })
}

type asked struct {
	pw  keys.Password
	err error
}

// TestTypedPasswordIsNotShown: the echo is off while a password is typed, and on again when the question has ended,
// by an answer or by Ctrl-C.
// covers LK01
func TestTypedPasswordIsNotShown(t *testing.T) {
	for name, end := range map[string]struct {
		how  func(keyboard *os.File, interrupt func()) error
		want error
	}{
		"an answer": {func(k *os.File, _ func()) error { _, err := k.WriteString("a long password\n"); return err }, nil},
		"Ctrl-C":    {func(_ *os.File, interrupt func()) error { interrupt(); return nil }, errInterrupted},
	} {
		t.Run(name, func(t *testing.T) {
			keyboard, screen := terminal(t)
			out := &said{}
			p := &program{in: screen, out: out, err: out}
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			got := make(chan asked, 1)
			go func() {
				pw, err := p.askPassword(ctx, "key password", false)
				got <- asked{pw, err}
			}()
			until(t, "the question", func() bool { return strings.Contains(out.String(), "Key password: ") && !echoes(t, screen) })
			if err := end.how(keyboard, interrupt); err != nil {
				t.Fatal(err)
			}
			a := <-got
			if !errors.Is(a.err, end.want) {
				t.Errorf("it ended with %v, want %v", a.err, end.want)
			}
			if end.want == nil && string(a.pw.Reveal()) != "a long password" {
				t.Errorf("what was typed did not arrive")
			}
			if !echoes(t, screen) {
				t.Errorf("the terminal's echo stays off")
			}
			if end.want != nil {
				letGo(t, keyboard, screen)
			}
		})
	}
}
