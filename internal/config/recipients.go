package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sealform/internal/yamltree"
)

// Recipient is the configured key of one mailed address: an OpenPGP key, from a file or from a person's record, or an
// X.509 certificate.
type Recipient struct {
	Person      bool   // the key is the one that the person of that address has here
	Key         string // path of an OpenPGP key; "" for none
	Fingerprint string // that the key must have, in capitals; "" for any, which a person's key cannot have
	Modern      bool   // sealed by OpenPGP's profile modern
	Certificate string // path of an X.509 certificate, for S/MIME; "" for none
	CA, CRL     string // paths of its authority and revocation list; "" for none
	AnyName     bool   // the certificate need not name the address
	GCM, OAEP   bool   // S/MIME's newer cipher and key transport
}

// fromPerson stands in place of a path for the person's key.
const fromPerson = "person"

// Settings that go with one kind of key alone.
var (
	withKey         = []string{"fingerprint", "profile"}
	withCertificate = []string{"ca", "crl", "cipher", "transport", "any_name"}
)

// recipientsFrom reads the addresses. Capitals make no other address of one: forms fold them too.
func (c *Config) recipientsFrom(m *yamltree.Mapping) {
	c.Recipients = map[string]Recipient{}
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

// Recipient is the configured key of an address, however it is written.
func (c *Config) Recipient(address string) (Recipient, bool) {
	r, ok := c.Recipients[strings.ToLower(address)]
	return r, ok
}

func (c *Config) recipientFrom(m *yamltree.Mapping) (r Recipient) {
	for _, key := range slices.Concat(withKey, withCertificate) {
		m.Has(key) // keeps it from being called unknown where something else is wrong
	}
	switch pgp, smime := m.Has("key"), m.Has("certificate"); {
	case pgp && smime:
		m.FaultAtName("certificate", "an address has a key or a certificate, not both", "Remove one of them.")
	case pgp:
		refuse(m, withCertificate, "goes with certificate, for S/MIME", "Remove it: this address has an OpenPGP key.")
		c.keyFrom(m, &r)
	case smime:
		refuse(m, withKey, "goes with key, for OpenPGP", "Remove it: this address has a certificate.")
		c.certificateFrom(m, &r)
	default:
		m.Need("key", "Give key: (OpenPGP: a file, or person) or certificate: (S/MIME: a file).")
	}
	return r
}

func refuse(m *yamltree.Mapping, keys []string, message, mend string) {
	for _, key := range keys {
		m.Refuse(key, message, mend)
	}
}

// fingerprint is that of a version 4 or 6 key.
var fingerprint = regexp.MustCompile(`^([0-9A-F]{40}|[0-9A-F]{64})$`)

// PlainFingerprint is a fingerprint as programs compare it, however it was typed.
func PlainFingerprint(s string) string {
	return strings.ToUpper(strings.NewReplacer(" ", "", ":", "").Replace(s))
}

func (c *Config) keyFrom(m *yamltree.Mapping, r *Recipient) {
	switch key := m.Text("key"); key {
	case "":
	case fromPerson:
		r.Person = true
		m.Need("fingerprint", "Pin the person's key: fingerprint: and what `sealform keys list` shows.")
	default:
		r.Key = c.path(key)
	}
	switch f := PlainFingerprint(m.Text("fingerprint")); {
	case fingerprint.MatchString(f):
		r.Fingerprint = f
	case f != "":
		m.Fault("fingerprint", "that is no fingerprint of a key", "It has 40 hex digits (64 in a key of the new format); `sealform keys list` shows it.")
	}
	r.Modern = choice(m, "profile", "compat", "modern") == "modern"
}

func (c *Config) certificateFrom(m *yamltree.Mapping, r *Recipient) {
	r.Certificate = c.path(m.Text("certificate"))
	r.CA, r.CRL = c.path(m.Text("ca")), c.path(m.Text("crl"))
	if m.Has("crl") && !m.Has("ca") {
		r.CRL = ""
		m.FaultAtName("crl", "a revocation list is checked by the authority that signed it", "Add ca: with the authority's certificate.")
	}
	r.AnyName = m.Bool("any_name")
	r.GCM, r.OAEP = choice(m, "cipher", "cbc", "gcm") == "gcm", choice(m, "transport", "pkcs1", "oaep") == "oaep"
}

// choice reads a setting that is one of a few words; the first is the default.
func choice(m *yamltree.Mapping, key string, words ...string) string {
	v := cmp.Or(m.Text(key), words[0])
	if err := oneOf(words...)(v); err != nil {
		m.Fault(key, fmt.Sprintf("%s %v", key, err), "")
		return words[0]
	}
	return v
}
