package mail

import (
	"bytes"
	"io"
	"mime"
	netmail "net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sealform/internal/demo/postbox"
	"sealform/internal/mimetext"
)

// openssl is the other side: it makes the recipient and the CMS message, and opens what came by mail.
type openssl struct{ dir string }

func newOpenSSL(t *testing.T) openssl {
	t.Helper()
	o := openssl{t.TempDir()}
	o.run(t, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=lawyer", "-keyout", o.path("key.pem"), "-out", o.path("cert.pem"))
	return o
}

func (o openssl) path(name string) string { return filepath.Join(o.dir, name) }

func (o openssl) run(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "openssl", args...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("openssl %v: %v\n%s", args, err, &complaints)
	}
	return out
}

// sealed is size bytes of entity as CMS.
func (o openssl) sealed(t *testing.T, size int, cipher string) []byte {
	t.Helper()
	text, err := io.ReadAll(entity(size))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(o.path("entity"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	return o.run(t, "cms", "-encrypt", "-binary", "-stream", "-"+cipher, "-outform", "DER", "-in", o.path("entity"), o.path("cert.pem"))
}

// covers ML05 ML06
func TestCMS(t *testing.T) {
	o := newOpenSSL(t)
	for cipher, kind := range map[string]string{"aes-256-cbc": "enveloped-data", "aes-256-gcm": "authEnveloped-data"} {
		for _, size := range []int{50, 57 * 40, 3000, 200_000} {
			m := carrying(packed(o.sealed(t, size, cipher)))
			raw := written(t, m)
			if !bytes.Equal(raw, written(t, m)) {
				t.Error("two attempts differ")
			}
			checkLines(t, raw)
			head, body, _ := strings.Cut(string(raw), "\r\n\r\n")
			checkCMSHeader(t, head, kind)
			checkColumns(t, body)
			if err := os.WriteFile(o.path("letter.eml"), raw, 0o600); err != nil {
				t.Fatal(err)
			}
			got := o.run(t, "cms", "-decrypt", "-in", o.path("letter.eml"), "-inform", "SMIME", "-recip", o.path("cert.pem"), "-inkey", o.path("key.pem"))
			if want, err := os.ReadFile(o.path("entity")); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s %d: %d bytes came out, %v", cipher, size, len(got), err)
			}
		}
	}
}

func checkCMSHeader(t *testing.T, head, kind string) {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(head + "\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	typ, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || typ != "application/pkcs7-mime" {
		t.Errorf("%s, %v", typ, err)
	}
	if diff := cmp.Diff(map[string]string{"smime-type": kind, "name": "smime.p7m"}, params); diff != "" {
		t.Error(diff)
	}
	want := netmail.Header{
		"From": {"forms@clinic.example"}, "To": {"desk@clinic.example"}, "Date": {"Sat, 21 Nov 2026 20:19:32 +0000"},
		"Message-Id": {"<7f3a.42@clinic.example>"}, "Subject": {"[...]"}, "Auto-Submitted": {"auto-generated"},
		"Sealform-Number": {"42; series=1f0c9a2b"}, "Mime-Version": {"1.0"},
		"Content-Type": m.Header["Content-Type"], "Content-Transfer-Encoding": {"base64"},
		"Content-Disposition": {`attachment; filename="smime.p7m"`},
	}
	if diff := cmp.Diff(want, m.Header); diff != "" {
		t.Error(diff)
	}
}

// checkColumns wants lines of 76 characters, the last one shorter perhaps, and none empty.
func checkColumns(t *testing.T, body string) {
	t.Helper()
	all := strings.Split(strings.TrimSuffix(body, "\r\n"), "\r\n")
	for i, line := range all {
		if len(line) != mimetext.LineLength && i < len(all)-1 || len(line) == 0 || len(line) > mimetext.LineLength {
			t.Fatalf("line %d of %d has %d characters", i+1, len(all), len(line))
		}
	}
}

// covers ML05
func TestBrokenCMS(t *testing.T) {
	o := newOpenSSL(t)
	whole := o.sealed(t, 100_000, "aes-256-cbc")
	ca := authority(t)
	addr, dir := mailbox(t, ca, 0, false)
	r := relay(t, addr, ca, nil)
	for name, b := range map[string][]byte{
		"half": whole[:len(whole)/2], "without its end": whole[:len(whole)-1], "signed only": {0x30, 0x80, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02},
		"more behind it": append(bytes.Clone(whole), "quoting patient 4711"...),
	} {
		if code := CodeOf(r.Send(t.Context(), carrying(packed(b)))); code != Body {
			t.Errorf("%s: %q", name, code)
		}
	}
	if names, err := postbox.List(dir); err != nil || len(names) > 0 {
		t.Errorf("%v arrived, %v", names, err)
	}
}
