package mail

import (
	"bufio"
	"encoding/base64"
	"io"

	"sealform/internal/mimetext"
	"sealform/keys"
)

// piece is how many bytes of base64 are written at a time.
const piece = 16 << 10

// writeCMS writes application/pkcs7-mime (RFC 8551 §3.3): one part, base64. A stream that breaks off leaves base64
// without its end, and CMS that no program takes for whole.
func (m *Message) writeCMS(w io.Writer, body keys.SealedStream) error {
	if _, err := (&lines{to: w}).Write(m.headCMS(smimeType(body))); err != nil {
		return err
	}
	pieces := bufio.NewWriterSize(w, piece) // the encoder alone would write a kilobyte at a time
	text := &mimetext.Base64Lines{W: pieces}
	code := base64.NewEncoder(base64.StdEncoding, text)
	if _, err := body.WriteTo(code); err != nil {
		return err
	}
	if err := code.Close(); err != nil {
		return err
	}
	if err := text.End(); err != nil {
		return err
	}
	return pieces.Flush()
}

func (m *Message) headCMS(kind string) []byte {
	var h header
	m.head(&h)
	h.field("Content-Type", "application/pkcs7-mime; smime-type="+kind+";\n name=\"smime.p7m\"")
	h.field("Content-Transfer-Encoding", "base64")
	h.field("Content-Disposition", `attachment; filename="smime.p7m"`)
	h.WriteString("\n")
	return h.Bytes()
}

// smimeType is the parameter that tells mail programs what they will find (RFC 8551 §3.2.2).
func smimeType(body keys.SealedStream) string {
	if body.AuthEnveloped() {
		return "authEnveloped-data"
	}
	return "enveloped-data"
}
