package private

import "github.com/ProtonMail/go-crypto/openpgp/ecdh"

// Held is how many keys v holds, past their end or not.
func Held(v *Vault) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.held)
}

// Copies gives the memory in which v holds each session's key.
func Copies(v *Vault) map[string][]byte {
	v.mu.Lock()
	defer v.mu.Unlock()
	all := map[string][]byte{}
	for session, h := range v.held {
		all[session] = h.sealed
	}
	return all
}

// Memory gives the memory of u's secret itself.
func Memory(u *Unlocked) []byte { return u.keys[0].PrivateKey.(*ecdh.PrivateKey).D }

// Scalar gives u's secret as it is written.
func Scalar(u *Unlocked) []byte { return u.keys[0].PrivateKey.(*ecdh.PrivateKey).MarshalByteSecret() }
