// Package notice writes the mails that are not sealed: they say that something happened and nothing about whom.
//
//	letter := notice.Words{Clinic: "Riverside"}.Arrived(3, "https://staff.riverside.example/go/inbox")
//
// A Letter can be made here only, from counts, references, addresses of ours and the operator's own fixed words; no
// function takes what a visitor typed. The mail package sends nothing in clear but a Letter. The operator may reword
// subject and text of a notice; placeholders are a closed list, and Check refuses every other one.
package notice

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

// Check tells the first placeholder that is not in the closed list, as an error for the operator.
func (w Words) Check() error { panic("contract") }

// Arrived says how many submissions came since the last notice, and where to read them.
func (w Words) Arrived(count int64, link string) Letter { panic("contract") }

// TooLarge says that a submission is kept in the viewer alone, because the relay takes no message of its size.
func (w Words) TooLarge(reference, link string) Letter { panic("contract") }

// Series is what came for one form in the time of a digest.
type Series struct {
	Name          string // as in the header Sealform-Number: tells nothing about the form
	First, Last   int64  // numbers given; 0: none came
	Waiting, Dead int64  // of its mails, now
}

// Digest says which numbers came, so that a mail that was lost is missed.
func (w Words) Digest(day string, all []Series, link string) Letter { panic("contract") }

// Alarm tells operators what needs them; see the constants.
func (w Words) Alarm(a Alarm, link string) Letter { panic("contract") }

// Alarm is a matter and its figures.
type Alarm struct {
	Matter Matter
	Count  int64  // of messages, or days
	Name   string // the address or file of a key that ends, as the operator configured it
}

// Matter is what an alarm is about.
type Matter string

// The matters.
const (
	QueueOld   Matter = "queue-old"   // Count messages wait, the oldest for over an hour
	DeadLetter Matter = "dead-letter" // Count messages were given up after five days; they are kept
	KeyEnds    Matter = "key-ends"    // the key Name ends in Count days (0: it has ended)
	TooLarge   Matter = "too-large"   // Count messages are larger than the relay takes
)

// Receipt is what a visitor gets: the reference and the clinic's own fixed words.
func Receipt(clinic, reference, fixed string) Letter { panic("contract") }
