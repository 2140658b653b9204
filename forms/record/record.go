package record

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"

	"sealform/keys"
)

// Record is the application/json part of an entity: all that a submission is, in one signed piece.
type Record struct {
	Version   int                `json:"sealform"` // 1
	Kind      string             `json:"kind"`     // "store" or "mail"
	Service   string             `json:"service"`
	Form      string             `json:"form"`
	Revision  string             `json:"revision"` // hex
	ID        string             `json:"id"`       // decimal
	Reference string             `json:"reference"`
	Received  string             `json:"received"` // RFC 3339, UTC
	Lang      string             `json:"lang"`
	Path      string             `json:"path"`
	Follows   string             `json:"follows,omitempty"`
	Roster    int64              `json:"roster"`
	Readers   []keys.Fingerprint `json:"readers"`
	Signer    keys.Fingerprint   `json:"signer"`
	Answers   []RecordAnswer     `json:"answers"`
	Extra     []RecordAnswer     `json:"extra,omitempty"` // posted names that are no field of the form
	Files     []RecordFile       `json:"files"`
	Padding   string             `json:"padding"`
}

// RecordAnswer is a run of values posted under one name, in the order they came; the name comes again if the visitor's
// browser sent it again later. A date's names are those of its boxes.
type RecordAnswer struct {
	Field  string            `json:"field"`
	B64    string            `json:"field_b64,omitempty"` // the name, where its bytes are not valid UTF-8; Field is then ""
	Values []json.RawMessage `json:"values"`              // a string, or {"b64": …} where the bytes are not valid UTF-8
}

// RecordFile is one file. Its bytes are sealed apart (store) or stand in a part of the same message (mail).
type RecordFile struct {
	Field   string `json:"field"`
	Name    string `json:"name"`
	NameB64 string `json:"name_b64,omitempty"` // where it is not valid UTF-8; Name is then ""
	Type    string `json:"type"`
	TypeB64 string `json:"type_b64,omitempty"`
	SHA256  string `json:"sha256"` // hex
	Size    int64  `json:"size"`
}

const recordVersion = 1

// Kinds of record.
const (
	kindStore = "store"
	kindMail  = "mail"
)

// appendRecord writes the record's JSON by hand, as one line that ends before the padding's text: the caller adds
// padding and `"}`. It is on the path of every submission, where encoding/json costs several times as much.
func (a *content) appendRecord(b []byte, p *Plan, mailed keys.Sealer) []byte {
	kind, readers, signer := kindStore, p.Recipients.Fingerprints, p.Signer.Fingerprint
	if mailed != nil {
		kind, readers, signer = kindMail, mailed.Fingerprints, mailed.SignedBy
	}
	b = append(b, `{"sealform":1,"kind":"`...)
	b = append(b, kind...)
	b = append(b, '"')
	b = appendNext(b, "service", p.Service)
	b = appendNext(b, "form", a.form.ID)
	b = append(b, `,"revision":"`...)
	b = hex.AppendEncode(b, a.form.Revision[:])
	b = append(b, `","id":"`...)
	b = strconv.AppendInt(b, p.ID, 10)
	b = append(b, '"')
	b = appendNext(b, "reference", p.Reference)
	b = append(b, `,"received":"`...)
	b = p.Received.UTC().AppendFormat(b, time.RFC3339)
	b = append(b, '"')
	b = appendNext(b, "lang", p.Lang)
	b = appendNext(b, "path", p.Path)
	if p.Follows != "" {
		b = appendNext(b, "follows", p.Follows)
	}
	b = append(b, `,"roster":`...)
	b = strconv.AppendInt(b, p.Roster, 10)
	b = append(b, `,"readers":[`...)
	for i, f := range readers() {
		b = appendComma(b, i)
		b = appendString(b, string(f))
	}
	b = append(b, ']')
	b = appendNext(b, "signer", string(signer()))
	b = a.appendPairs(b)
	b = a.appendFiles(b)
	return append(b, `,"padding":"`...)
}

func appendNext(b []byte, name, value string) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, '"', ':')
	return appendString(b, value)
}

func appendComma(b []byte, i int) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	return b
}

// appendPairs writes answers and extra, each in the order posted.
func (a *content) appendPairs(b []byte) []byte {
	b = append(b, `,"answers":[`...)
	b, _ = a.appendRuns(b, true)
	start := len(b)
	b = append(b, `],"extra":[`...)
	b, some := a.appendRuns(b, false)
	if !some {
		b = b[:start]
	}
	return append(b, ']')
}

func (a *content) appendRuns(b []byte, ours bool) (_ []byte, some bool) {
	last, open := "", false
	for _, p := range a.pairs {
		if _, _, known := a.form.Control(p.Name); known != ours {
			continue
		}
		if open && p.Name == last {
			b = append(b, ',')
		} else {
			if open {
				b = append(b, ']', '}', ',')
			}
			b = append(b, '{')
			b = appendNamed(b, "field", p.Name)
			b = append(b, `,"values":[`...)
			last, open = p.Name, true
		}
		b = appendValue(b, p.Value)
	}
	if open {
		b = append(b, ']', '}')
	}
	return b, open
}

func (a *content) appendFiles(b []byte) []byte {
	b = append(b, `,"files":[`...)
	for i := range a.files {
		f := &a.files[i]
		b = appendComma(b, i)
		b = append(b, '{')
		b = appendNamed(b, "field", f.Field)
		b = append(b, ',')
		b = appendNamed(b, "name", f.Name)
		b = append(b, ',')
		b = appendNamed(b, "type", f.Type)
		b = append(b, `,"sha256":"`...)
		b = hex.AppendEncode(b, f.SHA256[:])
		b = append(b, `","size":`...)
		b = strconv.AppendInt(b, f.Size, 10)
		b = append(b, '}')
	}
	return append(b, ']')
}

// appendNamed writes "name":"value", or "name":"","name_b64":"…" for bytes that are not valid UTF-8.
func appendNamed(b []byte, name, value string) []byte {
	b = append(b, '"')
	b = append(b, name...)
	if utf8.ValidString(value) {
		b = append(b, '"', ':')
		return appendString(b, value)
	}
	b = append(b, `":"","`...)
	b = append(b, name...)
	b = append(b, `_b64":"`...)
	b = base64.StdEncoding.AppendEncode(b, []byte(value))
	return append(b, '"')
}

func appendValue(b, v []byte) []byte {
	if utf8.Valid(v) {
		return appendString(b, string(v))
	}
	b = append(b, `{"b64":"`...)
	b = base64.StdEncoding.AppendEncode(b, v)
	return append(b, '"', '}')
}

const hexDigits = "0123456789abcdef"

// appendString writes a JSON string (RFC 8259 §7). s is valid UTF-8.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(append(b, s[from:]...), '"')
}
