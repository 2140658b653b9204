package keys_test

import (
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"sealform/keys"
)

// Each user id counts that the key itself has signed and not taken back; what stands beside the address does not.
func TestNames(t *testing.T) {
	e := entity(t, profile(nil))
	for _, id := range [][2]string{{"", "Forms@clinic.example"}, {"boss@clinic.example", "sam@clinic.example"}, {"Dana", "old@clinic.example"}} {
		if err := e.AddUserId(id[0], "", id[1], profile(nil)); err != nil {
			t.Fatal(err)
		}
	}
	takeBack(t, e, "Dana <old@clinic.example>")
	borrowed := entity(t, profile(nil))
	if err := borrowed.AddUserId("", "", "lent@clinic.example", profile(nil)); err != nil {
		t.Fatal(err)
	}
	e.Identities["<lent@clinic.example>"] = borrowed.Identities["<lent@clinic.example>"] // signed by another key
	cert, err := keys.ParseCertificate(public(t, e), today)
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{
		"dana@x": true, "DANA@X": true, "forms@clinic.example": true, "sam@clinic.example": true,
		"boss@clinic.example": false, "old@clinic.example": false, "lent@clinic.example": false, "Dana": false, "": false, "x": false,
	} {
		if cert.Names(address, today) != want {
			t.Errorf("%q: named %t", address, !want)
		}
	}
}

// takeBack revokes a user id.
func takeBack(t *testing.T, e *openpgp.Entity, id string) {
	t.Helper()
	sig := &packet.Signature{
		Version: e.PrimaryKey.Version, SigType: packet.SigTypeCertificationRevocation, PubKeyAlgo: e.PrimaryKey.PubKeyAlgo,
		Hash: profile(nil).Hash(), CreationTime: made.Add(time.Hour), IssuerKeyId: &e.PrimaryKey.KeyId,
	}
	if err := sig.SignUserId(id, e.PrimaryKey, e.PrivateKey, profile(nil)); err != nil {
		t.Fatal(err)
	}
	e.Identities[id].Revocations = append(e.Identities[id].Revocations, packet.NewVerifiableSig(sig))
}
