package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/zap"

	"sealform/internal/config"
	"sealform/internal/event"
	"sealform/internal/hint"
)

// acme obtains the certificates that are not there yet before it returns, and keeps all of them renewed until ctx ends
// (RFC 8555). The certificates lie in the data folder, which the processes of one service share: whichever of them the
// authority asks answers, so a viewer that runs alone needs no port 80 or 443 of its own.
type acme struct {
	cache  *certmagic.Cache
	magic  *certmagic.Config
	issuer *certmagic.ACMEIssuer
}

func newACME(ctx context.Context, c *config.Config, roots *x509.CertPool, roles []string, events *event.Log) (*acme, error) {
	dir := filepath.Join(c.Data, "acme")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of certificates: %w", err)
	}
	a := &acme{}
	a.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert: func(certmagic.Certificate) (*certmagic.Config, error) { return a.magic, nil },
		Logger:           zap.NewNop(),
	})
	context.AfterFunc(ctx, a.cache.Stop)
	a.magic = certmagic.New(a.cache, certmagic.Config{
		Storage: &certmagic.FileStorage{Path: dir}, Logger: zap.NewNop(), OnEvent: func(_ context.Context, name string, _ map[string]any) error {
			if name == "cert_failed" { // a renewal is tried again by itself
				events.Trouble("certificates", "not_obtained")
			}
			return nil
		},
	})
	pattern := acmeIssuer(c, roles)
	pattern.TrustedRoots = roots
	a.issuer = certmagic.NewACMEIssuer(a.magic, pattern)
	a.magic.Issuers = []certmagic.Issuer{a.issuer}
	return a, a.obtain(ctx, hostNames(c, roles))
}

// acmeIssuer says whom to ask, and where its questions arrive: on the plain listener and on this process's first one.
func acmeIssuer(c *config.Config, roles []string) certmagic.ACMEIssuer {
	i := certmagic.ACMEIssuer{
		CA: cmp.Or(c.TLS.Directory, certmagic.LetsEncryptProductionCA), Email: c.TLS.Email, Agreed: true, Logger: zap.NewNop(),
	}
	address := c.Intake.Address
	if !slices.Contains(roles, Intake) {
		address = c.Viewer.Address
	}
	i.ListenHost, i.AltTLSALPNPort = hostAndPort(address)
	_, i.AltHTTPPort = hostAndPort(c.TLS.Plain)
	i.DisableHTTPChallenge = c.TLS.Plain == ""
	return i
}

func hostAndPort(address string) (string, int) {
	host, port, _ := net.SplitHostPort(address) // well formed, or ""
	n, _ := strconv.Atoi(port)
	return host, n
}

// obtain waits for certificates that are missing. Those that are there serve at once and are renewed beside that: an
// authority that is out of reach must not keep a service down whose certificates still hold.
func (a *acme) obtain(ctx context.Context, names []string) error {
	for _, name := range names {
		if err := a.magic.ObtainCertSync(ctx, name); err != nil { // nothing to do for one that is there
			return hint.Add(fmt.Errorf("obtaining a certificate: %w", err),
				"check that port 80 or 443 of %s reaches this machine from outside", name)
		}
	}
	if err := a.magic.ManageAsync(ctx, names); err != nil {
		return fmt.Errorf("keeping certificates renewed: %w", err)
	}
	return a.loaded(ctx, names)
}

// loaded waits until the certificates are in memory: nobody shall meet a listener without one.
func (a *acme) loaded(ctx context.Context, names []string) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	patience, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for _, name := range names {
		for len(a.cache.AllMatchingCertificates(name)) == 0 {
			select {
			case <-patience.Done():
				return hint.Add(fmt.Errorf("loading the certificate of %s: %w", name, patience.Err()), "move the folder acme out of the data folder: new ones are asked for then")
			case <-tick.C:
			}
		}
	}
	return nil
}

// tls is the TLS configuration of the listeners; the authority's own question (RFC 8737) is answered there too.
func (a *acme) tls() *tls.Config {
	tc := a.magic.TLSConfig()
	tc.MinVersion = tls.VersionTLS12
	return tc
}

// wrapPlain answers the authority's questions on the plain listener (RFC 8555 §8.3) and hands on the rest.
func (a *acme) wrapPlain(next http.Handler) http.Handler { return a.issuer.HTTPChallengeHandler(next) }
