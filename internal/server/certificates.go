package server

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"sealform/internal/config"
	"sealform/internal/event"
)

// endsSoon is how long before a certificate's end its operator is told, once a day.
const endsSoon = 14 * 24 * time.Hour

// filePair serves a certificate from two files and takes up a renewed pair within a minute. A broken or unfit renewal
// keeps the pair that worked, and is told.
type filePair struct {
	cert, key string
	names     []string // the hosts that the certificate must be for
	now       func() time.Time
	events    *event.Log

	mu      sync.Mutex
	looked  time.Time
	warned  time.Time
	changed time.Time // when the pair in hand was written
	refused time.Time // when a pair that can't be used was written
	pair    *tls.Certificate
}

// openTLS reads the files that TLS needs, in a process that opens listeners.
func (s *Server) openTLS() (err error) {
	c := s.config.TLS
	switch {
	case !s.runs(Intake) && !s.runs(Viewer):
	case c.Mode == "files" && c.Cert != "" && c.Key != "":
		pair := &filePair{cert: c.Cert, key: c.Key, now: s.now, events: s.events}
		if s.config.Intake.WellFormed() && s.config.Viewer.WellFormed() { // else told already
			pair.names = hostNames(s.config, s.roles)
		}
		if err = pair.open(); err == nil {
			s.pair = pair
		}
	case c.Mode == "auto" && c.CA != "":
		s.roots, err = FurtherAuthorities("tls.acme_ca", c.CA)
	}
	return err
}

// open reads the pair for the first time, and refuses what no browser would accept.
func (f *filePair) open() error {
	st, err := os.Stat(f.key)
	if err != nil {
		return fmt.Errorf("tls.key: %w", err)
	}
	// The key's group may read it: that is how Debian's ssl-cert group and ACME clients share a key between services.
	if st.Mode().Perm()&0o007 != 0 {
		return fmt.Errorf("tls.key: everybody on this machine may read %s; run: chmod o= %s", f.key, f.key)
	}
	f.looked = f.now()
	if err := f.load(f.written()); err != nil {
		return err
	}
	f.warn()
	return nil
}

// load takes up the pair that was written then, if it is fit.
func (f *filePair) load(written time.Time) error {
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return fmt.Errorf("tls.cert and tls.key: %w", err)
	}
	if err := f.fit(pair.Leaf); err != nil {
		return err
	}
	f.pair, f.changed, f.warned = &pair, written, time.Time{}
	return nil
}

// fit tells all that makes a certificate unfit for these hosts at this time.
func (f *filePair) fit(leaf *x509.Certificate) error {
	var faults config.Faults
	now := f.now()
	day := func(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04 UTC") }
	if now.After(leaf.NotAfter) {
		faults = append(faults, fmt.Errorf("tls.cert: %s ended on %s: renew it", f.cert, day(leaf.NotAfter)))
	}
	if now.Before(leaf.NotBefore) {
		faults = append(faults, fmt.Errorf("tls.cert: %s begins on %s: put one in place that holds now, or set this machine's clock", f.cert, day(leaf.NotBefore)))
	}
	for _, name := range f.names {
		if leaf.VerifyHostname(name) != nil {
			faults = append(faults, fmt.Errorf("tls.cert: %s is not for %s: browsers would refuse that name", f.cert, name))
		}
	}
	return faults.AsError()
}

// written is when the younger of the two files was written; the zero time while one of them is away.
func (f *filePair) written() time.Time {
	cert, err := os.Stat(f.cert)
	key, err2 := os.Stat(f.key)
	if errors.Join(err, err2) != nil {
		return time.Time{}
	}
	if key.ModTime().After(cert.ModTime()) {
		return key.ModTime()
	}
	return cert.ModTime()
}

// get looks at the files once a minute.
func (f *filePair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := f.now(); now.Sub(f.looked) > time.Minute {
		f.looked = now
		f.renew()
		f.warn()
	}
	return f.pair, nil
}

// renew takes up a pair that was written since. One that can't be used, which may be half of a renewal under way, is
// told once and tried again at each look.
func (f *filePair) renew() {
	written := f.written()
	if written.IsZero() || written.Equal(f.changed) {
		return
	}
	if f.load(written) != nil && !written.Equal(f.refused) {
		f.refused = written
		f.events.Trouble("certificates", "renewal_unfit")
	}
}

// warn tells of an end that is near, or past, once a day.
func (f *filePair) warn() {
	now := f.now()
	if f.pair.Leaf.NotAfter.Sub(now) < endsSoon && now.Sub(f.warned) >= 24*time.Hour {
		f.warned = now
		f.events.CertificateEnds(f.pair.Leaf.NotAfter)
	}
}
