package smime

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"

	"sealform/keys"
)

const (
	mendCA  = "Give a PEM file with the certificates of the authorities (ca): the one at the top, and those between it and the recipient."
	mendCRL = "Give the authority's revocation list (crl) as it publishes it, in PEM or DER."
)

// ParseTrust reads what an operator's files say about trust: the authorities, one PEM file of 1 to 32 certificates, and their
// revocation lists, PEM or DER. Both may be empty. An authority that signs itself is at the top, the others are between;
// where none does, all of them are trusted. Refusals are *keys.Refusal.
func ParseTrust(authorities, lists []byte) (Trust, error) {
	t := Trust{}
	if len(authorities) > 0 {
		if err := t.readAuthorities(authorities); err != nil {
			return Trust{}, err
		}
	}
	if len(lists) > 0 {
		if err := t.readLists(lists); err != nil {
			return Trust{}, err
		}
	}
	return t, nil
}

func (t *Trust) readAuthorities(b []byte) error {
	all, err := blocks(b, "CERTIFICATE", mendCA)
	if err != nil {
		return err
	}
	t.Roots, t.Intermediates = x509.NewCertPool(), x509.NewCertPool()
	top := 0
	for _, der := range all {
		c, err := x509.ParseCertificate(der)
		switch {
		case err != nil || len(all) > 32:
			return unnamed(ErrNotCertificate, mendCA)
		case bytes.Equal(c.RawIssuer, c.RawSubject):
			t.Roots.AddCert(c)
			top++
		default:
			t.Intermediates.AddCert(c)
		}
	}
	if top == 0 {
		t.Roots, t.Intermediates = t.Intermediates, nil
	}
	return nil
}

func (t *Trust) readLists(b []byte) error {
	all, err := blocks(b, "X509 CRL", mendCRL)
	if err != nil {
		return err
	}
	for _, der := range all {
		list, err := x509.ParseRevocationList(der)
		if err != nil || len(list.Raw) != len(der) { // the library passes over what follows a list
			return unnamed(keys.Exactly(ErrList, "is not a revocation list"), mendCRL)
		}
		t.Lists = append(t.Lists, list)
	}
	return nil
}

// blocks are the contents of PEM blocks of that kind, or the bytes themselves where there is no PEM at all.
func blocks(b []byte, kind, mend string) ([][]byte, error) {
	block, rest := pem.Decode(b)
	if block == nil {
		return [][]byte{b}, nil
	}
	var all [][]byte
	for ; block != nil; block, rest = pem.Decode(rest) {
		if block.Type != kind {
			return nil, unnamed(keys.Exactly(keys.ErrUnsupported, "holds something other than what belongs here"), mend)
		}
		all = append(all, block.Bytes)
	}
	return all, nil
}
