package main

import (
	"crypto/tls"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
)

// serverTLS is what every listener of ours speaks: TLS 1.2 or newer with Go's own choice of suites.
func serverTLS(get func(*tls.ClientHelloInfo) (*tls.Certificate, error)) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: get}
}

// filePair serves a certificate from two files and takes up a renewed pair within a minute. A broken renewal keeps
// the pair that worked.
type filePair struct {
	cert, key string
	now       func() time.Time

	mu      sync.Mutex
	looked  time.Time
	changed time.Time
	pair    *tls.Certificate
}

// openTLS reads the files that TLS needs, in a process that opens listeners.
func (h *house) openTLS(roles []string) (err error) {
	c := h.cfg.TLS
	switch {
	case !slices.ContainsFunc(roles, listens):
	case c.Mode == "files" && c.Cert != "" && c.Key != "":
		h.pair, err = loadFilePair(c.Cert, c.Key, h.now)
	case c.Mode == "auto" && c.CA != "":
		h.acmeRoots, err = furtherAuthorities("tls.acme_ca", c.CA)
	}
	return err
}

func loadFilePair(cert, key string, now func() time.Time) (*filePair, error) {
	f := &filePair{cert: cert, key: key, now: now}
	st, err := os.Stat(key)
	if err != nil {
		return nil, fmt.Errorf("tls.key: %w", err)
	}
	if st.Mode().Perm()&0o007 != 0 {
		return nil, fmt.Errorf("tls.key: everybody on this machine may read %s; run: chmod o= %s", key, key)
	}
	if err := f.load(); err != nil {
		return nil, err
	}
	f.looked = now()
	return f, nil
}

func (f *filePair) load() error {
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return fmt.Errorf("tls.cert and tls.key: %w", err)
	}
	if st, err := os.Stat(f.cert); err == nil {
		f.changed = st.ModTime()
	}
	f.pair = &pair
	return nil
}

func (f *filePair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := f.now(); now.Sub(f.looked) > time.Minute {
		f.looked = now
		if st, err := os.Stat(f.cert); err == nil && !st.ModTime().Equal(f.changed) {
			_ = f.load() // a half-written renewal: the pair in hand still serves
		}
	}
	return f.pair, nil
}
