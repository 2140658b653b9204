package private_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"sealform/keys"
	"sealform/keys/private"
	"sealform/keys/private/privatetest"
)

// TestImportRefusesVersion6: a key that a mailed address may have, in the profile "modern", cannot be a reader here.
func TestImportRefusesVersion6(t *testing.T) {
	e, err := openpgp.NewEntity("Dana", "", "dana@x", &packet.Config{
		Algorithm: packet.PubKeyAlgoEd25519, V6Keys: true, AEADConfig: &packet.AEADConfig{},
		Time: func() time.Time { return privatetest.Born },
	})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := e.SerializePrivateWithoutSigning(&b, nil); err != nil {
		t.Fatal(err)
	}
	if l, err := private.Import(b.Bytes(), keys.Password{}, password(pw), time.Now()); l != nil || !errors.Is(err, keys.ErrUnsupported) {
		t.Errorf("a version 6 key: %v", err)
	}
}
