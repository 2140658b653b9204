package site

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/mail"
	"os"
	"path/filepath"
	"strings"

	"sealform/internal/demo/postbox"
	"sealform/templates/demo"
)

const (
	suffix = ".eml"
	listed = 100      // messages on the list
	shown  = 64 << 10 // bytes of a message on its page
)

func (s *site) mail(w http.ResponseWriter, _ *http.Request) {
	names, err := postbox.List(s.MailDir)
	if err != nil {
		s.fail(w)
		return
	}
	page := demo.Mail{Frame: s.frame, More: max(0, len(names)-listed)}
	for _, name := range names[:min(len(names), listed)] {
		letter, _, err := s.read(name, 16<<10)
		if errors.Is(err, fs.ErrNotExist) {
			continue // somebody tidied up meanwhile
		}
		if err != nil {
			s.fail(w)
			return
		}
		page.Letters = append(page.Letters, letter)
	}
	s.show(w, http.StatusOK, page)
}

// letter shows one message, or sends the message itself where the address ends in ".eml".
func (s *site) letter(w http.ResponseWriter, r *http.Request) {
	id, whole := strings.CutSuffix(r.PathValue("id"), suffix)
	if !postbox.IsName(id + suffix) {
		s.missing(w, r)
		return
	}
	var err error
	if whole {
		err = s.download(w, r, id+suffix)
	} else {
		err = s.page(w, id+suffix)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.missing(w, r)
	case err != nil:
		s.fail(w)
	}
}

func (s *site) page(w http.ResponseWriter, name string) error {
	letter, raw, err := s.read(name, shown)
	if err != nil {
		return err
	}
	s.show(w, http.StatusOK, demo.LetterPage{
		Frame:  s.frame,
		Letter: letter,
		Raw:    string(raw),
		Cut:    letter.Size > int64(len(raw)),
		Steps:  s.steps(name),
		Keys:   there(s.PrivateKeyPath) && there(s.SignerPath),
	})
	return nil
}

func (s *site) download(w http.ResponseWriter, r *http.Request, name string) error {
	f, info, err := s.open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	w.Header().Set("Content-Type", "message/rfc822")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	http.ServeContent(w, r, "", info.ModTime(), f)
	return nil
}

// open reaches nothing outside the folder, whatever name says, and follows no link out of it.
func (s *site) open(name string) (*os.File, fs.FileInfo, error) {
	f, err := os.OpenInRoot(s.MailDir, name)
	if err != nil {
		return nil, nil, fmt.Errorf("opening a message: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, nil, fmt.Errorf("opening a message: %w", errors.Join(err, f.Close()))
	}
	return f, info, nil
}

// read gives the fields of a message's outer header, and its first bytes, at most most.
func (s *site) read(name string, most int64) (demo.Letter, []byte, error) {
	f, info, err := s.open(name)
	if err != nil {
		return demo.Letter{}, nil, err
	}
	defer func() { _ = f.Close() }()
	raw, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return demo.Letter{}, nil, fmt.Errorf("reading a message: %w", err)
	}
	letter := demo.Letter{ID: strings.TrimSuffix(name, suffix), Arrived: info.ModTime().In(s.Zone), Size: info.Size(), Subject: "(no subject)"}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return letter, raw, nil // something else was mailed here: show it as it is
	}
	letter.From, letter.To = m.Header.Get("From"), m.Header.Get("To")
	if subject := m.Header.Get("Subject"); subject != "" {
		letter.Subject = subject
	}
	letter.Number, _, _ = strings.Cut(m.Header.Get("Sealform-Number"), ";")
	return letter, raw, nil
}

// steps are the lines that open a message. GnuPG reads armor out of the middle of a mail. The keyring has a variable
// of its own, so that the last line can delete no other, even where the first was skipped.
func (s *site) steps(name string) []demo.Step {
	const gpg = `gpg --homedir "$DEMO_KEYRING" `
	return []demo.Step{
		{Does: "Make an empty keyring for this terminal.", Command: `DEMO_KEYRING="$(mktemp -d)"`},
		{
			Does:    "Take in the demo’s locked key, and the service’s signing key, which opens nothing and proves who sealed the message.",
			Command: gpg + "--import " + quoted(s.PrivateKeyPath) + " " + quoted(s.SignerPath),
		},
		{
			Does:    "Open the message.",
			Command: gpg + "--output opened.eml --decrypt " + quoted(filepath.Join(s.MailDir, name)),
		},
		{Does: "Read it. Any mail program opens the file too, attachments included.", Command: "less opened.eml"},
		{
			Does:    "Forget the keyring and the opened copy.",
			Command: `gpgconf --homedir "$DEMO_KEYRING" --kill all; rm -rf "$DEMO_KEYRING" opened.eml`,
		},
	}
}

// quoted makes one word of a path for a shell.
func quoted(path string) string {
	if path != "" && strings.Trim(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-") == "" {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

func there(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
