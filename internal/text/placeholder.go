package text

import (
	"regexp"
	"strings"
)

// slots are the ways in which templates of all kinds write "put something in here". Where one holds another, as
// {{name}} holds {name}, the outer one comes first. What people write about money and shares stays prose: "$20",
// "20 %", "20%off", "100%".
var slots = regexp.MustCompile(strings.Join([]string{
	`\{\{.*?\}\}+`,        // {{name}} {{{name}}}
	`\{%.*?%\}`,           // {% name %}
	`[$#@]\{[^{}]*\}`,     // ${name} #{name} @{name}
	`\{[^{}]*\}`,          // {name} {0}
	`\[\[.*?\]\]`,         // [[name]]
	`<%.*?%>`,             // <%= name %>
	`<\?.*?\?>`,           // <?= name ?>
	`\$\([^()]*\)`,        // $(name)
	`\$[\pL_][\pL\pN_]*`,  // $name
	`%\([^()]*\)[A-Za-z]`, // %(name)s
	`%[\pL_][\pL\pN_.]*%`, // %name%
	`%(?:[0-9]+\$)?[-+#0]*[0-9]*(?:\.[0-9]+)?[sdvqfx]\b`, // %s %d %-20s %1$s
}, "|"))

// Placeholders finds what looks like a slot to be filled in: {name}, {{name}}, ${name}, $name, %name%, %s, [[name]],
// <%= name %> and their kin, in the order they stand. The texts of unsealed mails are fixed, so that none of them can
// carry an answer.
func Placeholders(s string) []string {
	return slots.FindAllString(s, -1)
}
