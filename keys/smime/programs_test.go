package smime_test

import (
	"bytes"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// folder is a place for the files that programs read and write.
type folder struct {
	t   testing.TB
	dir string
}

func newFolder(t testing.TB) folder { return folder{t, t.TempDir()} }

func (f folder) path(name string) string { return filepath.Join(f.dir, name) }

func (f folder) put(name string, b []byte) string {
	f.t.Helper()
	if err := os.WriteFile(f.path(name), b, 0o600); err != nil {
		f.t.Fatal(err)
	}
	return f.path(name)
}

func (f folder) get(name string) []byte {
	f.t.Helper()
	b, err := os.ReadFile(f.path(name))
	if err != nil {
		f.t.Fatal(err)
	}
	return b
}

// run runs a program in the folder. One that is not installed fails the test: the matrix is a promise.
func (f folder) run(stdin, name string, args ...string) (said string, err error) {
	f.t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		f.t.Fatalf("%s is not installed; scripts/setup-tests installs it", name)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Stdin = f.dir, strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (f folder) must(name string, args ...string) string {
	f.t.Helper()
	said, err := f.run("", name, args...)
	if err != nil {
		f.t.Fatalf("%s %v: %v\n%s", name, args, err, said)
	}
	return said
}

// p12 puts a certificate and its key into a PKCS #12 file with the password "x", in the old ciphers that gpgsm reads.
func (f folder) p12(name string, h held) string {
	f.t.Helper()
	f.put(name+".key", h.keyPEM())
	f.put(name+".pem", h.pem())
	f.must("openssl", "pkcs12", "-export", "-legacy", "-inkey", name+".key", "-in", name+".pem", "-name", name, "-passout", "pass:x", "-out", name+".p12")
	return name + ".p12"
}

// reader is a mail program's engine.
type reader interface {
	// open decrypts a message for a recipient and gives what was inside the seal.
	open(f folder, message []byte, to held) ([]byte, error)
	// verify says whether a signature over content is good and its signer trusted.
	verify(f folder, content, signature, authority []byte) error
}

type failure struct {
	error
	said string
}

func (f failure) Error() string { return f.error.Error() + ": " + f.said }

func result(f folder, name, said string, err error) ([]byte, error) {
	if err != nil {
		return nil, failure{err, said}
	}
	return f.get(name), nil
}

type openssl struct{}

func (openssl) open(f folder, message []byte, to held) ([]byte, error) {
	f.put("message", message)
	f.put("to.pem", to.pem())
	f.put("to.key", to.keyPEM())
	said, err := f.run("", "openssl", "cms", "-decrypt", "-inform", "DER", "-in", "message", "-recip", "to.pem", "-inkey", "to.key", "-out", "opened")
	return result(f, "opened", said, err)
}

func (openssl) verify(f folder, content, signature, authority []byte) error {
	f.put("content", content)
	f.put("signature", signature)
	f.put("authority.pem", authority)
	said, err := f.run("", "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "signature", "-content", "content", "-CAfile", "authority.pem", "-out", "verified")
	_, err = result(f, "verified", said, err)
	return err
}

// gpgsm has a home of its own under a short name: its agent's socket path must be.
type gpgsm struct{}

func gpgHome(f folder) string {
	f.t.Helper()
	home, err := os.MkdirTemp("/tmp", "s")
	if err != nil {
		f.t.Fatal(err)
	}
	// As an agent protects a key, it measures how slow it can be; here it need not be.
	if err := os.WriteFile(filepath.Join(home, "gpg-agent.conf"), []byte("s2k-count 65536\n"), 0o600); err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		_ = exec.Command("gpgconf", "--homedir", home, "--kill", "all").Run()
		_ = os.RemoveAll(home)
	})
	return home
}

func (gpgsm) args(home string, more ...string) []string {
	return append([]string{"--homedir", home, "--batch", "--yes", "--disable-crl-checks", "--disable-dirmngr", "--pinentry-mode", "loopback", "--passphrase-fd", "0"}, more...)
}

// importing fails for EC keys: 2.2.40 mostly crashes. It also fails to decrypt a PKCS #12 file of any key once in a
// while, as the file's random salt has it; another file with another salt does then.
func (g gpgsm) importing(f folder, home string, to held) error {
	f.t.Helper()
	var said string
	var err error
	for range 4 {
		said, err = f.run("x\n", "gpgsm", g.args(home, "--import", f.p12("to", to))...)
		if err == nil {
			return nil
		}
		if !strings.Contains(said, "error parsing or decrypting the PKCS#12 file") {
			break
		}
	}
	return failure{err, "importing the key: " + said}
}

func (g gpgsm) open(f folder, message []byte, to held) ([]byte, error) {
	home := gpgHome(f)
	if err := g.importing(f, home, to); err != nil {
		return nil, err
	}
	f.put("message", message)
	said, err := f.run("x\n", "gpgsm", g.args(home, "--output", "opened", "--decrypt", "message")...)
	return result(f, "opened", said, err)
}

func (g gpgsm) verify(f folder, content, signature, authority []byte) error {
	home := gpgHome(f)
	f.put("content", content)
	f.put("signature", signature)
	f.put("authority.pem", authority)
	said := f.must("openssl", "x509", "-in", "authority.pem", "-noout", "-fingerprint", "-sha1")
	_, fingerprint, _ := strings.Cut(strings.TrimSpace(said), "=")
	if err := os.WriteFile(filepath.Join(home, "trustlist.txt"), []byte(fingerprint+" S\n"), 0o600); err != nil {
		f.t.Fatal(err)
	}
	f.must("gpgsm", g.args(home, "--import", "authority.pem")...)
	said, err := f.run("", "gpgsm", g.args(home, "--verify", "signature", "content")...)
	if err != nil || !strings.Contains(said, "Good signature") {
		return failure{errNotGood, said}
	}
	return nil
}

// nss is the library of Thunderbird.
type nss struct{}

func (nss) database(f folder) {
	f.t.Helper()
	f.must("certutil", "-N", "-d", "sql:"+f.dir, "--empty-password")
}

func (n nss) open(f folder, message []byte, to held) ([]byte, error) {
	n.database(f)
	f.must("pk12util", "-i", f.p12("to", to), "-d", "sql:"+f.dir, "-K", "", "-W", "x")
	f.put("message", message)
	said, err := f.run("", "cmsutil", "-D", "-d", "sql:"+f.dir, "-i", "message", "-o", "opened")
	return result(f, "opened", said, err)
}

func (n nss) verify(f folder, content, signature, authority []byte) error {
	n.database(f)
	f.put("content", content)
	f.put("signature", signature)
	f.put("authority.pem", authority)
	f.must("certutil", "-A", "-d", "sql:"+f.dir, "-n", "authority", "-t", ",C,", "-a", "-i", "authority.pem")
	said, err := f.run("", "cmsutil", "-D", "-d", "sql:"+f.dir, "-h", "1", "-c", "content", "-i", "signature", "-o", "verified")
	if err != nil || !strings.Contains(string(f.get("verified"))+said, "signer0.status=GoodSignature") {
		return failure{errNotGood, said}
	}
	return nil
}

// parts takes multipart/signed apart octet for octet, as a program that verifies must.
func parts(t testing.TB, opened []byte) (content, signature []byte) {
	t.Helper()
	head, body, _ := bytes.Cut(opened, []byte("\r\n\r\n"))
	_, after, found := bytes.Cut(head, []byte("boundary=\""))
	edge, _, _ := bytes.Cut(after, []byte("\""))
	if !found || !bytes.HasPrefix(head, []byte("Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"")) {
		t.Fatalf("no multipart/signed: %q", head)
	}
	pieces := bytes.Split(append([]byte("\r\n"), body...), []byte("\r\n--"+string(edge)))
	if len(pieces) != 4 || len(pieces[0]) != 0 || string(pieces[3]) != "--\r\n" {
		t.Fatalf("%d pieces, the last %q", len(pieces), pieces[len(pieces)-1])
	}
	_, armored, _ := bytes.Cut(pieces[2], []byte("\r\n\r\n"))
	signature, err := base64.StdEncoding.DecodeString(string(armored))
	if err != nil {
		t.Fatal(err)
	}
	return pieces[1][len("\r\n"):], signature
}
