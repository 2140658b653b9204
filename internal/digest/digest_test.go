package digest

import (
	"encoding/hex"
	"testing"
)

// TestFrozen: the bytes that are hashed never change.
func TestFrozen(t *testing.T) {
	for name, fill := range map[string]func() Hash{
		"d39292d41bd6f2c36ceac10b9fdcb70779f9cd544e5dd451752bbccf51b18451": func() Hash { h := New(); h.Text("ab"); h.Number(-1); return h },
		"442bd29f39172f87b04317ff104c2fa4c2eef9b11a6946fc7ad47e77a6954600": func() Hash { h := MAC([]byte("key"), "kind", "service"); h.Bytes([]byte{0xFF}); return h },
	} {
		if got := hex.EncodeToString(fill().Sum(nil)); got != name {
			t.Errorf("%s, and it was %s", got, name)
		}
	}
}

// TestFieldsDoNotRunTogether: where one field ends and the next begins is part of the sum.
func TestFieldsDoNotRunTogether(t *testing.T) {
	seen := map[string]int{}
	for i, fields := range [][]string{{"ab", "c"}, {"a", "bc"}, {"abc"}, {"abc", ""}, {"", "abc"}, {}} {
		sum := string(MAC([]byte("key"), fields...).Sum(nil))
		if other, is := seen[sum]; is {
			t.Errorf("lists %d and %d have one sum", other, i)
		}
		seen[sum] = i
	}
}
