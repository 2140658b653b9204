package notice

import (
	"slices"
	"strconv"
)

// Series is what came for one form in the time of a digest.
type Series struct {
	Name          string // as in the header Sealform-Number: tells nothing about the form
	Mailed        bool   // false: the form only keeps what comes, and nothing of it is in a mailbox
	First, Last   int64  // numbers given; 0: none came
	Waiting, Dead int64  // of its mails, now
}

// Digest says which numbers came, so that a mail that was lost is missed. It is written too when nothing came: silence
// would else look like a lost digest.
func (w Words) Digest(day string, all []Series, link string) Letter {
	subject := "Daily count for " + day
	if len(all) == 1 {
		subject += " (" + all[0].Name + ")"
	}
	said := []string{"This is the daily count for " + oneLine(day) + ": what came in since the one before. It never says who wrote, or what about."}
	for _, s := range all {
		said = append(said, s.say())
	}
	if slices.ContainsFunc(all, func(s Series) bool { return s.Mailed }) {
		said = append(said, compareMails...)
	} else {
		said = append(said, compareInbox)
	}
	return letter(subject, paragraphs(append(said, "The staff pages are here:", where(link))...))
}

// Advice on the numbers of a digest.
var compareMails = []string{
	"Every sealed mail has its number in the header Sealform-Number, and the numbers of a series have no gap. " +
		"Is each number above in the mailbox, or in the inbox of the staff pages?",
	"If one is missing, it is not lost: a sealed copy is kept for a while after it was sent. Ask whoever runs the server to send it again:\n" +
		"    sealform outbox list --state all\n" +
		"    sealform outbox retry ID",
}

const compareInbox = "Is as much in the inbox of the staff pages? Of this form nothing is mailed. If something is missing, " +
	"ask whoever runs the server: \"sealform audit verify\" tells what was changed or removed."

func (s Series) say() string {
	text := oneLine(s.Name) + ": "
	switch {
	case s.Last == 0 || s.First > s.Last:
		text += "nothing came in."
	case s.First == s.Last:
		text += "1 came in, number " + strconv.FormatInt(s.First, 10) + "."
	default:
		text += strconv.FormatInt(s.Last-s.First+1, 10) + " came in, numbers " +
			strconv.FormatInt(s.First, 10) + " to " + strconv.FormatInt(s.Last, 10) + "."
	}
	if s.Waiting > 0 {
		text += "\n    " + plural(s.Waiting, "mail still waits", "mails still wait") + " to go out."
	}
	if s.Dead > 0 {
		text += "\n    " + plural(s.Dead, "mail", "mails") + " could not be sent in five days; kept, to be sent again."
	}
	return text
}
