package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v3"

	"sealform/internal/config"
	"sealform/internal/text"
)

// usageError is a call that can't be taken; it exits with 2.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

// usagef makes the error of a wrong call and points at the command's help.
func usagef(c *cli.Command, format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...) + "\nTry: " + c.FullName() + " --help"}
}

// called names a command as people type it, without the program's own name.
func called(c *cli.Command) string { return strings.TrimPrefix(c.FullName(), "sealform ") }

// strict makes a command and those below it refuse arguments that they don't name, and say what else is wrong with a
// call in our words.
func strict(c *cli.Command) {
	c.OnUsageError = wrongCall
	if len(c.Commands) == 0 {
		c.Action = withArguments(c.Action)
	}
	for _, s := range c.Commands {
		strict(s)
	}
}

// withArguments refuses a call with too few or too many arguments, by the names in ArgsUsage: "FILE", "[FILE …]" or none.
func withArguments(run cli.ActionFunc) cli.ActionFunc {
	return func(ctx context.Context, c *cli.Command) error {
		if strings.HasPrefix(c.ArgsUsage, "[") || c.Args().Len() == len(strings.Fields(c.ArgsUsage)) {
			return run(ctx, c)
		}
		if c.ArgsUsage == "" {
			return usagef(c, "%s takes no arguments", called(c))
		}
		return usagef(c, "%s takes one argument, %s", called(c), c.ArgsUsage)
	}
}

// The library's words for what we say in our own; a test notices when they change.
const (
	noSuchFlag   = "flag provided but not defined: -"
	requiredFlag = `Required flag "`
	requiredMany = `Required flags "`
)

func wrongCall(_ context.Context, c *cli.Command, err error, _ bool) error {
	said := err.Error()
	if name, ok := strings.CutPrefix(said, noSuchFlag); ok {
		return unknownFlag(c, name)
	}
	for _, before := range []string{requiredFlag, requiredMany} {
		if rest, ok := strings.CutPrefix(said, before); ok {
			names, _, _ := strings.Cut(rest, `"`)
			return usagef(c, "%s needs --%s", called(c), strings.ReplaceAll(names, ", ", " and --"))
		}
	}
	return usagef(c, "%s", said)
}

// unknownFlag never repeats what stood behind "=": it may be a password.
func unknownFlag(c *cli.Command, name string) error {
	name, _, _ = strings.Cut(strings.TrimLeft(name, "-"), "=")
	for _, s := range config.Settings {
		if s.Secret && s.Flag() == name {
			return &usageError{fmt.Sprintf("--%s: a secret does not belong on the command line, where others on this machine can see it\n"+
				"Try: %s_FILE, with the path of a file that only the service may read", name, s.Variable())}
		}
	}
	var known []string
	for _, f := range c.Flags {
		known = append(known, f.Names()[0])
	}
	meant := text.Near(" Did you mean --%s?", name, known)
	if c.Root() == c {
		return usagef(c, "there is no flag --%s.%s", name, meant)
	}
	return usagef(c, "%s has no flag --%s.%s", called(c), name, meant)
}

func (p *program) unknownCommand(_ context.Context, c *cli.Command) error {
	if name := c.Args().First(); name != "" {
		return usagef(c, "there is no command %q.%s", name, didYouMean(name, c.Commands))
	}
	return cli.ShowRootCommandHelp(c)
}

func (p *program) needsSubcommand(_ context.Context, c *cli.Command) error {
	var names []string
	for _, s := range c.Commands {
		if s.Name != "help" {
			names = append(names, s.Name)
		}
	}
	all := strings.Join(names, ", ")
	if name := c.Args().First(); name != "" {
		return usagef(c, "%s has no command %q.%s It has: %s", called(c), name, didYouMean(name, c.Commands), all)
	}
	return usagef(c, "%s needs one of: %s", called(c), all)
}

func didYouMean(name string, cs []*cli.Command) string {
	var names []string
	for _, c := range cs {
		names = append(names, c.Name)
	}
	return text.Near(" Did you mean %q?", name, names)
}
