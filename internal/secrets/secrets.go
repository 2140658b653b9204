// Package secrets keeps the service's own secrets in a folder outside the database: one root secret, from which a key
// per purpose is derived, and the server's OpenPGP signing key, which proves origin and opens nothing.
//
//	root.key        32 random bytes, base64, 0600
//	signing.key     the signing key, unencrypted OpenPGP, 0600
//	retired/*.asc   public halves of earlier signing keys, so that old submissions still verify
//	smime.pem       key and certificate that sign S/MIME mail, 0600; only where some is sent
//
// The folder is 0700 and made once, by Create. Load refuses a folder or file that others can read: a secret that was
// readable must be taken for known. Losing the folder costs no submission (readers' keys are elsewhere), but open
// pages, signed-in sessions' second factors and the audit chain's proof begin anew.
package secrets

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"sealform/internal/durable"
)

// ErrReadable means that somebody beside the owner may read a secret.
var ErrReadable = errors.New("others on this machine may read it")

const (
	rootFile    = "root.key"
	signingFile = "signing.key"
	retiredDir  = "retired"
	smimeFile   = "smime.pem"
	rootSize    = 32
)

// Secrets are the opened folder.
type Secrets struct {
	dir     string
	service string
	root    []byte
	signing []byte
	retired [][]byte
}

// Create makes the folder with a fresh root secret and the signing key given. It refuses to touch a folder that
// holds a root secret already.
func Create(dir string, signing []byte) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the secrets folder: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil { // #nosec G302 -- a folder needs its x bit
		return fmt.Errorf("closing the secrets folder to others: %w", err)
	}
	root := make([]byte, rootSize)
	_, _ = rand.Read(root) // never fails (crypto/rand)
	line := base64.StdEncoding.EncodeToString(root) + "\n"
	if err := create(filepath.Join(dir, rootFile), []byte(line)); err != nil {
		return err
	}
	return create(filepath.Join(dir, signingFile), signing)
}

// Load opens the folder. service is the service id, which every derived key depends on.
func Load(dir, service string) (*Secrets, error) {
	if err := private(dir); err != nil {
		return nil, err
	}
	line, err := ReadFile(filepath.Join(dir, rootFile))
	if err != nil {
		return nil, err
	}
	root, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(line)))
	if err != nil || len(root) != rootSize {
		return nil, fmt.Errorf("%s: not a root secret of %d bytes in base64", filepath.Join(dir, rootFile), rootSize)
	}
	s := &Secrets{dir: dir, service: service, root: root}
	if s.signing, err = ReadFile(filepath.Join(dir, signingFile)); err != nil {
		return nil, err
	}
	s.retired, err = retired(dir)
	return s, err
}

// Key derives 32 bytes for one purpose: HKDF-SHA256 (RFC 5869) over the root secret, with the service id and the
// purpose as info. Two purposes never share a key.
func (s *Secrets) Key(purpose string) []byte {
	info := fmt.Sprintf("sealform/%d:%s/%s", len(s.service), s.service, purpose)
	k, err := hkdf.Key(sha256.New, s.root, nil, info, 32)
	if err != nil {
		panic("secrets: HKDF refused 32 bytes: " + err.Error()) // cannot happen: the limit is 255 × 32
	}
	return k
}

// Signing is the signing key as Create or Rotate was given it.
func (s *Secrets) Signing() []byte { return s.signing }

// Retired are the public halves of earlier signing keys, oldest first.
func (s *Secrets) Retired() [][]byte { return s.retired }

// SMIME is the key and certificate that AddSMIME was given; fs.ErrNotExist before.
func (s *Secrets) SMIME() ([]byte, error) { return ReadFile(filepath.Join(s.dir, smimeFile)) }

// AddSMIME keeps the key that signs S/MIME mail. It never overwrites one.
func (s *Secrets) AddSMIME(b []byte) error { return create(filepath.Join(s.dir, smimeFile), b) }

// Rotate puts a new signing key in the old one's place and keeps the public half of the old one under the name given
// (its fingerprint). The key in force is whichever signing.key holds: if the machine stops between the steps that is the
// old one, and Rotate can be called again.
func (s *Secrets) Rotate(signing, oldPublic []byte, oldName string) error {
	dir := filepath.Join(s.dir, retiredDir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the folder of retired keys: %w", err)
	}
	name, err := retiredName(dir, filepath.Base(oldName))
	if err != nil {
		return err
	}
	if err := replace(filepath.Join(dir, name), oldPublic); err != nil {
		return err
	}
	if err := replace(filepath.Join(s.dir, signingFile), signing); err != nil {
		return err
	}
	s.signing = signing
	s.retired, err = retired(s.dir)
	return err
}

// retiredName is the next number with the key's name, or what an earlier rotation, cut off since, has called it.
func retiredName(dir, key string) (string, error) {
	had, err := filepath.Glob(filepath.Join(dir, "*.asc"))
	if err != nil {
		return "", fmt.Errorf("listing retired keys: %w", err)
	}
	for _, h := range had {
		if _, of, _ := strings.Cut(filepath.Base(h), "-"); of == key+".asc" {
			return filepath.Base(h), nil
		}
	}
	return fmt.Sprintf("%04d-%s.asc", len(had)+1, key), nil
}

func retired(dir string) ([][]byte, error) {
	names, err := filepath.Glob(filepath.Join(dir, retiredDir, "*.asc"))
	if err != nil {
		return nil, fmt.Errorf("listing retired keys: %w", err)
	}
	sort.Strings(names)
	var all [][]byte
	for _, n := range names {
		b, err := os.ReadFile(n) // #nosec G304 -- a public key in the operator's own folder
		if err != nil {
			return nil, fmt.Errorf("reading a retired key: %w", err)
		}
		all = append(all, b)
	}
	return all, nil
}

// private refuses what group or world may read.
func private(path string) error {
	st, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("reading a secret: %w", err)
	}
	if st.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s: %w (mode %04o); run: chmod go= %s", path, ErrReadable, st.Mode().Perm(), path)
	}
	return nil
}

// ReadFile reads a secret from a file that only its owner may read.
func ReadFile(path string) ([]byte, error) {
	if err := private(path); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(path) // #nosec G304 -- the path is the operator's
	if err != nil {
		return nil, fmt.Errorf("reading a secret: %w", err)
	}
	return b, nil
}

// create writes a new 0600 file durably; it never overwrites.
func create(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- the path is the operator's
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already and is not overwritten: %w", path, fs.ErrExist)
	}
	if err != nil {
		return fmt.Errorf("making a secret: %w", err)
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("writing a secret: %w", err)
	}
	return durable.SyncFolder(filepath.Dir(path))
}

// replace puts a 0600 file in place in one step. What an earlier call left beside it, cut off, is written over.
func replace(path string, b []byte) error {
	next := path + ".next"
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing what is left of an earlier change: %w", err)
	}
	if err := create(next, b); err != nil {
		return err
	}
	if err := os.Rename(next, path); err != nil {
		return fmt.Errorf("putting %s in place: %w", path, err)
	}
	return durable.SyncFolder(filepath.Dir(path))
}
