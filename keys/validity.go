package keys

import (
	"slices"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// encryptionKey is one key of a certificate that can receive, and when.
type encryptionKey struct {
	public      *packet.PublicKey
	from, until time.Time // until zero: never ends
}

// policy is the library's setting for verifying self-signatures: the least RSA key.
var policy = &packet.Config{MinRSABits: minRSABits}

const (
	minRSABits = 3072
	maxRSABits = 8192 // beyond this a key is a way to keep the server busy
)

// readPrimary checks the primary key and its user id and notes how long they hold.
func (c *Certificate) readPrimary(e *openpgp.Entity, now time.Time) error {
	self := c.selfSignature(e, now)
	if self == nil {
		// Without a date the library ignores times: so the times will be what is wrong.
		self = c.selfSignature(e, time.Time{})
	}
	if self == nil {
		return &Refusal{Key: nameKey("", c.fingerprint), Reason: Exactly(ErrNotCertificate, "carries no valid signature of its own"), Mend: mendExport}
	}
	if revoked(e) {
		return c.refuse(ErrRevoked, mendWithdraw)
	}
	if reason := strength(e.PrimaryKey); reason != nil {
		return c.refuse(reason, mendReplace) // its signatures can be forged
	}
	c.announces = self.SEIPDv2
	c.listsGCM = slices.Contains(self.PreferredCipherSuites, [2]uint8{uint8(packet.CipherAES256), uint8(packet.AEADModeGCM)})
	c.from = later(e.PrimaryKey.CreationTime, self.CreationTime)
	c.until = sooner(ends(e.PrimaryKey.CreationTime, self.KeyLifetimeSecs), ends(self.CreationTime, self.SigLifetimeSecs))
	if direct, err := e.LatestValidDirectSignature(now, policy); err == nil {
		c.until = sooner(c.until, ends(e.PrimaryKey.CreationTime, direct.KeyLifetimeSecs))
	}
	if flagged(self) && sealable(e.PrimaryKey) == nil {
		c.encryption = append(c.encryption, encryptionKey{e.PrimaryKey, c.from, c.until})
	}
	return nil
}

// selfSignature finds the signature that speaks for the whole key, and the name: in version 4 that of the primary user
// id, in version 6 a direct one, beside which a user id is only a name and may be missing (RFC 9580 §10.1.1).
func (c *Certificate) selfSignature(e *openpgp.Entity, at time.Time) *packet.Signature {
	self, identity := e.PrimaryIdentity(at, policy)
	if identity != nil {
		c.userID = identity.Name
	}
	if c.version != 6 {
		return self
	}
	direct, err := e.LatestValidDirectSignature(at, policy)
	if err != nil {
		return nil
	}
	return direct
}

// revoked takes every revocation that verifies, whatever its date and reason says: a
// key that was withdrawn once must not receive because a clock is wrong.
func revoked(e *openpgp.Entity) bool {
	return slices.ContainsFunc(e.Revocations, func(r *packet.VerifiableSignature) bool {
		return e.PrimaryKey.VerifyRevocationSignature(r.Packet) == nil
	})
}

// readSubkeys collects the subkeys that can receive, newest first, and the primary key
// after them; refusing when there is none, with the reason that comes nearest.
func (c *Certificate) readSubkeys(e *openpgp.Entity) error {
	refusal := c.refuse(ErrNoEncryption, mendSubkey)
	var found []encryptionKey
	for i := range e.Subkeys {
		s := &e.Subkeys[i]
		binding, err := s.LatestValidBindingSignature(time.Time{}, policy)
		if err != nil || !flagged(binding) {
			continue
		}
		if s.Revoked(binding, time.Time{}) {
			refusal = c.refuse(Exactly(ErrRevoked, "has only encryption keys that have been revoked"), mendSubkey)
			continue
		}
		reason := sealable(s.PublicKey)
		if s.PublicKey.Version != c.version {
			reason = Exactly(ErrUnsupported, "has an encryption key of another version than its own")
		}
		if reason != nil {
			refusal = c.refuse(reason, mendReplace)
			continue
		}
		found = append(found, encryptionKey{
			public: s.PublicKey,
			from:   later(s.PublicKey.CreationTime, binding.CreationTime),
			until:  sooner(ends(s.PublicKey.CreationTime, binding.KeyLifetimeSecs), ends(binding.CreationTime, binding.SigLifetimeSecs)),
		})
	}
	slices.SortStableFunc(found, func(a, b encryptionKey) int {
		return b.public.CreationTime.Compare(a.public.CreationTime)
	})
	c.encryption = append(found, c.encryption...)
	if len(c.encryption) == 0 {
		return refusal
	}
	return nil
}

// Expires says when the certificate ends for sealing: the primary key, or the last of
// its encryption keys. Zero: never.
func (c *Certificate) Expires() time.Time {
	var last time.Time
	for _, k := range c.encryption {
		if k.until.IsZero() {
			return c.until
		}
		last = later(last, k.until)
	}
	return sooner(last, c.until)
}

// Usable says whether the certificate can receive at that time: nil or *Refusal. It
// only compares times.
func (c *Certificate) Usable(now time.Time) error {
	_, err := c.receiving(now)
	return err
}

// receiving is the key to seal to at that time: the newest valid encryption subkey.
func (c *Certificate) receiving(now time.Time) (*packet.PublicKey, error) {
	if now.Before(c.from) {
		return nil, c.early(c.from)
	}
	if over(c.until, now) {
		return nil, c.refuse(expiredOn(c.until), mendExtend)
	}
	for _, k := range c.encryption {
		if !now.Before(k.from) && !over(k.until, now) {
			return k.public, nil
		}
	}
	if end := c.Expires(); over(end, now) {
		return nil, c.refuse(expiredOn(end), mendExtend)
	}
	return nil, c.early(c.encryption[0].from)
}

func (c *Certificate) early(from time.Time) error {
	return c.refuse(Exactly(ErrNotYetValid, "is valid only from %s on", from.UTC().Format(time.RFC3339)),
		"Check this computer's clock and the clock of the computer that made the key.")
}

// flagged says whether a self-signature allows encryption (RFC 9580 §5.2.3.29).
func flagged(s *packet.Signature) bool {
	return s.FlagsValid && (s.FlagEncryptCommunications || s.FlagEncryptStorage)
}

// ends is the end of a lifetime in seconds; zero when there is none.
func ends(start time.Time, seconds *uint32) time.Time {
	if seconds == nil || *seconds == 0 {
		return time.Time{}
	}
	return start.Add(time.Duration(*seconds) * time.Second)
}

func over(end, now time.Time) bool { return !end.IsZero() && !now.Before(end) }

func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
