package headers

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Bounds of what is read.
const (
	maxHeader = 1 << 20 // bytes
	maxHops   = 200
)

// ErrNoHeader is given for what holds no header of a mail at all.
var ErrNoHeader = errors.New("there is no mail header in it")

// Read reads the header from r, up to its end or 1 MiB, and nothing of the body after that. Lines end in LF or CRLF;
// a first "From " line of an mbox file is passed over. Errors are r's own, or ErrNoHeader.
func Read(r io.Reader) (Report, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxHeader+1))
	if err != nil {
		return Report{}, fmt.Errorf("reading the header: %w", err)
	}
	lines, fields, cut := received(b)
	if fields == 0 {
		return Report{}, ErrNoHeader
	}
	report := Report{Hops: []Hop{}, Cut: cut}
	for _, l := range slices.Backward(lines) {
		report.Hops = append(report.Hops, hop(l))
	}
	report.Verdict = judge(report.Hops, cut)
	return report, nil
}

// received gives the unfolded values of the Received fields, newest first, and how many fields there are of any name.
// cut: there may be more.
func received(b []byte) (values []string, fields int, cut bool) {
	cut = len(b) > maxHeader
	b = bytes.TrimPrefix(b[:min(len(b), maxHeader)], []byte("\xef\xbb\xbf")) // an editor's mark
	b = bytes.TrimLeft(b, "\r\n")
	var open *strings.Builder
	done := func() {
		if open != nil {
			values, open = append(values, open.String()), nil
		}
	}
	defer done()
	for line := range bytes.Lines(b) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			cut = false
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			if open != nil {
				open.WriteByte(' ')
				open.Write(line)
			}
			continue
		}
		done()
		name, value, ok := fieldOf(line)
		if !ok {
			continue
		}
		fields++
		if strings.EqualFold(name, "Received") {
			if len(values) == maxHops {
				return values, fields, true
			}
			open = &strings.Builder{}
			open.Write(value)
		}
	}
	return values, fields, cut
}

// fieldOf parts a line at its colon. A name is printable ASCII without blanks (RFC 5322 §2.2), so that neither an mbox's
// "From " line nor prose is one.
func fieldOf(line []byte) (name string, value []byte, ok bool) {
	before, value, found := bytes.Cut(line, []byte(":"))
	before = bytes.TrimRight(before, " \t")
	if !found || len(before) == 0 || len(before) > 100 {
		return "", nil, false
	}
	for _, c := range before {
		if c <= ' ' || c > '~' {
			return "", nil, false
		}
	}
	return string(before), value, true
}
