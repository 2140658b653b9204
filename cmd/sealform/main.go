// Command sealform runs the service and the operator's commands.
//
// This package wires: it is the only reader of flags, environment and configuration files, and the only one that
// knows every other package. One file per command; config*.go read the configuration; house.go opens secrets, forms,
// readers and store in the order that a fault in one can be told together with the others; serve.go and listen.go
// run the listeners. Nothing here handles plaintext but `open`, which prints it for the person who gave the password.
//
// All that commands say to people when they fail is one sentence and the next thing to try (say.go, usage.go).
// Nothing said repeats a secret: configuration faults show a place, never the line.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/urfave/cli/v3"

	"sealform/internal/config"
	"sealform/internal/outward"
)

// program is what a command runs with; tests start it with streams and a clock of their own.
type program struct {
	in       io.Reader
	out, err io.Writer
	env      []string
	now      func() time.Time
	minFree  int64
	outward  outward.Config // how webhooks and key directories are called; the zero one but for tests
}

// calls is what calls others: the configuration says which inside addresses it may.
func (p *program) calls(c *config.Config) *outward.Client {
	how := p.outward
	how.Allow = slices.Concat(how.Allow, c.Outward)
	return outward.New(how)
}

func main() {
	harden()
	os.Exit(mainCode())
}

// mainCode runs the program on the process's own streams until it is done or told to end. A second signal ends the
// process at once.
func mainCode() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	p := &program{in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Environ(), now: time.Now}
	return p.run(ctx, os.Args)
}

// run gives the exit code: 0 done, 1 refused or failed, 2 wrongly called.
func (p *program) run(ctx context.Context, args []string) int {
	err := p.commands().Run(ctx, args)
	var usage *usageError
	var topic cli.ExitCoder // the library's own: help was asked for on a command that is none
	switch {
	case err == nil:
		return 0
	case errors.As(err, &topic):
		fmt.Fprintf(p.err, "sealform: there is no such command to help with\nTry: sealform --help\n")
		return 2
	case errors.As(err, &usage):
		fmt.Fprintf(p.err, "sealform: %s\n", usage)
		return 2
	default:
		fmt.Fprintf(p.err, "sealform: %s\n", hinted(err))
		return 1
	}
}

func (p *program) commands() *cli.Command {
	root := &cli.Command{
		Name:                  "sealform",
		Usage:                 "web forms whose answers only their readers can open",
		Description:           "Try it:  sealform demo\nRun it:  sealform init --help",
		HideVersion:           true,
		EnableShellCompletion: true,
		Writer:                p.out,
		ErrWriter:             p.err,
		Reader:                p.in,
		ExitErrHandler:        func(context.Context, *cli.Command, error) {}, // run decides
		Action:                p.unknownCommand,
		Commands: []*cli.Command{
			p.demoCommand(), p.initCommand(), p.serveCommand(),
			p.formsCommand(), p.keysCommand(), p.userCommand(),
			p.openCommand(), p.exportCommand(), p.auditCommand(), p.outboxCommand(), p.webhooksCommand(),
			p.mailCommand(),
			p.healthCommand(), p.versionCommand(),
		},
	}
	strict(root)
	return root
}
