package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/urfave/cli/v3"
	"golang.org/x/term"

	"sealform/internal/secrets"
	"sealform/internal/store"
	"sealform/internal/text"
	"sealform/keys"
	"sealform/keys/private"
)

// hint is an error with the next thing to try. All that commands say to people when they fail passes hinted.
type hint struct {
	err error
	try string
}

func (h *hint) Error() string { return h.err.Error() }
func (h *hint) Unwrap() error { return h.err }

func try(err error, next string, args ...any) error {
	return &hint{err, fmt.Sprintf(next, args...)}
}

// hinted is one sentence and the next thing to try.
func hinted(err error) string {
	var h *hint
	if errors.As(err, &h) {
		return err.Error() + "\nTry: " + h.try
	}
	for _, k := range knownHints {
		if errors.Is(err, k.err) {
			return err.Error() + "\nTry: " + k.try
		}
	}
	return err.Error()
}

var knownHints = []hint{
	{private.ErrWrongPassword, "type the key password again; it is not the account password"},
	{private.ErrWrongKey, "another key: `sealform keys list` shows which there are"},
	{private.ErrUnsigned, "the signing key that was in force then: --signer FILE"},
	{private.ErrDamaged, "a fresh export of the same submission"},
	{store.ErrNotFound, "`sealform keys list` or `sealform user list` shows what there is"},
	{store.ErrExists, "another name, or remove the old one first"},
	{secrets.ErrReadable, "chmod go= on the file named, after asking who could have read it"},
	{fs.ErrNotExist, "`sealform init` makes a new service in a folder; --config names another one"},
	{fs.ErrPermission, "run it as the user that owns the files"},
}

func didYouMean(name string, cs []*cli.Command) string {
	var names []string
	for _, c := range cs {
		names = append(names, c.Name)
	}
	if near := text.Closest(name, names); near != "" {
		return fmt.Sprintf(" Did you mean %q?", near)
	}
	return ""
}

// askPassword reads one without echo from a terminal, or a line from a pipe. twice asks again when at a terminal.
func (p *program) askPassword(what string, twice bool) (keys.Password, error) {
	f, ok := p.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) { // #nosec G115 -- a file descriptor
		line, err := p.line()
		if err != nil || line == "" {
			return keys.Password{}, try(fmt.Errorf("no %s was given", what), "type it at a terminal, or pipe one line in")
		}
		return keys.NewPassword([]byte(line)), nil
	}
	first, err := p.hidden(f, what)
	if err != nil || !twice {
		return keys.NewPassword(first), err
	}
	second, err := p.hidden(f, "The same again")
	if err != nil {
		return keys.Password{}, err
	}
	if string(first) != string(second) {
		return keys.Password{}, try(fmt.Errorf("the two differ"), "the command again")
	}
	return keys.NewPassword(first), nil
}

func (p *program) hidden(f *os.File, what string) ([]byte, error) {
	fmt.Fprintf(p.err, "%s: ", what)
	b, err := term.ReadPassword(int(f.Fd())) // #nosec G115 -- a file descriptor
	fmt.Fprintln(p.err)
	if err != nil {
		return nil, fmt.Errorf("reading the password: %w", err)
	}
	return b, nil
}

// line reads one line byte by byte, so that a second question finds its own line.
func (p *program) line() (string, error) {
	var b strings.Builder
	one := make([]byte, 1)
	for b.Len() < 1<<12 {
		n, err := p.in.Read(one)
		if n == 1 && one[0] == '\n' {
			break
		}
		b.Write(one[:n])
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", fmt.Errorf("reading a line: %w", err)
		}
	}
	return strings.TrimSuffix(b.String(), "\r"), nil
}
