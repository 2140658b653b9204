package viewer

import (
	"errors"
	"io"
	"mime"
	"net/http"

	"sealform/internal/body"
)

// longestBody bounds a posted form: an e-mail address, a password of at most 1 KiB with every byte escaped, a path.
const longestBody = 4 << 10

var (
	errBody     = errors.New("the posted form is malformed")
	errBodyLong = errors.New("the posted form is too long")
	errBodyType = errors.New("the posted form has another content type")
)

// fields is a posted form, urlencoded. It is read into one piece of memory and wiped after use, which
// net/http's own parser, making strings, does not allow: a key password passes here.
type fields struct {
	body   []byte
	values map[string][]byte // the first of each name
}

// readFields reads a whole body; the query string is never merged in.
func readFields(w http.ResponseWriter, r *http.Request) (*fields, error) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, errBodyType
	}
	b := make([]byte, longestBody+1) // one more, so that a longer body shows
	n, err := io.ReadFull(http.MaxBytesReader(w, r.Body, longestBody), b)
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return nil, errBodyLong
	case err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
	default:
		return nil, errBody
	}
	f := &fields{b, map[string][]byte{}}
	for name, value := range body.Pairs(b[:n]) {
		name, ok := body.Unescape(name)
		value, ok2 := body.Unescape(value)
		if !ok || !ok2 {
			f.wipe()
			return nil, errBody
		}
		if _, again := f.values[string(name)]; !again {
			f.values[string(name)] = value
		}
	}
	return f, nil
}

// bytes is the first value of that name; it is wiped with the rest.
func (f *fields) bytes(name string) []byte { return f.values[name] }

// text is a copy that stays: not for passwords.
func (f *fields) text(name string) string { return string(f.bytes(name)) }

func (f *fields) wipe() { clear(f.body) }
