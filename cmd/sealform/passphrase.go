package main

import (
	"crypto/rand"
	"math/big"
	"strings"

	"sealform/keys"
)

const (
	consonants = "bdfghjklmnprstvz" // 16
	vowels     = "aeiou"            // 5
)

// passphrase draws a key password that can be read aloud: six groups of three syllables each, (16·5)^18 ≈ 2^113
// equally likely ones. One that a person thinks of is guessed far sooner than either key derivation can help.
func passphrase() keys.Password {
	var groups []string
	for range 6 {
		var g []byte
		for range 3 {
			g = append(g, pick(consonants), pick(vowels))
		}
		groups = append(groups, string(g))
	}
	return keys.NewPassword([]byte(strings.Join(groups, "-")))
}

// pick draws one byte of a set, each equally likely.
func pick(set string) byte {
	n, _ := rand.Int(rand.Reader, big.NewInt(int64(len(set)))) // never fails
	return set[n.Int64()]
}
