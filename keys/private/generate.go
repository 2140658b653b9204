package private

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"sealform/keys"
	"sealform/keys/internal/packets"
)

// Generate makes a key of the profile every OpenPGP program reads: version 4, Ed25519
// primary key, one Curve25519 encryption subkey, no end. userID is a name, a mail
// address in angle brackets, or both: "Dana <dana@clinic.example>".
func Generate(userID string, pw keys.Password, at time.Time) (*Locked, error) {
	if len(pw.Reveal()) == 0 {
		return nil, errors.New("a key needs a password")
	}
	name, mail, err := splitUserID(userID)
	if err != nil {
		return nil, err
	}
	config := &packet.Config{
		Algorithm:     packet.PubKeyAlgoEdDSA,
		Curve:         packet.Curve25519,
		DefaultCipher: packet.CipherAES256,
		Time:          func() time.Time { return at },
	}
	entity, err := openpgp.NewEntity(name, "", mail, config)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	var open bytes.Buffer
	open.Grow(4 << 10)
	defer func() { clear(open.Bytes()) }()
	if err := entity.SerializePrivateWithoutSigning(&open, config); err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	all, err := packets.Split(open.Bytes())
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	return lockAll(all, keys.Password{}, pw)
}

// splitUserID takes "Name <mail>" apart; a name or an address may stand alone, and neither may hold brackets or control
// characters.
func splitUserID(userID string) (name, mail string, err error) {
	bad := errors.New(`a key's user id is a name and a mail address, such as "Dana <dana@clinic.example>"`)
	if userID == "" || len(userID) > 200 || !utf8.ValidString(userID) || strings.ContainsFunc(userID, unicode.IsControl) {
		return "", "", bad
	}
	name, mail, found := strings.Cut(userID, "<")
	if found {
		mail, found = strings.CutSuffix(mail, ">")
		if !found || mail == "" {
			return "", "", bad
		}
	}
	name = strings.TrimSpace(name)
	if strings.ContainsAny(name+mail, "()<>") {
		return "", "", bad
	}
	return name, mail, nil
}

// lockAll opens every secret in all with old, where it is locked, and locks it with pw
// as keys are locked at rest.
func lockAll(all []packets.Packet, old, pw keys.Password) (*Locked, error) {
	unlocked, err := unlockAll(all, old)
	if err != nil {
		return nil, err
	}
	raw, err := relock(all, unlocked, pw, atRest())
	if err != nil {
		return nil, err
	}
	return ParseLocked(raw)
}

// unlockAll decrypts every secret key packet but stubs, whose secret is elsewhere.
func unlockAll(all []packets.Packet, pw keys.Password) (map[int]*packet.PrivateKey, error) {
	unlocked := map[int]*packet.PrivateKey{}
	fail := func(err error) (map[int]*packet.PrivateKey, error) {
		for _, k := range unlocked {
			wipeKey(k)
		}
		return nil, err
	}
	for i, p := range all {
		if !secret(p) {
			continue
		}
		k, err := readSecret(p)
		if err != nil {
			return fail(err)
		}
		if k.Dummy() {
			continue
		}
		if l, ok := readLock(k, p); ok && !l.affordable() {
			return fail(ErrCostlyLock)
		}
		if k.Encrypted {
			if err := decrypt(k, pw); err != nil {
				return fail(err)
			}
		}
		unlocked[i] = k
	}
	return unlocked, nil
}
