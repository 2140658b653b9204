package main

import (
	"fmt"
	"regexp"
	"strings"

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
	AnyName     bool   // the certificate need not name the address
	Profile     smime.Profile
}

// fromPerson in place of a path names the key that the person of that address has here.
const fromPerson = "person"

// What goes with one kind of key alone.
var (
	withKey         = []string{"fingerprint", "profile"}
	withCertificate = []string{"ca", "crl", "cipher", "transport", "any_name"}
)

// recipientsFrom reads the addresses. Capitals make no other address of one: forms fold them too.
func (c *config) recipientsFrom(m *yamltree.Mapping) {
	c.Recipients = map[string]recipientConfig{}
	for _, address := range m.Names() {
		r := m.Mapping(address)
		r.In(fmt.Sprintf("recipient %q", address))
		folded := strings.ToLower(address)
		_, twice := c.Recipients[folded]
		switch {
		case mailbox(address) != nil:
			m.FaultAtName(address, fmt.Sprintf("%q is not a plain mail address", address), "Write the address alone: front@riverside.example, without a name, quotes or brackets.")
		case twice:
			m.FaultAtName(address, fmt.Sprintf("the address %q stands here twice", address), "Keep one of them; capitals make no difference.")
		}
		c.Recipients[folded] = c.recipientFrom(r)
		r.Done()
	}
}

// recipient is what was said of an address, however it is written.
func (c *config) recipient(address string) (recipientConfig, bool) {
	r, ok := c.Recipients[strings.ToLower(address)]
	return r, ok
}

func (c *config) recipientFrom(m *yamltree.Mapping) (r recipientConfig) {
	switch pgp, smime := m.Has("key"), m.Has("certificate"); {
	case pgp && smime:
		m.FaultAtName("certificate", "an address has a key or a certificate, not both", "Remove one of them.")
		known(m, withKey, withCertificate)
	case pgp:
		refuse(m, withCertificate, "goes with certificate, for S/MIME", "Remove it: this address has an OpenPGP key.")
		c.keyFrom(m, &r)
	case smime:
		refuse(m, withKey, "goes with key, for OpenPGP", "Remove it: this address has a certificate.")
		c.certificateFrom(m, &r)
	default:
		m.Need("key", "Give key: (OpenPGP: a file, or person) or certificate: (S/MIME: a file).")
		known(m, withKey, withCertificate)
	}
	return r
}

// known keeps settings from being called unknown where something else is wrong.
func known(m *yamltree.Mapping, lists ...[]string) {
	for _, keys := range lists {
		for _, key := range keys {
			m.Has(key)
		}
	}
}

func refuse(m *yamltree.Mapping, keys []string, message, mend string) {
	for _, key := range keys {
		m.Refuse(key, message, mend)
	}
}

// fingerprint is that of a version 4 or 6 key.
var fingerprint = regexp.MustCompile(`^([0-9A-F]{40}|[0-9A-F]{64})$`)

func (c *config) keyFrom(m *yamltree.Mapping, r *recipientConfig) {
	if r.Key = m.Text("key"); r.Key == fromPerson {
		m.Need("fingerprint", "Pin the person's key: fingerprint: and what `sealform keys list` shows.")
	} else if r.Key != "" {
		r.Key = c.path(r.Key)
	}
	switch f := plainFingerprint(m.Text("fingerprint")); {
	case fingerprint.MatchString(f):
		r.Fingerprint = keys.Fingerprint(f)
	case f != "":
		m.Fault("fingerprint", "that is no fingerprint of a key", "It has 40 hex digits (64 in a key of the new format); `sealform keys list` shows it.")
	}
	r.Modern = choice(m, "profile", "compat", "modern") == "modern"
}

func (c *config) certificateFrom(m *yamltree.Mapping, r *recipientConfig) {
	r.Certificate = c.file(m, "certificate")
	r.CA, r.CRL = c.file(m, "ca"), c.file(m, "crl")
	if m.Has("crl") && !m.Has("ca") {
		r.CRL = ""
		m.FaultAtName("crl", "a revocation list is checked by the authority that signed it", "Add ca: with the authority's certificate.")
	}
	r.AnyName = m.Bool("any_name")
	r.Profile = smime.Profile{GCM: choice(m, "cipher", "cbc", "gcm") == "gcm", OAEP: choice(m, "transport", "pkcs1", "oaep") == "oaep"}
}

// file reads a path; "" where there is none.
func (c *config) file(m *yamltree.Mapping, key string) string {
	if p := m.Text(key); p != "" {
		return c.path(p)
	}
	return ""
}

// choice reads a setting that is one of a few words; the first is the default.
func choice(m *yamltree.Mapping, key string, words ...string) string {
	v := m.Text(key)
	if v == "" {
		return words[0]
	}
	if err := oneOf(words...)(v); err != nil {
		m.Fault(key, fmt.Sprintf("%s %v", key, err), "")
		return words[0]
	}
	return v
}
