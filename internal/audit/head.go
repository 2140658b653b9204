package audit

import (
	"crypto/hmac"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Head is the end of the record as it is kept outside the database: how many entries
// were written, and the MAC of the last.
type Head struct {
	Count int64
	MAC   [32]byte // all zero while Count is 0
}

// ErrHead says that a head file is not one that this service wrote.
var ErrHead = errors.New("the head file is damaged or of another service")

const headKind = "sealform-audit-head-1"

// EncodeHead gives the one line of the head file, under a MAC of its own.
func (c *Chain) EncodeHead(h Head) []byte {
	sum := c.headMAC(h)
	return fmt.Appendf(nil, "%s %d %x %x\n", headKind, h.Count, h.MAC, sum)
}

// ParseHead reads what EncodeHead gave; anything else, to the byte, is ErrHead.
func (c *Chain) ParseHead(b []byte) (Head, error) {
	parts := strings.Fields(string(b))
	if len(parts) != 4 {
		return Head{}, ErrHead
	}
	count, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || count < 0 {
		return Head{}, ErrHead
	}
	last, err := hex.DecodeString(parts[2])
	if err != nil || len(last) != 32 {
		return Head{}, ErrHead
	}
	h := Head{Count: count, MAC: [32]byte(last)}
	if !hmac.Equal(b, c.EncodeHead(h)) {
		return Head{}, ErrHead
	}
	return h, nil
}

func (c *Chain) headMAC(h Head) []byte {
	m := c.mac("sealform audit head 1")
	m.Number(h.Count)
	m.Bytes(h.MAC[:])
	return m.Sum(nil)
}
