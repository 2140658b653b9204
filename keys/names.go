package keys

import (
	"bytes"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// Names says whether one of the certificate's user ids, signed by its own key and not revoked at that time, is of that
// mail address: alone, or in angle brackets behind a name. Capitals make no difference. A version 6 certificate without
// user ids names nobody.
func (c *Certificate) Names(address string, at time.Time) bool {
	entity, err := openpgp.ReadEntity(packet.NewReader(bytes.NewReader(c.raw)))
	if err != nil {
		return false
	}
	for _, id := range entity.Identities {
		if !strings.EqualFold(addressOf(id.Name), address) {
			continue
		}
		if _, err := id.Verify(at, policy); err == nil {
			return true
		}
	}
	return false
}

// addressOf is the mail address of a user id.
func addressOf(userID string) string {
	if open := strings.LastIndexByte(userID, '<'); open >= 0 && strings.HasSuffix(userID, ">") {
		return userID[open+1 : len(userID)-1]
	}
	return userID
}
