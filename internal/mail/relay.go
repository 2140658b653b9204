package mail

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	"sealform/internal/address"
	"sealform/keys"
)

// Mode says when TLS begins. There is no mode without it.
type Mode uint8

const (
	// StartTLS begins in clear, asks for STARTTLS (RFC 3207) and goes away if it is not offered. Usually port 587.
	StartTLS Mode = iota + 1
	// ImplicitTLS speaks TLS from the first byte (RFC 8314 §3.3). Usually port 465.
	ImplicitTLS
)

// RelayConfig says where messages go. The zero value of each optional field is named with it.
type RelayConfig struct {
	Address    string         // host:port of the operator's relay
	Mode       Mode           // required
	ServerName string         // name its certificate must have; "": the host of Address
	Roots      *x509.CertPool // who may vouch for it; nil: the system's authorities
	Hello      string         // what we call ourselves; "": "localhost". Never the machine's own name
	User       string         // "": no sign-in
	Password   keys.Password  // of User; sent under TLS only
	// Pins are SHA-256 sums of public keys (SubjectPublicKeyInfo): besides all else, one must be the relay's key or that
	// of an authority above it. nil: any that Roots vouch for.
	Pins    [][32]byte
	Bounces string // envelope sender, where bounces go; "": the sender of the message
	DKIM    *DKIM  // nil: the relay signs, or nobody does
	// Sized is told the largest message that the relay takes (RFC 1870; 0: it names none), in the first session and
	// whenever a session says something else than the last. Sending waits for it; two calls never overlap. nil: nobody.
	Sized func(int64)

	// How long one step may take (RFC 5321 §4.5.3.2). DataEnd is long because a relay that has the message may be
	// busy with it, and giving up then makes a duplicate.
	Dial    time.Duration // connection and TLS handshake; 0: 30 s
	Command time.Duration // greeting, each command, each block of data; 0: 2 min
	DataEnd time.Duration // the answer to the final dot; 0: 10 min
}

// Relay sends messages. It may be used by several goroutines at once; each message has a connection for itself, which
// is then kept for the next one.
type Relay struct {
	config  RelayConfig
	tls     *tls.Config
	dialer  net.Dialer
	resting time.Duration // how long a connection is kept

	mu     sync.Mutex
	idle   []*talk // newest last
	closed bool

	sizeMu sync.Mutex // held while Sized is called
	size   int64      // as the last session had it; -1: none did
}

// NewRelay finds faults of the configuration; it calls nobody.
func NewRelay(c RelayConfig) (*Relay, error) {
	host, _, err := net.SplitHostPort(c.Address)
	if err != nil || host == "" {
		return nil, errors.New("the mail relay's address is not host:port")
	}
	c.ServerName, c.Hello = cmp.Or(c.ServerName, host), cmp.Or(c.Hello, "localhost")
	if err := c.check(); err != nil {
		return nil, err
	}
	c.Dial = cmp.Or(c.Dial, 30*time.Second)
	c.Command = cmp.Or(c.Command, 2*time.Minute)
	c.DataEnd = cmp.Or(c.DataEnd, 10*time.Minute)
	r := &Relay{config: c, resting: mostRest, size: -1}
	r.tls = &tls.Config{
		ServerName: c.ServerName, RootCAs: c.Roots, MinVersion: tls.VersionTLS12,
		ClientSessionCache: tls.NewLRUClientSessionCache(8), VerifyConnection: r.pinned,
	}
	return r, nil
}

func (c *RelayConfig) check() error {
	if c.Mode != StartTLS && c.Mode != ImplicitTLS {
		return errors.New("the mail relay needs a mode: starttls or tls")
	}
	if !domain.MatchString(c.Hello) {
		return errors.New("the name to greet the mail relay with is not a host name")
	}
	if c.Bounces != "" && address.Check(c.Bounces) != nil {
		return errors.New("the address for bounces is not a plain mail address")
	}
	if c.DKIM != nil {
		return c.DKIM.check()
	}
	return nil
}

var errPin = errors.New("none of the relay's keys is pinned")

// pinned is asked after the certificate was found good, in resumed sessions too: the key of the relay, or that of an
// authority in a chain that leads to it, must be one of Pins.
func (r *Relay) pinned(s tls.ConnectionState) error {
	if len(r.config.Pins) == 0 {
		return nil
	}
	for _, chain := range s.VerifiedChains {
		for _, c := range chain {
			if slices.Contains(r.config.Pins, sha256.Sum256(c.RawSubjectPublicKeyInfo)) {
				return nil
			}
		}
	}
	return errPin
}

// Offer is the size of message that the relay announced under TLS, and the version of TLS agreed with it.
type Offer struct {
	Size    int64  // largest message (RFC 1870); 0: it names none
	Version string // of TLS, such as "TLS 1.3"
}

// Probe connects, signs in, and leaves again. Its errors are those of Send.
func (r *Relay) Probe(ctx context.Context) (Offer, error) {
	t, err := r.open(ctx)
	if err != nil {
		return Offer{}, err
	}
	defer t.leave()
	state, err := t.client.GetTLSConnectionState()
	if err != nil {
		return Offer{}, &Error{Code: BadTLS, Step: stepAuth, cause: err}
	}
	return Offer{Size: t.limit(), Version: tls.VersionName(state.Version)}, nil
}
