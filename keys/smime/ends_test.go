package smime_test

import (
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"sealform/keys/smime"
)

// TestEnds: the earliest end counts: the certificate's, that of one above it, or a list's that should have been renewed.
// covers CR11, CR02
func TestEnds(t *testing.T) {
	early := func(c *x509.Certificate) { c.NotAfter = today.AddDate(0, 3, 0) }
	o := newOffice(t, nil)
	weekly := o.between.list(today, nil) // from yesterday to six days on
	monthly := o.between.list(today, func(l *x509.RevocationList) { l.NextUpdate = today.AddDate(0, 0, 29) })
	for name, c := range map[string]struct {
		office office
		lists  []*x509.RevocationList
		at     time.Time
		end    time.Time
		list   bool
	}{
		"its own":                {newOffice(t, early), nil, today, today.AddDate(0, 3, 0), false},
		"of one above it":        {o, nil, today, today.AddDate(0, 6, 0), false},
		"a list, fresh":          {o, []*x509.RevocationList{weekly}, today, today.AddDate(0, 6, 0), false},
		"a list, not renewed":    {o, []*x509.RevocationList{weekly}, today.AddDate(0, 0, 5), today.AddDate(0, 0, 6), true},
		"a list, over":           {o, []*x509.RevocationList{weekly}, today.AddDate(0, 0, 8), today.AddDate(0, 0, 6), true},
		"a newer one beside it":  {o, []*x509.RevocationList{weekly, monthly}, today.AddDate(0, 0, 5), today.AddDate(0, 6, 0), false},
		"a list after all ended": {newOffice(t, early), []*x509.RevocationList{weekly}, today.AddDate(0, 4, 0), today.AddDate(0, 0, 6), true},
	} {
		cert, err := c.office.parse(relist(c.office, c.lists)...)
		if err != nil {
			t.Fatal(err)
		}
		if end, list := cert.Ends(c.at); !end.Equal(c.end) || list != c.list {
			t.Errorf("%s: %v, a list %v", name, end, list)
		}
	}
}

// relist has the office's own authority sign lists of the same time.
func relist(o office, lists []*x509.RevocationList) []*x509.RevocationList {
	var all []*x509.RevocationList
	for _, l := range lists {
		all = append(all, o.between.list(today, func(n *x509.RevocationList) { n.ThisUpdate, n.NextUpdate = l.ThisUpdate, l.NextUpdate }))
	}
	return all
}

// TestNames: by any of its addresses, whatever the capitals; nothing that only looks alike.
func TestNames(t *testing.T) {
	c := newOffice(t, func(c *x509.Certificate) {
		c.EmailAddresses = []string{"Dana@riverside.example", "desk@riverside.example"}
	})
	cert, err := c.parse()
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{
		"dana@Riverside.example": true, "desk@riverside.example": true, "dana@riverside.example.org": false, "": false, "Dana": false,
	} {
		if cert.Names(address) != want {
			t.Errorf("%q: %v", address, !want)
		}
	}
	signer, _, err := smime.NewSigner("forms@riverside.example", today)
	if err != nil {
		t.Fatal(err)
	}
	if !signer.Names("Forms@riverside.example") || signer.Names("other@riverside.example") {
		t.Error("the signer's address")
	}
}

// TestAuthoritiesReceiveNothing: what issues certificates is no recipient; what calls itself an authority because somebody
// made it for themselves is one.
// covers CR11, CR02
func TestAuthoritiesReceiveNothing(t *testing.T) {
	key := ecKey(t, curve)
	authorities := func(use x509.KeyUsage) *x509.Certificate {
		return mailbox(key, today, func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, use })
	}
	top := authority(t, "Riverside Authority", today)
	issued := certify(t, &top, key, authorities(x509.KeyUsageKeyAgreement|x509.KeyUsageCertSign))
	issuing := certify(t, nil, key, authorities(x509.KeyUsageKeyAgreement|x509.KeyUsageCertSign))
	for _, h := range []held{issued, issuing} {
		_, err := smime.ParseCertificate(h.pem(), smime.Trust{}, today)
		refusal(t, err, smime.ErrUsage, "is an authority's own")
	}
	for _, use := range []x509.KeyUsage{0, x509.KeyUsageKeyAgreement} {
		if _, err := smime.ParseCertificate(certify(t, nil, key, authorities(use)).pem(), smime.Trust{}, today); errors.Is(err, smime.ErrUsage) {
			t.Errorf("made by its owner, key usage %v: %v", use, err)
		}
	}
}
