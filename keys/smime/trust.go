package smime

import (
	"bytes"
	"crypto/x509"
	"errors"
	"time"

	"sealform/keys"
)

// Trust is the authorities that may vouch for a certificate, and their revocation lists. The zero Trust trusts a
// certificate by itself: the operator pinned its file.
type Trust struct {
	Roots         *x509.CertPool // nil: the file itself is the trust; its issuer is not asked for
	Intermediates *x509.CertPool
	Lists         []*x509.RevocationList // of its issuers; signatures are checked
}

// route is one way from a certificate to what is trusted, its own certificate first.
type route struct {
	chain []*x509.Certificate
	lists [][]span // for each certificate, when its issuer's lists hold; empty: none is asked for
}

// routes finds the ways and checks what does not change with time: signatures, and whether a list names a certificate.
func (t Trust) routes(c *Certificate, now time.Time) ([]route, error) {
	chains, err := t.chains(c, now)
	if err != nil {
		return nil, err
	}
	var good []route
	var first error
	for _, chain := range chains {
		r := route{chain: chain}
		reason := t.addLists(&r)
		switch {
		case errors.Is(reason, keys.ErrRevoked):
			return nil, c.refuse(reason, mendRenew) // another way to trust does not heal that
		case reason == nil:
			good = append(good, r)
		case first == nil:
			first = c.refuse(reason, mendList)
		}
	}
	if len(good) == 0 {
		return nil, first
	}
	return good, nil
}

func (t Trust) chains(c *Certificate, now time.Time) ([][]*x509.Certificate, error) {
	if t.Roots == nil {
		return t.pinned(c)
	}
	options := x509.VerifyOptions{
		Roots: t.Roots, Intermediates: t.Intermediates, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection},
	}
	chains, err := c.x509.Verify(options)
	if err == nil {
		return chains, nil
	}
	options.CurrentTime = c.x509.NotBefore
	if _, then := c.x509.Verify(options); then == nil {
		return nil, c.refuse(keys.Exactly(keys.ErrExpired, "was issued by an authority whose certificate has expired"), mendAuthority)
	}
	var unknown x509.UnknownAuthorityError
	if errors.As(err, &unknown) {
		return nil, c.refuse(ErrIssuer, mendAuthority)
	}
	return nil, c.refuse(keys.Exactly(ErrIssuer, "is not vouched for: an authority above it may not issue it"), mendAuthority)
}

// pinned is the certificate alone. A list can only be checked against the key that signed it.
func (t Trust) pinned(c *Certificate) ([][]*x509.Certificate, error) {
	alone := []*x509.Certificate{c.x509}
	if len(t.Lists) == 0 {
		return [][]*x509.Certificate{alone}, nil
	}
	if !bytes.Equal(c.x509.RawIssuer, c.x509.RawSubject) {
		return nil, c.refuse(keys.Exactly(ErrList, "has a revocation list (crl), but the authority that signed the list is not given"), mendAuthority)
	}
	return [][]*x509.Certificate{{c.x509, c.x509}}, nil
}

// addLists finds the issuers' lists. Where any list is given, one of the recipient's own issuer must be among them: a
// list of somebody else would be a check that checks nothing.
func (t Trust) addLists(r *route) error {
	r.lists = make([][]span, len(r.chain))
	for i := range len(r.chain) - 1 {
		subject, issuer := r.chain[i], r.chain[i+1]
		for _, list := range t.Lists {
			if list == nil || !bytes.Equal(list.RawIssuer, issuer.RawSubject) {
				continue
			}
			err := consult(list, subject, issuer)
			if i > 0 && errors.Is(err, keys.ErrRevoked) {
				err = keys.Exactly(keys.ErrRevoked, "was issued by an authority that has been revoked")
			}
			if err != nil {
				return err
			}
			r.lists[i] = append(r.lists[i], span{list.ThisUpdate, list.NextUpdate})
		}
	}
	if len(t.Lists) > 0 && len(r.lists[0]) == 0 {
		return keys.Exactly(ErrList, "has no revocation list of its authority among those given")
	}
	return nil
}

// holds says whether the way is good at that time: every certificate on it, and of each issuer's lists one in date.
func (r *route) holds(at time.Time) *fault {
	for i, c := range r.chain {
		whose := ""
		if i > 0 {
			whose = "was issued by an authority whose certificate "
		}
		if f := inDate(c, at, whose); f != nil {
			return f
		}
		if reason := current(r.lists[i], at); reason != nil {
			return &fault{reason, mendList}
		}
	}
	return nil
}
