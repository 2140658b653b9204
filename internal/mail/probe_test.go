package mail

import (
	"crypto/tls"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sealform/keys"
)

// covers ML10
func TestProbe(t *testing.T) {
	ca := authority(t)
	for _, test := range []struct {
		offer  []string
		newest uint16
		want   Offer
	}{
		{[]string{"SIZE 10485760", "AUTH PLAIN"}, tls.VersionTLS13, Offer{10485760, "TLS 1.3"}},
		{[]string{"AUTH PLAIN", "SIZE"}, tls.VersionTLS12, Offer{0, "TLS 1.2"}},
		{[]string{"AUTH PLAIN", "SIZE -1"}, 0, Offer{0, "TLS 1.3"}},
		{[]string{"AUTH PLAIN", "SIZE 99999999999999999999"}, 0, Offer{0, "TLS 1.3"}},
		{[]string{"AUTH PLAIN"}, 0, Offer{0, "TLS 1.3"}},
	} {
		s := &scripted{certs: ca.Server, newest: test.newest, clearOffer: []string{"STARTTLS", "SIZE 1"}, tlsOffer: test.offer}
		r := relay(t, s.serve(t), ca, func(c *RelayConfig) {
			c.User, c.Password = "forms", keys.NewPassword([]byte(relayPassword))
		})
		got, err := r.Probe(t.Context())
		expect(t, err, "")
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Error(diff)
		}
		if !s.heard("AUTH") || s.heard("MAIL") || !s.heard("QUIT") || len(r.idle) > 0 {
			t.Errorf("heard %q, kept %d", s.commands(), len(r.idle))
		}
		checkClear(t, s)
	}
}

func TestProbeTellsTheFault(t *testing.T) {
	for stage, want := range map[string]Code{"greeting": "temporary_421", "STARTTLS": "temporary_421", "AUTH": "temporary_421"} {
		s, r := atStage(t, stage, "421 busy")
		_, err := r.Probe(t.Context())
		expect(t, err, want)
		checkClear(t, s)
	}
}

// covers ML10: the limit is passed on once, and again only when it changes.
func TestSizedIsToldOfNews(t *testing.T) {
	ca := authority(t)
	s := &scripted{certs: ca.Server, clearOffer: []string{"STARTTLS", "SIZE 1"}}
	var told []int64
	r := relay(t, s.serve(t), ca, func(c *RelayConfig) { c.Sized = func(n int64) { told = append(told, n) } })
	for _, offer := range []string{"SIZE 20000", "SIZE 20000", "SIZE 10000", "HELP", "HELP", "SIZE 20000"} {
		s.tlsOffer = []string{offer}
		_, err := r.Probe(t.Context())
		expect(t, err, "")
	}
	if diff := cmp.Diff([]int64{20000, 10000, 0, 20000}, told); diff != "" {
		t.Error(diff)
	}
	m := letter(t, 100)
	m.Size = 15000 // 20,000 as armor, and the header
	expect(t, r.Send(t.Context(), m), TooLarge)
	if s.heard("MAIL") {
		t.Error("the relay was told of a message that is larger than it takes")
	}
}
