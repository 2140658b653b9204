package postbox

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"sealform/internal/demo/ca"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs a postbox and gives its address and authority.
func start(t *testing.T, c Config) (string, *ca.CA) {
	t.Helper()
	ca, err := ca.Open(t.TempDir(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	c.Certificate = ca.Server
	box, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- box.Serve(l) }()
	t.Cleanup(func() {
		if err := errors.Join(box.Close(), <-done); err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String(), ca
}

// send speaks SMTP with the standard library, which is not what Sealform sends with.
func send(t *testing.T, addr string, ca *ca.CA, message string) error {
	t.Helper()
	c, err := smtp.Dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.StartTLS(&tls.Config{RootCAs: ca.Pool(), ServerName: "localhost", MinVersion: tls.VersionTLS12}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Mail("forms@clinic.example"), c.Rcpt("desk@clinic.example")); err != nil {
		t.Fatal(err)
	}
	w, err := c.Data()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(message)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		return err
	}
	return c.Quit()
}

func TestKeepsMessagesByteForByteNewestFirst(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mail")
	addr, ca := start(t, Config{Dir: dir})
	for i := range 3 {
		if err := send(t, addr, ca, fmt.Sprintf("Subject: %d\r\n\r\n.leading dot\r\n..\r\nend\r\n", i)); err != nil {
			t.Fatal(err)
		}
	}
	names, err := List(dir)
	if err != nil || len(names) != 3 {
		t.Fatalf("%v, %v", names, err)
	}
	for i, name := range names {
		path := filepath.Join(dir, name)
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("Subject: %d\r\n\r\n.leading dot\r\n..\r\nend\r\n", 2-i); string(got) != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode of %s: %v %v", name, info, err)
		}
	}
}

// covers ML03
func TestTakesNothingBeforeTLS(t *testing.T) {
	dir := t.TempDir()
	addr, _ := start(t, Config{Dir: dir})
	c, err := smtp.Dial(addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	var refused *textproto.Error
	if err := c.Mail("forms@clinic.example"); !errors.As(err, &refused) || refused.Code != 530 {
		t.Errorf("MAIL in clear: %v", err)
	}
	if names, err := List(dir); err != nil || len(names) != 0 {
		t.Errorf("%v, %v", names, err)
	}
}

func TestTooLargeLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	addr, ca := start(t, Config{Dir: dir, MaxBytes: 1000})
	var refused *textproto.Error
	if err := send(t, addr, ca, strings.Repeat("x\r\n", 1000)); !errors.As(err, &refused) || refused.Code != 552 {
		t.Errorf("a message of 3000 bytes: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
}

func TestFullDiskIsTemporaryAndSaysNothingOfThePath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	addr, ca := start(t, Config{Dir: dir})
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	var refused *textproto.Error
	if err := send(t, addr, ca, "x\r\n"); !errors.As(err, &refused) || refused.Code != 451 || strings.Contains(refused.Msg, dir) {
		t.Errorf("%v", err)
	}
}

func TestSweepsOnlyWhatWasArriving(t *testing.T) {
	dir := t.TempDir()
	kept := "20261121T120000.000000001Z-00c0ffee.eml"
	for _, name := range []string{hidden + "1", kept, "notes.txt"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := New(Config{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("%v, %v", entries, err)
	}
	if names, err := List(dir); err != nil || len(names) != 1 || names[0] != kept {
		t.Errorf("%v, %v", names, err)
	}
}

func TestIsName(t *testing.T) {
	for name, want := range map[string]bool{
		"20261121T120000.000000001Z-00c0ffee.eml":    true,
		"../20261121T120000.000000001Z-00c0ffee.eml": false,
		"20261121T120000.000000001Z-00c0ffee.eml\n":  false,
		"20261121T120000.000000001Z-00c0ffee":        false,
		hidden + "1":                                 false,
		"":                                           false,
	} {
		if IsName(name) != want {
			t.Errorf("IsName(%q) = %v", name, !want)
		}
	}
}
