package ca

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"sealform/internal/durable"
)

const (
	caCert     = "ca.pem"
	serverCert = "server.pem"
	serverKey  = "server.key"
)

// Open gives the authority kept in dir, or makes one when there is none, when it ends within a day, or when the
// files do not fit together. dir is made (0700) if it is missing.
func Open(dir string, now time.Time) (*CA, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of the local authority: %w", err)
	}
	ca, err := load(dir, now)
	switch {
	case err == nil:
		return ca, nil
	case errors.Is(err, errUnfit), errors.Is(err, fs.ErrNotExist):
		if err := create(dir, now); err != nil {
			return nil, err
		}
		return load(dir, now)
	default:
		return nil, err
	}
}

// errUnfit means that the files are there, but not to be used any more.
var errUnfit = errors.New("the local authority's files are over or do not fit together")

// load reads the folder. It trusts its own files no further than a browser would: the server's certificate must
// verify for every name.
func load(dir string, now time.Time) (*CA, error) {
	path := filepath.Join(dir, caCert)
	cert, err := readCertificate(path)
	if err != nil {
		return nil, err
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, serverCert), filepath.Join(dir, serverKey))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			return nil, fmt.Errorf("reading the local server certificate: %w", err)
		}
		return nil, errUnfit
	}
	ca := &CA{Certificate: cert, Server: pair, File: path}
	for _, name := range append([]string{"127.0.0.1", "::1"}, Names...) {
		for _, at := range []time.Time{now, now.Add(remaining)} {
			if _, err := pair.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: ca.Pool(), CurrentTime: at}); err != nil {
				return nil, errUnfit
			}
		}
	}
	return ca, nil
}

func readCertificate(path string) (*x509.Certificate, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the local authority: %w", err)
	}
	block, _ := pem.Decode(b)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errUnfit
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, errUnfit
	}
	return cert, nil
}

// create makes authority and server certificate and writes all files; ca.pem comes last, so that an
// interrupted run is taken for none.
func create(dir string, now time.Time) error {
	if err := os.Remove(filepath.Join(dir, caCert)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the old local authority: %w", err)
	}
	authority, err := newAuthority(now)
	if err != nil {
		return err
	}
	server, err := newServer(authority, now.Add(lifetime), now)
	if err != nil {
		return err
	}
	if err := writeKey(dir, serverKey, server); err != nil {
		return err
	}
	chain := append(certPEM(server.der), certPEM(authority.der)...)
	if err := write(dir, serverCert, chain, 0o644); err != nil {
		return err
	}
	return write(dir, caCert, certPEM(authority.der), 0o644)
}

func certPEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func writeKey(dir, name string, of *issued) error {
	der, err := x509.MarshalPKCS8PrivateKey(of.key)
	if err != nil {
		return fmt.Errorf("encoding a key: %w", err)
	}
	return write(dir, name, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

// write puts the file in place in one step.
func write(dir, name string, content []byte, mode fs.FileMode) error {
	if err := durable.Write(filepath.Join(dir, name), ".new-", mode, bytes.NewReader(content)); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}
