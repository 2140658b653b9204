package record

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const longestName = 150 // bytes

// devices are names that Windows opens as hardware, whatever their extension.
var devices = map[string]bool{
	"con": true, "prn": true, "aux": true, "nul": true, "conin$": true, "conout$": true,
	"com0": true, "com1": true, "com2": true, "com3": true, "com4": true, "com5": true, "com6": true, "com7": true, "com8": true, "com9": true,
	"lpt0": true, "lpt1": true, "lpt2": true, "lpt3": true, "lpt4": true, "lpt5": true, "lpt6": true, "lpt7": true, "lpt8": true, "lpt9": true,
}

// DownloadName makes a safe name for Content-Disposition: at most 150 bytes of valid UTF-8, no controls, no bidi, no
// path, no leading dot or dash; "file" if nothing is left. The record keeps the name as it came.
func DownloadName(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(safeRune, strings.ToValidUTF8(name, "_"))
	name = strings.Join(strings.Fields(name), " ")
	name = strings.TrimRight(strings.TrimLeftFunc(name, leading), ". ")
	stem, ext := name, ""
	if i := strings.LastIndexByte(name, '.'); i > 0 && len(name)-i <= 12 {
		stem, ext = name[:i], name[i:]
	}
	stem = strings.TrimRight(cut(stem, longestName-len(ext)-1), ". ")
	if base, _, _ := strings.Cut(stem, "."); devices[strings.ToLower(strings.TrimSpace(base))] {
		stem = "_" + stem
	}
	if stem == "" {
		return "file" + ext
	}
	return stem + ext
}

func leading(r rune) bool { return r == '.' || r == '-' || r == ' ' || r == '~' }

func safeRune(r rune) rune {
	switch {
	case strings.ContainsRune(`<>:"|?*;%`, r):
		return '_'
	case unicode.IsSpace(r):
		return ' '
	case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Co, r) || r == utf8.RuneError:
		return -1
	}
	return r
}

// cut shortens s to n bytes at most, between runes.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
