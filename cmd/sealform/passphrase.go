package main

import (
	"crypto/rand"
	"fmt"
	"strings"

	"sealform/keys"
)

const (
	consonants = "bdfghjklmnprstvz" // 16
	vowels     = "aeiou"            // 5, drawn by rejection
)

// passphrase draws a key password that can be read aloud: six groups of three syllables each, (16·5)^18 ≈ 2^113
// equally likely ones. One that a person thinks of is guessed far sooner than either key derivation can help.
func passphrase() (keys.Password, error) {
	var groups []string
	for range 6 {
		var g strings.Builder
		for range 3 {
			c, err := pick(consonants)
			if err != nil {
				return keys.Password{}, err
			}
			v, err := pick(vowels)
			if err != nil {
				return keys.Password{}, err
			}
			g.WriteByte(c)
			g.WriteByte(v)
		}
		groups = append(groups, g.String())
	}
	return keys.NewPassword([]byte(strings.Join(groups, "-"))), nil
}

// pick draws one byte of a set of up to 256, each equally likely.
func pick(set string) (byte, error) {
	limit := 256 - 256%len(set)
	one := make([]byte, 1)
	for {
		if _, err := rand.Read(one); err != nil {
			return 0, fmt.Errorf("drawing at random: %w", err)
		}
		if int(one[0]) < limit {
			return set[int(one[0])%len(set)], nil
		}
	}
}
