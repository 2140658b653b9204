// Command sealform runs the service and the operator's commands.
//
// One file a command: it reads the flags, calls what does the work, and says how it went. internal/config reads the
// configuration (config.go hands it flags and variables), internal/server is the process that `serve` and `demo` run, and
// operator.go opens configuration, secrets and store for the commands that work on them. Nothing here handles plaintext but
// `open`, which prints it for the person who gave the password.
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
	"syscall"
	"time"

	"github.com/urfave/cli/v3"

	"sealform/internal/outward"
)

// program is the environment of a command: streams, variables, clock. Tests start it with their own.
type program struct {
	in       io.Reader
	out, err io.Writer
	env      []string
	now      func() time.Time
	outward  outward.Config // how webhooks and key directories are called; the zero one but for tests
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
