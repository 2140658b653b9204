package smime

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"time"

	"sealform/keys"
)

// consult looks a certificate up in a list of its issuer, whose signature must verify. A certificate that is named is
// revoked, whatever the date and the reason beside it: a key that was withdrawn must not receive because a clock is
// wrong, and one on hold waits for a list without it.
func consult(list *x509.RevocationList, subject, issuer *x509.Certificate) error {
	if weakSignature(list.SignatureAlgorithm) || list.CheckSignatureFrom(issuer) != nil {
		return keys.Exactly(ErrList, "has a revocation list that its authority did not sign, or signed in a way that can be forged")
	}
	if !understood(list, subject) {
		return keys.Exactly(ErrList, "has a revocation list of a kind that cannot be used here, for a part of the certificates only")
	}
	for _, e := range list.RevokedCertificateEntries {
		if e.SerialNumber != nil && e.SerialNumber.Cmp(subject.SerialNumber) == 0 {
			return keys.Exactly(keys.ErrRevoked, "has been revoked on %s", e.RevocationTime.UTC().Format(time.DateOnly))
		}
	}
	return nil
}

// span is when a list holds, which is all that is kept of it.
type span struct{ from, until time.Time }

// current wants one list that has begun and is not past its next update. No lists at all: none was asked for.
func current(lists []span, at time.Time) error {
	var reason error
	for _, l := range lists {
		switch {
		case at.Before(l.from):
			reason = keys.Exactly(ErrList, "has a revocation list that begins only on %s", l.from.UTC().Format(time.RFC3339))
		case l.until.IsZero(): // which RFC 5280 §5.1.2.5 forbids
			reason = keys.Exactly(ErrList, "has a revocation list that does not say until when it holds")
		case !at.Before(l.until):
			reason = keys.Exactly(ErrList, "has a revocation list that was to be renewed by %s", l.until.UTC().Format(time.RFC3339))
		default:
			return nil
		}
	}
	return reason
}

// listPlace is IssuingDistributionPoint (RFC 5280 §5.2.5): which certificates a list is about.
type listPlace struct {
	Place      asn1.RawValue  `asn1:"optional,tag:0"`
	Users      bool           `asn1:"optional,tag:1"`
	CAs        bool           `asn1:"optional,tag:2"`
	Reasons    asn1.BitString `asn1:"optional,tag:3"`
	Indirect   bool           `asn1:"optional,tag:4"`
	Attributes bool           `asn1:"optional,tag:5"`
}

// understood says whether a list tells all about that certificate: no changes to another list, no other authority's
// certificates, no part of the reasons, and not the part of the certificates that this one is not in.
func understood(list *x509.RevocationList, subject *x509.Certificate) bool {
	for _, e := range list.RevokedCertificateEntries {
		if slices.ContainsFunc(e.Extensions, func(x pkix.Extension) bool { return x.Critical }) {
			return false
		}
	}
	for _, e := range list.Extensions {
		if !e.Id.Equal(oidListPlace) {
			if e.Critical {
				return false
			}
			continue
		}
		var p listPlace
		if rest, err := asn1.Unmarshal(e.Value, &p); err != nil || len(rest) > 0 {
			return false
		}
		if p.Indirect || p.Attributes || p.Reasons.BitLength > 0 || p.Users && subject.IsCA || p.CAs && !subject.IsCA {
			return false
		}
		if len(p.Place.FullBytes) > 0 && !namesPlace(p.Place, subject) {
			return false
		}
	}
	return true
}

// namesPlace tells whether the list's place is one at which the certificate says its list is.
func namesPlace(place asn1.RawValue, subject *x509.Certificate) bool {
	var full, name asn1.RawValue
	if _, err := asn1.Unmarshal(place.Bytes, &full); err != nil || full.Class != asn1.ClassContextSpecific || full.Tag != 0 {
		return false
	}
	for rest := full.Bytes; len(rest) > 0; {
		var err error
		if rest, err = asn1.Unmarshal(rest, &name); err != nil {
			return false
		}
		if name.Class == asn1.ClassContextSpecific && name.Tag == 6 && slices.Contains(subject.CRLDistributionPoints, string(name.Bytes)) {
			return true
		}
	}
	return false
}
