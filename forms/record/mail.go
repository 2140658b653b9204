package record

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"

	"sealform/forms"
	"sealform/internal/mimetext"
)

// OuterSubject is the Subject that everybody can see on a mailed submission.
const OuterSubject = "[...]"

// HeaderField is one header field, its value folded where it is long.
type HeaderField struct{ Name, Value string }

// OuterHeader gives the fields of the outer message that the sealed ones vouch for: Subject, From, To, Date and
// Message-ID, in this order and exactly so. Inside the seal the same fields stand as HP-Outer (RFC 9788 §2.2), so
// that a mail program can tell what was changed on the way. Who writes the outer message uses these.
func OuterHeader(from, to string, received time.Time, messageID string) []HeaderField {
	return append([]HeaderField{{"Subject", OuterSubject}}, sharedHeader(from, to, received, messageID)...)
}

func sharedHeader(from, to string, received time.Time, messageID string) []HeaderField {
	return []HeaderField{
		{"From", from},
		{"To", to},
		{"Date", received.UTC().Format(time.RFC1123Z)},
		{"Message-ID", "<" + messageID + ">"},
	}
}

// sealForMail seals one mail: each address has its own, with an id and a record that names its readers.
func (a *content) sealForMail(p *Plan, to Envelope) (Mail, error) {
	m := Mail{To: to.To, MessageID: messageID(p)}
	room := mailRoom(p.MailLimit, to.Sealer)
	if p.MailLimit > 0 && a.mailLength(p, to, m.MessageID) > room {
		if p.Deliver.Store == nil {
			return Mail{}, ErrTooLargeToMail
		}
		m.TooLarge = true
		return m, nil
	}
	var err error
	m.Body, err = to.Sealer.SealMail(p.Received, func(w io.Writer) error {
		return a.writeMail(w, p, to, m.MessageID, room)
	})
	return m, err //nolint:wrapcheck // which Seal does
}

func messageID(p *Plan) string {
	var b [16]byte
	rand.Read(b[:]) // which never fails: it ends the process instead
	_, domain, _ := strings.Cut(p.MailFrom, "@")
	return hex.EncodeToString(b[:]) + "@" + domain
}

// mailHead is the entity up to its files: protected headers, text, record. Without files it is all of it.
func (a *content) mailHead(p *Plan, to Envelope, messageID, edge string) []byte {
	b := make([]byte, 0, a.sizeHint())
	b = appendKind(b, kindMail, p.Service)
	b = a.appendProtected(b, p, to.To, messageID, edge)
	return a.appendBody(b, p, to.Sealer, edge, len(a.files) == 0)
}

// writeMail writes the inner entity. Without files it is padded in the record, as for the store; with files, whose
// lengths dwarf it, behind the last part, as far as there is room.
func (a *content) writeMail(w io.Writer, p *Plan, to Envelope, messageID string, room int64) error {
	edge := boundary()
	head := a.mailHead(p, to, messageID, edge)
	out := &mimetext.Counter{W: w}
	_, err := out.Write(head)
	clear(head)
	if err != nil || len(a.files) == 0 {
		return err
	}
	for i := range a.files {
		if err := writePart(&a.files[i], out, edge); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(out, closing(edge)); err != nil {
		return err
	}
	return writeSpaces(out, min(padme(out.N), room)-out.N)
}

// appendProtected writes the header section that RFC 9788 protects. Thunderbird reads it only where the entity's type
// says protected-headers="v1" too.
func (a *content) appendProtected(b []byte, p *Plan, to, messageID, edge string) []byte {
	b = append(b, "MIME-Version: 1.0\r\n"+
		"Content-Type: multipart/mixed; boundary=\""+edge+"\";\r\n protected-headers=\"v1\"; hp=\"cipher\"\r\n"...)
	b = appendField(b, "", HeaderField{"Subject", encodedText(a.form.Title + " " + p.Reference)})
	for _, h := range sharedHeader(p.MailFrom, to, p.Received, messageID) {
		b = appendField(b, "", h)
	}
	for _, h := range OuterHeader(p.MailFrom, to, p.Received, messageID) {
		b = appendField(b, "HP-Outer: ", h)
	}
	return append(b, "\r\n"...)
}

func appendField(b []byte, before string, h HeaderField) []byte {
	return append(b, before+h.Name+": "+h.Value+"\r\n"...)
}

// printable is ASCII that needs no encoding in a header, quoted or not.
const printable = " !#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`abcdefghijklmnopqrstuvwxyz{|}~"

// encodedText is text for a header: as it is, or in encoded words (RFC 2047 §2), one a line. What reads like an encoded
// word already is encoded too, or a mail program would show something else.
func encodedText(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) <= 200 && strings.Trim(s, printable) == "" && !strings.Contains(s, "=?") {
		return s
	}
	var words []string
	for s != "" {
		piece := cut(s, 39) // 52 base64 digits: with the field's name, a line of less than 76
		words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(piece))+"?=")
		s = s[len(piece):]
	}
	return strings.Join(words, "\r\n ")
}

// shownTypes are the types a mail program may be told, by extension: none of them can run anything.
var shownTypes = map[string]string{
	"jpg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp", "heic": "image/heic",
	"pdf": "application/pdf",
}

func partHead(f *forms.File, edge string) string {
	name := DownloadName(f.Name)
	kind := shownTypes[forms.Extension(name)]
	if kind == "" {
		kind = "application/octet-stream"
	}
	return "\r\n--" + edge + "\r\nContent-Type: " + kind + "\r\nContent-Disposition: attachment" + parameter("filename", name) +
		"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
}

func writePart(f *forms.File, w *mimetext.Counter, edge string) error {
	if _, err := io.WriteString(w, partHead(f, edge)); err != nil {
		return err
	}
	lines := &mimetext.Base64Lines{W: w}
	e := base64.NewEncoder(base64.StdEncoding, lines)
	if err := copyFile(e, f); err != nil {
		return err
	}
	return e.Close()
}

// parameter writes a header parameter by RFC 2231: in pieces, each on its line, and in UTF-8 where it is not ASCII.
func parameter(name, value string) string {
	if len(value) <= 60 && strings.Trim(value, printable) == "" {
		return ";\r\n " + name + "=\"" + value + "\""
	}
	var b strings.Builder
	encoded := "UTF-8''" + percent(value)
	for i := 0; encoded != ""; i++ {
		n := min(len(encoded), 60)
		for n < len(encoded) && n > 0 && strings.Contains(encoded[max(n-2, 0):n], "%") {
			n-- // never inside %XX
		}
		fmt.Fprintf(&b, ";\r\n %s*%d*=%s", name, i, encoded[:n])
		encoded = encoded[n:]
	}
	return b.String()
}

func percent(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c < 0x80 && (c == '.' || c == '-' || c == '_' || isAlphanumeric(c)) {
			b.WriteByte(c)
		} else {
			b.WriteString("%" + string([]byte{upperHex[c>>4], upperHex[c&15]}))
		}
	}
	return b.String()
}

func isAlphanumeric(c byte) bool {
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
}
