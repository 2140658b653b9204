package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	"github.com/emersion/go-message"
)

// letters lists the delivered messages by path, oldest first.
func (d *demo) letters() []string {
	d.t.Helper()
	found, err := filepath.Glob(filepath.Join(d.Mail, "*.eml"))
	if err != nil {
		d.t.Fatal(err)
	}
	return found
}

// nextLetter waits for a message that is not among those known.
func (d *demo) nextLetter(known []string) string {
	d.t.Helper()
	old := map[string]bool{}
	for _, k := range known {
		old[k] = true
	}
	for range 150 {
		for _, l := range d.letters() {
			if !old[l] {
				return l
			}
		}
		time.Sleep(200 * time.Millisecond)
	}
	d.t.Fatalf("no mail came within 30 s\n%s", d.tail())
	return ""
}

// sealedPart gives the OpenPGP message inside a delivered one (RFC 3156).
func sealedPart(t *testing.T, letter string) []byte {
	t.Helper()
	src, err := os.ReadFile(letter)
	if err != nil {
		t.Fatal(err)
	}
	m, err := message.Read(bytes.NewReader(src))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := m.Header.ContentType()
	if err != nil || kind != "multipart/encrypted" || params["protocol"] != "application/pgp-encrypted" {
		t.Fatalf("the message is %s %v (%v), want PGP/MIME", kind, params, err)
	}
	parts := m.MultipartReader()
	if _, err := parts.NextPart(); err != nil {
		t.Fatal(err)
	}
	second, err := parts.NextPart()
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(second.Body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parts.NextPart(); !errors.Is(err, io.EOF) {
		t.Fatalf("a third part: %v", err)
	}
	return b
}

// inside is what a reader finds in an opened message.
type inside struct {
	text   string
	record struct {
		Kind, Form, Reference string
		Answers               []struct {
			Field  string
			Values []any
		}
	}
	files map[string][]byte
}

// readInside takes the MIME entity apart the way a mail program does.
func readInside(t *testing.T, entity []byte) inside {
	t.Helper()
	in := inside{files: map[string][]byte{}}
	m, err := message.Read(bytes.NewReader(entity))
	if err != nil {
		t.Fatalf("what was sealed is no MIME entity: %v", err)
	}
	err = m.Walk(func(_ []int, part *message.Entity, err error) error {
		kind, _, typeErr := part.Header.ContentType()
		if err != nil || typeErr != nil || strings.HasPrefix(kind, "multipart/") {
			return errors.Join(err, typeErr)
		}
		body, err := io.ReadAll(part.Body)
		if err != nil {
			return err
		}
		_, how, _ := part.Header.ContentDisposition()
		switch {
		case kind == "text/plain" && in.text == "":
			in.text = string(body)
		case kind == "application/json" && in.record.Form == "":
			return json.Unmarshal(body, &in.record)
		default:
			in.files[how["filename"]] = body
		}
		return nil
	})
	if err != nil {
		t.Fatalf("reading what was sealed: %v", err)
	}
	return in
}

// gnupg is a keyring of its own with the demo's reader key and the server's signing key in it.
type gnupg struct {
	t    *testing.T
	d    *demo
	home string
}

// gnupg imports both keys as the demo's mail page says.
func (d *demo) gnupg() *gnupg {
	d.t.Helper()
	// A short path: gpg-agent's socket lies in it and may not be longer than 108 bytes.
	home, err := os.MkdirTemp("", "gpg")
	if err != nil {
		d.t.Fatal(err)
	}
	g := &gnupg{d.t, d, home}
	d.t.Cleanup(func() {
		// gpg starts an agent per home; it would outlive the test.
		if out, err := exec.Command("gpgconf", "--homedir", home, "--kill", "all").CombinedOutput(); err != nil {
			d.t.Errorf("ending gpg's agent: %v %s", err, out)
		}
		if err := os.RemoveAll(home); err != nil {
			d.t.Error(err)
		}
	})
	g.run(nil, "--import", d.Key.Private)
	g.run(nil, "--import", d.Key.Signer)
	return g
}

// run gives gpg's output and its status lines.
func (g *gnupg) run(in []byte, args ...string) (out []byte, status string) {
	g.t.Helper()
	all := append([]string{
		"--homedir", g.home, "--batch", "--no-tty", "--status-fd", "2",
		"--pinentry-mode", "loopback", "--passphrase", g.d.Key.Password,
	}, args...)
	cmd := exec.Command(tool(g.t, "gpg"), all...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		g.t.Fatalf("gpg %v: %v\n%s", args, err, stderr.Bytes())
	}
	return stdout.Bytes(), stderr.String()
}

// decrypt opens a message and wants a good signature of the server and an integrity check.
func (g *gnupg) decrypt(sealed []byte) []byte {
	g.t.Helper()
	out, status := g.run(sealed, "--decrypt")
	for _, want := range []string{"DECRYPTION_OKAY", "GOODMDC", "GOODSIG"} {
		if !strings.Contains(status, "[GNUPG:] "+want) {
			g.t.Errorf("gpg does not say %s:\n%s", want, status)
		}
	}
	return out
}

// sequoia opens a message with sq, the other implementation, and wants the server's signature verified. sq asks a
// terminal for passwords, so the key goes to it without one, in a folder that ends with the test.
func (d *demo) sequoia(sealed []byte) []byte {
	d.t.Helper()
	dir := d.t.TempDir()
	bare := filepath.Join(dir, "key.pgp")
	if err := os.WriteFile(bare, d.bareKey(), 0o600); err != nil {
		d.t.Fatal(err)
	}
	cmd := exec.Command(tool(d.t, "sq"), "decrypt", "--recipient-key", bare, "--signer-cert", d.Key.Signer)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(sealed), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		d.t.Fatalf("sq decrypt: %v\n%s", err, stderr.Bytes())
	}
	return stdout.Bytes()
}

// bareKey takes the password off the demo's exported key.
func (d *demo) bareKey() []byte {
	d.t.Helper()
	f, err := os.Open(d.Key.Private)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	block, err := armor.Decode(f)
	if err != nil {
		d.t.Fatal(err)
	}
	ring, err := openpgp.ReadKeyRing(block.Body)
	if err != nil || len(ring) != 1 {
		d.t.Fatalf("%d keys in the export: %v", len(ring), err)
	}
	if err := ring[0].DecryptPrivateKeys([]byte(d.Key.Password)); err != nil {
		d.t.Fatal(err)
	}
	var bare bytes.Buffer
	if err := ring[0].SerializePrivateWithoutSigning(&bare, nil); err != nil {
		d.t.Fatal(err)
	}
	return bare.Bytes()
}
