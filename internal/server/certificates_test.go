package server

import (
	"bytes"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"sealform/internal/demo/ca"
	"sealform/internal/event"
	"sealform/internal/server/servertest"
)

// pairs is a pair of files under a clock of the test's.
type pairs struct {
	*filePair
	t    *testing.T
	at   time.Time
	said *bytes.Buffer
}

// newPairs opens a pair for forms.example that ends after so many days.
func newPairs(t *testing.T, days int) *pairs {
	t.Helper()
	f := servertest.New(t, servertest.BadTime)
	p := &pairs{t: t, at: servertest.BadTime, said: &bytes.Buffer{}}
	p.filePair = &filePair{
		cert: f.Path("tls", "server.pem"), key: f.Path("tls", "server.key"), names: []string{"forms.example"},
		now: func() time.Time { return p.at }, events: event.New(slog.NewTextHandler(p.said, nil)),
	}
	p.write(days, "forms.example")
	if err := p.open(); err != nil {
		t.Fatal(err)
	}
	return p
}

// write puts another pair in place, of the test's time and ending after so many days.
func (p *pairs) write(days int, name string) {
	p.t.Helper()
	servertest.Certify(p.t, p.cert, p.key, p.at.Add(-time.Hour), p.at.AddDate(0, 0, days), name)
	for _, file := range []string{p.cert, p.key} {
		if err := os.Chtimes(file, p.at, p.at); err != nil {
			p.t.Fatal(err)
		}
	}
}

// ends is when the certificate that is served ends, looked at after a while.
func (p *pairs) ends(after time.Duration) string {
	p.t.Helper()
	p.at = p.at.Add(after)
	c, err := p.get(nil)
	if err != nil {
		p.t.Fatal(err)
	}
	return c.Leaf.NotAfter.Format(time.DateOnly)
}

func (p *pairs) told(words string, times int) {
	p.t.Helper()
	if n := strings.Count(p.said.String(), words); n != times {
		p.t.Errorf("%q was told %d times, want %d:\n%s", words, n, times, p.said)
	}
}

// TestUnfitRenewalIsNotTakenUp: a renewal for another name or one that has ended leaves the pair that works in place,
// and is told once; a good one that comes after it is taken up.
func TestUnfitRenewalIsNotTakenUp(t *testing.T) {
	p := newPairs(t, 90)
	first := p.ends(0)
	p.at = p.at.Add(time.Hour)
	p.write(200, "elsewhere.example")
	for range 3 {
		if got := p.ends(2 * time.Minute); got != first {
			t.Fatalf("a certificate for another name is served, until %s", got)
		}
	}
	p.told("renewal_unfit", 1)
	p.at = p.at.Add(time.Hour)
	p.write(-1, "forms.example")
	if got := p.ends(2 * time.Minute); got != first {
		t.Fatal("a certificate that has ended is served")
	}
	p.told("renewal_unfit", 2)
	p.write(100, "forms.example")
	if got := p.ends(2 * time.Minute); got == first {
		t.Error("the good renewal was not taken up")
	}
	p.told("renewal_unfit", 2)
	p.told("certificate ends", 0)
}

// TestEndOfCertificateIsTold once a day from fourteen days before, at the start and on a renewal too.
func TestEndOfCertificateIsTold(t *testing.T) {
	p := newPairs(t, 15)
	p.ends(time.Hour)
	p.told("certificate ends", 0)
	for range 10 {
		p.ends(3 * time.Hour)
	}
	p.told("certificate ends", 1) // 31 hours on: the first look within fourteen days was at 25
	p.ends(18 * time.Hour)
	p.told("certificate ends", 2)
	p.write(10, "forms.example")
	p.at = p.at.Add(time.Second)
	if err := os.Chtimes(p.cert, p.at, p.at); err != nil {
		t.Fatal(err)
	}
	p.ends(2 * time.Minute)
	p.told("certificate ends", 3)
	p.told("level=WARN", 3)

	newPairs(t, 13).told("certificate ends", 1)
}

// TestRenewedCertificate: new files are taken up within a minute; a half-written renewal changes nothing.
func TestRenewedCertificate(t *testing.T) {
	f := servertest.New(t, time.Now())
	now := time.Now()
	pair := &filePair{
		cert: f.Path("tls", "server.pem"), key: f.Path("tls", "server.key"), names: []string{"localhost", "127.0.0.1"},
		now: func() time.Time { return now }, events: event.Nothing(),
	}
	if err := pair.open(); err != nil {
		t.Fatal(err)
	}
	serial := func() string {
		t.Helper()
		c, err := pair.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		return c.Leaf.SerialNumber.String()
	}
	first := serial()
	renew(t, f, "server.pem")
	now = now.Add(2 * time.Minute)
	if serial() != first {
		t.Error("a certificate without its key was taken up")
	}
	renew(t, f, "server.key")
	if serial() != first {
		t.Error("the files were looked at twice within a minute")
	}
	now = now.Add(2 * time.Minute)
	if serial() == first {
		t.Error("the renewed pair was not taken up")
	}
}

// renew puts one file of a second pair in the first one's place.
func renew(t *testing.T, f *servertest.Folder, name string) {
	t.Helper()
	if _, err := ca.Open(f.Path("renewed"), time.Now()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(f.Path("renewed", name))
	if err == nil {
		err = os.WriteFile(f.Path("tls", name), b, 0o600)
	}
	if err == nil {
		later := time.Now().Add(time.Minute)
		err = os.Chtimes(f.Path("tls", name), later, later)
	}
	if err != nil {
		t.Fatal(err)
	}
}
