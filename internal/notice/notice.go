// Package notice writes the mails that are not sealed: they say that something happened and nothing about whom.
//
//	letter := notice.Words{Clinic: "Riverside"}.Arrived(3, "https://staff.riverside.example/go/inbox")
//
// A Letter can be made here only, from counts, references, addresses of ours and the operator's own fixed words; no
// function takes what a visitor typed. The mail package sends nothing in clear but a Letter. The operator may reword
// subject and text of a notice; placeholders are a closed list, and Check refuses every other one.
//
// The words are neutral, because a subject shows on a locked phone and lies readable on every mail server on its way:
// no letter names a form, by title or by id, and no subject of ours names the clinic. A digest speaks of a series,
// the hash that stands in the header Sealform-Number, so that the numbers in a mailbox can be held against it.
//
// Whatever goes in, what comes out has no carriage return or other control character, no line over 200 characters,
// and a subject of one line of ASCII (line.go).
package notice

import (
	"strconv"
	"strings"
)

// Letter is a mail in plain words.
type Letter struct{ subject, text string }

// Subject is one line of ASCII, or of encoded words.
func (l Letter) Subject() string { return l.subject }

// Text has lines that end with LF.
func (l Letter) Text() string { return l.text }

// Words are the operator's: who writes, and the wording of notices.
type Words struct {
	Clinic  string
	Subject string // of a notice; "" for ours. Placeholders: {clinic} {count}
	Text    string // of a notice; "" for ours. Placeholders: {clinic} {count} {link}
}

// Arrived says how many submissions came since the last notice, and where to read them.
func (w Words) Arrived(count int64, link string) Letter {
	subject, text := w.Subject, w.Text
	if subject == "" {
		subject = "Something new has come in"
	}
	if text == "" {
		text = arrived(count) + "\n\n" + fixedEnd
	}
	filled := strings.NewReplacer( // in one pass: what is put in is not looked through again
		"{clinic}", oneLine(w.Clinic),
		"{count}", strconv.FormatInt(count, 10),
		"{link}", where(link),
	)
	return letter(filled.Replace(subject), filled.Replace(text))
}

func arrived(count int64) string {
	if count == 1 {
		return "Something new has come in. Open it here:\n\n{link}"
	}
	return "Since the last notice {count} new submissions have come in. Open them here:\n\n{link}"
}

const fixedEnd = "A notice never says who wrote, or what about."

// TooLarge says that a submission is kept in the viewer alone, because the relay takes no message of its size.
func (w Words) TooLarge(reference, link string) Letter {
	return letter("Something new has come in, too large to mail", paragraphs(
		"Something new has come in, with the reference "+plainReference(reference)+
			". It is too large for the mail server, so it was not mailed. It is kept, sealed, in the staff pages. Open it here:",
		where(link),
		fixedEnd,
	))
}

// where is a link on its own, or what to do where there is none.
func where(link string) string {
	if link = oneLine(link); link == "" {
		return "(the inbox of the staff pages)"
	}
	return link
}

func paragraphs(all ...string) string { return strings.Join(all, "\n\n") }

// plural is "1 mail" or "3 mails".
func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatInt(n, 10) + " " + many
}

// Receipt is the mail to a visitor: the reference and the clinic's own fixed words. The subject names neither the clinic
// nor what the visitor came for.
func Receipt(clinic, reference, fixed string) Letter {
	said := []string{"We have received what you sent us. Your reference is " + plainReference(reference) + "."}
	if fixed != "" {
		said = append(said, fixed)
	}
	said = append(said, "Nothing that you wrote is in this mail: it is kept sealed.",
		"Please do not answer this mail: an answer would travel unsealed. To add something, use the form again.",
		"If you did not write to us, somebody typed your address by mistake; please throw this mail away.")
	if clinic = oneLine(clinic); clinic != "" {
		said = append(said, clinic)
	}
	return letter("Your reference "+plainReference(reference), paragraphs(said...))
}
