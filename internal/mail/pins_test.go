package mail

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"testing"
	"time"
)

func pin(c *x509.Certificate) [32]byte { return sha256.Sum256(c.RawSubjectPublicKeyInfo) }

// covers ML03 R09: a pin is asked for besides name and authority, never instead of them.
func TestPins(t *testing.T) {
	ca, other := authority(t), authority(t)
	leaf, stranger := pin(ca.Server.Leaf), pin(other.Server.Leaf)
	self := selfSigned(t, "localhost", time.Now())
	certificate, err := x509.ParseCertificate(self.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		certs tls.Certificate
		pins  [][32]byte
		name  string
		want  Code
	}{
		"the relay's key":          {pins: [][32]byte{leaf}},
		"its authority's key":      {pins: [][32]byte{pin(ca.Certificate)}},
		"the next key, kept ready": {pins: [][32]byte{stranger, leaf}},
		"another key":              {pins: [][32]byte{stranger}, want: BadPin},
		"another authority's key":  {pins: [][32]byte{pin(other.Certificate)}, want: BadPin},
		"of another name":          {pins: [][32]byte{leaf}, name: "smtp.clinic.example", want: BadCertificate},
		"self-signed":              {certs: self, pins: [][32]byte{pin(certificate)}, want: BadCertificate},
		"of an unknown authority":  {certs: other.Server, pins: [][32]byte{stranger}, want: BadCertificate},
	} {
		for _, implicit := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				s := &scripted{implicit: implicit, certs: test.certs, clearOffer: []string{"STARTTLS"}}
				if s.certs.Certificate == nil {
					s.certs = ca.Server
				}
				r := relay(t, s.serve(t), ca, func(c *RelayConfig) {
					c.Pins = test.pins
					if test.name != "" {
						c.ServerName = test.name
					}
					if implicit {
						c.Mode = ImplicitTLS
					}
				})
				expect(t, r.Send(t.Context(), letter(t, 100)), test.want)
				if test.want != "" && s.heard("MAIL") {
					t.Error("it was told of a message")
				}
				if !implicit {
					checkClear(t, s)
				}
			})
		}
	}
}

// A session that TLS resumes is held to the pins as well. TLS 1.2 and 1.3 resume in different ways.
func TestPinsHoldForResumedSessions(t *testing.T) {
	ca := authority(t)
	for _, newest := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		s := &scripted{certs: ca.Server, newest: newest, clearOffer: []string{"STARTTLS"}}
		r := relay(t, s.serve(t), ca, func(c *RelayConfig) { c.Pins = [][32]byte{pin(ca.Certificate)} })
		resumed := 0
		asked := r.tls.VerifyConnection
		r.tls.VerifyConnection = func(cs tls.ConnectionState) error {
			if cs.DidResume {
				resumed++
			}
			return asked(cs)
		}
		for range 2 {
			_, err := r.Probe(t.Context())
			expect(t, err, "")
		}
		if resumed != 1 {
			t.Errorf("%s: %d sessions were resumed", tls.VersionName(newest), resumed)
		}
		r.config.Pins = [][32]byte{{1}}
		_, err := r.Probe(t.Context())
		expect(t, err, BadPin)
	}
}
