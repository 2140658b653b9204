package keys

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"sealform/keys/internal/packets"
)

const (
	modernChunk = 16 << 10 // octets sealed at a time, and what a reader must hold before it is verified
	modernBlock = 1 << 10  // the content's length is a multiple of this
)

// NewModern gives a Sealer in the profile "modern", which an operator chooses for an address whose program reads it:
// version 6 session keys and SEIPDv2 with AES-256 (RFC 9580 §5.13.2) in chunks of 16 KiB, OCB, or GCM where every
// certificate lists it; padded to whole KiB (§5.14), while hiding more of a length is left to what is sealed: mail's
// content is padded already, up to what its relay takes. Inside is the same version 4 signature as ever. It takes
// version 6 certificates, and version 4 ones that announce SEIPDv2 (§5.2.3.32); another one is a *Refusal. GnuPG,
// Thunderbird and older Sequoia do not read what it seals.
func NewModern(by *Signer, certs ...*Certificate) (Sealer, error) {
	if by == nil {
		return nil, errors.New("sealing needs a signer")
	}
	r, err := gather(certs)
	if err != nil {
		return nil, err
	}
	m := modern{signed: signed{r, by}, mode: packet.AEADModeGCM}
	for _, c := range r.certs {
		if !c.announces {
			return nil, c.refuse(Exactly(ErrUnsupported, "does not announce that its program reads the profile modern (SEIPDv2)"), quietMend(c.version))
		}
		if !c.listsGCM {
			// OCB is the mode that every one of them must read (RFC 9580 §9.6).
			m.mode = packet.AEADModeOCB
		}
	}
	return m, nil
}

func quietMend(version int) string {
	if version == 4 {
		return "Take profile: modern off this address; the usual profile works with this key."
	}
	return "Ask its owner to export it again from a program that reads SEIPDv2, or for a version 4 key."
}

type modern struct {
	signed
	mode packet.AEADMode
}

// SealMail implements Sealer.
func (m modern) SealMail(at time.Time, write func(io.Writer) error) (SealedStream, error) {
	return m.stream(6, m.by, at, write, func(w io.Writer, key []byte) error {
		return m.seal(w, key, at, write)
	})
}

// seal writes the data packet as it comes.
func (m modern) seal(w io.Writer, key []byte, at time.Time, write func(io.Writer) error) error {
	config := &packet.Config{AEADConfig: &packet.AEADConfig{DefaultMode: m.mode, ChunkSize: modernChunk}}
	suite := packet.CipherSuite{Cipher: packet.CipherAES256, Mode: m.mode}
	data, err := packet.SerializeSymmetricallyEncrypted(w, suite.Cipher, true, suite, key, config)
	if err != nil {
		return fmt.Errorf("sealing: %w", err)
	}
	d := &chunks{w: data}
	if err := signedContent(d, m.by, at, write); err != nil {
		return err
	}
	d.pad()
	if d.err != nil {
		return d.err
	}
	return data.Close() //nolint:wrapcheck // the target's error stays what it is
}

// chunks is where the content of a modern message goes.
type chunks struct {
	w   io.Writer
	n   int64
	err error // the first one of w
}

func (c *chunks) add(p []byte) {
	if c.err == nil {
		_, c.err = c.w.Write(p)
		c.n += int64(len(p))
	}
}

func (c *chunks) failed() error { return c.err }

// pad fills the content up with a padding packet (RFC 9580 §5.14), whose own length is always written in full.
func (c *chunks) pad() {
	n := (modernBlock - (c.n+packets.MaxHeader)%modernBlock) % modernBlock
	random := make([]byte, n)
	_, _ = rand.Read(random)                                                   // never fails (crypto/rand)
	c.add([]byte{0xC0 | packets.TagPadding, 255, 0, 0, byte(n >> 8), byte(n)}) //nolint:gosec // n is below a block
	c.add(random)
}
