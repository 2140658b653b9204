package keys_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"sealform/keys"
)

// parts are a good message's pieces, to be put together wrongly.
type parts struct{ key, key6, data, data6 []byte }

func goodParts(t testing.TB) parts {
	t.Helper()
	s, err := recipients(t, entity(t, profile(nil))).Seal(keys.NewPlaintext(make([]byte, 900)), signer(t), today)
	if err != nil {
		t.Fatal(err)
	}
	p := parts{key: s.SessionKeys()[0].Packet, data: s.Data()}
	p.key6, p.data6 = version6(t)
	return p
}

// version6 is a message of a later profile: PKESK v6 and SEIPDv2.
func version6(t testing.TB) (key, data []byte) {
	t.Helper()
	e := entity(t, profile(func(c *packet.Config) {
		c.Algorithm, c.AEADConfig = packet.PubKeyAlgoEd25519, &packet.AEADConfig{DefaultMode: packet.AEADModeOCB}
	}))
	var esk, seipd bytes.Buffer
	w, err := openpgp.EncryptWithParams(&seipd, []*openpgp.Entity{e}, nil, &openpgp.EncryptParams{
		KeyWriter: &esk,
		Config:    &packet.Config{DefaultCipher: packet.CipherAES256, AEADConfig: &packet.AEADConfig{DefaultMode: packet.AEADModeOCB}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return esk.Bytes(), seipd.Bytes()
}

func join(all ...[]byte) []byte { return bytes.Join(all, nil) }

func repeat(b []byte, n int) []byte { return bytes.Repeat(b, n) }

// hostile are messages that must be refused, by what is wrong with them.
func hostile(p parts) map[string][]byte {
	old := append([]byte{0x80 | 18<<2 | 2, 0, 0, 0, byte(len(p.data) - 3)}, p.data[3:]...)
	return map[string][]byte{
		"empty":                       {},
		"text":                        []byte("hello, this is no message"),
		"armor":                       []byte("-----BEGIN PGP MESSAGE-----\n\nhQ==\n-----END PGP MESSAGE-----\n"),
		"no session key":              p.data,
		"no data":                     p.key,
		"65 session keys":             join(repeat(p.key, 65), p.data),
		"data twice":                  join(p.key, p.data, p.data),
		"session key after the data":  join(p.key, p.data, p.key),
		"one octet after":             join(p.key, p.data, []byte{0}),
		"one octet short":             join(p.key, p.data[:len(p.data)-1]),
		"password session key":        join([]byte{0xC3, 13, 4, 9, 3, 8, 1, 2, 3, 4, 5, 6, 7, 8, 255}, p.data),
		"password session key after":  join(p.key, []byte{0xC3, 13, 4, 9, 3, 8, 1, 2, 3, 4, 5, 6, 7, 8, 255}, p.data),
		"marker":                      join([]byte{0xCA, 3, 'P', 'G', 'P'}, p.key, p.data),
		"marker between":              join(p.key, []byte{0xCA, 3, 'P', 'G', 'P'}, p.data),
		"literal":                     {0xCB, 8, 'b', 0, 0, 0, 0, 0, 'h', 'i'},
		"literal after session key":   join(p.key, []byte{0xCB, 8, 'b', 0, 0, 0, 0, 0, 'h', 'i'}),
		"compressed":                  join(p.key, []byte{0xC8, 3, 1, 3, 0}),
		"data without a check":        join(p.key, []byte{0xC9, 60}, make([]byte, 60)),
		"GnuPG's own AEAD":            join(p.key, []byte{0xD4, 60}, make([]byte, 60)),
		"old format data":             join(p.key, old),
		"old format, no length":       join(p.key, []byte{0x80 | 18<<2 | 3}, p.data[3:]),
		"old format session key":      join([]byte{0x84, byte(len(p.key) - 2)}, p.key[2:], p.data),
		"session key in pieces":       join([]byte{0xC1, 0xE9}, make([]byte, 512), []byte{0}, p.data),
		"session key empty":           join([]byte{0xC1, 0}, p.data),
		"session key version 2":       join([]byte{0xC1, 20, 2}, make([]byte, 19), p.data),
		"session key huge":            join([]byte{0xC1, 255, 0, 0, 0x20, 0, 3}, make([]byte, 0x1FFF), p.data),
		"session key longer than all": join([]byte{0xC1, 255, 255, 255, 255, 255}, p.data),
		"data longer than all":        join(p.key, []byte{0xD2, 255, 255, 255, 255, 255, 1}, make([]byte, 100)),
		"data too short":              join(p.key, []byte{0xD2, 40, 1}, make([]byte, 39)),
		"data empty":                  join(p.key, []byte{0xD2, 0}),
		"data version 3":              join(p.key, []byte{0xD2, 60, 3}, make([]byte, 59)),
		"data version 0":              join(p.key, []byte{0xD2, 60, 0}, make([]byte, 59)),
		"first piece too short":       join(p.key, []byte{0xD2, 0xE6, 1}, make([]byte, 63), []byte{60}, make([]byte, 60)),
		"pieces without end":          join(p.key, []byte{0xD2, 0xE9, 1}, make([]byte, 511)),
		"length cut":                  join(p.key, []byte{0xD2, 255, 0}),
		"v6 key with v1 data":         join(p.key6, p.data),
		"v3 key with v2 data":         join(p.key, p.data6),
		"both key versions":           join(p.key, p.key6, p.data),
	}
}

func TestHostileMessages(t *testing.T) {
	for name, b := range hostile(goodParts(t)) {
		if s, err := keys.ParseSealed(b); !errors.Is(err, keys.ErrNotSealed) || s.Kind() != 0 || s.Data() != nil {
			t.Errorf("%s, whole: %v", name, err)
		}
		if err := throughStream(b); !errors.Is(err, keys.ErrNotSealed) {
			t.Errorf("%s, as a stream: %v", name, err)
		}
	}
	if _, err := keys.ParseSealed([]byte{0x30, 0x80, 0x06, 0x09}); !errors.Is(err, keys.ErrCMS) {
		t.Errorf("CMS: %v", err)
	}
}

func throughStream(b []byte) error {
	s, err := keys.ReadSealed(iotest.OneByteReader(bytes.NewReader(b)))
	if err != nil {
		return err
	}
	_, err = s.WriteTo(io.Discard)
	return err
}

// TestPacketsStayRaw: defect a, the library writes a parsed version 6 session key
// without one of its octets. What came in must go out, octet for octet.
func TestPacketsStayRaw(t *testing.T) {
	p := goodParts(t)
	odd := join([]byte{0xC1, 255, 0, 0, 0, byte(len(p.key) - 2)}, p.key[2:]) // a length written longer than needed
	inPieces := join([]byte{0xD2, 0xE9}, bodyOf(t, p.data)[:512], lengthOf(len(bodyOf(t, p.data))-512), bodyOf(t, p.data)[512:])
	for name, message := range map[string][]byte{
		"version 3":        join(p.key, p.data),
		"version 6":        join(p.key6, p.data6),
		"64 readers":       join(repeat(p.key, 64), p.data),
		"long length":      join(odd, p.data),
		"data in pieces":   join(p.key, inPieces),
		"version 6 thrice": join(p.key6, p.key6, p.key6, p.data6),
	} {
		s, err := keys.ParseSealed(message)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, k := range s.SessionKeys() {
			if k.Reader != "" {
				t.Errorf("%s: a parsed session key names a reader", name)
			}
		}
		again, err := keys.JoinSealed(s.SessionKeys(), s.Data())
		if err != nil {
			t.Errorf("%s: joining: %v", name, err)
			continue
		}
		stream, err := keys.ReadSealed(iotest.HalfReader(bytes.NewReader(message)))
		if err != nil {
			t.Errorf("%s: reading: %v", name, err)
			continue
		}
		for way, w := range map[string]io.WriterTo{"parsed": s, "joined": again, "stream": stream} {
			var b bytes.Buffer
			if n, err := w.WriteTo(&b); err != nil || n != int64(len(message)) || !bytes.Equal(b.Bytes(), message) {
				t.Errorf("%s, %s: %d octets became %d: %v", name, way, len(message), n, err)
			}
		}
	}
}

func lengthOf(n int) []byte { return []byte{255, 0, 0, byte(n >> 8), byte(n)} }

func TestJoinRefuses(t *testing.T) {
	p := goodParts(t)
	for name, c := range map[string]struct {
		keys []keys.SessionKey
		data []byte
	}{
		"no key":            {nil, p.data},
		"65 keys":           {make([]keys.SessionKey, 65), p.data},
		"empty key":         {[]keys.SessionKey{{}}, p.data},
		"data as key":       {[]keys.SessionKey{{Packet: p.data}}, p.data},
		"two keys in one":   {[]keys.SessionKey{{Packet: join(p.key, p.key)}}, p.data},
		"key cut":           {[]keys.SessionKey{{Packet: p.key[:len(p.key)-1]}}, p.data},
		"key as data":       {[]keys.SessionKey{{Packet: p.key}}, p.key},
		"whole as data":     {[]keys.SessionKey{{Packet: p.key}}, join(p.key, p.data)},
		"data and more":     {[]keys.SessionKey{{Packet: p.key}}, join(p.data, []byte("hello"))},
		"key v6, data v1":   {[]keys.SessionKey{{Packet: p.key6}}, p.data},
		"keys v3 and v6":    {[]keys.SessionKey{{Packet: p.key}, {Packet: p.key6}}, p.data},
		"cleartext as data": {[]keys.SessionKey{{Packet: p.key}}, []byte("hello")},
	} {
		if _, err := keys.JoinSealed(c.keys, c.data); !errors.Is(err, keys.ErrNotSealed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSourceErrorsStay: a store that fails is no damaged message.
func TestSourceErrorsStay(t *testing.T) {
	p := goodParts(t)
	message := join(p.key, p.key, p.data)
	for _, at := range []int{0, 1, 5, len(p.key), len(p.key) + 3, 2*len(p.key) + 1, 2*len(p.key) + 2, len(message) - 1, len(message)} {
		r := io.MultiReader(bytes.NewReader(message[:at]), iotest.ErrReader(errBroken))
		s, err := keys.ReadSealed(r)
		if err == nil {
			err = s.WriteData(io.Discard)
		}
		if !errors.Is(err, errBroken) {
			t.Errorf("breaking after %d octets: %v", at, err)
		}
	}
	s, err := keys.ReadSealed(bytes.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.WriteTo(&failing{left: 300}); !errors.Is(err, errBroken) {
		t.Errorf("target: %v", err)
	}
	if err := s.WriteData(io.Discard); err == nil || errors.Is(err, keys.ErrNotSealed) {
		t.Errorf("second time: %v", err)
	}
}

func FuzzParseSealed(f *testing.F) {
	p := goodParts(f)
	for _, b := range hostile(p) {
		f.Add(b)
	}
	f.Add(join(p.key, p.data))
	f.Add(join(p.key6, p.data6))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := keys.ParseSealed(b)
		streamed := throughStream(b)
		if err != nil {
			if !errors.Is(err, keys.ErrNotSealed) && !errors.Is(err, keys.ErrCMS) {
				t.Fatalf("error of another kind: %v", err)
			}
			if streamed == nil && !errors.Is(err, keys.ErrCMS) {
				t.Fatalf("refused whole (%v), taken as a stream", err)
			}
			return
		}
		if streamed != nil {
			t.Fatalf("taken whole, refused as a stream: %v", streamed)
		}
		var again bytes.Buffer
		if _, err := s.WriteTo(&again); err != nil || !bytes.Equal(again.Bytes(), b) {
			t.Fatalf("the octets changed: %v", err)
		}
		if n := len(s.SessionKeys()); n < 1 || n > keys.MaxReaders {
			t.Fatalf("%d session keys", n)
		}
	})
}

func FuzzParseCertificate(f *testing.F) {
	e := entity(f, profile(nil))
	f.Add(public(f, e))
	f.Add(dearmor(f, public(f, e)))
	f.Add(dearmor(f, public(f, entity(f, sixth(nil)))))
	for range 4 {
		noise := make([]byte, 64)
		_, _ = rand.Read(noise)
		f.Add(noise)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := keys.ParseCertificate(b, today)
		var refusal *keys.Refusal
		if err != nil {
			if !errors.As(err, &refusal) || refusal.Mend == "" || c != nil {
				t.Fatalf("%v is not a refusal with a mend", err)
			}
			return
		}
		if err := c.Usable(today); err != nil {
			t.Fatalf("parsed, but: %v", err)
		}
		again, err := keys.ParseCertificate(c.Armored(), today)
		if err != nil || again.Hash() != c.Hash() || again.Fingerprint() != c.Fingerprint() {
			t.Fatalf("it does not read back: %v", err)
		}
		to, err := keys.NewRecipients(c)
		if c.Version() != 4 {
			if !errors.As(err, &refusal) || refusal.Mend == "" {
				t.Fatalf("version %d in the usual profile: %v", c.Version(), err)
			}
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := to.Seal(keys.NewPlaintext([]byte("x")), signer(t), today); err != nil {
			t.Fatalf("accepted, but cannot be sealed to: %v", err)
		}
	})
}
