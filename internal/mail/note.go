package mail

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"strings"
	"time"

	"sealform/internal/mimetext"
	"sealform/internal/notice"
)

// Note is a mail that is not sealed: a notice.Letter, which holds nothing of a visitor.
type Note struct {
	From      string // address only
	To        string // address only
	MessageID string // without angle brackets; the same on every attempt
	Date      time.Time
	Letter    notice.Letter
	Last      Last
	Reply     bool // to somebody who just wrote to us: Auto-Submitted: auto-replied, and nobody to bounce to (RFC 3834)
}

var errNoLetter = errors.New("the letter has no words")

func (n *Note) check() error {
	if err := plain(n.From, n.To, n.MessageID); err != nil {
		return err
	}
	if n.Letter.Subject() == "" || n.Letter.Text() == "" {
		return errNoLetter
	}
	return nil
}

// sender is nobody for a reply (RFC 3834 §3.3): what cannot be delivered must not come back and be answered again.
func (n *Note) sender(bounces string) string {
	if n.Reply {
		return ""
	}
	return cmp.Or(bounces, n.From)
}

func (n *Note) last(ctx context.Context) error { return n.Last.wait(ctx) }

func (n *Note) recipient() string { return n.To }

// mailed counts three characters for each byte of text.
func (n *Note) mailed() int64 { return int64(len(n.Letter.Text()))*3 + 4096 }

// WriteTo writes the whole mail as text/plain with CRLF line ends; the same note gives the same bytes each time.
func (n *Note) WriteTo(w io.Writer) (int64, error) {
	if err := n.check(); err != nil {
		return 0, fmt.Errorf("writing a note: %w", err)
	}
	encoding, body := encodeText(n.Letter.Text())
	out := &mimetext.Counter{W: w}
	if _, err := (&lines{to: out}).Write(append(n.head(encoding), body...)); err != nil {
		return out.N, fmt.Errorf("writing a note: %w", err)
	}
	return out.N, nil
}

func (n *Note) head(encoding string) []byte {
	var h header
	h.field("From", n.From)
	h.field("To", n.To)
	h.field("Date", Date(n.Date))
	h.field("Message-ID", "<"+n.MessageID+">")
	h.field("Subject", encodeSubject(n.Letter.Subject()))
	if n.Reply {
		h.field("Auto-Submitted", "auto-replied") // RFC 3834 §5
		h.field("X-Auto-Response-Suppress", "All")
	} else {
		h.field("Auto-Submitted", "auto-generated")
		h.field("X-Auto-Response-Suppress", "DR, RN, NRN, OOF, AutoReply") // all of Exchange's but the bounce, which operators want
	}
	h.field("MIME-Version", "1.0")
	h.field("Content-Type", "text/plain; charset=utf-8")
	h.field("Content-Transfer-Encoding", encoding)
	h.WriteString("\n")
	return h.Bytes()
}

// encodeSubject gives one field value: as it is, or as encoded words (RFC 2047 §2), each on a line of its own. Words
// that are encoded already stay so; a line end would be encoded like any other letter.
func encodeSubject(s string) string {
	return strings.ReplaceAll(mime.QEncoding.Encode("utf-8", s), "?= =?", "?=\n =?")
}

// longestLine is what a line of a mail may have without its end (RFC 5322 §2.1.1).
const longestLine = 998

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// encodeText names the encoding of a text (RFC 2045 §6) and encodes it, lines ending with LF: plain letters as they
// are, everything else quoted-printable.
func encodeText(text string) (encoding string, body []byte) {
	text = lineEnds.Replace(text)
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	if plainText(text) {
		return "7bit", []byte(text)
	}
	var b bytes.Buffer
	q := quotedprintable.NewWriter(&b)
	_, _ = q.Write([]byte(text)) // a bytes.Buffer does not fail
	_ = q.Close()
	return "quoted-printable", b.Bytes()
}

// plainText: printable ASCII in lines that every relay carries unchanged.
func plainText(text string) bool {
	for line := range strings.Lines(text) {
		if len(line) > longestLine {
			return false
		}
	}
	return !strings.ContainsFunc(text, func(r rune) bool { return r > '~' || r < ' ' && r != '\n' && r != '\t' })
}
