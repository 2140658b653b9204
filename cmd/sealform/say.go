package main

import (
	"errors"
	"fmt"
	"io/fs"

	"sealform/internal/secrets"
	"sealform/internal/store"
	"sealform/keys"
	"sealform/keys/private"
)

// hint is an error with the next thing to try. All that commands say to people when they fail passes hinted.
type hint struct {
	err error
	try string
}

func (h *hint) Error() string { return h.err.Error() }
func (h *hint) Unwrap() error { return h.err }

func try(err error, next string, args ...any) error {
	return &hint{err, fmt.Sprintf(next, args...)}
}

// hinted is one sentence and the next thing to try.
func hinted(err error) string {
	var h *hint
	if errors.As(err, &h) {
		return err.Error() + "\nTry: " + h.try
	}
	for _, k := range knownHints {
		if errors.Is(err, k.err) {
			return err.Error() + "\nTry: " + k.try
		}
	}
	return err.Error()
}

var knownHints = []hint{
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
