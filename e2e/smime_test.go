package e2e

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emersion/go-message"
)

// authority is an office's own certificate authority, made with OpenSSL.
type authority struct {
	t   *testing.T
	dir string
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	command(t, a.dir, nil, "openssl", "req", "-x509", "-newkey", "rsa:3072", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "30",
		"-subj", "/CN=Office authority", "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
	conf := "[ca]\ndefault_ca=o\n[o]\ndatabase=" + a.path("index") + "\ndefault_md=sha256\ndefault_crl_days=7\ncrlnumber=" + a.path("crlnumber") + "\n"
	for name, text := range map[string]string{"index": "", "crlnumber": "01\n", "ca.conf": conf} {
		if err := os.WriteFile(a.path(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

func (a *authority) path(name string) string { return filepath.Join(a.dir, name) }

// issue gives somebody a key and a certificate for mail.
func (a *authority) issue(name, kind string) *correspondent {
	a.t.Helper()
	p := newCorrespondent(a.t, name)
	p.ca = a
	key, usage := []string{"-newkey", "rsa:3072"}, "keyEncipherment"
	if kind == "ec" {
		key, usage = []string{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"}, "keyAgreement"
	}
	args := append([]string{"openssl", "req", "-new", "-nodes", "-keyout", p.path("key.pem"), "-out", p.path("csr.pem"), "-subj", "/CN=" + name}, key...)
	command(a.t, a.dir, nil, args...)
	ext := "basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature," + usage + "\nextendedKeyUsage=emailProtection\nsubjectAltName=email:" + p.address() + "\n"
	if err := os.WriteFile(p.path("ext"), []byte(ext), 0o600); err != nil {
		a.t.Fatal(err)
	}
	command(a.t, a.dir, nil, "openssl", "x509", "-req", "-in", p.path("csr.pem"), "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
		"-days", "20", "-extfile", p.path("ext"), "-out", p.path("cert.pem"))
	return p
}

// list is the authority's revocation list.
func (a *authority) list() []byte {
	return command(a.t, a.dir, nil, "openssl", "ca", "-config", "ca.conf", "-gencrl", "-cert", "ca.pem", "-keyfile", "ca.key")
}

// revoke puts somebody on the list.
func (a *authority) revoke(p *correspondent) {
	command(a.t, a.dir, nil, "openssl", "ca", "-config", "ca.conf", "-revoke", p.path("cert.pem"), "-cert", "ca.pem", "-keyfile", "ca.key")
}

// enveloped is the CMS message of a mail.
func enveloped(t *testing.T, whole []byte) []byte {
	t.Helper()
	der, err := base64.StdEncoding.DecodeString(strings.NewReplacer("\r", "", "\n", "").Replace(string(bodyOf(t, whole))))
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// openssl opens a mail as it came and verifies the server's signature inside.
func (p *correspondent) openssl(whole []byte, signer string) []byte {
	p.t.Helper()
	signed := command(p.t, p.dir, whole, "openssl", "cms", "-decrypt", "-recip", p.path("cert.pem"), "-inkey", p.path("key.pem"))
	verified := command(p.t, p.dir, signed, "openssl", "cms", "-verify", "-CAfile", signer, "-purpose", "any")
	return verified
}

// pkcs12 is the key in the form that other programs import.
func (p *correspondent) pkcs12() string {
	p.t.Helper()
	command(p.t, p.dir, nil, "openssl", "pkcs12", "-export", "-legacy", "-in", "cert.pem", "-inkey", "key.pem", "-certfile", p.ca.path("ca.pem"),
		"-name", p.name, "-passout", "pass:import", "-out", "key.p12")
	return p.path("key.p12")
}

// parts takes multipart/signed apart: what was signed, byte for byte, and the signature.
func parts(t *testing.T, signed []byte) (content, signature []byte) {
	t.Helper()
	m, err := message.Read(bytes.NewReader(signed))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := m.Header.ContentType()
	if err != nil || kind != "multipart/signed" {
		t.Fatalf("inside is %q, not multipart/signed (%v)", kind, err)
	}
	pieces := bytes.Split(signed, []byte("\r\n--"+params["boundary"]))
	if len(pieces) < 3 {
		// the header may end directly before the first boundary
		pieces = bytes.Split(append([]byte("\r\n"), signed...), []byte("\r\n--"+params["boundary"]))
	}
	if len(pieces) != 4 {
		t.Fatalf("%d pieces of multipart/signed", len(pieces))
	}
	content = bytes.TrimPrefix(pieces[1], []byte("\r\n"))
	_, b64, _ := bytes.Cut(pieces[2], []byte("\r\n\r\n"))
	signature, err = base64.StdEncoding.DecodeString(strings.NewReplacer("\r", "", "\n", "").Replace(string(b64)))
	if err != nil {
		t.Fatal(err)
	}
	return content, signature
}

// gpgsm opens a mail with GnuPG's S/MIME half.
func (p *correspondent) gpgsm(whole []byte, signer string) []byte {
	p.t.Helper()
	home := p.path("gpgsm")
	if err := os.Mkdir(home, 0o700); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { command(p.t, home, nil, "gpgconf", "--homedir", home, "--kill", "all") })
	for name, text := range map[string]string{"gpg-agent.conf": "allow-loopback-pinentry\n", "gpgsm.conf": "disable-dirmngr\ndisable-crl-checks\n"} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
	sm := func(in []byte, args ...string) []byte {
		return command(p.t, home, in, append([]string{"gpgsm", "--homedir", home, "--batch", "--pinentry-mode", "loopback", "--passphrase-fd", "0"}, args...)...)
	}
	sm([]byte("import\n"), "--import", p.pkcs12())
	file := filepath.Join(home, "mail.p7m")
	if err := os.WriteFile(file, enveloped(p.t, whole), 0o600); err != nil {
		p.t.Fatal(err)
	}
	signed := sm([]byte("import\n"), "--decrypt", file)
	content, signature := parts(p.t, signed)
	for name, b := range map[string][]byte{"content": content, "signature": signature} {
		if err := os.WriteFile(filepath.Join(home, name), b, 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
	sm(nil, "--import", signer)
	out := verifies(p.t, home, "gpgsm", "--homedir", home, "--status-fd", "1", "--verify", "signature", "content")
	if !strings.Contains(out, "[GNUPG:] GOODSIG") {
		p.t.Errorf("gpgsm does not find the signature good:\n%s", out)
	}
	return content
}

// nss opens a mail with NSS, which Thunderbird reads S/MIME with.
func (p *correspondent) nss(whole []byte, signer string) []byte {
	p.t.Helper()
	db := "sql:" + p.dir
	command(p.t, p.dir, nil, "certutil", "-N", "-d", db, "--empty-password")
	command(p.t, p.dir, nil, "pk12util", "-i", p.pkcs12(), "-d", db, "-W", "import")
	command(p.t, p.dir, nil, "certutil", "-A", "-d", db, "-n", "office", "-t", "CT,C,C", "-i", p.ca.path("ca.pem"))
	command(p.t, p.dir, nil, "certutil", "-A", "-d", db, "-n", "forms", "-t", ",P,", "-i", signer)
	file := p.path("mail.p7m")
	if err := os.WriteFile(file, enveloped(p.t, whole), 0o600); err != nil {
		p.t.Fatal(err)
	}
	signed := command(p.t, p.dir, nil, "cmsutil", "-D", "-d", db, "-i", file)
	content, signature := parts(p.t, signed)
	for name, b := range map[string][]byte{"content": content, "signature": signature} {
		if err := os.WriteFile(p.path(name), b, 0o600); err != nil {
			p.t.Fatal(err)
		}
	}
	if out := verifies(p.t, p.dir, "cmsutil", "-D", "-d", db, "-i", "signature", "-c", "content", "-h", "0"); !strings.Contains(out, "GoodSignature") {
		p.t.Errorf("NSS does not find the signature good:\n%s", out)
	}
	return content
}

// verifies gives all that a verifying program says, whichever way it ends.
func verifies(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := execIn(dir, tool(t, args[0]), args[1:]...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out) + err.Error()
	}
	return string(out)
}
