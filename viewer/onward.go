package viewer

import "regexp"

// ownPath is every address that a page may send on to: ours, that only reads, in full. Anything else, above all what a browser
// takes for another site ("//x", "/\x", a scheme), leads to the inbox.
var ownPath = regexp.MustCompile(`^/((inbox|deliveries)(\?[a-z0-9A-Z_=&-]{0,200})?|deliveries/[0-9A-Za-z_-]{1,64}|s/[0-9A-Za-z_-]{1,64}(/files/[0-9]{1,3}|/erase)?)$`)

func safeNext(path string) string {
	if ownPath.MatchString(path) {
		return path
	}
	return "/inbox"
}
