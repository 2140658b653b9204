package notice

import "time"

// Ending is the time when a key, a certificate or a revocation list in use ends.
type Ending struct {
	Name string // the address or file, as the operator configured it
	At   time.Time
}

// Alarm is a matter and its figures.
type Alarm struct {
	Matter Matter
	Count  int64  // of messages, days or forms
	Name   string // the address or file of a key that ends, as the operator configured it
}

// Matter is what an alarm is about.
type Matter string

// The matters.
const (
	QueueOld   Matter = "queue-old"   // Count messages wait, the oldest for over an hour
	DeadLetter Matter = "dead-letter" // Count messages were given up, after five days or as they were changed; they are kept
	KeyEnds    Matter = "key-ends"    // the key Name ends in Count days (0: it has ended)
	TooLarge   Matter = "too-large"   // Count messages are larger than the relay takes
	FormClosed Matter = "form-closed" // Count forms take nothing, as nothing could be sealed to all who read them
)

// wording is how a matter is told.
type wording struct {
	over, past string // subject and text where none is left: an alarm may have waited itself, for the same relay
	subject    string
	one, many  string // what stands after Count
	then       string // what stands after that
	do         string
}

const lookAt = "the deliveries page, and \"sealform outbox list\" on the server, name the reason for each. "

// wordings are those of all matters but KeyEnds.
var wordings = map[Matter]wording{
	QueueOld: {
		over: "Mail was held up", past: "Mail waited for over an hour and has gone out since. There is nothing to do.",
		subject: "Mail is waiting to go out", one: "message waits", many: "messages wait",
		then: " to go out, the oldest for over an hour.\n\nNothing is lost: what waits is kept, sealed, and tried again, for at least five days.",
		do:   lookAt + "Often the mail server is away, or its certificate or password has changed.",
	},
	DeadLetter: {
		over: "Messages were given up", past: "Messages were given up after five days. Somebody has seen to them since: none is left. There is nothing to do.",
		subject: "Messages were given up after five days", one: "message", many: "messages",
		then: " could not be sent in five days, and will not be tried again by itself. What was given up is kept, sealed. One that somebody changed in the database is given up at once.",
		do:   lookAt + "Mend that, then \"sealform outbox retry ID\" sends one again.",
	},
	TooLarge: {
		over: "Messages were too large to mail", past: "Messages were larger than the mail server takes and have gone out since. There is nothing to do.",
		subject: "Messages are too large to mail", one: "message is", many: "messages are",
		then: " larger than the mail server takes. What does not fit is kept, sealed, and tried again, for at least five days.",
		do:   "let the mail server take larger messages, or let the form keep what comes in (deliver: store), so that nothing large has to be mailed.",
	},
	FormClosed: {
		over: "A form was closed", past: "A form was closed to visitors for a while, and is open again. There is nothing to do.",
		subject: "A form is closed", one: "form is", many: "forms are",
		then: " closed to visitors: what they send could not be sealed to everybody who is to read it. Often a key or certificate has ended, was revoked or is missing.",
		do:   "\"sealform keys list\" on the server, and its log, name the key. Put the right key in place, and restart Sealform.",
	},
}

// Alarm tells operators what needs them; see the constants. A Count of 0 messages or forms says that it is over by now.
func (w Words) Alarm(a Alarm, link string) Letter {
	subject, text := "Something needs you", "Please look at the deliveries."
	switch say, known := wordings[a.Matter]; {
	case a.Matter == KeyEnds:
		subject, text = a.keyEnds()
	case known && a.Count == 0:
		subject, text = say.over, say.past
	case known:
		subject, text = say.subject, paragraphs(plural(a.Count, say.one, say.many)+say.then, "What to do: "+say.do)
	}
	return letter(subject, paragraphs(text, "The staff pages are here:", where(link)))
}

const askHolder = "What to do: ask its holder for the new one, put it in place, and restart Sealform."

func (a Alarm) keyEnds() (subject, text string) {
	name := oneLine(a.Name)
	if r := []rune(name); len(r) > 120 {
		name = string(r[:120]) + "…"
	}
	if a.Count <= 0 {
		return "A key has ended", paragraphs("The key or certificate "+name+
			" has ended. Nothing is sealed to it any more: a form that needs it is closed to visitors.", askHolder)
	}
	return "A key ends soon", paragraphs("The key or certificate "+name+" ends in "+plural(a.Count, "day", "days")+
		". After that nothing can be sealed to it, and a form that needs it is closed to visitors.", askHolder)
}
