package main

import "github.com/urfave/cli/v3"

// mailCommand is `sealform mail`; neither of its commands opens the service.
func (p *program) mailCommand() *cli.Command {
	return &cli.Command{
		Name: "mail", Usage: "look at how mail travels: check where it goes, read the headers of what came",
		Action:   p.needsSubcommand,
		Commands: []*cli.Command{p.mailCheckCommand(), p.mailHeadersCommand()},
	}
}
