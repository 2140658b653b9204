package intake

import (
	"fmt"
	"mime"
	"net/http"
	"strings"

	"sealform/forms"
	"sealform/internal/spool"
)

// Limits of one post, held before anything is allocated for it. Most are those that form files are checked against,
// so that every form that is served can be sent.
const (
	textLimit   = forms.MaxText
	fieldLimit  = forms.MaxAnswers
	fileLimit   = forms.MaxFiles // more are read, counted as one too many, and not kept
	nameLimit   = forms.MaxName
	valueLimit  = forms.MaxValue
	partLimit   = 250     // parts of a multipart body: answers, token, files, and file fields left alone
	headerLimit = 8 << 10 // bytes of a part's header
)

// tokenName is the one control among the posted names; all others are the visitor's.
const tokenName = "_token"

// post is what a body held. It must be closed.
type post struct {
	entry forms.Entry
	token string
	full  bool // a file found no room in the spool
	heavy bool // the files came to more than is taken of all together
	many  bool // there were more files than a post may have; the first of them are in entry

	text    int64 // bytes of answers so far
	uploads int64 // bytes of files so far
	raw     []byte
	spool   *spool.Request
}

// close forgets files and wipes answers.
func (p *post) close() error {
	clear(p.raw)
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

// reader takes the body of one post of a form apart, as a stream. The address's query is never looked at.
type reader struct {
	spool       *spool.Request
	files       map[string]int64 // fields that take files, and the most that each file may have
	totalUpload int64            // bytes of all files together that are read
	taken       int64            // bytes of them that are taken; what is beyond is read, and not kept
}

// read takes a body of one of the two types that browsers post. On an error the post holds what was read until then,
// so that a visitor need not type it again; the rest of the body is left unread.
func (rd *reader) read(w http.ResponseWriter, r *http.Request) (*post, error) {
	p := &post{spool: rd.spool}
	for _, e := range r.Header.Values("Content-Encoding") {
		if !strings.EqualFold(e, "identity") {
			return p, errType // nothing is ever decompressed here
		}
	}
	types := r.Header.Values("Content-Type")
	if len(types) != 1 {
		return p, errType
	}
	kind, params, err := mime.ParseMediaType(types[0])
	if err != nil {
		return p, errType
	}
	limit := int64(textLimit)
	if kind == "multipart/form-data" && len(rd.files) > 0 {
		limit += rd.totalUpload
	}
	if r.ContentLength > limit {
		return p, errTooLarge
	}
	size := limit
	if r.ContentLength >= 0 {
		size = r.ContentLength
	}
	m := newMeter(w, r.Body, limit, size)
	defer m.done()
	switch kind {
	case "application/x-www-form-urlencoded":
		return p, p.readPairs(m, r.ContentLength)
	case "multipart/form-data":
		return p, p.readParts(m, params["boundary"], rd)
	}
	return p, errType
}

// add keeps one answer, or the page's token. value belongs to the post from now on.
func (p *post) add(name string, value []byte) error {
	if len(name) > nameLimit || len(value) > valueLimit {
		return errTooLarge
	}
	if name == tokenName {
		if p.token != "" {
			return errMalformed // a page of ours has one
		}
		p.token = string(value)
		return nil
	}
	p.text += int64(len(name) + len(value))
	if len(p.entry.Pairs) >= fieldLimit || p.text > textLimit {
		return errTooLarge
	}
	p.entry.Pairs = append(p.entry.Pairs, forms.Pair{Name: name, Value: value})
	return nil
}
