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
	id, err := o.store.ByReference(ctx, c.Args().First())
	if err != nil {
		return try(fmt.Errorf("finding submission %q: %w", c.Args().First(), err), "the reference as the staff pages show it, such as R7K-4Q2")
	}
	sub, err := o.store.Submission(ctx, id)
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
			fmt.Fprintf(p.err, "The %d attached files are not in this; --dir DIR writes them too.\n", n)
		}
		_, err = p.out.Write(answers.Bytes())
		return err
	}
	if err := writeNew(filepath.Join(dir, sub.Reference+".asc"), answers.Bytes(), 0o600); err != nil {
		return err
	}
	for n, f := range sub.FileKeys {
		if err := o.exportFile(ctx, f, filepath.Join(dir, fmt.Sprintf("%s-file-%d.asc", sub.Reference, n+1))); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(p.out, "%s and its %d files are in %s, sealed as before.\nOpen them: sealform open, or gpg --decrypt\n", sub.Reference, len(sub.FileKeys), dir)
	return err
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
