package mail

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sealform/keys"
	"sealform/keys/private"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var at = time.Date(2026, 11, 21, 20, 19, 32, 0, time.UTC)

const keyPassword = "six plain words make it good"

// clinic is one reader and the service's signer; made once, as locking a key takes time.
type clinic struct {
	readers *keys.Recipients
	signer  *keys.Signer
	export  []byte // locked private key, as gpg imports it
}

var theClinic = sync.OnceValues(func() (*clinic, error) {
	password := keys.NewPassword([]byte(keyPassword))
	locked, err := private.Generate("Front desk <desk@clinic.example>", password, at)
	if err != nil {
		return nil, err
	}
	export, err := locked.Export(password, password)
	if err != nil {
		return nil, err
	}
	certificate, err := keys.ParseCertificate(locked.Certificate(), at)
	if err != nil {
		return nil, err
	}
	readers, err := keys.NewRecipients(certificate)
	if err != nil {
		return nil, err
	}
	signer, _, err := keys.NewSigner("clinic", at)
	return &clinic{readers, signer, export}, err
})

func readers(t testing.TB) *clinic {
	t.Helper()
	c, err := theClinic()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sealed is size bytes of entity for the clinic: "Content-Type: text/plain" and then lines of x.
func sealed(t testing.TB, size int) keys.SealedStream {
	t.Helper()
	c := readers(t)
	body, err := c.readers.SealStream(c.signer, at, func(w io.Writer) error {
		_, err := io.Copy(w, entity(size))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func entity(size int) io.Reader {
	head := []byte("Content-Type: text/plain\r\n\r\n")
	return io.MultiReader(bytes.NewReader(head), io.LimitReader(lineOfX{}, int64(size-len(head))))
}

// lineOfX is endless.
type lineOfX struct{}

func (lineOfX) Read(p []byte) (int, error) {
	const line = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"
	n := 0
	for n+len(line) <= len(p) {
		n += copy(p[n:], line)
	}
	if n == 0 {
		n = copy(p, line)
	}
	return n, nil
}

// letter is a message whose body can be opened again and again.
func letter(t testing.TB, size int) *Message {
	t.Helper()
	var b bytes.Buffer
	if _, err := sealed(t, size).WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return carrying(packed(b.Bytes()))
}

func carrying(open func() (keys.SealedStream, error)) *Message {
	return &Message{
		From: "forms@clinic.example", To: "desk@clinic.example",
		MessageID: "7f3a.42@clinic.example", Date: at, Series: "1f0c9a2b", Seq: 42, Open: open,
	}
}

// packed opens what the store would give.
func packed(b []byte) func() (keys.SealedStream, error) {
	return func() (keys.SealedStream, error) { return keys.ReadSealed(bytes.NewReader(b)) }
}

// gpg opens file as the clinic's staff would, in a keyring of its own, and gives what was inside.
func gpg(t *testing.T, file string) []byte {
	t.Helper()
	program, err := exec.LookPath("gpg")
	if err != nil {
		t.Fatal("gpg is missing: scripts/setup-tests installs it")
	}
	home, err := os.MkdirTemp("/tmp", "sf-gpg-") // the path of the agent's socket must be short
	if err != nil {
		t.Fatal(err)
	}
	run := func(name string, args ...string) []byte {
		cmd := exec.CommandContext(context.Background(), name, args...) // the test's context is over in Cleanup
		cmd.Env = append(os.Environ(), "GNUPGHOME="+home)
		var complaints bytes.Buffer
		cmd.Stderr = &complaints
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, &complaints)
		}
		return out
	}
	t.Cleanup(func() {
		run("gpgconf", "--kill", "all")
		if err := os.RemoveAll(home); err != nil {
			t.Error(err)
		}
	})
	c := readers(t)
	private, signer := filepath.Join(home, "private.asc"), filepath.Join(home, "signer.asc")
	for name, content := range map[string][]byte{private: c.export, signer: c.signer.Certificate()} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run(program, "--batch", "--import", private, signer)
	return run(program, "--batch", "--pinentry-mode", "loopback", "--passphrase", keyPassword, "--decrypt", file)
}
