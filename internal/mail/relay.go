package mail

import (
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

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
	Pins       [][32]byte     // SHA-256 of the public keys (SubjectPublicKeyInfo) that its certificate may have; nil: any that Roots vouch for
	Bounces    string         // envelope sender, where bounces go; "": that of the message
	DKIM       *DKIM          // nil: the relay signs, or nobody does

	// How long one step may take (RFC 5321 §4.5.3.2). DataEnd is long because a relay that has the message may be
	// busy with it, and giving up then makes a duplicate.
	Dial    time.Duration // connection and TLS handshake; 0: 30 s
	Command time.Duration // greeting, each command, each block of data; 0: 2 min
	DataEnd time.Duration // the answer to the final dot; 0: 10 min
}

// DKIM signs what goes out (RFC 6376): for the sender's domain, with an Ed25519 or RSA key.
type DKIM struct {
	Domain   string
	Selector string
	Key      crypto.Signer
}

// Offer is what the relay said of itself under TLS.
type Offer struct {
	Size    int64  // largest message (RFC 1870); 0: it names none
	Version string // of TLS
}

// Probe signs in and leaves again.
func (r *Relay) Probe(ctx context.Context) (Offer, error) { panic("contract") }

// Note hands a letter over, as Send does a message.
func (r *Relay) Note(ctx context.Context, n *Note) error { panic("contract") }

// Close ends connections that wait for the next message.
func (r *Relay) Close() {}

// Relay sends messages, each on a connection of its own. It may be used by several goroutines at once.
type Relay struct {
	config RelayConfig
	tls    *tls.Config
}

// NewRelay finds faults of the configuration; it calls nobody.
func NewRelay(c RelayConfig) (*Relay, error) {
	host, _, err := net.SplitHostPort(c.Address)
	if err != nil || host == "" {
		return nil, errors.New("the mail relay's address is not host:port")
	}
	if c.Mode != StartTLS && c.Mode != ImplicitTLS {
		return nil, errors.New("the mail relay needs a mode: starttls or tls")
	}
	if c.ServerName == "" {
		c.ServerName = host
	}
	if c.Hello == "" {
		c.Hello = "localhost"
	}
	if !domain.MatchString(c.Hello) {
		return nil, fmt.Errorf("the name to greet the mail relay with is not a host name")
	}
	c.Dial = orElse(c.Dial, 30*time.Second)
	c.Command = orElse(c.Command, 2*time.Minute)
	c.DataEnd = orElse(c.DataEnd, 10*time.Minute)
	return &Relay{c, &tls.Config{ServerName: c.ServerName, RootCAs: c.Roots, MinVersion: tls.VersionTLS12}}, nil
}

func orElse(d, otherwise time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}
