package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v3"

	"sealform/internal/mail/headers"
)

// mailHeadersCommand is `sealform mail headers`.
func (p *program) mailHeadersCommand() *cli.Command {
	return &cli.Command{
		Name: "headers", Usage: "tell which part of its way a received message was carried by TLS", ArgsUsage: "FILE|-",
		Description: "FILE is a message as it came, an .eml or its source; - is standard input. Only its header is read.",
		Flags:       []cli.Flag{&cli.BoolFlag{Name: "json", Usage: "print JSON, for scripts"}},
		Action: func(_ context.Context, c *cli.Command) error {
			report, err := p.readHeaders(c.Args().First())
			if err != nil {
				return err
			}
			return p.answer(c, report, hopsText(report))
		},
	}
}

func (p *program) readHeaders(path string) (headers.Report, error) {
	if path == "-" {
		return headers.Read(p.in)
	}
	f, err := os.Open(path)
	if err != nil {
		return headers.Report{}, fmt.Errorf("opening the message: %w", err)
	}
	defer f.Close()
	return headers.Read(f)
}

// hopsText says for people how a message came, and what that is worth.
func hopsText(r headers.Report) string {
	var b strings.Builder
	if r.Cut {
		b.WriteString("The header is longer than is read; the oldest steps are missing.\n")
	}
	for i, h := range r.Hops {
		fmt.Fprintf(&b, "%2d  %s -> %s\n    %s\n", i+1, cmp.Or(h.From, "(nobody named)"), cmp.Or(h.By, "(nobody named)"), hopWords(h))
	}
	if len(r.Hops) > 0 {
		b.WriteString("\n")
	}
	b.WriteString(verdictOfHops[r.Verdict] + "\n")
	if len(r.Hops) > 0 {
		b.WriteString("Each step is told by the server that received it. Trust those of your own servers;\n" +
			"whoever sent the message can have made up every step before the first of them.\n")
	}
	return b.String()
}

func hopWords(h headers.Hop) string {
	switch {
	case h.Inside:
		return "inside one host; does not count"
	case h.TLS == headers.Yes && h.Version != "":
		return strings.NewReplacer("TLS", "TLS ", "SSL", "SSL ").Replace(h.Version)
	case h.TLS == headers.Yes:
		return "TLS, the version is not told"
	case h.TLS == headers.No:
		return "in clear"
	}
	return "can't be told"
}

var verdictOfHops = map[headers.Verdict]string{
	headers.All:    "Every step between hosts was carried by TLS, as the servers tell it.",
	headers.Some:   "Part of the way was carried by TLS. For the steps marked otherwise nothing shows it.",
	headers.None:   "No step between hosts is shown to have been carried by TLS: take it that others could read the message.",
	headers.Untold: "Nothing in this header tells whether the message was carried by TLS.",
}
