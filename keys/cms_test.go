package keys_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"testing/iotest"

	"sealform/keys"
)

// element is one of BER with a definite length.
func element(tag byte, value ...[]byte) []byte {
	body := join(value...)
	n := len(body)
	switch {
	case n < 0x80:
		return join([]byte{tag, byte(n)}, body)
	case n < 1<<16:
		return join([]byte{tag, 0x82, byte(n >> 8), byte(n)}, body)
	}
	return join([]byte{tag, 0x84, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, body)
}

// open is one of indefinite length, with its end.
func open(tag byte, value ...[]byte) []byte {
	return join([]byte{tag, 0x80}, join(value...), []byte{0, 0})
}

var (
	oidEnveloped     = []byte{0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 3}
	oidAuthEnveloped = []byte{0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 9, 16, 1, 23}
	oidSigned        = []byte{0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 2}
	oidPlain         = []byte{0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 1}
	oidCBC           = []byte{0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 0x2A}
	oidGCM           = []byte{0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 0x2E}
)

// cmsParts are a CMS message's pieces, to be put together wrongly.
type cmsParts struct {
	oid, version, recipients, kind, cipher []byte
	pieces                                 [][]byte
	tag                                    []byte // with its element
}

func (p cmsParts) message() []byte {
	return open(0x30, element(0x06, p.oid), open(0xA0, open(
		0x30, element(0x02, p.version), p.recipients,
		open(0x30, element(0x06, p.kind), p.cipher, open(0xA0, p.pieces...)), p.tag)))
}

func envelopedParts() cmsParts {
	return cmsParts{
		oid: oidEnveloped, version: []byte{0},
		recipients: element(0x31, element(0x30, make([]byte, 300)), element(0xA1, make([]byte, 200))),
		kind:       oidPlain, cipher: element(0x30, element(0x06, oidCBC), element(0x04, make([]byte, 16))),
		pieces: [][]byte{element(0x04, make([]byte, 70000)), element(0x04, make([]byte, 16))},
	}
}

func authEnvelopedParts() cmsParts {
	p := envelopedParts()
	p.oid, p.tag = oidAuthEnveloped, element(0x04, make([]byte, 16))
	p.cipher = element(0x30, element(0x06, oidGCM), element(0x30, element(0x04, make([]byte, 12)), element(0x02, []byte{16})))
	return p
}

// hostileCMS are messages that begin as CMS does and must be refused.
func hostileCMS() map[string][]byte {
	all := map[string][]byte{
		"two bytes":          {0x30, 0x80},
		"definite length":    element(0x30, element(0x06, oidEnveloped)),
		"text behind a 0":    []byte("0 is how this letter begins, and it is readable"),
		"nothing behind it":  envelopedParts().message()[:17],
		"text behind it":     join(envelopedParts().message()[:17], []byte("readable")),
		"a length too long":  join(envelopedParts().message()[:17], []byte{0x02, 0x85, 0, 0, 0, 0, 1, 0}),
		"a length of 2^32-1": join(envelopedParts().message()[:17], []byte{0x02, 0x84, 255, 255, 255, 255, 0}),
	}
	change := func(name string, f func(p *cmsParts)) {
		p, a := envelopedParts(), authEnvelopedParts()
		f(&p)
		f(&a)
		all[name], all[name+" (GCM)"] = p.message(), a.message()
	}
	change("signed data", func(p *cmsParts) { p.oid = oidSigned })
	change("plain data", func(p *cmsParts) { p.oid = oidPlain })
	change("version of a password", func(p *cmsParts) { p.version = []byte{3} })
	change("no version", func(p *cmsParts) { p.version = nil })
	change("no recipients", func(p *cmsParts) { p.recipients = element(0x31) })
	change("recipients without end", func(p *cmsParts) { p.recipients = open(0x31, element(0x30, make([]byte, 300))) })
	change("password recipient", func(p *cmsParts) { p.recipients = element(0x31, element(0xA3, make([]byte, 300))) })
	change("shared-key recipient", func(p *cmsParts) { p.recipients = element(0x31, element(0xA2, make([]byte, 300))) })
	change("65 recipients", func(p *cmsParts) { p.recipients = element(0x31, repeat(element(0x30, make([]byte, 9)), 65)) })
	change("a huge recipient", func(p *cmsParts) { p.recipients = element(0x31, element(0x30, make([]byte, 17<<10))) })
	change("a recipient beyond its set", func(p *cmsParts) { p.recipients = []byte{0x31, 5, 0x30, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0} })
	change("originator", func(p *cmsParts) { p.recipients = join(element(0xA0, []byte{1}), p.recipients) })
	change("signed data inside", func(p *cmsParts) { p.kind = oidSigned })
	change("no cipher", func(p *cmsParts) { p.cipher = nil })
	change("triple DES", func(p *cmsParts) {
		p.cipher = element(0x30, element(0x06, []byte{0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 3, 7}), element(0x04, make([]byte, 8)))
	})
	change("no ciphertext", func(p *cmsParts) { p.pieces = nil })
	change("text as ciphertext", func(p *cmsParts) { p.pieces = [][]byte{element(0x0C, []byte("0123456789abcdef"))} })
	change("attributes", func(p *cmsParts) { p.tag = join(p.tag, element(0xA1, []byte("0123456789abcdef"))) })
	change("another kind of tag", func(p *cmsParts) { p.tag = element(0x0C, make([]byte, 16)) })
	odd, swapped, untagged := envelopedParts(), authEnvelopedParts(), authEnvelopedParts()
	odd.pieces = append(odd.pieces, element(0x04, make([]byte, 15)))
	swapped.cipher, untagged.tag = odd.cipher, nil
	agreed := authEnvelopedParts()
	agreed.version = []byte{2}
	all["half a block"], all["CBC with a tag"], all["GCM without a tag"], all["GCM of version 2"] = odd.message(), swapped.message(), untagged.message(), agreed.message()
	for name, p := range map[string]cmsParts{"": envelopedParts(), " (GCM)": authEnvelopedParts()} {
		m := p.message()
		for _, short := range []int{1, 2, 4, 10, 30, 70000} {
			all["short by "+strconv.Itoa(short)+name] = m[:len(m)-short]
		}
		all["one octet after"+name] = join(m, []byte{0})
		all["readable text after"+name] = join(m, []byte("\r\nreadable"))
		all["twice"+name] = join(m, m)
	}
	return all
}

// covers ML05
func TestHostileCMS(t *testing.T) {
	for name, b := range hostileCMS() {
		if err := throughStream(b); !errors.Is(err, keys.ErrNotSealed) {
			t.Errorf("%s, read: %v", name, err)
		}
		if _, err := writeCMS(bytes.NewReader(b)); !errors.Is(err, keys.ErrNotSealed) {
			t.Errorf("%s, written: %v", name, err)
		}
		if _, err := writeCMS(iotest.OneByteReader(bytes.NewReader(b))); !errors.Is(err, keys.ErrNotSealed) {
			t.Errorf("%s, written byte by byte: %v", name, err)
		}
	}
}

// writeCMS is what a sealer does: it gives b as a CMS message.
func writeCMS(r io.Reader) ([]byte, error) {
	var out bytes.Buffer
	_, err := keys.NewCMS(func(w io.Writer) error {
		_, err := io.Copy(w, struct{ io.Reader }{r})
		return err
	}).WriteTo(&out)
	return out.Bytes(), err
}

// TestNoClearByte: what is no CMS message at all does not leave, not one byte of it, however it comes.
// covers ML05
func TestNoClearByte(t *testing.T) {
	signed := envelopedParts()
	signed.oid = oidSigned
	for name, b := range map[string][]byte{
		"text": []byte("Subject: I am ill\r\n\r\nreadable"), "text behind a 0": []byte("0 readable"), "signed": signed.message(),
		"openpgp": join(goodParts(t).key, goodParts(t).data),
	} {
		for way, r := range map[string]io.Reader{"whole": bytes.NewReader(b), "by bytes": iotest.OneByteReader(bytes.NewReader(b))} {
			if got, err := writeCMS(r); len(got) > 0 || !errors.Is(err, keys.ErrNotSealed) {
				t.Errorf("%s, %s: %d bytes went out, %v", name, way, len(got), err)
			}
		}
	}
	// A sealer that overlooks the refusal gets no further.
	var out bytes.Buffer
	err := keys.NewCMS(func(w io.Writer) error {
		_, _ = w.Write([]byte("readable"))
		_, _ = w.Write(envelopedParts().message())
		return nil
	}).WriteData(&out)
	if out.Len() > 0 || !errors.Is(err, keys.ErrNotSealed) {
		t.Errorf("after a refusal %d bytes went out, %v", out.Len(), err)
	}
}

func TestCMSPassesUnchanged(t *testing.T) {
	agreement := envelopedParts()
	agreement.version = []byte{2}
	for name, c := range map[string]struct {
		message []byte
		auth    bool
	}{
		"enveloped":      {envelopedParts().message(), false},
		"key agreement":  {agreement.message(), false},
		"auth-enveloped": {authEnvelopedParts().message(), true},
	} {
		for way, r := range map[string]io.Reader{
			"whole": bytes.NewReader(c.message), "by bytes": iotest.OneByteReader(bytes.NewReader(c.message)), "by halves": iotest.HalfReader(bytes.NewReader(c.message)),
		} {
			s, err := keys.ReadSealed(r)
			if err != nil {
				t.Fatalf("%s, %s: %v", name, way, err)
			}
			if s.Kind() != keys.CMS || s.AuthEnveloped() != c.auth || len(s.SessionKeys()) > 0 {
				t.Errorf("%s: kind %s, auth-enveloped %t, %d session keys", name, s.Kind(), s.AuthEnveloped(), len(s.SessionKeys()))
			}
			var out bytes.Buffer
			if n, err := s.WriteTo(&out); err != nil || n != int64(out.Len()) || !bytes.Equal(out.Bytes(), c.message) {
				t.Errorf("%s, %s: the octets changed: %v", name, way, err)
			}
			if err := s.WriteData(io.Discard); err == nil || errors.Is(err, keys.ErrNotSealed) {
				t.Errorf("%s: a second time: %v", name, err)
			}
		}
		if got, err := writeCMS(bytes.NewReader(c.message)); err != nil || !bytes.Equal(got, c.message) {
			t.Errorf("%s, written: %v", name, err)
		}
		if _, err := keys.ParseSealed(c.message); !errors.Is(err, keys.ErrCMS) {
			t.Errorf("%s, parsed: %v", name, err)
		}
	}
}

// TestCMSErrorsStay: a store that fails is no damaged message, and a target's error stays what it is.
func TestCMSErrorsStay(t *testing.T) {
	m := envelopedParts().message()
	for _, at := range []int{0, 1, 10, 16, 20, 400, len(m) - 1, len(m)} {
		s, err := keys.ReadSealed(io.MultiReader(bytes.NewReader(m[:at]), iotest.ErrReader(errBroken)))
		if err == nil {
			err = s.WriteData(io.Discard)
		}
		if !errors.Is(err, errBroken) {
			t.Errorf("breaking after %d octets: %v", at, err)
		}
	}
	s, err := keys.ReadSealed(bytes.NewReader(m))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.WriteData(&failing{left: 300}); !errors.Is(err, errBroken) {
		t.Errorf("target: %v", err)
	}
}

// TestOpenSSLStreams: what another program's streaming encoder writes is framed as we want it.
func TestOpenSSLStreams(t *testing.T) {
	dir := t.TempDir()
	openssl := func(args ...string) {
		t.Helper()
		cmd := exec.Command(program(t, "openssl"), args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("openssl %v: %v\n%s", args, err, out)
		}
	}
	openssl("req", "-x509", "-newkey", "rsa:3072", "-nodes", "-keyout", "rsa.key", "-out", "rsa.pem", "-subj", "/CN=x")
	openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ec.key", "-out", "ec.pem", "-subj", "/CN=y")
	if err := os.WriteFile(filepath.Join(dir, "body"), make([]byte, 100_000), 0o600); err != nil {
		t.Fatal(err)
	}
	for cipher, good := range map[string]bool{"-aes-256-cbc": true, "-aes-256-gcm": true, "-aes-128-cbc": false, "-des3": false} {
		openssl("cms", "-encrypt", "-stream", "-binary", "-outform", "DER", cipher, "-in", "body", "-out", "message", "rsa.pem", "ec.pem")
		b, err := os.ReadFile(filepath.Join(dir, "message"))
		if err != nil {
			t.Fatal(err)
		}
		if err := throughStream(b); (err == nil) != good {
			t.Errorf("%s: %v", cipher, err)
		}
	}
	openssl("cms", "-encrypt", "-stream", "-binary", "-outform", "DER", "-aes-256-cbc", "-pwri_password", "easy", "-in", "body", "-out", "message", "rsa.pem")
	b, err := os.ReadFile(filepath.Join(dir, "message"))
	if err != nil {
		t.Fatal(err)
	}
	if err := throughStream(b); !errors.Is(err, keys.ErrNotSealed) {
		t.Errorf("with a password beside the certificate: %v", err)
	}
}

// program finds one; without it the test is skipped, and fails in CI.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed", name)
		}
		t.Skipf("%s is not installed", name)
	}
	return path
}

// FuzzReadSealed: in whatever pieces a stream comes, it is taken or refused alike; what is taken comes out octet for
// octet, and CMS is taken from a sealer exactly when it is taken from the store.
func FuzzReadSealed(f *testing.F) {
	p := goodParts(f)
	f.Add(join(p.key, p.data))
	f.Add(join(p.key6, p.data6))
	small := envelopedParts()
	small.pieces = [][]byte{element(0x04, make([]byte, 32))}
	f.Add(small.message())
	f.Add(authEnvelopedParts().message())
	for _, b := range hostileCMS() {
		f.Add(b[:min(len(b), 4096)])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var whole bytes.Buffer
		s, err := keys.ReadSealed(bytes.NewReader(b))
		if err == nil {
			_, err = s.WriteTo(&whole)
		}
		if pieces := throughStream(b); (pieces == nil) != (err == nil) {
			t.Fatalf("whole %v, in pieces %v", err, pieces)
		}
		if err != nil && !errors.Is(err, keys.ErrNotSealed) {
			t.Fatalf("error of another kind: %v", err)
		}
		if err == nil && !bytes.Equal(whole.Bytes(), b) {
			t.Fatal("the octets changed")
		}
		got, written := writeCMS(bytes.NewReader(b))
		if (written == nil) != (err == nil && s.Kind() == keys.CMS) || written == nil && !bytes.Equal(got, b) {
			t.Fatalf("read %v as %s, written %v", err, s.Kind(), written)
		}
	})
}
