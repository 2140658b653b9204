package text

// Placeholders finds what looks like a slot to be filled in: {name}, {{name}}, ${name}, $name, %name%, %s, [[name]], <%= … %>.
// The texts of unsealed mails are fixed, so that none of them can carry an answer.
func Placeholders(s string) []string { panic("contract") }
