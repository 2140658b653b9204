package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"
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

func loadFilePair(cert, key string, now func() time.Time) (*filePair, error) {
	f := &filePair{cert: cert, key: key, now: now}
	st, err := os.Stat(key)
	if err != nil {
		return nil, fmt.Errorf("reading the TLS key: %w", err)
	}
	if st.Mode().Perm()&0o007 != 0 {
		return nil, fmt.Errorf("%s: everybody on this machine may read the TLS key; run: chmod o= %s", key, key)
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
		return fmt.Errorf("reading the TLS certificate and key: %w", err)
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

// acme obtains certificates before it returns, and keeps them renewed (RFC 8555). wrapPlain must wrap the handler of
// the plain listener, which answers HTTP challenges.
func acme(ctx context.Context, c *config, hosts []string) (tc *tls.Config, wrapPlain func(http.Handler) http.Handler, err error) {
	dir := filepath.Join(c.Data, "acme")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("making the folder of certificates: %w", err)
	}
	var magic *certmagic.Config
	cache := certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return magic, nil },
		Logger:           zap.NewNop(),
	})
	magic = certmagic.New(cache, certmagic.Config{Storage: &certmagic.FileStorage{Path: dir}, Logger: zap.NewNop()})
	issuer := certmagic.NewACMEIssuer(magic, certmagic.ACMEIssuer{
		CA: certmagic.LetsEncryptProductionCA, Email: c.TLS.Email, Agreed: true, Logger: zap.NewNop(),
	})
	magic.Issuers = []certmagic.Issuer{issuer}
	if err := magic.ManageSync(ctx, hosts); err != nil {
		return nil, nil, try(fmt.Errorf("obtaining certificates: %w", err), "check that port 80 or 443 of every host name reaches this machine")
	}
	tc = magic.TLSConfig()
	tc.MinVersion = tls.VersionTLS12
	return tc, issuer.HTTPChallengeHandler, nil
}
