package ca

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func open(t *testing.T, dir string, at time.Time) *CA {
	t.Helper()
	ca, err := Open(dir, at)
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

func TestServerCertificateIsForThisMachine(t *testing.T) {
	ca := open(t, t.TempDir(), now)
	for name, good := range map[string]bool{
		"localhost": true, "staff.localhost": true, "127.0.0.1": true, "::1": true,
		"example.com": false, "localhost.example.com": false, "127.0.0.2": false, "other.localhost": false,
	} {
		_, err := ca.Server.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: ca.Pool(), CurrentTime: now})
		if (err == nil) != good {
			t.Errorf("verifying for %s: %v", name, err)
		}
	}
	if !ca.Certificate.PermittedDNSDomainsCritical {
		t.Error("the name constraints are not critical")
	}
	if ca.Certificate.NotAfter.Sub(now) != lifetime {
		t.Errorf("ends %v", ca.Certificate.NotAfter)
	}
}

// misuse issues, with the authority's own key, a certificate for a name it was not made for.
func misuse(t *testing.T, template *x509.Certificate) (*CA, tls.Certificate) {
	t.Helper()
	by, err := newAuthority(now)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(by.der)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(1)
	template.NotBefore, template.NotAfter = now.Add(-time.Hour), now.Add(24*time.Hour)
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	made, err := issue(template, by)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(made.der)
	if err != nil {
		t.Fatal(err)
	}
	return &CA{Certificate: cert}, tls.Certificate{Certificate: [][]byte{made.der}, PrivateKey: made.key, Leaf: leaf}
}

func TestStolenAuthorityVouchesForNothingElse(t *testing.T) {
	for name, template := range map[string]*x509.Certificate{
		"bank.example":     {DNSNames: []string{"bank.example"}},
		"notlocalhost":     {DNSNames: []string{"notlocalhost"}},
		"192.0.2.1":        {IPAddresses: []net.IP{net.IPv4(192, 0, 2, 1)}},
		"127.0.0.2":        {IPAddresses: []net.IP{net.IPv4(127, 0, 0, 2)}},
		"2001:db8::1":      {IPAddresses: []net.IP{net.ParseIP("2001:db8::1")}},
		"::ffff:192.0.2.1": {IPAddresses: []net.IP{net.ParseIP("::ffff:192.0.2.1")}},
	} {
		ca, leaf := misuse(t, template)
		_, err := leaf.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: ca.Pool(), CurrentTime: now})
		var invalid x509.CertificateInvalidError
		if !errors.As(err, &invalid) || invalid.Reason != x509.CANotAuthorizedForThisName {
			t.Errorf("%s: %v", name, err)
		}
	}
	ca, leaf := misuse(t, &x509.Certificate{IsCA: true, BasicConstraintsValid: true, Subject: pkix.Name{CommonName: "below"}})
	key, ok := leaf.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		t.Fatalf("a key of type %T", leaf.PrivateKey)
	}
	deeper, err := issue(&x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: []string{"localhost"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
	}, &issued{leaf.Certificate[0], key})
	if err != nil {
		t.Fatal(err)
	}
	end, err := x509.ParseCertificate(deeper.der)
	if err != nil {
		t.Fatal(err)
	}
	between := x509.NewCertPool()
	between.AddCert(leaf.Leaf)
	if _, err := end.Verify(x509.VerifyOptions{Roots: ca.Pool(), Intermediates: between, CurrentTime: now}); err == nil {
		t.Error("the authority could make another authority")
	}
}

func TestSecondStartKeepsIt(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir, now)
	if again := open(t, dir, now.Add(lifetime-25*time.Hour)); !again.Certificate.Equal(first.Certificate) {
		t.Error("a good authority was made anew")
	}
	if late := open(t, dir, now.Add(lifetime-23*time.Hour)); late.Certificate.Equal(first.Certificate) {
		t.Error("an authority in its last day was kept")
	}
}

func TestFilesThatDoNotFitAreMadeAnew(t *testing.T) {
	for _, name := range []string{caCert, serverCert, serverKey} {
		for what, content := range map[string]string{"empty": "", "other": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
			dir := t.TempDir()
			first := open(t, dir, now)
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if again := open(t, dir, now); again.Certificate.Equal(first.Certificate) {
				t.Errorf("%s %s: kept", what, name)
			}
		}
	}
}

func TestFileModes(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, now)
	for name, want := range map[string]os.FileMode{caCert: 0o644, serverCert: 0o644, serverKey: 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != want {
			t.Errorf("%s has mode %o", name, info.Mode().Perm())
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 3 {
		t.Errorf("%d files, %v", len(left), err)
	}
}

func TestFingerprintLooksLikeABrowsers(t *testing.T) {
	f := open(t, t.TempDir(), now).Fingerprint()
	if len(f) != 95 || strings.Count(f, ":") != 31 || f != strings.ToUpper(f) {
		t.Errorf("fingerprint %q", f)
	}
}

// curl runs a TLS stack of its own, so it tells whether others read the constraints as Go does.
func TestCurlAgrees(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Fatal("curl is missing: scripts/setup-tests installs it")
	}
	present := time.Now()
	dir := t.TempDir()
	ca := open(t, dir, present)
	good := serve(t, ca.Server)
	for _, host := range []string{"localhost", "staff.localhost", "127.0.0.1"} {
		if out, err := get(t, curl, ca.File, host, good); err != nil {
			t.Errorf("curl refused %s: %v %s", host, err, out)
		}
	}
	// An authority whose key was not forgotten, and what a thief would make with it.
	by, err := newAuthority(present)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "stolen.pem")
	if err := os.WriteFile(file, certPEM(by.der), 0o600); err != nil {
		t.Fatal(err)
	}
	for host, good := range map[string]bool{"localhost": true, "bank.example": false} {
		made, err := issue(&x509.Certificate{
			SerialNumber: big.NewInt(3), DNSNames: []string{host},
			NotBefore: present.Add(-time.Hour), NotAfter: present.Add(time.Hour),
		}, by)
		if err != nil {
			t.Fatal(err)
		}
		port := serve(t, tls.Certificate{Certificate: [][]byte{made.der}, PrivateKey: made.key})
		if out, err := get(t, curl, file, host, port); (err == nil) != good {
			t.Errorf("curl on %s: %v %s", host, err, out)
		}
	}
}

// serve answers over TLS with cert and gives the port.
func serve(t *testing.T, cert tls.Certificate) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	_, port, err := net.SplitHostPort(s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func get(t *testing.T, curl, ca, host, port string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), curl, "-sS", "--max-time", "10", "--cacert", ca,
		"--resolve", host+":"+port+":127.0.0.1", "https://"+host+":"+port+"/")
	out, err := cmd.CombinedOutput()
	return string(out), err
}
