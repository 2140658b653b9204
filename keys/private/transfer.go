package private

import (
	"bytes"
	"errors"
	"time"

	"sealform/keys"
	"sealform/keys/internal/packets"
)

// Import takes a private key that another program exported, armored or binary, opens it
// with its old password, and locks it with pw as our own are. Its public half must be
// one that can receive at that time (*keys.Refusal otherwise). A primary key whose
// secret is elsewhere (an offline key or a card) stays so; the encryption key's secret
// must be there. ErrNotPrivate, ErrWrongPassword.
func Import(b []byte, old, pw keys.Password, now time.Time) (*Locked, error) {
	if len(pw.Reveal()) == 0 {
		return nil, errors.New("a key needs a password")
	}
	all, err := readPrivate(b)
	if err != nil {
		return nil, err
	}
	public, err := publicHalf(all)
	if err != nil {
		return nil, err
	}
	certificate, err := keys.ParseCertificate(public, now)
	if err != nil {
		return nil, err
	}
	if _, err := keys.NewRecipients(certificate); err != nil {
		return nil, err // a reader here must be one that the store can be sealed to
	}
	return lockAll(all, old, pw)
}

// readPrivate takes the armor off and wants exactly one private key.
func readPrivate(b []byte) ([]packets.Packet, error) {
	if len(b) > maxLocked {
		return nil, ErrNotPrivate
	}
	if packets.Armored(b) {
		kind, body, err := packets.Dearmor(b)
		if err != nil || kind != packets.ArmorPrivateKey {
			return nil, ErrNotPrivate
		}
		b = body
	}
	all, err := packets.Split(bytes.Clone(b))
	if err != nil || len(all) == 0 || all[0].Tag != packets.TagSecretKey {
		return nil, ErrNotPrivate
	}
	for _, p := range all[1:] {
		if p.Tag == packets.TagSecretKey || p.Tag == packets.TagPublicKey {
			return nil, ErrNotPrivate
		}
	}
	return all, nil
}

// Export gives the whole key, primary and subkeys, armored and under exportPw, for
// another program: gpg, sq and Thunderbird import it. Its lock (iterated S2K) is cheaper
// to guess against than ours, so exportPw should be a generated one. Runs Argon2id once
// for each secret, usually twice.
func (l *Locked) Export(pw, exportPw keys.Password) ([]byte, error) {
	if len(exportPw.Reveal()) == 0 {
		return nil, errors.New("an exported key needs a password")
	}
	unlocked, err := unlockAll(l.packets, pw)
	if err != nil {
		return nil, err
	}
	raw, err := relock(l.packets, unlocked, exportPw, forExport())
	if err != nil {
		return nil, err
	}
	return packets.Armor(packets.ArmorPrivateKey, raw), nil
}
