package body

import "strings"

// parse reads a Content-Disposition as browsers write it (WHATWG HTML, multipart/form-data): form-data with a name and
// perhaps a filename, in quotes, where %22, %0D and %0A stand for a quote and line ends; \" as curl writes it is
// understood too. All other bytes stay as they are. A name given twice, none, and the filename* that RFC 7578 §4.2
// forbids are refused: two readers could understand them differently.
func (d *disposition) parse(s string, longest int) error {
	kind, rest, _ := strings.Cut(s, ";")
	if !strings.EqualFold(strings.TrimSpace(kind), "form-data") {
		return ErrMalformed
	}
	named := false
	for rest = trim(rest); rest != ""; rest = trim(rest) {
		key, after, ok := strings.Cut(rest, "=")
		if !ok {
			return ErrMalformed
		}
		value, left, ok := parameter(trim(after))
		if !ok {
			return ErrMalformed
		}
		switch key = strings.ToLower(strings.TrimSpace(key)); {
		case key == "name" && !named:
			d.name, named = value, true
		case key == "filename" && !d.file:
			d.filename, d.file = value, true
		case key == "name", key == "filename", strings.HasSuffix(key, "*"):
			return ErrMalformed
		}
		rest = left
	}
	if !named || d.name == "" {
		return ErrMalformed
	}
	if len(d.name) > longest {
		return ErrTooLarge
	}
	return nil
}

// parameter cuts one value, quoted or not, and the semicolon behind it.
func parameter(s string) (value, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		value, rest, _ = strings.Cut(s, ";")
		value = strings.TrimSpace(value)
		return value, rest, value != "" && !strings.ContainsAny(value, "\" \t")
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == '"' || s[i+1] == '\\'):
			i++
			b.WriteByte(s[i])
		case s[i] == '"':
			rest = trim(s[i+1:])
			if rest != "" && rest[0] != ';' {
				return "", "", false
			}
			return escapes.Replace(b.String()), strings.TrimPrefix(rest, ";"), true
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", false
}

var escapes = strings.NewReplacer("%22", `"`, "%0D", "\r", "%0A", "\n")

func trim(s string) string { return strings.Trim(s, " \t") }
