package intake

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"sealform/forms"
	"sealform/internal/body"
	"sealform/internal/spool"
)

// Limits of one post, held before anything is allocated for it. Most are those that form files are checked against,
// so that every form that is served can be sent.
const (
	textLimit  = forms.MaxText
	fieldLimit = forms.MaxAnswers
	fileLimit  = forms.MaxFiles // more are read, counted as one too many, and not kept
	nameLimit  = forms.MaxName
	valueLimit = forms.MaxValue
	partLimit  = 250 // parts of a multipart body: answers, token, files, and file fields left alone
)

// tokenName is the one control among the posted names; all others are the visitor's.
const tokenName = "_token"

// post holds the content of a body. It must be closed.
type post struct {
	entry forms.Entry
	token string
	full  bool // a file found no room in the spool
	heavy bool // the files came to more than is taken of all together
	many  bool // there were more files than a post may have; the first of them are in entry

	text    int64 // bytes of answers so far
	uploads int64 // bytes of files so far
	body    *body.Reader
	spool   *spool.Request

	files       map[string]int64 // fields that take files, and the most that each file may have
	totalUpload int64            // bytes of all files together that are read
	taken       int64            // bytes of them that are taken; what is beyond is read, and not kept
}

// read takes the body apart. On an error the post holds what was read until then, so that a visitor need not type it again.
func (p *post) read(w http.ResponseWriter, r *http.Request) error {
	limits := body.Limits{Text: textLimit, Value: valueLimit, Name: nameLimit, Parts: partLimit}
	if len(p.files) > 0 {
		limits.Files = p.totalUpload
	}
	p.body = &body.Reader{Limits: limits, Spool: p.spool, Sink: p}
	return p.body.Read(w, r) //nolint:wrapcheck // its errors are what the handler decides on
}

// close forgets files and wipes answers.
func (p *post) close() error {
	if p.body != nil {
		p.body.Wipe()
	}
	for _, pair := range p.entry.Pairs {
		clear(pair.Value)
	}
	if p.spool == nil {
		return nil
	}
	if err := p.spool.Close(); err != nil {
		return fmt.Errorf("closing the spool: %w", err)
	}
	return nil
}

// Pair keeps one answer, or the page's token.
func (p *post) Pair(name string, value []byte) error {
	if len(name) > nameLimit || len(value) > valueLimit {
		return body.ErrTooLarge
	}
	if name == tokenName {
		if p.token != "" {
			return body.ErrMalformed // a page of ours has one
		}
		p.token = string(value)
		return nil
	}
	p.text += int64(len(name) + len(value))
	if len(p.entry.Pairs) >= fieldLimit || p.text > textLimit {
		return body.ErrTooLarge
	}
	p.entry.Pairs = append(p.entry.Pairs, forms.Pair{Name: name, Value: value})
	return nil
}

// File spools one file. One that is too long for its field, has no field or is one too many is read to its end
// and its size kept without its bytes: what comes behind it need not be typed again. A field left alone is posted
// as a file without name and bytes, and is none.
func (p *post) File(field, name, kind string, content io.Reader) error {
	surplus := len(p.entry.Files) >= fileLimit
	keep, known := p.files[field]
	keep = min(keep, p.taken-p.uploads)
	if !known || p.full || surplus || p.heavy {
		keep = 0
	}
	source := &counted{Reader: content, left: p.totalUpload - p.uploads}
	f, err := p.spool.Add(source, keep)
	if errors.Is(err, spool.ErrFull) {
		p.full = true
		f, err = p.spool.Add(source, 0)
	}
	p.uploads = p.totalUpload - source.left
	p.heavy = p.uploads > p.taken
	if err != nil {
		if errors.Is(err, body.ErrTooLarge) || errors.Is(err, io.ErrUnexpectedEOF) || source.failed {
			return fmt.Errorf("reading a file: %w", err)
		}
		return fmt.Errorf("%w: %w", body.ErrSpool, err)
	}
	if f.Size == 0 && name == "" {
		return nil
	}
	if surplus {
		p.many = true
		return nil
	}
	p.entry.Files = append(p.entry.Files, forms.File{
		Field: field, Name: name, Type: kind, Size: f.Size, SHA256: f.SHA256, Open: f.Open,
	})
	return nil
}

// counted refuses more bytes than are left for all files together.
type counted struct {
	io.Reader
	left   int64
	failed bool // the source itself gave an error
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	if c.left -= int64(n); c.left < 0 {
		return 0, body.ErrTooLarge
	}
	c.failed = err != nil && !errors.Is(err, io.EOF)
	return n, err
}
