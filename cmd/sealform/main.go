// Command sealform runs the service and the operator's commands.
//
// This package wires: it is the only reader of flags, environment and configuration files, and the only one that
// knows every other package. One file per command; config*.go read the configuration; house.go opens secrets, forms,
// readers and store in the order that a fault in one can be told together with the others; serve.go and listen.go
// run the listeners. Nothing here handles plaintext but `open`, which prints it for the person who gave the password.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/urfave/cli/v3"
)

// program is what a command runs with; tests start it with streams and a clock of their own.
type program struct {
	in       io.Reader
	out, err io.Writer
	env      []string
	now      func() time.Time
}

func main() {
	harden()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	p := &program{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Environ(), now: time.Now}
	code := p.run(ctx, os.Args)
	stop()
	os.Exit(code)
}

// run gives the exit code: 0 done, 1 refused or failed, 2 wrongly called.
func (p *program) run(ctx context.Context, args []string) int {
	err := p.commands().Run(ctx, args)
	var usage *usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		fmt.Fprintf(p.err, "sealform: %s\n", usage)
		return 2
	default:
		fmt.Fprintf(p.err, "sealform: %s\n", hinted(err))
		return 1
	}
}

func (p *program) commands() *cli.Command {
	return &cli.Command{
		Name:                  "sealform",
		Usage:                 "web forms whose answers only their readers can open",
		HideVersion:           true,
		EnableShellCompletion: true,
		Writer:                p.out,
		ErrWriter:             p.err,
		Reader:                p.in,
		ExitErrHandler:        func(context.Context, *cli.Command, error) {}, // run decides
		OnUsageError:          wrongCall,
		CommandNotFound:       nil,
		Action:                p.unknownCommand,
		Commands: []*cli.Command{
			p.demoCommand(), p.initCommand(), p.serveCommand(),
			p.formsCommand(), p.keysCommand(), p.userCommand(),
			p.openCommand(), p.exportCommand(), p.auditCommand(),
			p.healthCommand(), p.versionCommand(),
		},
	}
}

// usageError is a call that can't be taken; it exits with 2.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func wrongCall(_ context.Context, c *cli.Command, err error, _ bool) error {
	return &usageError{fmt.Sprintf("%s\nTry: %s --help", err, c.FullName())}
}

func (p *program) unknownCommand(_ context.Context, c *cli.Command) error {
	if name := c.Args().First(); name != "" {
		return &usageError{fmt.Sprintf("there is no command %q.%s\nTry: sealform --help", name, didYouMean(name, c.Commands))}
	}
	return cli.ShowRootCommandHelp(c)
}
