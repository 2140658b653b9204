package record

import (
	"encoding/base64"
	"errors"
	"math"

	"sealform/forms"
	"sealform/internal/mimetext"
	"sealform/keys"
)

// ErrTooLargeToMail means that the form only mails, and the relay takes no message of that size. Nothing was sealed.
var ErrTooLargeToMail = errors.New("too large to be mailed")

// The overhead of a message beside its entity. All of it is counted generously: a message that the relay refuses for its
// size after the visitor was thanked could never be delivered.
const (
	outerCost  = 6 << 10  // bytes of header, signature of the domain, MIME parts around
	sealedCost = 2 << 10  // inside an OpenPGP message: signature, checksum, headers of packets
	signedCost = 20 << 10 // inside a CMS message: signature and the server's certificates, in base64
	readerCost = 1200     // of each reader's encrypted key
	framing    = 512      // of so many bytes, one is the length of a piece

	armorLine, armorOctets = 66, 48 // 64 digits and CRLF stand for 48 bytes; the lines of base64 in S/MIME cost less
)

// mailRoom is the longest entity whose message, as SMTP carries it (RFC 1870 §3), is no longer than limit bytes.
func mailRoom(limit int64, s keys.Sealer) int64 {
	if limit <= 0 {
		return math.MaxInt64
	}
	sealed := (limit - outerCost) / armorLine * armorOctets
	room := sealed - sealed/framing - sealedCost - int64(len(s.Fingerprints()))*readerCost
	if s.Kind() == keys.CMS {
		room -= signedCost
	}
	return room
}

// mailLength is how long a mail's entity is, to the byte, before what is padded behind files.
func (a *content) mailLength(p *Plan, to Envelope, messageID string) int64 {
	edge := boundary()
	head := a.mailHead(p, to, messageID, edge)
	n := int64(len(head))
	clear(head)
	if len(a.files) == 0 {
		return n
	}
	for i := range a.files {
		n += partLength(&a.files[i], edge)
	}
	return n + int64(len(closing(edge)))
}

func partLength(f *forms.File, edge string) int64 {
	digits := (f.Size + 2) / 3 * int64(base64.StdEncoding.EncodedLen(3))
	return int64(len(partHead(f, edge))) + digits + max(digits-1, 0)/mimetext.LineLength*2
}
