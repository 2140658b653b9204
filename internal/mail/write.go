package mail

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"time"

	"sealform/keys"
)

// WriteTo writes the whole message with CRLF line ends (RFC 5322 §2.1), none longer than 998 bytes. It can be called
// once, as Body can. The same message gives the same bytes, boundary included.
func (m *Message) WriteTo(w io.Writer) (int64, error) {
	if err := m.check(); err != nil {
		return 0, fmt.Errorf("writing a mail: %w", err)
	}
	out := &lines{to: w}
	boundary := m.boundary()
	if _, err := out.Write(m.head(boundary)); err != nil {
		return out.n, err
	}
	armor, err := keys.ArmorWriter(out)
	if err != nil {
		return out.n, fmt.Errorf("writing a mail: %w", err)
	}
	body, err := m.Open()
	if err != nil {
		return out.n, fmt.Errorf("writing a mail: %w", err)
	}
	if _, err := body.WriteTo(armor); err != nil {
		return out.n, fmt.Errorf("writing a mail: %w", err) // no Close: the armor must not look whole
	}
	if err := armor.Close(); err != nil {
		return out.n, fmt.Errorf("writing a mail: %w", err)
	}
	_, err = out.Write([]byte("\n--" + boundary + "--\n"))
	return out.n, err
}

// head is everything up to the armor: the outer header, the first part, and the header of the second.
func (m *Message) head(boundary string) []byte {
	var b bytes.Buffer
	field := func(name, value string) { b.WriteString(name + ": " + value + "\n") }
	field("From", m.From)
	field("To", m.To)
	field("Date", Date(m.Date))
	field("Message-ID", "<"+m.MessageID+">")
	field("Subject", Subject)
	field("Auto-Submitted", "auto-generated") // RFC 3834: no holiday note may answer it
	if m.Seq > 0 {
		field("Sealform-Number", m.Number())
	}
	field("MIME-Version", "1.0")
	field("Content-Type", `multipart/encrypted; protocol="application/pgp-encrypted";`+"\n boundary=\""+boundary+`"`)
	b.WriteString("\nThis message is sealed with OpenPGP (RFC 3156).\n\n--" + boundary + "\n")
	field("Content-Type", "application/pgp-encrypted")
	field("Content-Description", "PGP/MIME version identification")
	b.WriteString("\nVersion: 1\n\n--" + boundary + "\n")
	field("Content-Type", `application/octet-stream; name="encrypted.asc"`)
	field("Content-Description", "OpenPGP encrypted message")
	field("Content-Disposition", `inline; filename="encrypted.asc"`)
	b.WriteString("\n")
	return b.Bytes()
}

// Number is the value of the header Sealform-Number, "42; series=1f0c9a2b". Numbers of one series have no gap, so a
// missing one is a lost mail. A series belongs to one form of one sender; its name is a hash, because the id of a
// form, unlike a number, can tell what somebody came for.
func (m *Message) Number() string {
	sum := sha256.Sum256([]byte("sealform series\x00" + m.From + "\x00" + m.Form))
	return strconv.FormatInt(m.Seq, 10) + "; series=" + hex.EncodeToString(sum[:4])
}

// Date writes t as the outer header does (RFC 5322 §3.3), in UTC: the clinic's zone is nobody's business on the way.
func Date(t time.Time) string { return t.UTC().Format("Mon, 02 Jan 2006 15:04:05 +0000") }

// boundary comes from the Message-ID, so that every attempt sends the same bytes. Armor cannot hold it: within
// armor no line begins with two dashes and a letter.
func (m *Message) boundary() string {
	sum := sha256.Sum256([]byte("sealform boundary\x00" + m.MessageID))
	return "sealed-" + hex.EncodeToString(sum[:12])
}

// lines gives every line the CRLF that mail wants; what it is given ends lines with LF.
type lines struct {
	to io.Writer
	n  int64 // bytes written
	b  []byte
}

// Write implements io.Writer.
func (l *lines) Write(p []byte) (int, error) {
	l.b = l.b[:0]
	for line := range bytes.Lines(p) {
		text, ended := bytes.CutSuffix(line, []byte("\n"))
		l.b = append(l.b, bytes.TrimSuffix(text, []byte("\r"))...)
		if ended {
			l.b = append(l.b, '\r', '\n')
		}
	}
	n, err := l.to.Write(l.b)
	l.n += int64(n)
	if err != nil {
		return 0, err
	}
	return len(p), nil
}
