package staff

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"sealform/internal/store"
)

// DeviceKeep is how long a browser in which somebody signed in whole keeps a mark of it. The mark opens nothing and
// replaces nothing: it only lets the same person's tries be counted apart, so that a stranger's failures, which slow down
// an account and an address, cannot keep the owner out (OWASP ASVS 6.3.1). It ends with the password it was made under.
const DeviceKeep = 90 * 24 * time.Hour

const deviceBytes = 8 + 16 + sha256.Size // time of making, nonce, MAC

func (s *Sessions) newDevice(a *store.Account) string {
	b := make([]byte, 24, deviceBytes)
	binary.BigEndian.PutUint64(b, uint64(s.Now().Unix())) //nolint:gosec // a time of this century
	_, _ = rand.Read(b[8:])                               // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(append(b, s.deviceMAC(a, b)...))
}

// knownDevice gives the name under which a browser's tries are counted, if it is one of this account's.
func (s *Sessions) knownDevice(a *store.Account, value string) (name string, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || len(b) != deviceBytes {
		return "", false
	}
	made := time.Unix(int64(binary.BigEndian.Uint64(b)), 0) //nolint:gosec // under a MAC
	if !hmac.Equal(b[24:], s.deviceMAC(a, b[:24])) || s.Now().Sub(made) > DeviceKeep {
		return "", false
	}
	return string(b[8:24]), true
}

func (s *Sessions) deviceMAC(a *store.Account, b []byte) []byte {
	m := s.mac("viewer-device", "sealform device 1\x00%s\x00%d\x00%s\x00%s", s.Service, a.ID, a.Password, b)
	return m[:]
}
