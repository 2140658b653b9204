package private

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"github.com/ProtonMail/go-crypto/openpgp/s2k"

	"sealform/keys"
	"sealform/keys/internal/packets"
	"sealform/keys/private/internal/cost"
)

// The ceiling on the cost of unlocking, as OpenPGP writes it. The floor is in package cost.
const (
	memoryCeiling = 20 // 1<<20 KiB
	passesCeiling = 16
	lanesCeiling  = 16
)

// atRest locks keys for our own storage.
func atRest() *packet.Config {
	price := cost.Current()
	return &packet.Config{
		DefaultCipher: packet.CipherAES256,
		AEADConfig:    &packet.AEADConfig{DefaultMode: packet.AEADModeOCB},
		S2KConfig: &s2k.Config{
			S2KMode: s2k.Argon2S2K,
			Argon2Config: &s2k.Argon2Config{
				NumberOfPasses:      price.Passes,
				DegreeOfParallelism: price.Lanes,
				Memory:              1 << price.MemoryExponent,
			},
		},
	}
}

// forExport locks keys so that every OpenPGP program can unlock them: the iterated S2K
// at its maximum, and CFB with a SHA-1 check (RFC 9580 §3.7.1.3, §3.7.2.1).
func forExport() *packet.Config {
	return &packet.Config{
		DefaultCipher: packet.CipherAES256,
		S2KConfig:     &s2k.Config{S2KMode: s2k.IteratedSaltedS2K, S2KCount: 65011712, Hash: crypto.SHA256},
	}
}

// lock is the protection of a secret key as its packet describes it: the usage octet, and the cost of Argon2id
// (RFC 9580 §5.5.3).
type lock struct {
	usage, passes, lanes, memory byte
}

const (
	usageAEAD = 253
	modeArgon = 4
	saltSize  = 16
)

// readLock finds the lock behind the public half of a packet. ok is false when there is
// no Argon2 lock to judge.
func readLock(k *packet.PrivateKey, p packets.Packet) (l lock, ok bool) {
	var public bytes.Buffer
	if err := k.PublicKey.Serialize(&public); err != nil {
		return l, false
	}
	head, err := packets.Split(public.Bytes())
	if err != nil || len(head) != 1 || len(p.Body) <= len(head[0].Body) {
		return l, false
	}
	rest := p.Body[len(head[0].Body):]
	// usage, cipher, [AEAD], mode, salt, passes, lanes, memory
	l.usage = rest[0]
	at := 2
	if l.usage == usageAEAD {
		at = 3
	}
	if len(rest) < at+1+saltSize+3 || l.usage < usageAEAD {
		return l, false
	}
	if rest[at] != modeArgon {
		return l, false
	}
	l.passes, l.lanes, l.memory = rest[at+1+saltSize], rest[at+2+saltSize], rest[at+3+saltSize]
	return l, true
}

// affordable says whether a lock can be opened without stalling the server.
func (l lock) affordable() bool {
	return l.memory <= memoryCeiling && l.passes <= passesCeiling && l.lanes <= lanesCeiling
}

// strong says whether a lock keeps to our floor.
func (l lock) strong() bool {
	floor := cost.Current()
	return l.usage == usageAEAD && l.memory >= floor.MemoryExponent && l.passes >= floor.Passes && l.lanes >= floor.Lanes
}

// checkLock refuses a secret key packet that is not locked as ours are. The packet must
// read back byte for byte, so that what was judged here is what the library will run.
func checkLock(p packets.Packet) error {
	k, err := readSecret(p)
	if err != nil {
		return ErrNotLocked
	}
	if k.Dummy() {
		return nil
	}
	var again bytes.Buffer
	if err := k.Serialize(&again); err != nil || !bytes.Equal(again.Bytes(), p.Raw) {
		return ErrNotLocked
	}
	l, ok := readLock(k, p)
	switch {
	case !k.Encrypted || !ok || !l.strong():
		return ErrWeakLock
	case !l.affordable():
		return ErrCostlyLock
	}
	return nil
}

// relock gives all packets with the secrets of unlocked under a new lock: one salt and
// one derived key for all of them. The secrets are gone from unlocked afterwards.
func relock(all []packets.Packet, unlocked map[int]*packet.PrivateKey, pw keys.Password, config *packet.Config) ([]byte, error) {
	var list []*packet.PrivateKey
	for i := range all {
		if k := unlocked[i]; k != nil {
			list = append(list, k)
			defer wipeSecret(k.PrivateKey) // locking only drops the reference
		}
	}
	var err error
	shielded(func() { err = packet.EncryptPrivateKeys(list, pw.Reveal(), config) })
	if err != nil {
		return nil, fmt.Errorf("locking a key: %w", err)
	}
	var buf bytes.Buffer
	for i, p := range all {
		k := unlocked[i]
		if k == nil {
			buf.Write(p.Raw)
			continue
		}
		if !k.Encrypted {
			return nil, errors.New("locking a key: a secret stayed open")
		}
		if err := k.Serialize(&buf); err != nil {
			return nil, fmt.Errorf("locking a key: %w", err)
		}
	}
	return buf.Bytes(), nil
}
