package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"sealform/forms/record"
	"sealform/internal/hint"
	"sealform/keys"
)

// errOtherFile: what lies beside the answers is not the file that they name.
var errOtherFile = errors.New("this is not the file that the answers name: another one, or changed")

// openFiles tells the number of attached files, or writes them into the folder of --save. A file is written only if it is the one that the signed record names:
// by its length and its SHA-256.
func (p *program) openFiles(o *opened, r *record.Record, plain keys.Plaintext) error {
	if len(r.Files) == 0 {
		return nil
	}
	if o.save == "" {
		return p.say("%s not shown here; --save DIR writes what is attached into a folder.\n", attached(len(r.Files)))
	}
	next := o.beside(r.Reference)
	if r.Kind == "mail" {
		files, err := record.MailedFiles(plain)
		if err != nil {
			return err
		}
		next = func(int) ([]byte, error) { return files() }
	}
	names := map[string]bool{}
	for n, f := range r.Files {
		b, err := next(n)
		if err == nil && !genuine(f, b) || errors.Is(err, record.ErrRecord) {
			err = errOtherFile
		}
		if err != nil {
			return fmt.Errorf("file %d of %d: %w", n+1, len(r.Files), err)
		}
		path := filepath.Join(o.save, freeName(names, f.DownloadName()))
		if err := writeNew(path, b, 0o600); err != nil {
			return err
		}
		fmt.Fprintf(p.out, "Saved %s\n", path)
	}
	return nil
}

func attached(n int) string { return counted(n, "1 attached file is", "%d attached files are") }

// genuine says whether the bytes are the file that the record names.
func genuine(f record.RecordFile, b []byte) bool {
	sum := sha256.Sum256(b)
	return int64(len(b)) == f.Size && hex.EncodeToString(sum[:]) == f.SHA256
}

// freeName gives a second file of one name a number. Case is ignored, as some file systems do.
func freeName(had map[string]bool, name string) string {
	ext := filepath.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	for n := 2; had[strings.ToLower(name)]; n++ {
		name = fmt.Sprintf("%s (%d)%s", stem, n, ext)
	}
	had[strings.ToLower(name)] = true
	return name
}

// beside opens the files that were exported with the answers, from the same folder.
func (o *opened) beside(reference string) func(int) ([]byte, error) {
	dir := filepath.Dir(o.path)
	return func(n int) ([]byte, error) {
		message, err := readMessage(filepath.Join(dir, exportedFile(reference, n)))
		if errors.Is(err, os.ErrNotExist) {
			return nil, hint.Add(err, "`sealform export %s --dir DIR`, which writes the files beside the answers", reference)
		}
		if err != nil {
			return nil, err
		}
		plain, _, err := o.key.Open(message, o.by)
		if err != nil {
			return nil, err
		}
		return plain.Reveal(), nil
	}
}
