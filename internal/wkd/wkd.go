// Package wkd finds an OpenPGP certificate by mail address in the Web Key Directory of its domain
// (draft-koch-openpgp-webkey-service, §3.1): the advanced address, at openpgpkey.DOMAIN, and where that name does not
// exist the direct one, at DOMAIN. What a directory answers at the advanced address counts, also when it is a refusal.
//
// It is called when an owner asks for a key, never by itself, and pins nothing: the caller shows the fingerprint, and
// what was once accepted is not fetched again. Calls go through package outward, so that an address cannot lead inside.
package wkd

import (
	"context"
	"crypto/sha1" //nolint:gosec // the draft names the file by SHA-1 of the local part; nothing is protected by it
	"encoding/base32"
	"errors"
	"net/url"
	"strings"

	"sealform/internal/address"
	"sealform/internal/outward"
)

// Fetch gives the binary certificate as the directory serves it, unchecked but for its size; the caller parses it and
// compares user ids. Errors are *outward.Error; of an address that is not plain, the code is "bad_address".
func Fetch(ctx context.Context, c *outward.Client, address string) ([]byte, error) {
	return fetch(ctx, c, address, "")
}

// fetch asks at that port, written ":8443"; "" is the one of https.
func fetch(ctx context.Context, c *outward.Client, address, port string) ([]byte, error) {
	local, domain, err := split(address)
	if err != nil {
		return nil, err
	}
	file := "hu/" + hash(local) + "?l=" + url.QueryEscape(local)
	found, err := c.Get(ctx, "https://openpgpkey."+domain+port+"/.well-known/openpgpkey/"+domain+"/"+file)
	var failed *outward.Error
	if errors.As(err, &failed) && failed.NoSuchHost() {
		return c.Get(ctx, "https://"+domain+port+"/.well-known/openpgpkey/"+file)
	}
	return found, err
}

// zBase32 is the alphabet of the draft (RFC 6189 §5.1.6).
var zBase32 = base32.NewEncoding("ybndrfg8ejkmcpqxot1uwisza345h769").WithPadding(base32.NoPadding)

// hash names a directory's file: the local part in lower case, under SHA-1, in 32 letters and digits.
func hash(local string) string {
	sum := sha1.Sum([]byte(strings.ToLower(local))) //nolint:gosec // see the import
	return zBase32.EncodeToString(sum[:])
}

// split takes an address apart; nothing of one that it takes can be read as another part of a URL but "#" and "&", which
// stand escaped in the query.
func split(s string) (local, domain string, err error) {
	local, domain, err = address.Split(s)
	if err != nil {
		return "", "", &outward.Error{Code: "bad_address"}
	}
	return local, strings.ToLower(domain), nil
}
