package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestRealMail sends a submission with a file through a real Postfix into a real Dovecot, and opens what IMAP hands out with
// the programs that people have: PGP/MIME with gpg and sq, S/MIME with OpenSSL, gpgsm and NSS.
// covers ML05
// covers ML06
// covers CR11
func TestRealMail(t *testing.T) {
	whole(t)
	t.Parallel()
	o := openPostOffice(t)
	c := newClinic(t, o)
	front := newCorrespondent(t, "front")
	front.openPGP()
	c.put("keys/front.asc", string(front.certificate()), 0o644)
	ca := newAuthority(t)
	lawyer, curve, sealed := ca.issue("lawyer", "rsa"), ca.issue("curve", "ec"), ca.issue("sealed", "rsa")
	for _, p := range []*correspondent{lawyer, curve, sealed} {
		c.put("keys/"+p.name+".pem", string(c.read(p.path("cert.pem"))), 0o644)
	}
	c.put("keys/office-ca.pem", string(c.read(filepath.Join(ca.dir, "ca.pem"))), 0o644)
	c.put("keys/office.crl", string(ca.list()), 0o644)
	c.configure(c.mailed() + `recipients:
  front@riverside.example: { key: keys/front.asc }
  lawyer@riverside.example: { certificate: keys/lawyer.pem, ca: keys/office-ca.pem, crl: keys/office.crl }
  curve@riverside.example: { certificate: keys/curve.pem, ca: keys/office-ca.pem }
  sealed@riverside.example: { certificate: keys/sealed.pem, ca: keys/office-ca.pem, cipher: gcm, transport: oaep }
`)
	c.put("signer.pem", c.sealform("", "keys", "smime", "--make"), 0o644)
	c.put("signer.asc", c.sealform("", "keys", "signing"), 0o644)
	c.form("contact", `  store: { keep: 30d }
  mail: { to: [ front@riverside.example, { address: lawyer@riverside.example, level: smime }, { address: curve@riverside.example, level: smime }, sealed@riverside.example ] }
  notify: [ { email: owner@riverside.example } ]
`)
	c.serve()
	say, photo := words(), picture()
	said := map[string]string{}
	ref := c.send("contact", func(name string) string {
		if said[name] == "" {
			said[name] = say(name)
		}
		return said[name]
	}, upload{name: "card of maria.jpg", kind: "image/jpeg", body: photo})

	want := letter{ref: ref, reason: said["reason"], photo: photo}
	t.Run("gpg and sq", func(t *testing.T) {
		whole := o.fetch("front", 1)[0]
		nothingPersonal(t, whole, said, ref)
		message := sealedIn(t, whole)
		want.compare(t, front.gpg(message, c.path("signer.asc")))
		want.compare(t, front.sq(message, c.path("signer.asc")))
	})
	for _, p := range []*correspondent{lawyer, curve, sealed} {
		t.Run("openssl, "+p.name, func(t *testing.T) {
			whole := o.fetch(p.name, 1)[0]
			nothingPersonal(t, whole, said, ref)
			want.compare(t, p.openssl(whole, c.path("signer.pem")))
		})
	}
	t.Run("gpgsm", func(t *testing.T) {
		want.compare(t, lawyer.gpgsm(o.fetch("lawyer", 1)[0], c.path("signer.pem")))
	})
	t.Run("NSS", func(t *testing.T) {
		want.compare(t, lawyer.nss(o.fetch("lawyer", 1)[0], c.path("signer.pem")))
	})
	t.Run("the owner's notice", func(t *testing.T) {
		whole := o.fetch("owner", 1)[0]
		nothingPersonal(t, whole, said, "")
		if !bytes.Contains(whole, []byte("/go/")) || bytes.Contains(whole, []byte("New patient form")) {
			t.Errorf("the notice:\n%s", whole)
		}
	})
	t.Run("the store's copy", func(t *testing.T) {
		if list := c.sealform("", "outbox", "list", "--state", "sent"); strings.Count(list, ref) < 4 {
			t.Errorf("the outbox says:\n%s", list)
		}
	})
	t.Run("a revoked certificate", func(t *testing.T) {
		ca.revoke(lawyer)
		c.put("keys/office.crl", string(ca.list()), 0o644)
		v := c.run.visitor()
		closed := func() bool {
			a, err := v.do(http.MethodGet, "/f/contact", "", nil)
			return err == nil && a.status == http.StatusServiceUnavailable
		}
		c.until("the form closes", closed)
		for range 10 {
			time.Sleep(500 * time.Millisecond) // beyond the next looks at the list
			if !closed() {
				t.Fatal("the form is open again")
			}
		}
	})
}

// nothingPersonal wants no answer, name of a file or title of a form in a message as it travels. ref, where given, is
// sealed too.
func nothingPersonal(t *testing.T, whole []byte, said map[string]string, ref string) {
	t.Helper()
	secret := []string{"card of maria", "New patient"}
	for _, s := range said {
		secret = append(secret, s)
	}
	if ref != "" {
		secret = append(secret, ref)
	}
	for _, s := range secret {
		for _, d := range disguises(s) {
			if len(d) >= 7 && bytes.Contains(whole, d) { // a shorter one can stand in base64 by chance
				t.Errorf("%q stands outside of the ciphertext", d)
			}
		}
	}
	m, err := mail.ReadMessage(bytes.NewReader(whole))
	if err != nil {
		t.Fatal(err)
	}
	if s := m.Header.Get("Subject"); ref != "" && s != "[...]" {
		t.Errorf("the outer subject is %q", s)
	}
}

// letter is what must be found inside.
type letter struct {
	ref, reason string
	photo       []byte
}

func (l letter) compare(t *testing.T, entity []byte) {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(entity))
	if err != nil {
		t.Fatalf("what was sealed is no message: %v", err)
	}
	if s := m.Header.Get("Subject"); s != "New patient form "+l.ref {
		t.Errorf("the inner subject is %q", s)
	}
	in := readInside(t, entity)
	if in.record.Reference != l.ref || in.record.Kind != "mail" || !strings.Contains(in.text, l.reason) {
		t.Errorf("the record is %+v, the text\n%s", in.record, in.text)
	}
	if !bytes.Equal(in.files["card of maria.jpg"], l.photo) {
		t.Errorf("the photo has %d bytes, not %d", len(in.files["card of maria.jpg"]), len(l.photo))
	}
}

// TestRelayGone switches the relay off for two minutes: the deliveries say so in plain words, and what came meanwhile
// goes out by itself once it is back, each exactly once.
// covers R09
func TestRelayGone(t *testing.T) {
	whole(t)
	t.Parallel() // it waits more than it works
	o := openPostOffice(t)
	c := newClinic(t, o)
	c.configure(c.mailed())
	c.form("contact", "  mail: { to: [front@riverside.example] }\n")
	c.serve()
	o.stopPostfix()
	var refs []string
	for range 5 {
		refs = append(refs, c.send("contact", words()))
	}
	gone := time.Now()
	time.Sleep(10 * time.Second)
	if list := c.sealform("", "outbox", "list"); strings.Count(list, "refused, after 1 attempt") != len(refs) {
		t.Errorf("while the relay is off the outbox says:\n%s", list)
	}
	time.Sleep(time.Until(gone.Add(2 * time.Minute)))
	o.postfix("start")
	o.listens(o.Submission)
	for range 90 { // it looks for its relay once a minute
		if list := c.sealform("", "outbox", "list", "--state", "waiting", "--json"); strings.TrimSpace(list) == "[]" {
			break
		}
		time.Sleep(time.Second)
	}
	if got := o.fetch("front", len(refs)); len(got) != len(refs) {
		t.Errorf("%d messages came for %d submissions", len(got), len(refs))
	}
}

// correspondent is somebody who gets mail and has a program to open it.
type correspondent struct {
	t    *testing.T
	name string
	dir  string // short: gpg's sockets lie below it
	ca   *authority
}

func newCorrespondent(t *testing.T, name string) *correspondent {
	t.Helper()
	dir, err := os.MkdirTemp("", "c-")
	if err != nil {
		t.Fatal(err)
	}
	p := &correspondent{t: t, name: name, dir: dir}
	t.Cleanup(func() {
		_ = exec.Command("gpgconf", "--homedir", dir, "--kill", "all").Run() // there may be no agent
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return p
}

func (p *correspondent) path(name string) string { return filepath.Join(p.dir, name) }
func (p *correspondent) address() string         { return p.name + "@" + mailDomain }

// openPGP makes a key with gpg, as somebody does who never heard of this program.
func (p *correspondent) openPGP() {
	p.t.Helper()
	command(p.t, p.dir, nil, "gpg", "--homedir", p.dir, "--batch", "--passphrase", "", "--quick-generate-key", p.address(), "default", "default", "1y")
}

func (p *correspondent) certificate() []byte {
	return command(p.t, p.dir, nil, "gpg", "--homedir", p.dir, "--armor", "--export", p.address())
}

// gpg opens a message and wants the server's signature good.
func (p *correspondent) gpg(message []byte, signer string) []byte {
	p.t.Helper()
	command(p.t, p.dir, nil, "gpg", "--homedir", p.dir, "--batch", "--import", signer)
	cmd := exec.Command(tool(p.t, "gpg"), "--homedir", p.dir, "--batch", "--trust-model", "always", "--status-fd", "2", "--decrypt")
	var out, status bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(message), &out, &status
	if err := cmd.Run(); err != nil || !strings.Contains(status.String(), "[GNUPG:] GOODSIG") {
		p.t.Fatalf("gpg: %v\n%s", err, status.String())
	}
	return out.Bytes()
}

// sq opens it with the other implementation.
func (p *correspondent) sq(message []byte, signer string) []byte {
	p.t.Helper()
	secret := command(p.t, p.dir, nil, "gpg", "--homedir", p.dir, "--batch", "--passphrase", "", "--armor", "--export-secret-keys", p.address())
	if err := os.WriteFile(p.path("secret.asc"), secret, 0o600); err != nil {
		p.t.Fatal(err)
	}
	return command(p.t, p.dir, message, "sq", "decrypt", "--recipient-key", p.path("secret.asc"), "--signer-cert", signer)
}

// sealedIn gives the OpenPGP message of a mail by IMAP.
func sealedIn(t *testing.T, whole []byte) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "letter.eml")
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	return sealedPart(t, path)
}

func jobIDs(list string) []string {
	var all []string
	for line := range strings.SplitSeq(list, "\n") {
		if id, ok := strings.CutPrefix(strings.TrimSpace(line), `"id": "`); ok {
			all = append(all, strings.TrimSuffix(id, `",`))
		}
	}
	return all
}

// bodyOf is a message without its outer header.
func bodyOf(t *testing.T, whole []byte) []byte {
	t.Helper()
	_, body, found := bytes.Cut(whole, []byte("\r\n\r\n"))
	if !found {
		t.Fatal(fmt.Errorf("a message without a body"))
	}
	return body
}
