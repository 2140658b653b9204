// Package servertest makes the folder of a service for tests, whole or with something wrong in it, without the program
// that usually makes one.
package servertest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"sealform/forms/library"
	"sealform/internal/config"
	"sealform/internal/demo/ca"
	"sealform/internal/secrets"
	"sealform/keys"
	"sealform/keys/private/privatetest"
)

// Folder is a service's folder.
type Folder struct{ Dir string }

// written is a configuration of one form, one group and two host names.
const written = `service: sf-test
name: Riverside Family Clinic
intake: { address: "127.0.0.1:0", hosts: [localhost] }
viewer: { address: "127.0.0.1:0", hosts: [staff.localhost] }
tls: { cert: tls/server.pem, key: tls/server.key }
groups: { front-desk: [keys/front-desk.asc] }
`

// New makes a service's folder as of that time: secrets, the library's contact form, a key, a certificate for localhost
// and staff.localhost, and the configuration.
func New(t testing.TB, at time.Time) *Folder {
	t.Helper()
	f := &Folder{t.TempDir()}
	_, signing, err := keys.NewSigner("sf-test", at)
	if err == nil {
		err = secrets.Create(f.Path("secrets"), signing)
	}
	if err == nil {
		_, err = ca.Open(f.Path("tls"), at)
	}
	if err != nil {
		t.Fatal(err)
	}
	f.Write(t, "keys/front-desk.asc", privatetest.Key(t, "Front desk <desk@riverside.example>", "a long key password").Certificate())
	contact, _ := library.Source("contact")
	f.Write(t, "forms/contact.yaml", contact)
	f.Write(t, config.FileName, []byte(written))
	return f
}

// Path is one in the folder.
func (f *Folder) Path(parts ...string) string {
	return filepath.Join(append([]string{f.Dir}, parts...)...)
}

// Write writes a file of the folder.
func (f *Folder) Write(t testing.TB, name string, b []byte) {
	t.Helper()
	err := errors.Join(os.MkdirAll(filepath.Dir(f.Path(name)), 0o700), os.WriteFile(f.Path(name), b, 0o600)) // #nosec G703 -- a path of the test's
	if err != nil {
		t.Fatal(err)
	}
}

// CopyForm adds the contact form once more, under another id.
func (f *Folder) CopyForm(t testing.TB, id string) {
	t.Helper()
	contact, _ := library.Source("contact")
	f.Write(t, "forms/"+id+".yaml", bytes.Replace(contact, []byte("form: contact"), []byte("form: "+id), 1))
}

// Config reads the folder's configuration.
func (f *Folder) Config(t testing.TB) *config.Config {
	t.Helper()
	c, err := config.Read(f.Path(config.FileName), config.Over{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Certify writes a certificate for the names, and its key, over the folder's own.
func Certify(t testing.TB, cert, key string, from, to time.Time, names ...string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	of := &x509.Certificate{
		SerialNumber: big.NewInt(from.Unix()), Subject: pkix.Name{CommonName: "a test"}, NotBefore: from, NotAfter: to, DNSNames: names,
	}
	der, err := x509.CreateCertificate(rand.Reader, of, of, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	for path, b := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
