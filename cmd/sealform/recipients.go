package main

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"sync"
	"time"

	"sealform/internal/yamltree"
	"sealform/keys"
	"sealform/keys/smime"
)

// recipientConfig is what the operator said of one mailed address: an OpenPGP key, from a file or from a person's record,
// or an X.509 certificate.
type recipientConfig struct {
	Key         string           // path, or fromPerson
	Fingerprint keys.Fingerprint // what the key must be; needed with fromPerson
	Modern      bool
	Certificate string // path; this and what follows: S/MIME
	CA, CRL     string // paths; "" for none
	Profile     smime.Profile
}

// fromPerson in place of a path names the key that the person of that address has here.
const fromPerson = "person"

func (c *config) recipientsFrom(m *yamltree.Mapping) {
	c.Recipients = map[string]recipientConfig{}
	for _, address := range m.Names() {
		r := m.Mapping(address)
		r.In(fmt.Sprintf("of recipient %q", address))
		if err := mailbox(address); err != nil {
			m.FaultAtName(address, fmt.Sprintf("%q is no address", address), "Write the address alone, such as front@riverside.example.")
		}
		c.Recipients[address] = c.recipientFrom(r)
		r.Done()
	}
}

func (c *config) recipientFrom(m *yamltree.Mapping) (r recipientConfig) {
	pgp, smime := m.Has("key"), m.Has("certificate")
	switch {
	case pgp == smime:
		m.Need("key", "Give key: (OpenPGP: a file, or person) or certificate: (S/MIME), one of the two.")
		if pgp {
			m.Fault("certificate", "an address has a key or a certificate, not both", "Remove one of them.")
		}
	case pgp:
		if r.Key = m.Text("key"); r.Key != fromPerson {
			r.Key = c.path(r.Key)
		}
		r.Modern = choice(m, "profile", "compat", "modern") == "modern"
		r.Fingerprint = keys.Fingerprint(plainFingerprint(m.Text("fingerprint")))
		if r.Key == fromPerson {
			m.Need("fingerprint", "Pin it: fingerprint: … as `sealform keys list` shows it.")
		}
	default:
		r.Certificate = c.path(m.Text("certificate"))
		for key, to := range map[string]*string{"ca": &r.CA, "crl": &r.CRL} {
			if m.Has(key) {
				*to = c.path(m.Text(key))
			}
		}
		if r.CRL != "" && r.CA == "" {
			m.Fault("crl", "a revocation list needs ca, whose signature it carries", "Add ca: with the issuer's certificate.")
		}
		r.Profile = smimeProfile(choice(m, "cipher", "cbc", "gcm"), choice(m, "transport", "pkcs1", "oaep"))
	}
	return r
}

func smimeProfile(cipher, transport string) smime.Profile {
	return smime.Profile{GCM: cipher == "gcm", OAEP: transport == "oaep"}
}

// choice reads a setting that is one of a few words; the first is the default.
func choice(m *yamltree.Mapping, key string, words ...string) string {
	if !m.Has(key) {
		return words[0]
	}
	v := m.Text(key)
	if err := oneOf(words...)(v); err != nil {
		m.Fault(key, fmt.Sprintf("%s %v", key, err), "")
		return words[0]
	}
	return v
}

// recipient is a mailed address with its key as the service was started with it.
type recipient struct {
	*watch
	config recipientConfig
	name   string // what alarms call it

	mu   sync.Mutex
	now  keys.Sealer // as good as the last look
	ends time.Time   // zero: never
}

// sealer gives what seals to the address now, or an error that closes the form.
func (r *recipient) sealer() (keys.Sealer, error) {
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("the key of a mailed address: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now, nil
}

func (r *recipient) set(s keys.Sealer, ends time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now, r.ends = s, ends
}

// loadRecipient reads what the configuration names for the address, but for a person's key, which is in the store.
func (h *house) loadRecipient(address string, c recipientConfig) (*recipient, error) {
	r := &recipient{config: c, name: address}
	var err error
	switch {
	case c.Key == fromPerson:
		return r, nil
	case c.Key != "":
		err = r.loadKey(h)
	default:
		err = r.loadCertificate(h)
	}
	if err != nil {
		return nil, fmt.Errorf("recipient %s: %w", address, err)
	}
	return r, nil
}

func (r *recipient) loadKey(h *house) error {
	f, err := loadKeyFile(r.config.Key, h.now())
	if err != nil {
		return err
	}
	return r.pinKey(h, f.cert, f.holds)
}

// pinKey takes an OpenPGP certificate for the address; holds says whether its source still has it.
func (r *recipient) pinKey(h *house, cert *keys.Certificate, holds func() error) error {
	if want := r.config.Fingerprint; want != "" && want != cert.Fingerprint() {
		return fmt.Errorf("the key has the fingerprint %s, not the one in sealform.yaml", cert.Fingerprint())
	}
	s, err := r.openPGP(h.signer, cert)
	if err != nil {
		return err
	}
	r.set(s, cert.Expires())
	r.watch = &watch{now: h.now, checked: h.now(), look: func(at time.Time) error {
		if err := holds(); err != nil {
			return err
		}
		return cert.Usable(at)
	}}
	return nil
}

func (r *recipient) openPGP(by *keys.Signer, cert *keys.Certificate) (keys.Sealer, error) {
	if r.config.Modern {
		return keys.NewModern(by, cert)
	}
	to, err := keys.NewRecipients(cert)
	if err != nil {
		return nil, err
	}
	return to.By(by), nil
}

// loadCertificate pins the certificate and its authorities. The revocation list is not pinned: it is to be replaced by
// a newer one, and looked at again whenever the form is sealed.
func (r *recipient) loadCertificate(h *house) error {
	if h.smime == nil {
		return errNoSMIME
	}
	cert, b, err := pinFile(r.config.Certificate)
	if err != nil {
		return err
	}
	pins, trust := []pin{cert}, smime.Trust{}
	if r.config.CA != "" {
		ca, authorities, err := pinFile(r.config.CA)
		if err != nil {
			return err
		}
		pins = append(pins, ca)
		if trust.Roots = x509.NewCertPool(); !trust.Roots.AppendCertsFromPEM(authorities) {
			return fmt.Errorf("%s holds no certificate", r.config.CA)
		}
	}
	list := &revocations{path: r.config.CRL}
	look := func(at time.Time) error {
		for _, p := range pins {
			if err := p.holds(); err != nil {
				return err
			}
		}
		return r.renew(h, b, trust, list, at)
	}
	r.watch = &watch{now: h.now, checked: h.now(), look: look}
	if err := look(h.now()); err != nil {
		return fmt.Errorf("%s: %w", r.config.Certificate, err)
	}
	return nil
}

// renew checks the certificate against the list as it is now.
func (r *recipient) renew(h *house, b []byte, trust smime.Trust, list *revocations, at time.Time) error {
	changed, err := list.read()
	if err != nil {
		return err
	}
	if list.current != nil {
		trust.Lists = list.current
	}
	r.mu.Lock()
	known := r.now
	r.mu.Unlock()
	if known != nil && !changed {
		return known.Usable(at)
	}
	cert, err := smime.ParseCertificate(b, trust, at)
	if err != nil {
		return err
	}
	s, err := smime.New(h.smime, r.config.Profile, cert)
	if err != nil {
		return err
	}
	r.set(s, cert.Expires())
	return nil
}

// revocations is the file of an authority's revocation lists.
type revocations struct {
	path    string // "": none
	hash    [32]byte
	current []*x509.RevocationList
}

// read parses the file where it has changed.
func (l *revocations) read() (changed bool, err error) {
	if l.path == "" {
		return false, nil
	}
	b, err := readBounded(l.path, longestList, errLongList)
	if err != nil {
		return false, fmt.Errorf("reading a revocation list: %w", err)
	}
	hash := sha256.Sum256(b)
	if hash == l.hash && l.current != nil {
		return false, nil
	}
	var all []*x509.RevocationList
	for _, der := range derOf(b) {
		list, err := x509.ParseRevocationList(der)
		if err != nil {
			return false, errors.New(l.path + " is not a revocation list of version 2 (RFC 5280 §5)")
		}
		all = append(all, list)
	}
	l.hash, l.current = hash, all
	return true, nil
}

// derOf gives what a file holds: the blocks of PEM, or itself.
func derOf(b []byte) [][]byte {
	var all [][]byte
	for rest := b; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		all = append(all, block.Bytes)
	}
	if all == nil {
		return [][]byte{b}
	}
	return all
}
