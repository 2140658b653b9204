package keys

import "bytes"

// cmsWalk follows the frame of a CMS message through its bytes, in whatever pieces they come, and keeps next to
// nothing of them. It begins behind what cmsBegins knows.
type cmsWalk struct {
	auth  bool
	at    cmsStep
	head  []byte // of an element that has begun: its tag and length, as far as they came
	left  int64  // octets of the present value that are still to come
	value []byte // what came of a value that is looked at
	set   int64  // octets of the recipients that are still to come
	count int    // recipients so far
	total int64  // octets of ciphertext so far
}

// cmsStep is the element that comes next, in the order of the drawing in cms.go.
type cmsStep uint8

const (
	cmsVersion cmsStep = iota
	cmsRecipients
	cmsRecipient
	cmsContent
	cmsContentType
	cmsCipher
	cmsCiphertext
	cmsPiece
	cmsContentEnd
	cmsTag
	cmsEnvelopedEnd
	cmsExplicitEnd
	cmsMessageEnd
	cmsOver
)

const (
	maxCMSRecipient = 16 << 10 // octets of one: an issuer's name, up to 1 KiB of wrapped key, and much room
	maxCMSCipher    = 64
	maxCMSTag       = 16
	maxCMSPiece     = 1 << 31
	maxCMSHead      = 6 // tag, and a length of up to four octets behind its own octet
)

// ended says whether the message is whole.
func (c *cmsWalk) ended() bool { return c.at == cmsOver && len(c.head) == 0 }

// take looks at the next bytes. Its error wraps ErrNotSealed, and nothing may be taken after it.
func (c *cmsWalk) take(p []byte) error {
	for len(p) > 0 {
		used, good := c.step(p)
		if !good {
			return notSealed("it is not framed as a CMS message of this service")
		}
		p = p[used:]
	}
	return nil
}

func (c *cmsWalk) step(p []byte) (used int, good bool) {
	if c.left > 0 {
		return c.within(p)
	}
	return 1, c.begin(p[0])
}

// begin takes one octet of a tag and its length.
func (c *cmsWalk) begin(b byte) bool {
	c.head = append(c.head, b)
	n, indefinite, whole := cmsLength(c.head)
	if !whole {
		return len(c.head) < maxCMSHead
	}
	tag := c.head[0]
	if c.at == cmsRecipient {
		c.set -= int64(len(c.head)) + n
	}
	c.head = c.head[:0]
	if indefinite {
		return c.opens(tag)
	}
	return c.element(tag, n)
}

// cmsLength reads the length behind a tag: short, long, or indefinite (X.690 §8.1.3).
func cmsLength(head []byte) (n int64, indefinite, whole bool) {
	switch {
	case len(head) < 2:
		return 0, false, false
	case head[1] < 0x80:
		return int64(head[1]), false, true
	case head[1] == 0x80:
		return 0, true, true
	case len(head) < 2+int(head[1]&0x7F):
		return 0, false, false
	}
	for _, b := range head[2:] {
		n = n<<8 | int64(b)
	}
	return n, false, true
}

// opens takes an element of indefinite length.
func (c *cmsWalk) opens(tag byte) bool {
	at := c.at
	c.at++
	return at == cmsContent && tag == 0x30 || at == cmsCiphertext && tag == 0xA0
}

// element takes the beginning of one whose length is known, and says whether it may stand here.
func (c *cmsWalk) element(tag byte, n int64) bool {
	switch c.at {
	case cmsVersion:
		return tag == 0x02 && c.expect(n, 1)
	case cmsRecipients:
		c.set, c.at = n, cmsRecipient
		return tag == 0x31 && n > 0 && n <= MaxReaders*maxCMSRecipient
	case cmsRecipient:
		c.count++
		return (tag == 0x30 || tag == 0xA1) && c.set >= 0 && c.count <= MaxReaders && c.expect(n, maxCMSRecipient)
	case cmsContentType:
		return tag == 0x06 && c.expect(n, int64(len(cmsData)))
	case cmsCipher:
		return tag == 0x30 && c.expect(n, maxCMSCipher)
	case cmsPiece:
		if tag == 0x00 {
			return c.end(n) && c.total > 0 && (c.auth || c.total%16 == 0)
		}
		c.total += n
		return tag == 0x04 && c.expect(n, maxCMSPiece)
	case cmsTag:
		return tag == 0x04 && c.expect(n, maxCMSTag)
	case cmsContentEnd, cmsEnvelopedEnd, cmsExplicitEnd, cmsMessageEnd:
		return tag == 0x00 && c.end(n)
	default:
		return false
	}
}

// expect waits for a value of n octets.
func (c *cmsWalk) expect(n, most int64) bool {
	c.left = n
	return n > 0 && n <= most
}

// end takes end-of-contents octets. Without a tag of its own, EnvelopedData ends where its content does.
func (c *cmsWalk) end(n int64) bool {
	if c.at == cmsContentEnd && !c.auth {
		c.at++
	}
	c.at++
	return n == 0
}

// within takes octets of a value.
func (c *cmsWalk) within(p []byte) (used int, good bool) {
	used = int(min(c.left, int64(len(p))))
	if c.at == cmsVersion || c.at == cmsContentType || c.at == cmsCipher {
		c.value = append(c.value, p[:used]...)
	}
	if c.left -= int64(used); c.left > 0 {
		return used, true
	}
	good = c.says(c.value)
	c.value = c.value[:0]
	if c.at != cmsPiece && (c.at != cmsRecipient || c.set == 0) {
		c.at++
	}
	return used, good
}

// says judges a value that is looked at. EnvelopedData has version 0, or 2 with key agreement (RFC 5652 §6.1);
// AuthEnvelopedData always 0 (RFC 5083 §2.1). Another version would mean a password, or something unknown.
func (c *cmsWalk) says(value []byte) bool {
	switch c.at {
	case cmsVersion:
		return value[0] == 0 || value[0] == 2 && !c.auth
	case cmsContentType:
		return bytes.Equal(value, cmsData)
	case cmsCipher:
		if c.auth {
			return bytes.HasPrefix(value, aes256GCM)
		}
		return bytes.HasPrefix(value, aes256CBC)
	default:
		return true
	}
}
