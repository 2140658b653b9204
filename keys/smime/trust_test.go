package smime_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"math/big"
	"testing"
	"time"

	"sealform/keys"
	"sealform/keys/smime"
)

// office is an authority, one below it, and a recipient of the lower one.
type office struct{ top, between, dana held }

func newOffice(t testing.TB, change func(*x509.Certificate)) office {
	t.Helper()
	top := authority(t, "Office Root", today)
	between := certify(t, &top, ecKey(t, curve), &x509.Certificate{
		Subject: pkix.Name{CommonName: "Office Mail"}, NotBefore: today.AddDate(-1, 0, 0), NotAfter: today.AddDate(0, 6, 0),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, IsCA: true, BasicConstraintsValid: true,
	})
	key := ecKey(t, curve)
	return office{top, between, certify(t, &between, key, mailbox(key, today, change))}
}

func (o office) trust(lists ...*x509.RevocationList) smime.Trust {
	return smime.Trust{Roots: pool(o.top), Intermediates: pool(o.between), Lists: lists}
}

func (o office) parse(lists ...*x509.RevocationList) (*smime.Certificate, error) {
	return smime.ParseCertificate(o.dana.pem(), o.trust(lists...), today)
}

// TestChain: who vouches, and that each step may and is in date.
// covers CR11
func TestChain(t *testing.T) {
	o, other := newOffice(t, nil), authority(t, "Office Root", today)
	c, err := o.parse()
	if err != nil {
		t.Fatal(err)
	}
	refusal(t, c.Usable(today.AddDate(0, 7, 0)), keys.ErrExpired, "an authority whose certificate expired on 2027-05-21")
	_, err = smime.ParseCertificate(o.dana.pem(), smime.Trust{Roots: pool(o.top), Intermediates: pool(o.between)}, today.AddDate(0, 7, 0))
	refusal(t, err, keys.ErrExpired, "an authority whose certificate has expired")

	_, err = smime.ParseCertificate(o.dana.pem(), smime.Trust{Roots: pool(other), Intermediates: pool(o.between)}, today)
	refusal(t, err, smime.ErrIssuer, "not vouched for by a trusted authority")
	_, err = smime.ParseCertificate(o.dana.pem(), smime.Trust{Roots: pool(o.top)}, today)
	refusal(t, err, smime.ErrIssuer, "not vouched for")
	_, err = smime.ParseCertificate(o.dana.pem(), smime.Trust{Roots: x509.NewCertPool()}, today)
	refusal(t, err, smime.ErrIssuer, "not vouched for")

	key := ecKey(t, curve)
	byDana := certify(t, &o.dana, key, mailbox(key, today, nil))
	_, err = smime.ParseCertificate(byDana.pem(), smime.Trust{Roots: pool(o.top), Intermediates: pool(o.between, o.dana)}, today)
	refusal(t, err, smime.ErrIssuer, "not vouched for")

	web := certify(t, &o.top, ecKey(t, curve), &x509.Certificate{
		Subject: pkix.Name{CommonName: "Office Web"}, NotBefore: today, NotAfter: today.AddDate(1, 0, 0), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	byWeb := certify(t, &web, key, mailbox(key, today, nil))
	_, err = smime.ParseCertificate(byWeb.pem(), smime.Trust{Roots: pool(o.top), Intermediates: pool(web)}, today)
	refusal(t, err, smime.ErrIssuer, "may not issue it")
}

// TestLists: a list that names the certificate, that cannot be relied on, or that is out of date.
// covers CR11
func TestLists(t *testing.T) {
	o := newOffice(t, nil)
	other := authority(t, "Office Mail", today) // the same name, another key
	day := func(n int) time.Time { return today.AddDate(0, 0, n) }
	listPlace := func(der ...byte) func(*x509.RevocationList) {
		return func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: tlv(0x30, der)}}
		}
	}
	for name, c := range map[string]struct {
		lists  []*x509.RevocationList
		reason error
		says   string
	}{
		"empty":                  {[]*x509.RevocationList{o.between.list(today, nil)}, nil, ""},
		"names others":           {[]*x509.RevocationList{o.between.list(today, nil, other.cert)}, nil, ""},
		"an old and a new":       {[]*x509.RevocationList{o.between.list(day(-30), nil), o.between.list(today, nil)}, nil, ""},
		"all levels":             {[]*x509.RevocationList{o.between.list(today, nil), o.top.list(today, nil)}, nil, ""},
		"users' only":            {[]*x509.RevocationList{o.between.list(today, listPlace(0x81, 1, 0xFF))}, nil, ""},
		"revoked":                {[]*x509.RevocationList{o.between.list(today, nil, o.dana.cert)}, keys.ErrRevoked, "revoked on 2026-11-19"},
		"revoked in the old one": {[]*x509.RevocationList{o.between.list(day(-30), nil, o.dana.cert), o.between.list(today, nil)}, keys.ErrRevoked, "revoked on"},
		"authority revoked":      {[]*x509.RevocationList{o.between.list(today, nil), o.top.list(today, nil, o.between.cert)}, keys.ErrRevoked, "authority that has been revoked"},
		"stale":                  {[]*x509.RevocationList{o.between.list(day(-7), nil)}, smime.ErrList, "was to be renewed by 2026-11-20T12:00:00Z"},
		"stale this second":      {[]*x509.RevocationList{o.between.list(day(-6), nil)}, smime.ErrList, "was to be renewed by 2026-11-21T12:00:00Z"},
		"authority's is stale":   {[]*x509.RevocationList{o.between.list(today, nil), o.top.list(day(-7), nil)}, smime.ErrList, "was to be renewed"},
		"begins tomorrow":        {[]*x509.RevocationList{o.between.list(day(2), nil)}, smime.ErrList, "begins only on"},
		"by somebody else":       {[]*x509.RevocationList{other.list(today, nil)}, smime.ErrList, "did not sign"},
		"of somebody else":       {[]*x509.RevocationList{o.top.list(today, nil)}, smime.ErrList, "none"},
		"authorities' only":      {[]*x509.RevocationList{o.between.list(today, listPlace(0x82, 1, 0xFF))}, smime.ErrList, "a part of the certificates"},
		"others' certificates":   {[]*x509.RevocationList{o.between.list(today, listPlace(0x84, 1, 0xFF))}, smime.ErrList, "a part of the certificates"},
		"some reasons":           {[]*x509.RevocationList{o.between.list(today, listPlace(0x83, 2, 1, 0x40))}, smime.ErrList, "a part of the certificates"},
		"unreadable place":       {[]*x509.RevocationList{o.between.list(today, listPlace(0x81, 9))}, smime.ErrList, "a part of the certificates"},
		"changes only": {[]*x509.RevocationList{o.between.list(today, func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 27}, Critical: true, Value: []byte{2, 1, 1}}}
		})}, smime.ErrList, "a part of the certificates"},
		"entries of others": {[]*x509.RevocationList{o.between.list(today, func(l *x509.RevocationList) {
			l.RevokedCertificateEntries = []x509.RevocationListEntry{{
				SerialNumber: big.NewInt(5), RevocationTime: today,
				ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 29}, Critical: true, Value: []byte{0x30, 0}}},
			}}
		})}, smime.ErrList, "a part of the certificates"},
	} {
		t.Run(name, func(t *testing.T) {
			c2, err := o.parse(c.lists...)
			if c.reason == nil {
				if err != nil || c2.Usable(today) != nil {
					t.Fatal(err)
				}
				return
			}
			if c.says == "none" {
				c.says = "no revocation list of its authority among those given"
			}
			refusal(t, err, c.reason, c.says)
		})
	}
}

// TestListGoesStale: a list that was in date at set-up stops the mail on the day it is not.
func TestListGoesStale(t *testing.T) {
	o := newOffice(t, nil)
	c, err := o.parse(o.between.list(today, nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Usable(today.AddDate(0, 0, 5)); err != nil {
		t.Error(err)
	}
	refusal(t, c.Usable(today.AddDate(0, 0, 6)), smime.ErrList, "was to be renewed by 2026-11-27T12:00:00Z")
}

// TestListOfAPart: large authorities publish lists in parts; ours must be the part that the certificate names.
func TestListOfAPart(t *testing.T) {
	const address = "http://office.example/1.crl"
	o := newOffice(t, func(c *x509.Certificate) { c.CRLDistributionPoints = []string{address} })
	part := func(address string) *x509.RevocationList {
		return o.between.list(today, func(l *x509.RevocationList) {
			place := tlv(0xA0, tlv(0xA0, tlv(0x86, []byte(address))))
			l.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: tlv(0x30, place)}}
		})
	}
	if _, err := o.parse(part(address)); err != nil {
		t.Error(err)
	}
	_, err := o.parse(part("http://office.example/2.crl"))
	refusal(t, err, smime.ErrList, "a part of the certificates")
}

// TestPinnedWithList: without the authority nothing says who signed the list. A certificate of its own authority does.
func TestPinnedWithList(t *testing.T) {
	o := newOffice(t, nil)
	_, err := smime.ParseCertificate(o.dana.pem(), smime.Trust{Lists: []*x509.RevocationList{o.between.list(today, nil)}}, today)
	refusal(t, err, smime.ErrList, "the authority that signed the list is not given")

	key := ecKey(t, curve)
	own := certify(t, nil, key, mailbox(key, today, func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, c.KeyUsage|x509.KeyUsageCRLSign
	}))
	if _, err := smime.ParseCertificate(own.pem(), smime.Trust{Lists: []*x509.RevocationList{own.list(today, nil)}}, today); err != nil {
		t.Error(err)
	}
	_, err = smime.ParseCertificate(own.pem(), smime.Trust{Lists: []*x509.RevocationList{own.list(today, nil, own.cert)}}, today)
	refusal(t, err, keys.ErrRevoked, "has been revoked on 2026-11-19")
}

// TestParseTrust: the operator's files, as authorities give them out.
func TestParseTrust(t *testing.T) {
	o := newOffice(t, nil)
	list := o.between.list(today, nil)
	armored := pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: list.Raw})
	for name, c := range map[string]struct{ authorities, lists []byte }{
		"both, a list in DER":  {append(o.top.pem(), o.between.pem()...), list.Raw},
		"other order, in PEM":  {append(o.between.pem(), o.top.pem()...), armored},
		"two lists":            {append(o.between.pem(), o.top.pem()...), append(armored, pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: o.top.list(today, nil).Raw})...)},
		"no list":              {append(o.top.pem(), o.between.pem()...), nil},
		"the lower one alone":  {o.between.pem(), nil},
		"the lower one in DER": {o.between.cert.Raw, list.Raw},
		"nothing":              {nil, nil},
	} {
		trust, err := smime.ParseTrust(c.authorities, c.lists)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, err := smime.ParseCertificate(o.dana.pem(), trust, today); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	revoked := o.between.list(today, nil, o.dana.cert)
	trust, err := smime.ParseTrust(append(o.top.pem(), o.between.pem()...), revoked.Raw)
	if err != nil {
		t.Fatal(err)
	}
	_, err = smime.ParseCertificate(o.dana.pem(), trust, today)
	refusal(t, err, keys.ErrRevoked, "revoked on")
	for name, c := range map[string]struct{ authorities, lists []byte }{
		"text":             {[]byte("hello"), nil},
		"a key beside it":  {append(o.top.pem(), o.top.keyPEM()...), nil},
		"a list as ca":     {armored, nil},
		"a ca as list":     {o.top.pem(), o.top.pem()},
		"text as list":     {o.top.pem(), []byte("hello")},
		"33 authorities":   {bytes.Repeat(o.top.pem(), 33), nil},
		"a broken one":     {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{0x30, 0}}), nil},
		"a broken list":    {nil, list.Raw[:50]},
		"an empty PEM ca":  {pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE"}), nil},
		"two lists in DER": {nil, append(bytes.Clone(list.Raw), list.Raw...)},
	} {
		var r *keys.Refusal
		if _, err := smime.ParseTrust(c.authorities, c.lists); !errors.As(err, &r) || r.Mend == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
