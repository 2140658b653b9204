package smime_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/hex"
	"math/big"
	"testing"

	"sealform/keys/smime"
)

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func below(t testing.TB, n int) int {
	t.Helper()
	i, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		t.Fatal(err)
	}
	return int(i.Int64())
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestGHASH holds the authenticator against test cases 1 to 3 of the GCM submission (McGrew and Viega, appendix B).
func TestGHASH(t *testing.T) {
	for _, c := range []struct{ key, text, sum string }{
		{"66e94bd4ef8a2c3b884cfa59ca342b2e", "", "00000000000000000000000000000000"},
		{"66e94bd4ef8a2c3b884cfa59ca342b2e", "0388dace60b6a392f328c2b971b2fe78", "f38cbb1ad69223dcc3457ae5b6b0f885"},
		{
			"b83b533708bf535d0aa6e52980d53b78",
			"42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985",
			"7f1b32b81b820d02614f8895ac1d4eac",
		},
	} {
		got := smime.GHASH([16]byte(unhex(t, c.key)), [][]byte{unhex(t, c.text)})
		if hex.EncodeToString(got[:]) != c.sum {
			t.Errorf("%s: %x, want %s", c.text, got, c.sum)
		}
	}
}

// TestGHASHPieces: how the octets come makes no difference.
func TestGHASHPieces(t *testing.T) {
	for range 200 {
		key, text := [16]byte(random(16)), random(below(t, 300))
		whole := smime.GHASH(key, [][]byte{text})
		var pieces [][]byte
		for rest := text; len(rest) > 0; {
			n := 1 + below(t, len(rest))
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		if smime.GHASH(key, pieces) != whole {
			t.Fatalf("key %x, text %x, %d pieces", key, text, len(pieces))
		}
	}
}

// TestGCM holds the stream against the standard library's one-shot cipher.
func TestGCM(t *testing.T) {
	for i := range 300 {
		key, nonce, text := random(32), random(12), random(below(t, 3000))
		if i < 40 {
			text = text[:min(i, len(text))]
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := cipher.NewGCM(block)
		if err != nil {
			t.Fatal(err)
		}
		want := whole.Seal(nil, nonce, text, nil)
		var pieces [][]byte
		rest := bytes.Clone(text)
		for len(rest) >= 16 && below(t, 5) > 0 {
			n := 16 * (1 + below(t, len(rest)/16))
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		ciphertext, tag, err := smime.SealGCM(key, nonce, append(pieces, rest))
		if err != nil || !bytes.Equal(append(ciphertext, tag...), want) {
			t.Fatalf("%d octets in %d pieces: %v", len(text), len(pieces)+1, err)
		}
	}
}

// TestWrapKey has the vectors of RFC 3394 §4.1, §4.3 and §4.6.
func TestWrapKey(t *testing.T) {
	const kek = "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"
	const key = "00112233445566778899AABBCCDDEEFF000102030405060708090A0B0C0D0E0F"
	for _, c := range []struct{ kek, key, wrapped string }{
		{kek[:32], key[:32], "1FA68B0A8112B447AEF34BD8FB5A7B829D3E862371D2CFE5"},
		{kek, key[:32], "64E8C3F9CE0F5BA263E9777905818A2A93C8191E7D6E8AE7"},
		{kek, key, "28C9F404C4B810F4CBCCB35CFB87F8263F5786E2D80ED326CBC7F0E71A99F43BFB988B9B7A02DD21"},
	} {
		got, err := smime.WrapKey(unhex(t, c.kek), unhex(t, c.key))
		if err != nil || !bytes.Equal(got, unhex(t, c.wrapped)) {
			t.Errorf("%s: %X, %v", c.wrapped, got, err)
		}
	}
	for _, n := range []int{0, 8, 15, 33} {
		if _, err := smime.WrapKey(unhex(t, kek), make([]byte, n)); err == nil {
			t.Errorf("a key of %d octets is wrapped", n)
		}
	}
	if _, err := smime.WrapKey(make([]byte, 5), unhex(t, key)); err == nil {
		t.Error("a key of 5 octets wraps")
	}
}

// TestDeriveKey has two of NIST's vectors for ANSI X9.63 with SHA-256 (CAVP, ANS 963-2001).
func TestDeriveKey(t *testing.T) {
	for _, c := range []struct{ secret, info, key string }{
		{"96c05619d56c328ab95fe84b18264b08725b85e33fd34f08", "", "443024c3dae66b95e6f5670601558f71"},
		{
			"22518b10e70f2a3f243810ae3254139efbee04aa57c7af7d", "75eef81aa3041e33b80971203d2c0c52",
			"c498af77161cc59f2962b9a713e2b215152d139766ce34a776df11866a69bf2e52a13d9c7c6fc878c50c5ea0bc7b00e0" +
				"da2447cfd874f6cf92f30d0097111485500c90c3af8b487872d04685d14c8d1dc8d7fa08beb0ce0ababc11f0bd496269" +
				"142d43525a78e5bc79a17f59676a5706dc54d54d4d1f0bd7e386128ec26afc21",
		},
	} {
		want := unhex(t, c.key)
		if got := smime.DeriveKey(unhex(t, c.secret), unhex(t, c.info), len(want)); !bytes.Equal(got, want) {
			t.Errorf("%x, want %x", got, want)
		}
	}
}
