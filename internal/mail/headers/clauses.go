package headers

import "strings"

// clause is a part of a Received line: the words behind its keyword, and the comments among and behind them.
type clause struct {
	words    []string
	comments []string // without their outer parentheses
}

// word gives the first word, or "".
func (c *clause) word() string {
	if c == nil || len(c.words) == 0 {
		return ""
	}
	return c.words[0]
}

// line is a Received line in clauses, by keyword in lower case. What stands before the first keyword is under "".
// A keyword that comes again goes on with its clause, as in "with ESMTP with STARTTLS".
type line map[string]*clause

// keywords of RFC 5321 §4.4. Exim's and chasquid's "tls", with the cipher behind it, is like one.
var keywords = map[string]bool{"from": true, "by": true, "via": true, "with": true, "id": true, "for": true, "tls": true}

// parse cuts a value into clauses. The date behind the last semicolon outside comments belongs to none.
func parse(value string) line {
	l := line{"": {}}
	now := l[""]
	for rest := value; ; {
		rest = strings.TrimLeft(rest, " \t")
		if rest == "" || rest[0] == ';' {
			return l
		}
		if rest[0] == '(' {
			var text string
			text, rest = comment(rest)
			now.comments = append(now.comments, text)
			continue
		}
		var w string
		w, rest = word(rest)
		k := strings.ToLower(w)
		// A host may be called "by" or "id"; directly behind a keyword stands a word.
		if !keywords[k] || now != l[""] && len(now.words) == 0 && len(now.comments) == 0 {
			now.words = append(now.words, w)
			continue
		}
		if k == "by" && l["by"] == nil {
			l.giveBack()
		}
		if l[k] == nil {
			l[k] = &clause{}
		}
		now = l[k]
	}
}

// giveBack makes what stood before the first "by" part of "from" again: a sender may have called itself
// "x with ESMTPS", and only what stands behind "by" is the receiving server's own word.
func (l line) giveBack() {
	from := l["from"]
	if from == nil {
		return
	}
	for k := range keywords {
		if c := l[k]; c != nil && k != "from" {
			from.words, from.comments = append(from.words, c.words...), append(from.comments, c.comments...)
			delete(l, k)
		}
	}
}

// comment takes a comment, which may hold others, off the front (RFC 5322 §3.2.2). One that is not closed goes on to the end.
func comment(s string) (text, rest string) {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			depth--
			if depth == 0 {
				return tidy(s[1:i]), s[i+1:]
			}
		}
	}
	return tidy(s[1:]), ""
}

// word takes a word off the front. Inside quotes and angle brackets, where an address may stand, nothing ends it.
func word(s string) (w, rest string) {
	quoted, angle := false, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<':
			angle = true
		case c == '>':
			angle = false
		case angle:
		case c == ' ' || c == '\t' || c == '(' || c == ';':
			return s[:i], s[i:]
		}
	}
	return s, ""
}

// tidy joins the words of folded text with single blanks.
func tidy(s string) string { return strings.Join(strings.Fields(s), " ") }
