package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v3"

	"sealform/forms/record"
	"sealform/internal/hint"
	"sealform/keys"
	"sealform/keys/private"
)

// maxOpened is the largest exported message that `open` takes, in bytes of armor: 100 MiB of files in a mail.
const maxOpened = 200 << 20

func (p *program) openCommand() *cli.Command {
	return &cli.Command{
		Name: "open", Usage: "decrypt an exported or mailed submission here, without the service", ArgsUsage: "FILE",
		Description: "FILE is what `sealform export` wrote or a delivered .eml. The password of the exported key is asked for.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "key", Usage: "the reader's exported private key", Required: true},
			&cli.StringSliceFlag{Name: "signer", Usage: "the service's signing certificate (also an earlier one), which must have signed it", Required: true},
			&cli.StringFlag{Name: "save", Usage: "write the attached files, decrypted, into this folder"},
		},
		Action: func(ctx context.Context, c *cli.Command) error {
			by, err := signers(c.StringSlice("signer"))
			if err != nil {
				return err
			}
			path := c.Args().First()
			message, err := readMessage(path)
			if err != nil {
				return err
			}
			key, err := p.unlockFile(ctx, c.String("key"))
			if err != nil {
				return err
			}
			defer key.Wipe()
			return p.open(&opened{key: key, by: by, path: path, save: c.String("save")}, message)
		},
	}
}

// opened is one run of open: the key, whose signature counts, the message's path and where files go.
type opened struct {
	key        *private.Unlocked
	by         *keys.Verifiers
	path, save string
}

// open prints answers and, where a folder is named, writes the files they came with.
func (p *program) open(o *opened, message keys.Sealed) error {
	plain, signer, err := o.key.Open(message, o.by)
	if err != nil {
		return err
	}
	text, err := record.ReadText(plain)
	if errors.Is(err, record.ErrRecord) {
		return hint.Add(errors.New("this is an attached file, not answers"),
			"the answers that were exported with it, with --save DIR: they tell the file's name and that nobody changed it")
	}
	if err != nil {
		return err
	}
	record, err := record.ReadRecord(plain)
	if err != nil {
		return err
	}
	if err := p.say("%s\nSigned by %s.\n", text, signer); err != nil {
		return err
	}
	return p.openFiles(o, record, plain)
}

// readMessage finds the armored message in an .asc file or in a mail.
func readMessage(path string) (keys.Sealed, error) {
	f, err := os.Open(path) // #nosec G304 -- the file that the person names
	if err != nil {
		return keys.Sealed{}, hint.Add(fmt.Errorf("opening the message: %w", err), "the path of an .asc or .eml file")
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxOpened+1))
	if err != nil {
		return keys.Sealed{}, fmt.Errorf("reading the message: %w", err)
	}
	if len(b) > maxOpened {
		return keys.Sealed{}, private.ErrTooLarge
	}
	begin := bytes.Index(b, []byte("-----BEGIN PGP MESSAGE-----"))
	if begin < 0 {
		return keys.Sealed{}, hint.Add(fmt.Errorf("%s holds no OpenPGP message", path), "a file that `sealform export` wrote, or a delivered .eml")
	}
	return keys.ParseArmored(b[begin:])
}

func signers(paths []string) (*keys.Verifiers, error) {
	var certs [][]byte
	for _, path := range paths {
		b, err := os.ReadFile(path) // #nosec G304 -- the file that the person names
		if err != nil {
			return nil, fmt.Errorf("reading the signing certificate: %w", err)
		}
		certs = append(certs, blocks(b)...)
	}
	return keys.ParseVerifiers(certs...)
}

// blocks parts a file that holds several armored certificates.
func blocks(b []byte) (all [][]byte) {
	const begin = "-----BEGIN PGP"
	if !bytes.Contains(b, []byte(begin)) {
		return [][]byte{b}
	}
	for _, block := range bytes.Split(b, []byte(begin))[1:] {
		all = append(all, append([]byte(begin), block...))
	}
	return all
}

// unlockFile asks for the password of an exported key and opens it in memory alone.
func (p *program) unlockFile(ctx context.Context, path string) (*private.Unlocked, error) {
	b, err := os.ReadFile(path) // #nosec G304 -- the file that the person names
	if err != nil {
		return nil, fmt.Errorf("reading the private key: %w", err)
	}
	pw, err := p.askPassword(ctx, "password of the exported key", false)
	if err != nil {
		return nil, err
	}
	locked, err := private.Import(b, pw, pw, p.now())
	if err != nil {
		return nil, err
	}
	return locked.Unlock(pw)
}
