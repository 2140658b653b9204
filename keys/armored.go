package keys

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/ProtonMail/go-crypto/openpgp/armor"

	"sealform/keys/internal/packets"
)

// ParseArmored reads a sealed message in ASCII armor (RFC 9580 §6), as ArmorWriter or gpg writes it, with the checks of
// ParseSealed. What stands before and after the armor is ignored, so that a whole mail can be given.
func ParseArmored(b []byte) (Sealed, error) {
	block, err := armor.Decode(bytes.NewReader(b))
	if err != nil {
		return Sealed{}, fmt.Errorf("reading the armor: %w", err)
	}
	if block.Type != packets.ArmorMessage {
		return Sealed{}, errors.New("the armor holds something else than a message")
	}
	raw, err := io.ReadAll(block.Body)
	if err != nil {
		return Sealed{}, fmt.Errorf("reading the armor: %w", err)
	}
	return ParseSealed(raw)
}
