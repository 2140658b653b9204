package audit

import (
	"crypto/hmac"
	"errors"

	"sealform/internal/digest"
)

// KeySize is the length of a chain's key in bytes.
const KeySize = 32

// Chain signs and checks the entries of one service.
type Chain struct {
	key     []byte
	service string
}

// NewChain takes a key of KeySize bytes and the service id, which every MAC covers.
func NewChain(key []byte, service string) (*Chain, error) {
	if len(key) != KeySize {
		return nil, errors.New("the audit key must be 32 bytes long")
	}
	return &Chain{key: append([]byte(nil), key...), service: service}, nil
}

// Sign gives the MAC of e after an entry whose MAC was prev; the first entry's prev is
// all zero. It covers every property but the MAC itself, each with its length in front,
// so that no two entries encode alike.
func (c *Chain) Sign(prev [32]byte, e Entry) [32]byte {
	m := c.mac("sealform audit entry 1")
	m.Bytes(prev[:])
	m.Number(e.Seq)
	m.Number(e.At.UnixMilli())
	m.Text(e.Who)
	m.Text(e.From)
	m.Text(e.Act)
	m.Number(int64(len(e.About)))
	for _, about := range e.About {
		m.Text(about)
	}
	return [32]byte(m.Sum(nil))
}

// Fits tells whether e carries the MAC that Sign gives it after prev.
func (c *Chain) Fits(prev [32]byte, e Entry) bool {
	want := c.Sign(prev, e)
	return hmac.Equal(want[:], e.MAC[:])
}

// mac begins a MAC with its kind and the service.
func (c *Chain) mac(kind string) digest.Hash { return digest.MAC(c.key, kind, c.service) }
