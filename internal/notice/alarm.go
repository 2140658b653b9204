package notice

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

// Alarm tells operators what needs them; see the constants. A Count of 0 messages says that it is over by now: an
// alarm may have waited itself, for the same relay.
func (w Words) Alarm(a Alarm, link string) Letter {
	var subject, text string
	switch a.Matter {
	case QueueOld:
		subject, text = a.queueOld()
	case DeadLetter:
		subject, text = a.deadLetter()
	case KeyEnds:
		subject, text = a.keyEnds()
	case TooLarge:
		subject, text = a.tooLarge()
	case FormClosed:
		subject, text = a.formClosed()
	default:
		subject, text = "Something needs you", "Please look at the deliveries."
	}
	return letter(subject, paragraphs(text, "The staff pages are here:", where(link)))
}

const lookAt = "the deliveries page, and \"sealform outbox list\" on the server, name the reason for each. "

func (a Alarm) queueOld() (subject, text string) {
	if a.Count == 0 {
		return "Mail was held up", "Mail waited for over an hour and has gone out since. There is nothing to do."
	}
	return "Mail is waiting to go out", paragraphs(
		plural(a.Count, "message waits", "messages wait")+" to go out, the oldest for over an hour.",
		"Nothing is lost: what waits is kept, sealed, and tried again, for at least five days.",
		"What to do: "+lookAt+"Often the mail server is away, or its certificate or password has changed.")
}

func (a Alarm) deadLetter() (subject, text string) {
	if a.Count == 0 {
		return "Messages were given up", "Messages were given up after five days. Somebody has seen to them since: none is left. There is nothing to do."
	}
	return "Messages were given up after five days", paragraphs(
		plural(a.Count, "message", "messages")+" could not be sent in five days, and will not be tried again by itself. What was given up is kept, sealed. One that somebody changed in the database is given up at once.",
		"What to do: "+lookAt+"Mend that, then \"sealform outbox retry ID\" sends one again.")
}

func (a Alarm) keyEnds() (subject, text string) {
	name := oneLine(a.Name)
	if r := []rune(name); len(r) > 120 {
		name = string(r[:120]) + "…"
	}
	if a.Count <= 0 {
		return "A key has ended", paragraphs(
			"The key or certificate "+name+" has ended. Nothing is sealed to it any more: a form that needs it is closed to visitors.",
			"What to do: ask its holder for the new one, put it in place, and restart Sealform.")
	}
	return "A key ends soon", paragraphs(
		"The key or certificate "+name+" ends in "+plural(a.Count, "day", "days")+
			". After that nothing can be sealed to it, and a form that needs it is closed to visitors.",
		"What to do: ask its holder for the new one, put it in place, and restart Sealform.")
}

func (a Alarm) tooLarge() (subject, text string) {
	if a.Count == 0 {
		return "Messages were too large to mail", "Messages were larger than the mail server takes and have gone out since. There is nothing to do."
	}
	return "Messages are too large to mail", paragraphs(
		plural(a.Count, "message is", "messages are")+" larger than the mail server takes. What does not fit is kept, sealed, and tried again, for at least five days.",
		"What to do: let the mail server take larger messages, or let the form keep what comes in (deliver: store), so that nothing large has to be mailed.")
}

func (a Alarm) formClosed() (subject, text string) {
	if a.Count == 0 {
		return "A form was closed", "A form was closed to visitors for a while, and is open again. There is nothing to do."
	}
	return "A form is closed", paragraphs(
		plural(a.Count, "form is", "forms are")+" closed to visitors: what they send could not be sealed to everybody who is to read it. Often a key or certificate has ended, was revoked or is missing.",
		"What to do: \"sealform keys list\" on the server, and its log, name the key. Put the right key in place, and restart Sealform.")
}
