package smime_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"sealform/keys/smime"
)

var errNotGood = errors.New("the signature is not good")

// letter is an entity as forms writes them, with the things that programs stumble over.
const letter = "Sealform: 1; kind=mail; service=riverside\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/mixed; boundary=\"=_e\";\r\n protected-headers=\"v1\"; hp=\"cipher\"\r\n" +
	"Subject: New patient KLM-2QX\r\nFrom: forms@riverside.example\r\n\r\n" +
	"--=_e\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
	"Name: Ren=C3=A9e\r\n\r\nFrom here on: it hurts.  \r\n.\r\n--=_e--\r\n    "

func sealed(t testing.TB, by *smime.Signer, p smime.Profile, at time.Time, entity string, to ...*smime.Certificate) []byte {
	t.Helper()
	s, err := smime.New(by, p, to...)
	if err != nil {
		t.Fatal(err)
	}
	stream, err := s.SealMail(at, func(w io.Writer) error {
		_, err := io.WriteString(w, entity)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := stream.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func newSigner(t testing.TB, at time.Time) *smime.Signer {
	t.Helper()
	s, _, err := smime.NewSigner("forms@riverside.example", at)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// recipients are of the two kinds, certified by one authority.
func recipients(t testing.TB, now time.Time) map[string]held {
	t.Helper()
	ca := authority(t, "Riverside Authority", now)
	ec := ecKey(t, elliptic.P256())
	return map[string]held{
		"RSA":   certify(t, &ca, rsaKey(), mailbox(rsaKey(), now, nil)),
		"P-256": certify(t, &ca, ec, mailbox(ec, now, nil)),
	}
}

// How a program refuses, by words of its own.
const (
	opens       = ""
	nssNoOAEP   = "SEC_ERROR_UNSUPPORTED_KEYALG"
	nssNoEC     = "SEC_ERROR_BAD_DER"
	nssNoGCM    = "SEC_ERROR_UNRECOGNIZED_OID"
	gpgsmNoOAEP = "error getting encrypted session key"
	gpgsmNoGCM  = "error getting IV"
	gpgsmNoKey  = "importing the key" // of 2.2.40, which crashes over an EC key: what it could read stays unknown
)

// matrix is the table of docs/mail.md: how OpenSSL, gpgsm and NSS fare with each profile. A message to several is
// read by the one named first.
var matrix = []struct {
	name                string
	profile             smime.Profile
	to                  []string
	openssl, gpgsm, nss string
}{
	{"CBC, RSA", smime.Profile{}, []string{"RSA"}, opens, opens, opens},
	{"CBC, RSA-OAEP", smime.Profile{OAEP: true}, []string{"RSA"}, opens, gpgsmNoOAEP, nssNoOAEP},
	{"CBC, P-256", smime.Profile{}, []string{"P-256"}, opens, gpgsmNoKey, nssNoEC},
	{"GCM, RSA", smime.Profile{GCM: true}, []string{"RSA"}, opens, gpgsmNoGCM, nssNoGCM},
	{"GCM, RSA-OAEP", smime.Profile{GCM: true, OAEP: true}, []string{"RSA"}, opens, gpgsmNoGCM, nssNoGCM},
	{"GCM, P-256", smime.Profile{GCM: true}, []string{"P-256"}, opens, gpgsmNoKey, nssNoGCM},

	// An EC recipient keeps RSA recipients beside it from reading with NSS 3.87, which cannot pass over it.
	{"CBC, RSA beside P-256", smime.Profile{}, []string{"RSA", "P-256"}, opens, opens, nssNoEC},
	{"CBC, P-256 beside RSA", smime.Profile{}, []string{"P-256", "RSA"}, opens, gpgsmNoKey, nssNoEC},
	{"GCM, RSA-OAEP beside P-256", smime.Profile{GCM: true, OAEP: true}, []string{"RSA", "P-256"}, opens, gpgsmNoGCM, nssNoGCM},
}

var readers = map[string]reader{"OpenSSL": openssl{}, "gpgsm": gpgsm{}, "NSS": nss{}}

// TestMatrix measures it: what was expected to open opens, whole and with a good signature; what was expected not to
// is refused as before, so that a program that learns it is noticed.
// covers CR11
func TestMatrix(t *testing.T) {
	now := time.Now()
	signer, all := newSigner(t, now), recipients(t, now)
	for _, row := range matrix {
		var to []*smime.Certificate
		for _, name := range row.to {
			to = append(to, all[name].parsed(now))
		}
		message := sealed(t, signer, row.profile, now, letter, to...)
		for program, want := range map[string]string{"OpenSSL": row.openssl, "gpgsm": row.gpgsm, "NSS": row.nss} {
			t.Run(row.name+", "+program, func(t *testing.T) {
				t.Parallel()
				tryReader(t, readers[program], message, all[row.to[0]], signer, want)
			})
		}
	}
}

func tryReader(t *testing.T, r reader, message []byte, to held, signer *smime.Signer, want string) {
	t.Helper()
	opened, err := r.open(newFolder(t), message, to)
	if refused(t, err, want) {
		return
	}
	content, signature := parts(t, opened)
	if string(content) != letter {
		t.Fatalf("another entity: %q", content)
	}
	if err := r.verify(newFolder(t), content, signature, signer.Authority()); err != nil {
		t.Fatal(err)
	}
	if err := r.verify(newFolder(t), append([]byte("X"), content...), signature, signer.Authority()); err == nil {
		t.Fatal("a changed entity verifies")
	}
}

// refused compares a refusal with the one expected; false: nothing was refused, as expected.
func refused(t *testing.T, err error, want string) bool {
	t.Helper()
	switch {
	case want == opens && err != nil:
		t.Fatal(err)
	case want != opens && err == nil:
		t.Fatal("it opens now: change this test, docs/mail.md and what we advise")
	case want != opens && !strings.Contains(err.Error(), want):
		t.Fatalf("refused otherwise than expected: %v", err)
	}
	return want != opens
}

// TestOthersFareAlike: what NSS and gpgsm refuse of ours they refuse of OpenSSL's messages too, so that the fault is
// not in our encoding.
func TestOthersFareAlike(t *testing.T) {
	now := time.Now()
	all := recipients(t, now)
	for _, row := range matrix {
		var to []held
		for _, name := range row.to {
			to = append(to, all[name])
		}
		message := byOpenSSL(t, row.profile, to)
		for program, want := range map[string]string{"OpenSSL": row.openssl, "gpgsm": row.gpgsm, "NSS": row.nss} {
			t.Run(row.name+", "+program, func(t *testing.T) {
				t.Parallel()
				opened, err := readers[program].open(newFolder(t), message, to[0])
				if !refused(t, err, want) && string(opened) != letter {
					t.Fatalf("another entity: %q", opened)
				}
			})
		}
	}
}

func byOpenSSL(t *testing.T, p smime.Profile, to []held) []byte {
	t.Helper()
	f := newFolder(t)
	f.put("letter", []byte(letter))
	cipher := "-aes-256-cbc"
	if p.GCM {
		cipher = "-aes-256-gcm"
	}
	args := []string{"cms", "-encrypt", "-binary", "-stream", "-outform", "DER", "-in", "letter", "-out", "message", cipher}
	for i, h := range to {
		name := fmt.Sprintf("to%d.pem", i)
		f.put(name, h.pem())
		args = append(args, "-recip", name)
		if _, ec := h.key.Public().(*ecdsa.PublicKey); ec {
			args = append(args, "-keyopt", "ecdh_kdf_md:sha256")
		} else if p.OAEP {
			args = append(args, "-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256")
		}
	}
	f.must("openssl", args...)
	return f.get("message")
}
