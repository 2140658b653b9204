package mail

import (
	"context"
	"crypto/tls"
)

// Offer is what the relay said of itself under TLS.
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
