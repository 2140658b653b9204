package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/urfave/cli/v3"

	"sealform/internal/audit"
	"sealform/internal/store"
	"sealform/keys"
)

func (p *program) exportCommand() *cli.Command {
	return p.storeCommand("export", "write one submission, still sealed, as .asc files that gpg opens", "REFERENCE", p.export,
		&cli.StringFlag{Name: "dir", Usage: "write answers and files into this folder; without it the answers go to standard output"})
}

func (p *program) export(ctx context.Context, o *office, c *cli.Command) error {
	sub, err := o.submission(ctx, c.Args().First())
	if err != nil {
		return err
	}
	entry := operatorEntry(audit.ActExported, sub.Reference)
	if err := o.store.Audit(ctx, entry); err != nil {
		return err
	}
	var answers bytes.Buffer
	if err := armored(&answers, sub.Answers); err != nil {
		return err
	}
	dir := c.String("dir")
	if dir == "" {
		if n := len(sub.FileKeys); n > 0 {
			fmt.Fprintf(p.err, "%s not in this; --dir DIR writes everything.\n", attached(n))
		}
		_, err = p.out.Write(answers.Bytes())
		return err
	}
	path := filepath.Join(dir, sub.Reference+".asc")
	if err := writeNew(path, answers.Bytes(), 0o600); err != nil {
		return err
	}
	for n, f := range sub.FileKeys {
		if err := o.exportFile(ctx, f, filepath.Join(dir, exportedFile(sub.Reference, n))); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(p.out, "%s is in %s, sealed as before: %d files beside the answers.\nOpen it: sealform open %s, or gpg --decrypt\n",
		sub.Reference, dir, len(sub.FileKeys), path)
	return err
}

// submission finds one that is kept, by the reference that people know it by.
func (o *office) submission(ctx context.Context, reference string) (*store.Submission, error) {
	id, err := o.store.ByReference(ctx, reference)
	if errors.Is(err, store.ErrNotFound) {
		return nil, try(fmt.Errorf("there is no submission %q", reference), "the reference as the staff pages show it, such as R7K-4Q2")
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
		return nil, try(fmt.Errorf("%s was mailed and is not kept here", gone.Reference), "sealform open, with the mail that was delivered")
	default:
		return nil, fmt.Errorf("%s was erased on %s and is not kept any longer", gone.Reference, gone.At.In(o.cfg.Zone).Format("2 Jan 2006"))
	}
}

// exportedFile is the name of the n-th file (from 0) that a submission was exported with.
func exportedFile(reference string, n int) string {
	return fmt.Sprintf("%s-file-%d.asc", reference, n+1)
}

// armored writes a sealed message as text.
func armored(w io.Writer, message io.WriterTo) error {
	a, err := keys.ArmorWriter(w)
	if err != nil {
		return err
	}
	_, err = message.WriteTo(a)
	return errors.Join(err, a.Close())
}

// exportFile writes one file's sealed message, a chunk at a time.
func (o *office) exportFile(ctx context.Context, f store.StoredFile, path string) (err error) {
	out, err := createFile(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	message, err := keys.ReadSealed(&stored{ctx: ctx, from: o.store, file: f})
	if err != nil {
		return err
	}
	return armored(out, message)
}

// stored reads a file's session keys and chunks as one OpenPGP message.
type stored struct {
	ctx  context.Context //nolint:containedctx // an io.Reader has no room for one
	from *store.Store
	file store.StoredFile
	n    int
	rest []byte
	on   bool
}

func (s *stored) Read(p []byte) (int, error) {
	if !s.on {
		for _, k := range s.file.SessionKeys {
			s.rest = append(s.rest, k.Packet...)
		}
		s.on = true
	}
	for len(s.rest) == 0 {
		chunk, err := s.from.Chunk(s.ctx, s.file.Upload, s.n)
		if err != nil {
			return 0, err
		}
		s.rest, s.n = chunk, s.n+1
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}
