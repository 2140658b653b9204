package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v3"

	"sealform/internal/audit"
	"sealform/internal/hint"
	"sealform/internal/store"
	"sealform/internal/text"
	"sealform/keys"
)

// exportCommand is `sealform export`, which takes one submission out as ciphertext.
func (p *program) exportCommand() *cli.Command {
	return p.storeCommand("export", "write one submission, still sealed, as .asc files that gpg opens", "REFERENCE", p.export,
		&cli.StringFlag{Name: "dir", Usage: "write answers and files into this folder; without it the answers go to standard output"},
		&cli.BoolFlag{Name: "anyway", Usage: "also one whose row was moved or changed since it was kept, or that was kept under a secrets folder that is lost"})
}

// export puts the act on record before anything is written.
func (p *program) export(ctx context.Context, o *operator, c *cli.Command) error {
	sub, err := o.submission(ctx, c.Args().First())
	if err != nil {
		return err
	}
	if err := p.mayLeave(ctx, o, sub, c.Bool("anyway")); err != nil {
		return err
	}
	dir := c.String("dir")
	if dir == "" {
		return p.exportAnswers(sub)
	}
	if err := o.exportTo(ctx, sub, dir); err != nil {
		return err
	}
	return p.say("%s is in %s, sealed as before: %s beside the answers.\nOpen it: sealform open %s, or gpg --decrypt\n",
		sub.Reference, dir, text.Count(len(sub.FileKeys), "file"), exportedAnswers(dir, sub.Reference))
}

// mayLeave puts on record what is about to be taken out, or that it was refused: a row that is not as it was kept may be
// another submission's, and leaves only when told to.
func (p *program) mayLeave(ctx context.Context, o *operator, sub *store.Submission, anyway bool) error {
	switch {
	case sub.LeafOK:
		return o.store.Audit(ctx, operatorEntry(audit.ActExported, sub.Reference))
	case anyway:
		fmt.Fprintf(p.err, "Warning: %s is not as it was kept: its row was moved or changed.\n", sub.Reference)
		return o.store.Audit(ctx, operatorEntry(audit.ActExported, sub.Reference, "--anyway"))
	}
	return errors.Join(
		hint.Add(fmt.Errorf("%s is not as it was kept: its row was moved or changed", sub.Reference),
			"`sealform audit verify`, which says what was touched; --anyway exports it all the same"),
		o.store.Audit(ctx, operatorEntry(audit.ActOpenFailed, sub.Reference)))
}

// exportAnswers writes the answers to standard output.
func (p *program) exportAnswers(sub *store.Submission) error {
	var answers bytes.Buffer
	if err := armored(&answers, sub.Answers); err != nil {
		return err
	}
	if n := len(sub.FileKeys); n > 0 {
		fmt.Fprintf(p.err, "%s not in this; --dir DIR writes everything.\n", attached(n))
	}
	return p.say("%s", &answers)
}

// exportTo writes answers and files into a folder: all of them, or nothing.
func (o *operator) exportTo(ctx context.Context, sub *store.Submission, dir string) (err error) {
	var made []string
	defer func() {
		for _, path := range made {
			if err != nil {
				err = errors.Join(err, os.Remove(path))
			}
		}
	}()
	write := func(path string, message io.WriterTo) error {
		err := createFile(path, 0o600, func(w io.Writer) error { return armored(w, message) })
		if err == nil {
			made = append(made, path)
		}
		return err
	}
	for n, f := range sub.FileKeys {
		path := filepath.Join(dir, exportedFile(sub.Reference, n))
		message, err := keys.ReadSealed(o.store.Message(ctx, f.Upload, f.Chunks, f.SessionKeys...))
		if err != nil {
			return fmt.Errorf("reading what goes into %s: %w", path, err)
		}
		if err := write(path, message); err != nil {
			return err
		}
	}
	return write(exportedAnswers(dir, sub.Reference), sub.Answers)
}

// submission finds one that is kept, by the reference that people know it by.
func (o *operator) submission(ctx context.Context, reference string) (*store.Submission, error) {
	id, err := o.store.ByReference(ctx, reference)
	if errors.Is(err, store.ErrNotFound) {
		return nil, hint.Add(fmt.Errorf("there is no submission %q", reference), "the reference as the staff pages show it, such as R7K-4Q2")
	}
	if err != nil {
		return nil, err
	}
	sub, err := o.store.Submission(ctx, id)
	var gone *store.Erased
	switch {
	case !errors.As(err, &gone):
		return sub, err
	case gone.Why == store.WhyMailed:
		return nil, hint.Add(fmt.Errorf("%s was mailed and is not kept here", gone.Reference), "sealform open, with the mail that was delivered")
	default:
		return nil, fmt.Errorf("%s was erased on %s and is not kept any longer", gone.Reference, gone.At.In(o.cfg.Zone).Format("2 Jan 2006"))
	}
}

// exportedAnswers is the path that a submission's answers are exported to.
func exportedAnswers(dir, reference string) string { return filepath.Join(dir, reference+".asc") }

// exportedFile is the name of the n-th file (from 0) that a submission was exported with.
func exportedFile(reference string, n int) string {
	return fmt.Sprintf("%s-file-%d.asc", reference, n+1)
}

// armored writes a sealed message as text. What broke off has no end line: it must not look whole.
func armored(w io.Writer, message io.WriterTo) error {
	a, err := keys.ArmorWriter(w)
	if err != nil {
		return err
	}
	if _, err := message.WriteTo(a); err != nil {
		return err
	}
	return a.Close()
}
