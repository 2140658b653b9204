package mail

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"sealform/internal/demo/ca"
	"sealform/keys"
)

const relayPassword = "relay-password-4711"

// covers ML03 R09
func TestRelayFaults(t *testing.T) {
	trustedCA := authority(t)
	otherCA := authority(t)
	over, err := ca.Open(t.TempDir(), time.Now().Add(-40*24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		relay *scripted
		want  Code
	}{
		"all is well":                {&scripted{}, ""},
		"all is well, sign-in":       {&scripted{tlsOffer: []string{"AUTH LOGIN PLAIN"}}, ""},
		"no starttls":                {&scripted{clearOffer: []string{"AUTH PLAIN", "SIZE"}}, NoStartTLS},
		"starttls cut short":         {&scripted{clearOffer: []string{"STARTTL"}}, NoStartTLS},
		"EHLO refused":               {&scripted{replies: map[string]string{"EHLO": "502 what"}}, NoStartTLS},
		"starttls without handshake": {&scripted{replies: map[string]string{"handshake": "250 never mind"}}, BadTLS},
		"certificate expired":        {&scripted{certs: over.Server}, BadCertificate},
		"certificate self-signed":    {&scripted{certs: selfSigned(t, "localhost", time.Now())}, BadCertificate},
		"certificate of another":     {&scripted{certs: otherCA.Server}, BadCertificate},
		"TLS 1.1":                    {&scripted{newest: tls.VersionTLS11}, BadTLS},
		"TLS 1.0":                    {&scripted{newest: tls.VersionTLS10}, BadTLS},
		"refuses at once":            {&scripted{replies: map[string]string{"greeting": "554 no"}}, "permanent_554"},
		"greylisted":                 {&scripted{replies: map[string]string{"RCPT": "451 4.7.1 later"}}, "temporary_451"},
		"no such mailbox":            {&scripted{replies: map[string]string{"RCPT": "550 5.1.1 unknown"}}, "permanent_550"},
		"mailbox full":               {&scripted{replies: map[string]string{".": "552 5.2.2 full"}}, "permanent_552"},
		"mailbox full, said early":   {&scripted{replies: map[string]string{"RCPT": "552 5.2.2 full"}}, "permanent_552"},
		"mailbox full, old words":    {&scripted{replies: map[string]string{"RCPT": "552 full"}}, "permanent_552"},
		"mailbox full for now":       {&scripted{replies: map[string]string{"RCPT": "452 4.2.2 full"}}, "temporary_452"},
		"no room":                    {&scripted{replies: map[string]string{"MAIL": "452 4.3.1 no room"}}, "temporary_452"},
		"too large, said early":      {&scripted{replies: map[string]string{"MAIL": "552 5.3.4 too large"}}, TooLarge},
		"too large, said at the end": {&scripted{replies: map[string]string{".": "552 5.3.4 too large"}}, TooLarge},
		"too large, old words":       {&scripted{replies: map[string]string{"MAIL": "552 too large"}}, TooLarge},
		"sign-in refused":            {&scripted{tlsOffer: []string{"AUTH PLAIN"}, replies: map[string]string{"AUTH": "535 wrong"}}, Auth},
		"drops instead of bye":       {&scripted{replies: map[string]string{"QUIT": drop}}, ""},
		"talks without end":          {&scripted{replies: map[string]string{"MAIL": endless}}, Protocol},
		"speaks something else":      {&scripted{replies: map[string]string{"greeting": "HTTP/1.1 400"}}, Protocol},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := test.relay
			if s.certs.Certificate == nil {
				s.certs = trustedCA.Server
			}
			if s.clearOffer == nil {
				s.clearOffer = []string{"STARTTLS", "AUTH PLAIN"}
			}
			signIn := len(s.tlsOffer) > 0
			trusted := trustedCA
			if name == "certificate expired" {
				trusted = over // so that its age is the only fault
			}
			r := relay(t, s.serve(t), trusted, func(c *RelayConfig) {
				if signIn {
					c.User, c.Password = "forms", keys.NewPassword([]byte(relayPassword))
				}
			})
			expect(t, r.Send(t.Context(), letter(t, 100)), test.want)
			checkClear(t, s)
		})
	}
}

// checkClear wants nothing but greetings outside TLS: no address, message or password.
func checkClear(t *testing.T, s *scripted) {
	t.Helper()
	for line := range strings.Lines(s.inClear()) {
		switch line {
		case "EHLO forms.clinic.example\r\n", "HELO forms.clinic.example\r\n", "STARTTLS\r\n", "QUIT\r\n":
		default:
			t.Errorf("in clear: %q", line)
		}
	}
}

// covers ML03: what somebody on the way slips in behind the reply to STARTTLS is not taken for the relay's word.
func TestInjectedReplyIsNotBelieved(t *testing.T) {
	ca := authority(t)
	s := &scripted{certs: ca.Server, clearOffer: []string{"STARTTLS"}, injected: "250-forged\r\n250 SIZE 1\r\n"}
	m := letter(t, 100)
	m.Size = 1000
	switch code := CodeOf(relay(t, s.serve(t), ca, nil).Send(t.Context(), m)); code {
	case "", BadTLS: // unread and forgotten, or in the way of the handshake
	default:
		t.Errorf("got %q", code)
	}
	checkClear(t, s)
}

// covers ML03
func TestPasswordStaysHomeWithoutTLS(t *testing.T) {
	ca := authority(t)
	for name, s := range map[string]*scripted{
		"stripped":    {certs: ca.Server, clearOffer: []string{"AUTH PLAIN LOGIN"}},
		"forged cert": {certs: selfSigned(t, "localhost", time.Now()), clearOffer: []string{"STARTTLS"}, tlsOffer: []string{"AUTH PLAIN"}},
		"no sign-in":  {certs: ca.Server, clearOffer: []string{"STARTTLS", "AUTH PLAIN"}},
		"odd sign-in": {certs: ca.Server, clearOffer: []string{"STARTTLS"}, tlsOffer: []string{"AUTH GSSAPI NTLM"}},
	} {
		r := relay(t, s.serve(t), ca, func(c *RelayConfig) {
			c.User, c.Password = "forms", keys.NewPassword([]byte(relayPassword))
		})
		err := r.Send(t.Context(), letter(t, 100))
		if err == nil || s.heard("AUTH") || s.heard("MAIL") {
			t.Errorf("%s: %v, %q", name, err, s.said)
		}
		checkClear(t, s)
	}
}

// covers ML03
func TestSignsInUnderTLS(t *testing.T) {
	ca := authority(t)
	s := &scripted{certs: ca.Server, clearOffer: []string{"STARTTLS"}, tlsOffer: []string{"AUTH LOGIN PLAIN"}}
	r := relay(t, s.serve(t), ca, func(c *RelayConfig) {
		c.User, c.Password = "forms", keys.NewPassword([]byte(relayPassword))
	})
	expect(t, r.Send(t.Context(), letter(t, 100)), "")
	if want := "AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00forms\x00"+relayPassword)); !s.heard(want) {
		t.Errorf("heard %q", s.said)
	}
}

// covers ML03
func TestWrongNameIsRefused(t *testing.T) {
	ca := authority(t)
	s := &scripted{certs: ca.Server, clearOffer: []string{"STARTTLS"}}
	r := relay(t, s.serve(t), ca, func(c *RelayConfig) { c.ServerName = "smtp.clinic.example" })
	expect(t, r.Send(t.Context(), letter(t, 100)), BadCertificate)
}

// covers ML03
func TestImplicitTLS(t *testing.T) {
	ca := authority(t)
	implicit := func(c *RelayConfig) { c.Mode = ImplicitTLS }
	s := &scripted{implicit: true, certs: ca.Server}
	expect(t, relay(t, s.serve(t), ca, implicit).Send(t.Context(), letter(t, 100)), "")
	old := &scripted{implicit: true, certs: ca.Server, newest: tls.VersionTLS11}
	expect(t, relay(t, old.serve(t), ca, implicit).Send(t.Context(), letter(t, 100)), BadTLS)
	bad := &scripted{implicit: true, certs: selfSigned(t, "localhost", time.Now())}
	expect(t, relay(t, bad.serve(t), ca, implicit).Send(t.Context(), letter(t, 100)), BadCertificate)
	plain := &scripted{clearOffer: []string{"AUTH PLAIN"}}
	expect(t, relay(t, plain.serve(t), ca, implicit).Send(t.Context(), letter(t, 100)), BadTLS)
	if got := plain.inClear(); strings.Contains(got, "EHLO") {
		t.Errorf("spoke in clear: %q", got)
	}
}

// covers R09
func TestNobodyListens(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	expect(t, relay(t, l.Addr().String(), authority(t), nil).Send(t.Context(), letter(t, 100)), Refused)
}

// covers R09: what ends the reading of a body is told from a body that is broken.
func TestStoppedWhileReading(t *testing.T) {
	ca := authority(t)
	var b bytes.Buffer
	if _, err := sealed(t, 100_000).WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	key := signers(t)["Ed25519"].key
	for name, test := range map[string]struct {
		end  func(context.Context) (context.Context, context.CancelFunc)
		dkim *DKIM
		want Code
	}{
		"stopped":          {context.WithCancel, nil, Stopped},
		"stopped, signing": {context.WithCancel, &DKIM{"clinic.example", "2026", key}, Stopped},
		"too slow": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 200*time.Millisecond)
		}, nil, Timeout},
	} {
		s := &scripted{certs: ca.Server, clearOffer: []string{"STARTTLS"}}
		ctx, cancel := test.end(t.Context())
		m := carrying(func() (keys.SealedStream, error) {
			return keys.ReadSealed(io.MultiReader(bytes.NewReader(b.Bytes()[:b.Len()/2]), until{ctx}))
		})
		if test.want == Stopped {
			time.AfterFunc(200*time.Millisecond, cancel)
		}
		r := relay(t, s.serve(t), ca, func(c *RelayConfig) { c.DKIM = test.dkim })
		t.Run(name, func(t *testing.T) { expect(t, r.Send(ctx, m), test.want) })
		if _, taken := s.counts(); taken > 0 {
			t.Errorf("%s: half a message was taken", name)
		}
		cancel()
	}
}

// until gives nothing before its context ends, like a store that is asked with it.
type until struct{ context.Context }

func (u until) Read([]byte) (int, error) {
	<-u.Done()
	return 0, u.Err()
}

// covers R09
func TestStoppedByOurselves(t *testing.T) {
	ca := authority(t)
	s := &scripted{certs: ca.Server, clearOffer: []string{"STARTTLS"}, replies: map[string]string{"DATA": hang}}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	expect(t, relay(t, s.serve(t), ca, nil).Send(ctx, letter(t, 100)), Stopped)
}

func selfSigned(t *testing.T, name string, from time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{name}, NotBefore: from.Add(-time.Hour), NotAfter: from.Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
