package private_test

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"sealform/keys"
	"sealform/keys/private"
	"sealform/keys/private/privatetest"
)

const pw = "correct horse battery staple"

// clinic is two readers, a signer and those who believe it.
type clinic struct {
	dana, eve *private.Locked
	to        *keys.Recipients
	signer    *keys.Signer
	believed  *keys.Verifiers
}

func newClinic(t testing.TB) clinic {
	t.Helper()
	c := clinic{dana: privatetest.Key(t, "Dana <dana@clinic.example>", pw), eve: privatetest.Key(t, "Eve <eve@clinic.example>", pw)}
	c.to = privatetest.Recipients(t, c.dana, c.eve)
	c.signer, c.believed = privatetest.Signer(t)
	return c
}

func (c clinic) seal(t testing.TB, body []byte) keys.Sealed {
	t.Helper()
	s, err := c.to.Seal(keys.NewPlaintext(bytes.Clone(body)), c.signer, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestOpen(t *testing.T) {
	c := newClinic(t)
	for _, size := range []int{0, 1, 21, 22, 23, 1000, 32 << 10, 32<<10 + 1, 100 << 10, 3<<20 + 1} {
		body := random(t, size)
		sk, data := stream(t, c.to, c.signer, body)
		joined, err := keys.JoinSealed(sk, data)
		if err != nil {
			t.Fatal(err)
		}
		for way, sealed := range map[string]keys.Sealed{"whole": c.seal(t, body), "stream": joined} {
			for _, reader := range []*private.Locked{c.dana, c.eve} {
				u := privatetest.Unlocked(t, reader, pw)
				got, signer, err := u.Open(sealed, c.believed)
				if err != nil || !bytes.Equal(got.Reveal(), body) || signer != c.signer.Fingerprint() {
					t.Errorf("%s of %d bytes for %s: signed by %q, %v", way, size, reader.Fingerprint(), signer, err)
				}
			}
		}
	}
}

// fromLibrary makes messages to reader that we would not make.
func fromLibrary(t *testing.T, reader *private.Locked, config packet.Config, signers []*openpgp.Entity, body []byte) keys.Sealed {
	t.Helper()
	to, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(reader.Certificate()))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := openpgp.EncryptWithParams(&b, to, nil, &openpgp.EncryptParams{Config: &config, Signers: signers})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := keys.ParseSealed(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestErrorsDiffer: wrong key, damaged, unsigned and unsupported are told apart, and
// none gives plaintext.
func TestErrorsDiffer(t *testing.T) {
	c := newClinic(t)
	frank := privatetest.Key(t, "Frank <frank@clinic.example>", pw)
	stranger, strangers := privatetest.Signer(t)
	foreign, err := openpgp.NewEntity("Mallory", "", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	forged, err := c.to.Seal(keys.NewPlaintext([]byte("hello")), stranger, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	good := c.seal(t, []byte("hello"))
	aes256 := packet.Config{DefaultCipher: packet.CipherAES256}
	v2 := privatetestV2(t)
	for name, x := range map[string]struct {
		reader *private.Locked
		sealed keys.Sealed
		by     *keys.Verifiers
		want   error
	}{
		"another's key":        {frank, good, c.believed, private.ErrWrongKey},
		"stranger's signature": {c.dana, forged, c.believed, private.ErrUnsigned},
		"stranger believed":    {c.dana, forged, strangers, nil},
		"nobody believed":      {c.dana, good, nil, private.ErrUnsigned},
		"no signature":         {c.dana, fromLibrary(t, c.dana, aes256, nil, []byte("hello")), c.believed, private.ErrUnsigned},
		"foreign signature":    {c.dana, fromLibrary(t, c.dana, aes256, []*openpgp.Entity{foreign}, []byte("hello")), c.believed, private.ErrUnsigned},
		"compressed":           {c.dana, compressed(t, c.dana, []byte("hello")), c.believed, private.ErrUnsigned},
		"AES-128":              {c.dana, fromLibrary(t, c.dana, packet.Config{DefaultCipher: packet.CipherAES128}, nil, []byte("hello")), c.believed, private.ErrUnsupported},
		"SEIPDv2":              {c.dana, v2, c.believed, private.ErrUnsupported},
		"nothing":              {c.dana, keys.Sealed{}, c.believed, private.ErrUnsupported},
	} {
		u := privatetest.Unlocked(t, x.reader, pw)
		got, signer, err := u.Open(x.sealed, x.by)
		if !errors.Is(err, x.want) {
			t.Errorf("%s: %v, want %v", name, err, x.want)
		}
		if x.want != nil && (got.Reveal() != nil || signer != "") {
			t.Errorf("%s: an error and plaintext", name)
		}
	}
	u := privatetest.Unlocked(t, c.dana, pw)
	u.Wipe()
	if _, _, err := u.Open(good, c.believed); !errors.Is(err, private.ErrLocked) {
		t.Errorf("after Wipe: %v", err)
	}
}

// privatetestV2 is a message of a later profile, framed well.
func privatetestV2(t *testing.T) keys.Sealed {
	t.Helper()
	key := append([]byte{0xC1, 40, 6, 0}, make([]byte, 38)...)
	s, err := keys.JoinSealed([]keys.SessionKey{{Packet: key}}, append([]byte{0xD2, 100, 2}, make([]byte, 99)...))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestBomb: what would unpack to 64 MiB is refused without unpacking it.
func TestBomb(t *testing.T) {
	c := newClinic(t)
	bomb := compressed(t, c.dana, make([]byte, 64<<20))
	if len(bomb.Data()) > 1<<20 {
		t.Fatalf("the bomb has %d octets", len(bomb.Data()))
	}
	u := privatetest.Unlocked(t, c.dana, pw)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _, err := u.Open(bomb, c.believed)
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; !errors.Is(err, private.ErrUnsigned) || used > 2<<20 {
		t.Errorf("%v after %d bytes of memory", err, used)
	}
}

// compressed makes a message whose content is compressed.
func compressed(t *testing.T, reader *private.Locked, body []byte) keys.Sealed {
	t.Helper()
	var inside bytes.Buffer
	inner, err := packet.SerializeCompressed(unclosed{&inside}, packet.CompressionZLIB, &packet.CompressionConfig{Level: 9})
	if err != nil {
		t.Fatal(err)
	}
	literal, err := packet.SerializeLiteral(inner, true, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := literal.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := literal.Close(); err != nil {
		t.Fatal(err)
	}
	return around(t, reader, inside.Bytes())
}

type unclosed struct{ *bytes.Buffer }

func (unclosed) Close() error { return nil }

// around seals whatever is inside, with a check that holds: anybody with a public key can.
func around(t *testing.T, reader *private.Locked, inside []byte) keys.Sealed {
	t.Helper()
	to, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(reader.Certificate()))
	if err != nil {
		t.Fatal(err)
	}
	var sk, data bytes.Buffer
	key := random(t, 32)
	if err := packet.SerializeEncryptedKeyAEAD(&sk, to[0].Subkeys[0].PublicKey, packet.CipherAES256, false, key, nil); err != nil {
		t.Fatal(err)
	}
	config := &packet.Config{DefaultCipher: packet.CipherAES256}
	w, err := packet.SerializeSymmetricallyEncrypted(&data, packet.CipherAES256, false, packet.CipherSuite{}, key, config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(inside); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := keys.JoinSealed([]keys.SessionKey{{Packet: sk.Bytes()}}, data.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// reframed puts a cut or changed body back under a right length, as an attacker would.
func reframed(body []byte) []byte {
	n := len(body)
	return append([]byte{0xD2, 255, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, body...)
}

// TestDamageGivesNothing: defect g, reading with the library releases all plaintext of a
// damaged message before its error. Ours gives none, wherever it was changed or cut.
// covers CR05
func TestDamageGivesNothing(t *testing.T) {
	c := newClinic(t)
	u := privatetest.Unlocked(t, c.dana, pw)
	body := bytes.Repeat([]byte("CANARY"), 20000)
	good := c.seal(t, body)
	data := good.Data()
	if data[1] != 255 {
		t.Fatal("the message is too small for this test")
	}
	inner := data[6:]
	try := func(name string, sk []keys.SessionKey, data []byte, want ...error) {
		t.Helper()
		joined, err := keys.JoinSealed(sk, data)
		if err != nil {
			return // refused by its frame: nothing was decrypted
		}
		got, _, err := u.Open(joined, c.believed)
		if err == nil || got.Reveal() != nil {
			t.Fatalf("%s: opened", name)
		}
		if !oneOf(err, want) {
			t.Errorf("%s: %v", name, err)
		}
		var out bytes.Buffer
		checked, err := u.Check(sk, chunked(data, 4096), c.believed)
		if err == nil {
			_, _ = checked.WriteTo(&out)
			t.Fatalf("%s: checked, and gave %d bytes", name, out.Len())
		}
		if !oneOf(err, want) {
			t.Errorf("%s, checking: %v", name, err)
		}
	}
	flips := 0
	for at := 1; at < len(inner); at += 1000 {
		changed := bytes.Clone(inner)
		changed[at] ^= 1 << (at % 8)
		try(fmt.Sprintf("octet %d changed", at), good.SessionKeys(), reframed(changed), private.ErrDamaged)
		flips++
	}
	for at := len(inner) - 200; at < len(inner); at += 3 { // signature and check
		changed := bytes.Clone(inner)
		changed[at] ^= 0x80
		try(fmt.Sprintf("octet %d changed", at), good.SessionKeys(), reframed(changed), private.ErrDamaged)
	}
	for i := range 100 {
		cut := 41 + i*(len(inner)-42)/100
		try(fmt.Sprintf("cut to %d", cut), good.SessionKeys(), reframed(inner[:cut]), private.ErrDamaged)
		try(fmt.Sprintf("plainly cut to %d", cut), good.SessionKeys(), data[:cut], private.ErrDamaged)
	}
	try("lengthened", good.SessionKeys(), reframed(append(bytes.Clone(inner), 0)), private.ErrDamaged)
	try("version changed", good.SessionKeys(), reframed(append([]byte{2}, inner[1:]...)), private.ErrUnsupported)
	try("data of another message", good.SessionKeys(), c.seal(t, body).Data(), private.ErrDamaged)
	if flips < 100 {
		t.Errorf("only %d places changed", flips)
	}
	for at := range good.SessionKeys()[0].Packet {
		sk := keys.SessionKey{Packet: bytes.Clone(good.SessionKeys()[0].Packet)}
		sk.Packet[at] ^= 1
		joined, err := keys.JoinSealed([]keys.SessionKey{sk}, data)
		if err != nil {
			continue
		}
		got, _, err := u.Open(joined, c.believed)
		if err != nil && !oneOf(err, []error{private.ErrDamaged, private.ErrWrongKey, private.ErrUnsupported}) {
			t.Errorf("session key's octet %d changed: %v", at, err)
		}
		// A few bits of an encoded point mean nothing; the content is what was signed.
		if err == nil && !bytes.Equal(got.Reveal(), body) {
			t.Fatalf("session key's octet %d changed: opened to something else", at)
		}
	}
}

func oneOf(err error, want []error) bool {
	for _, w := range want {
		if errors.Is(err, w) {
			return true
		}
	}
	return false
}

// TestTooLarge: Open does not take more into memory than it says.
func TestTooLarge(t *testing.T) {
	c := newClinic(t)
	good := c.seal(t, []byte("x"))
	large, err := keys.JoinSealed(good.SessionKeys(), reframed(append([]byte{1}, make([]byte, private.MaxOpen)...)))
	if err != nil {
		t.Fatal(err)
	}
	u := privatetest.Unlocked(t, c.dana, pw)
	if _, _, err := u.Open(large, c.believed); !errors.Is(err, private.ErrTooLarge) {
		t.Error(err)
	}
}
