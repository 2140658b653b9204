package record

import (
	"crypto/rand"
	"encoding/hex"
	"strings"

	"sealform/forms"
	"sealform/keys"
)

// entityPrefix begins the MIME entity inside the seal: multipart/mixed of a readable text, the record, and, in a mail,
// the files.
//
// The first line names its kind and the service. Whatever else the service signs begins otherwise, and an uploaded
// file that begins so is refused: else a file sealed for one submission could be put in the place of the answers of
// another.
const entityPrefix = forms.EntityMagic + "1; kind="

// boundary is drawn for each message. Neither quoted-printable nor base64 text can hold "=_".
func boundary() string {
	var b [16]byte
	rand.Read(b[:]) // which never fails: it ends the process instead
	return "=_" + hex.EncodeToString(b[:])
}

func appendKind(b []byte, kind, service string) []byte {
	b = append(b, entityPrefix...)
	b = append(b, kind...)
	b = append(b, "; service="...)
	b = append(b, service...)
	return append(b, "\r\n"...)
}

const (
	textHead = "Content-Type: text/plain; charset=utf-8\r\n" +
		"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
	recordHead = "Content-Type: application/json\r\n" +
		"Content-Disposition: attachment; filename=record.json\r\n" +
		"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
)

// sizeHint is room for the entity of ordinary answers, so that it is written into one buffer.
func (a *content) sizeHint() int {
	n := 3072 + 160*len(a.form.Fields)
	for _, p := range a.pairs {
		n += 3*len(p.Value) + 2*len(p.Name)
	}
	return n + 400*len(a.files)
}

// storeEntity is the whole plaintext of the answers' message; its length is a padded one.
func (a *content) storeEntity(p *Plan) []byte {
	edge := boundary()
	b := make([]byte, 0, a.sizeHint())
	b = appendKind(b, kindStore, p.Service)
	b = append(b, "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\""+edge+"\"\r\n\r\n"...)
	return a.appendBody(b, p, nil, edge, true)
}

// appendBody writes the two parts, for the store where mailed is nil. If they are all, it pads and closes the multipart
// as well.
func (a *content) appendBody(b []byte, p *Plan, mailed keys.Sealer, edge string, all bool) []byte {
	q := &quoted{b: append(b, "--"+edge+"\r\n"+textHead...)}
	a.readable(q, p)
	q.b = append(q.b, "--"+edge+"\r\n"+recordHead...)
	q.col = 0
	json := a.appendRecord(make([]byte, 0, a.sizeHint()), p, mailed)
	q.write(string(json))
	clear(json)
	end := closing(edge)
	if all {
		n := paddingFor(int64(len(q.b)), int64(q.col), int64(len(end)))
		q.write(strings.Repeat("-", int(n)))
	}
	q.write(`"}`)
	if !all {
		return q.b
	}
	q.b = append(q.b, end...)
	return append(q.b, epilogue(int64(len(q.b)))...)
}

func closing(edge string) string { return "\r\n--" + edge + "--\r\n" }

// epilogue is the padding behind a multipart, which readers skip (RFC 2046 §5.1.1): the few bytes from n to its padded
// length.
func epilogue(n int64) string { return strings.Repeat(" ", int(padme(n)-n)) }
