package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/urfave/cli/v3"

	"sealform/internal/hint"
	"sealform/internal/mail/check"
	"sealform/internal/mail/headers"
	"sealform/internal/secrets"
	"sealform/internal/store"
	"sealform/keys"
	"sealform/keys/private"
)

// say tells the person who gave the command how it went. A command whose words can't be written has failed.
func (p *program) say(format string, args ...any) error {
	_, err := fmt.Fprintf(p.out, format, args...)
	return err
}

// answer writes what --json shows as one indented object, or else the text for people.
func (p *program) answer(c *cli.Command, v any, text string) error {
	if !c.Bool("json") {
		return p.say("%s", text)
	}
	e := json.NewEncoder(p.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false) // names from outside may hold <, > or &, which are not for a web page here
	return e.Encode(v)
}

// counted is the words for one, or those for another number, which stands where they have %d.
func counted(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return fmt.Sprintf(many, n)
}

// hinted is one sentence and the next thing to try. All that commands say to people when they fail passes here.
func hinted(err error) string {
	next := hint.Of(err)
	for _, k := range knownHints {
		if next == "" && errors.Is(err, k.err) {
			next = k.next
		}
	}
	if next == "" {
		return err.Error()
	}
	return err.Error() + "\nTry: " + next
}

// knownHints are for errors that mean the same wherever they arise.
var knownHints = []struct {
	err  error
	next string
}{
	{check.ErrNoDomain, "the domain once more, letter by letter"},
	{check.ErrNoDNS, "again in a minute, or another name server: --resolver HOST:PORT"},
	{headers.ErrNoHeader, "the source of the message, saved whole from the mail program"},
	{private.ErrWrongPassword, "type the key password again; it is not the account password"},
	{private.ErrWrongKey, "another key: `sealform keys list` shows which there are"},
	{private.ErrUnsigned, "the signing key that was in force then: --signer FILE"},
	{private.ErrDamaged, "a fresh export of the same submission"},
	{keys.ErrNotSealed, "the mail or the export once more: save it whole, as it came"},
	{private.ErrNotPrivate, "the file that gpg --armor --export-secret-keys writes"},
	{store.ErrNotFound, "`sealform keys list` or `sealform user list` shows what there is"},
	{store.ErrDamaged, "`sealform audit verify`, which says what was touched"},
	{store.ErrExists, "another name, or remove the old one first"},
	{secrets.ErrReadable, "chmod go= on the file named, after asking who could have read it"},
	{private.ErrTooLarge, "gpg --decrypt, which opens messages of any size"},
	{fs.ErrExist, "another file name, or move the old file away"},
	{fs.ErrNotExist, "look at the path again"},
	{fs.ErrPermission, "run it as the user that owns the files"},
}
