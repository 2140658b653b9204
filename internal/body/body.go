// Package body takes apart what a browser posted, as a bounded stream, in memory that can be wiped.
//
//	rd := &body.Reader{Limits: limits, Spool: request, Sink: post}
//	defer rd.Wipe()
//	err := rd.Read(w, r)      // Sink gets each name with its value, and each file, in the order they come
//
// net/http's own parsers keep whole bodies in memory and temporary files, merge the query into them, and make strings, which
// cannot be wiped; answers and passwords pass here. Reader takes application/x-www-form-urlencoded and multipart/form-data
// (RFC 7578) and holds every limit before memory is spent; a body has a least rate and an end (meter.go). Pairs and Unescape
// serve those who read a small urlencoded body themselves.
//
// It refuses compressed bodies, other types, parts in a transfer encoding, a body inside the body, and headers that two
// readers could understand differently. Errors never hold a byte of a body. What is left unread stays unread.
package body

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"sealform/internal/spool"
)

// Errors of a body that is not taken. None of them holds a byte of it.
var (
	ErrTooLarge  = errors.New("body over its limits")
	ErrMalformed = errors.New("body not well formed")
	ErrType      = errors.New("content type not taken")
	ErrSlow      = errors.New("body came too slowly")
	// ErrSpool is a sink's: the spool failed for another reason than being full.
	ErrSpool = errors.New("spool failed")
)

// Limits of one body, held before anything is allocated for it.
type Limits struct {
	Text  int64 // bytes of a body beside its files
	Value int64 // bytes of one value
	Name  int   // bytes of one name
	Parts int   // of a multipart body: names with a value, files, and file fields left alone
	Files int64 // bytes of all files; 0: none are asked for
}

// headerLimit is how many bytes the header of a part may have.
const headerLimit = 8 << 10

// Sink takes what a body held. An error of its ends the reading.
type Sink interface {
	// Pair takes a name and its value, whose bytes are the sink's until Reader.Wipe.
	Pair(name string, value []byte) error
	// File takes one file, or the empty one of a field that was left alone: without name and bytes.
	File(field, name, kind string, content io.Reader) error
}

// Reader takes the body of one post apart. The address's query is never looked at.
type Reader struct {
	Limits
	Spool *spool.Request // counts the memory that values take
	Sink  Sink
	raw   []byte
}

// Wipe clears what was read of a urlencoded body.
func (rd *Reader) Wipe() { clear(rd.raw) }

// Read takes a body of one of the two types that browsers post. Until an error the sink has got what came before; the rest
// of the body is left unread.
func (rd *Reader) Read(w http.ResponseWriter, r *http.Request) error {
	for _, e := range r.Header.Values("Content-Encoding") {
		if !strings.EqualFold(e, "identity") {
			return ErrType // nothing is ever decompressed here
		}
	}
	types := r.Header.Values("Content-Type")
	if len(types) != 1 {
		return ErrType
	}
	kind, params, err := mime.ParseMediaType(types[0])
	if err != nil {
		return ErrType
	}
	limit := rd.Text
	if kind == "multipart/form-data" {
		limit += rd.Files
	}
	if r.ContentLength > limit {
		return ErrTooLarge
	}
	size := limit
	if r.ContentLength >= 0 {
		size = r.ContentLength
	}
	m := newMeter(w, r.Body, limit, size)
	defer m.done()
	switch kind {
	case "application/x-www-form-urlencoded":
		return rd.readPairs(m, r.ContentLength)
	case "multipart/form-data":
		return rd.readParts(m, params["boundary"])
	}
	return ErrType
}
