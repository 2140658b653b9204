package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"sealform/forms/file"
	"sealform/internal/hint"
	"sealform/internal/server"
	"sealform/internal/text"
)

// formsCommand is `sealform forms`.
func (p *program) formsCommand() *cli.Command {
	return &cli.Command{
		Name: "forms", Usage: "check form files", Action: p.needsSubcommand,
		Commands: []*cli.Command{{
			Name: "check", Usage: "tell everything that is wrong with form files, with line and mend",
			ArgsUsage: "[FILE …]",
			Flags: []cli.Flag{configFlag(), &cli.StringFlag{
				Name: "format", Value: "text", Usage: "text for people, json for editors, github for GitHub Actions",
			}},
			Action: p.formsCheck,
		}},
	}
}

// formsCheck reads the files named, or all of the configured folder.
func (p *program) formsCheck(_ context.Context, c *cli.Command) error {
	format := c.String("format")
	if !slices.Contains([]string{"text", "json", "github"}, format) {
		return hint.Add(fmt.Errorf("there is no format %q", format), "--format text, json or github")
	}
	sources, err := p.sourcesNamed(c)
	if err != nil {
		return err
	}
	found, unwise, err := file.ParseAll(sources)
	var faults file.Faults
	if errors.As(err, &faults) {
		if err := p.tellFaults(format, faults); err != nil {
			return err
		}
		return hint.Add(errors.New("the form files need another look"), "mend the lines shown, then check again")
	}
	if err != nil {
		return err
	}
	if format != "text" {
		return p.tellFaults(format, unwise)
	}
	if len(unwise) > 0 {
		fmt.Fprintln(p.err, unwise.Error())
	}
	for _, f := range found {
		fmt.Fprintf(p.out, "%s: %s, sealed to %s, revision %x\n", f.ID, text.Count(len(f.Fields), "question"), strings.Join(f.To, ", "), f.Revision[:6])
	}
	return nil
}

// tellFaults writes what is wrong in the format that was asked for.
func (p *program) tellFaults(format string, faults file.Faults) error {
	switch format {
	case "json":
		return faults.WriteJSON(p.out)
	case "github":
		return faults.WriteGitHub(p.out)
	}
	return p.say("%s\n", faults.Error())
}

// sourcesNamed are the form files that the command names, by path, or those of the configured folder.
func (p *program) sourcesNamed(c *cli.Command) (map[string][]byte, error) {
	if c.Args().Len() == 0 {
		cfg, err := p.readConfig(c)
		if err != nil {
			return nil, err
		}
		return server.FormSources(cfg.Forms)
	}
	sources, err := server.ReadSources(c.Args().Slice())
	if err != nil {
		return nil, hint.Add(err, "the path of a .yaml file")
	}
	return sources, nil
}
