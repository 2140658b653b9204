package mail

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"time"

	"sealform/internal/mimetext"
	"sealform/keys"
)

// WriteTo writes the whole message with CRLF line ends (RFC 5322 §2.1), none longer than 998 bytes. The same message
// gives the same bytes each time, boundary included. After an error what was written does not look whole.
func (m *Message) WriteTo(w io.Writer) (int64, error) {
	if err := m.check(); err != nil {
		return 0, fmt.Errorf("writing a mail: %w", err)
	}
	if m.Open == nil {
		return 0, fmt.Errorf("writing a mail: %w", keys.ErrNotSealed)
	}
	body, err := m.Open()
	if err != nil {
		return 0, fmt.Errorf("writing a mail: %w", err)
	}
	out := &mimetext.Counter{W: w}
	switch body.Kind() {
	case keys.OpenPGP:
		err = m.writePGP(out, body)
	case keys.CMS:
		err = m.writeCMS(out, body)
	default:
		err = keys.ErrNotSealed
	}
	if err != nil {
		return out.N, fmt.Errorf("writing a mail: %w", err)
	}
	return out.N, nil
}

// writePGP writes multipart/encrypted (RFC 3156 §4).
func (m *Message) writePGP(w io.Writer, body keys.SealedStream) error {
	out := &lines{to: w}
	boundary := m.boundary()
	if _, err := out.Write(m.headPGP(boundary)); err != nil {
		return err
	}
	armor, err := keys.ArmorWriter(out)
	if err != nil {
		return err
	}
	if _, err := body.WriteTo(armor); err != nil {
		return err // no Close: the armor must not look whole
	}
	if err := armor.Close(); err != nil {
		return err
	}
	_, err = out.Write([]byte("\n--" + boundary + "--\n"))
	return err
}

// headPGP is everything up to the armor: the outer header, the first part, and the header of the second.
func (m *Message) headPGP(boundary string) []byte {
	var h header
	m.head(&h)
	h.field("Content-Type", `multipart/encrypted; protocol="application/pgp-encrypted";`+"\n boundary=\""+boundary+`"`)
	h.WriteString("\nThis message is sealed with OpenPGP (RFC 3156).\n\n--" + boundary + "\n")
	h.field("Content-Type", "application/pgp-encrypted")
	h.field("Content-Description", "PGP/MIME version identification")
	h.WriteString("\nVersion: 1\n\n--" + boundary + "\n")
	h.field("Content-Type", `application/octet-stream; name="encrypted.asc"`)
	h.field("Content-Description", "OpenPGP encrypted message")
	h.field("Content-Disposition", `inline; filename="encrypted.asc"`)
	h.WriteString("\n")
	return h.Bytes()
}

// head is the part of the outer header that does not depend on how the body is sealed.
func (m *Message) head(h *header) {
	h.field("From", m.From)
	h.field("To", m.To)
	h.field("Date", Date(m.Date))
	h.field("Message-ID", "<"+m.MessageID+">")
	h.field("Subject", Subject)
	h.field("Auto-Submitted", "auto-generated") // RFC 3834 §5: no holiday note may answer it
	if m.Seq > 0 {
		h.field("Sealform-Number", m.Number())
	}
	h.field("MIME-Version", "1.0")
}

// header is written with LF line ends; lines makes CRLF of them.
type header struct{ bytes.Buffer }

func (h *header) field(name, value string) {
	h.WriteString(name)
	h.WriteString(": ")
	h.WriteString(value)
	h.WriteByte('\n')
}

// Number is the value of the header Sealform-Number, "42; series=1f0c9a2b". Numbers of one series have no gap, so a
// missing one is a lost mail.
func (m *Message) Number() string { return strconv.FormatInt(m.Seq, 10) + "; series=" + m.Series }

// Series names a form's numbers. The id of a form, unlike a number, can tell what somebody came for, and forms' ids are public: so
// the name is a MAC, which nobody can compare with a list of them. key is 32 bytes of the service's own.
func Series(key []byte, from, form string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("sealform series\x00" + from + "\x00" + form))
	return hex.EncodeToString(mac.Sum(nil)[:4])
}

// Date writes t as the outer header does (RFC 5322 §3.3), in UTC: the clinic's zone is nobody's business on the way.
func Date(t time.Time) string { return t.UTC().Format("Mon, 02 Jan 2006 15:04:05 +0000") }

// boundary comes from the Message-ID, so that every attempt sends the same bytes. Armor cannot hold it: within
// armor no line begins with two dashes and a letter.
func (m *Message) boundary() string {
	sum := sha256.Sum256([]byte("sealform boundary\x00" + m.MessageID))
	return "sealed-" + hex.EncodeToString(sum[:12])
}
