package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v3"

	"sealform/forms"
	"sealform/keys"
	"sealform/keys/private"
)

// maxOpened is the largest exported message that `open` takes, in bytes of armor: 100 MiB of files in a mail.
const maxOpened = 200 << 20

func (p *program) openCommand() *cli.Command {
	return &cli.Command{
		Name: "open", Usage: "decrypt an exported or mailed submission here, without the service", ArgsUsage: "FILE",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "key", Usage: "the reader's exported private key", Required: true},
			&cli.StringSliceFlag{Name: "signer", Usage: "the service's signing certificate (also an earlier one), which must have signed it", Required: true},
			&cli.StringFlag{Name: "save", Usage: "for an exported file: write it, decrypted, to this path"},
		},
		OnUsageError: wrongCall,
		Action: func(_ context.Context, c *cli.Command) error {
			if c.Args().Len() != 1 {
				return &usageError{"open takes one argument, the file\nTry: sealform open --help"}
			}
			return p.open(c)
		},
	}
}

func (p *program) open(c *cli.Command) error {
	message, err := readMessage(c.Args().First())
	if err != nil {
		return err
	}
	by, err := signers(c.StringSlice("signer"))
	if err != nil {
		return err
	}
	key, err := p.unlockFile(c.String("key"))
	if err != nil {
		return err
	}
	defer key.Wipe()
	plain, signer, err := key.Open(message, by)
	if err != nil {
		return err
	}
	return p.show(plain, signer, c.String("save"))
}

// show prints answers; a file goes to the path that the person names, and nowhere without one.
func (p *program) show(plain keys.Plaintext, signer keys.Fingerprint, save string) error {
	text, err := forms.ReadText(plain)
	if err == nil {
		_, err = fmt.Fprintf(p.out, "%s\nSigned by %s.\n", text, signer)
		return err
	}
	if save == "" {
		return try(errors.New("this is an attached file, not answers"), "--save PATH, which writes it there decrypted")
	}
	return writeNew(save, plain.Reveal(), 0o600)
}

// readMessage finds the armored message in an .asc file or in a mail.
func readMessage(path string) (keys.Sealed, error) {
	f, err := os.Open(path) // #nosec G304 -- the file that the person names
	if err != nil {
		return keys.Sealed{}, try(fmt.Errorf("opening the message: %w", err), "the path of an .asc or .eml file")
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxOpened))
	if err != nil {
		return keys.Sealed{}, fmt.Errorf("reading the message: %w", err)
	}
	begin := bytes.Index(b, []byte("-----BEGIN PGP MESSAGE-----"))
	if begin < 0 {
		return keys.Sealed{}, try(fmt.Errorf("%s holds no OpenPGP message", path), "a file that `sealform export` wrote, or a delivered .eml")
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
		certs = append(certs, b)
	}
	return keys.ParseVerifiers(certs...)
}

// unlockFile asks for the password of an exported key and opens it in memory alone.
func (p *program) unlockFile(path string) (*private.Unlocked, error) {
	b, err := os.ReadFile(path) // #nosec G304 -- the file that the person names
	if err != nil {
		return nil, fmt.Errorf("reading the private key: %w", err)
	}
	pw, err := p.askPassword("Password of the exported key", false)
	if err != nil {
		return nil, err
	}
	locked, err := private.Import(b, pw, pw, p.now())
	if err != nil {
		return nil, err
	}
	return locked.Unlock(pw)
}
