// Package wkd finds an OpenPGP certificate by mail address in the Web Key Directory of its domain
// (draft-koch-openpgp-webkey-service): the advanced address, then the direct one.
package wkd

import (
	"context"

	"sealform/internal/outward"
)

// Fetch gives the binary certificate as the directory serves it, unchecked but for its size; the caller parses it and
// compares user ids. Errors are *outward.Error.
func Fetch(ctx context.Context, c *outward.Client, address string) ([]byte, error) { panic("contract") }
