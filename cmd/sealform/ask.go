package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"sealform/internal/hint"
	"sealform/keys"
)

// longestLine bounds an answer; a longer one is refused, never cut.
const longestLine = 1 << 10

// errInterrupted answers Ctrl-C at a question.
var errInterrupted = errors.New("interrupted; nothing was changed")

// askPassword reads one without echo from a terminal, or a line from a pipe. twice asks again when at a terminal.
func (p *program) askPassword(ctx context.Context, what string, twice bool) (keys.Password, error) {
	f, ok := p.in.(*os.File)
	if !ok || !term.IsTerminal(descriptor(f)) {
		line, err := p.line()
		if err == nil && line == "" {
			err = hint.Add(fmt.Errorf("no %s was given", what), "type it at a terminal, or pipe it in, one line for each question")
		}
		return keys.NewPassword([]byte(line)), err
	}
	first, err := p.hidden(ctx, f, what)
	if err != nil || !twice {
		return keys.NewPassword(first), err
	}
	second, err := p.hidden(ctx, f, "the same again")
	if err != nil {
		return keys.Password{}, err
	}
	if string(first) != string(second) {
		return keys.Password{}, hint.Add(errors.New("the two differ; nothing was changed"), "the command again")
	}
	return keys.NewPassword(first), nil
}

// hidden asks at a terminal, whose echo is on again whichever way it ends.
func (p *program) hidden(ctx context.Context, f *os.File, what string) ([]byte, error) {
	fd := descriptor(f)
	before, err := term.GetState(fd)
	if err != nil {
		return nil, fmt.Errorf("asking for the %s: %w", what, err)
	}
	fmt.Fprintf(p.err, "%s: ", strings.ToUpper(what[:1])+what[1:])
	type answer struct {
		b   []byte
		err error
	}
	got := make(chan answer, 1)
	go func() {
		b, err := term.ReadPassword(fd)
		got <- answer{b, err}
	}()
	select {
	case <-ctx.Done():
		return nil, errors.Join(errInterrupted, term.Restore(fd, before))
	case a := <-got:
		fmt.Fprintln(p.err)
		switch {
		case a.err != nil:
			return nil, fmt.Errorf("reading the %s: %w", what, a.err)
		case len(a.b) == 0:
			return nil, hint.Add(fmt.Errorf("no %s was given", what), "the command again")
		}
		return a.b, nil
	}
}

// descriptor is the number by which golang.org/x/term knows a file.
func descriptor(f *os.File) int { return int(f.Fd()) } // #nosec G115 -- a file descriptor is small

// line reads one line byte by byte, so that a second question finds its own line.
func (p *program) line() (string, error) {
	var b strings.Builder
	one := make([]byte, 1)
	for {
		n, err := p.in.Read(one)
		if n == 1 && one[0] == '\n' || errors.Is(err, io.EOF) {
			return strings.TrimSuffix(b.String(), "\r"), nil
		}
		if err != nil {
			return "", fmt.Errorf("reading a line: %w", err)
		}
		b.Write(one[:n])
		if b.Len() > longestLine {
			return "", fmt.Errorf("a line is longer than %d bytes", longestLine)
		}
	}
}
