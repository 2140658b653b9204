package e2e

import (
	"bytes"
	"crypto/tls"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// rehearsed is a fault, and what it must come to.
type rehearsed struct {
	name string
	fault
	code     string // of the attempt
	says, do string // what staff must read
	came     int    // messages that came whole though the attempt failed
}

var rehearsals = []rehearsed{
	{name: "nothing listens", fault: fault{silent: true}, code: "refused", says: "does not answer", do: "ask whoever runs the mail server"},
	{name: "421 at the greeting", fault: refusing("greeting", "421 4.3.2"), code: "temporary_421", says: "asked us to come back", do: "Nothing to do"},
	{name: "451 at RCPT", fault: refusing("RCPT", "451 4.7.1"), code: "temporary_451", says: "asked us to try again later", do: "Nothing to do"},
	{name: "550 at RCPT", fault: refusing("RCPT", "550 5.1.1"), code: "permanent_550", says: "refuses this address", do: "check it"},
	{name: "552 at MAIL", fault: refusing("MAIL", "552 5.3.4"), code: "too_large", says: "larger than your mail server takes", do: "allow larger messages"},
	{name: "535 at AUTH", fault: refusing("AUTH", "535 5.7.8"), code: "auth", says: "did not accept Sealform’s user name or password", do: "check them"},
	{name: "no service but 554", fault: refusing("greeting", "554 5.3.2"), code: "permanent_554", says: "do not let Sealform or this message through", do: "Ask whoever runs the mail server"},
	{name: "drops at DATA", fault: refusing("DATA", drop), code: "cut", says: "broke before the message was complete", do: "it is tried again"},
	{name: "drops after the final dot", fault: refusing(".", drop), code: "cut_after_data", says: "may have arrived already", do: "both copies have the same Message-ID", came: 1},
	{name: "STARTTLS not offered", fault: fault{noTLS: true}, code: "no_starttls", says: "offered no encryption, so nothing was sent in clear", do: "turn on TLS"},
	{name: "STARTTLS refused", fault: refusing("STARTTLS", "502 5.5.1"), code: "no_starttls", says: "offered no encryption, so nothing was sent in clear", do: "turn on TLS"},
	{name: "STARTTLS refused for now", fault: refusing("STARTTLS", "454 4.7.0"), code: "temporary_454", says: "could not begin encryption", do: "goes on"},
	{name: "clear text after STARTTLS", fault: fault{injected: "250-relay\r\n250 AUTH PLAIN", late: true}, code: "bad_tls", says: "No safe connection", do: "TLS 1.2"},
	{name: "expired certificate", fault: fault{cert: expired}, code: "bad_certificate", says: "expired, unknown or of another name", do: "renew or correct it"},
	{name: "self-signed certificate", fault: fault{cert: selfSigned}, code: "bad_certificate", says: "expired, unknown or of another name", do: "renew or correct it"},
	{name: "certificate of another name", fault: fault{cert: ofAnother}, code: "bad_certificate", says: "expired, unknown or of another name", do: "renew or correct it"},
	{name: "TLS 1.1", fault: fault{newest: tls.VersionTLS11}, code: "bad_tls", says: "No safe connection", do: "TLS 1.2 or newer"},
}

func refusing(verb, with string) fault { return fault{replies: map[string]string{verb: with}} }

func expired(a *authorityOfRelays) tls.Certificate {
	return a.issue("localhost", time.Now().Add(-time.Minute))
}

func selfSigned(a *authorityOfRelays) tls.Certificate { return a.selfSigned("localhost") }

func ofAnother(a *authorityOfRelays) tls.Certificate {
	return a.issue("mail.elsewhere.example", time.Now().AddDate(0, 1, 0))
}

// rehearsal is one service beside one faulty relay.
type rehearsal struct {
	*clinic
	relay  *faultyRelay
	reader *correspondent
	staff  *colleague
	secret []string // what may never be seen in clear
}

// TestFaultyRelay takes the relay through everything that goes wrong with relays, with the program as it is run: each time
// the message waits, staff read why in plain words, nothing goes out in clear, and once the relay is well it arrives once.
// covers R09
// covers ML03
// covers ML05
func TestFaultyRelay(t *testing.T) {
	whole(t)
	t.Parallel()
	r := rehearse(t)
	for range soak(1, 5) {
		r.allFaults()
	}
	t.Run("clear text with STARTTLS is not believed", r.injected)
	r.hangs(soak(0, 1) == 1)
	r.inClear()
}

func rehearse(t *testing.T) *rehearsal {
	t.Helper()
	relay := openRelay(t)
	r := &rehearsal{clinic: newClinicBeside(t, relay.port, relay.ca.file), relay: relay, reader: newCorrespondent(t, "front")}
	r.reader.openPGP()
	r.put("keys/front.asc", string(r.reader.certificate()), 0o644)
	r.configure(r.mailed() + "recipients:\n  front@riverside.example: { key: keys/front.asc }\n")
	r.put("signer.asc", r.sealform("", "keys", "signing"), 0o644)
	r.form("contact", "  mail: { to: [front@riverside.example] }\n")
	r.serve()
	r.staff = r.run.signInLocked()
	r.until("the relay was asked how much it takes", func() bool { return relay.conversed("QUIT") })
	return r
}

// allFaults has one message wait for the sake of each fault, and then the relay is well.
func (r *rehearsal) allFaults() {
	r.t.Helper()
	var waiting []mailed
	for _, f := range rehearsals {
		r.t.Run(f.name, func(t *testing.T) { waiting = append(waiting, r.waits(t, f)) })
	}
	for i := range waiting {
		waiting[i].came = len(r.relay.delivered(waiting[i].job.MessageID)) // on a slow machine there was another attempt
	}
	r.relay.become(fault{})
	for _, m := range waiting {
		if r.job(m.job.Reference).State == "waiting" { // or its minute is over
			r.sealform("", "outbox", "retry", m.job.ID)
		}
	}
	for _, m := range waiting {
		r.t.Run(m.name+", mended", func(t *testing.T) { r.arrives(t, m) })
	}
}

// mailed is a submission on its way.
type mailed struct {
	name string
	said map[string]string
	job  outboxLine
	came int // times that it came whole though nobody confirmed it
}

// waits is one fault, up to what staff see of it.
func (r *rehearsal) waits(t *testing.T, f rehearsed) mailed {
	r.relay.become(f.fault)
	m := r.submit()
	m.name, m.came = f.name, f.came
	r.until("the first attempt", func() bool { m.job = r.job(m.job.Reference); return m.job.Attempts > 0 || m.job.State != "waiting" })
	if m.job.State != "waiting" || m.job.LastError != f.code || m.job.Attempts != 1 {
		t.Errorf("the outbox has it as %+v, want %s", m.job, f.code)
	}
	r.explained(t, m.job.Reference, f)
	if n := len(r.relay.delivered(m.job.MessageID)); n != f.came {
		t.Errorf("%d messages came whole, want %d", n, f.came)
	}
	return m
}

// submit sends the form; what was answered may never be seen in clear.
func (r *rehearsal) submit() mailed {
	r.t.Helper()
	m, say := mailed{said: map[string]string{}}, words()
	ref := r.send("contact", func(name string) string {
		m.said[name] = say(name)
		return m.said[name]
	})
	m.job = r.job(ref)
	r.secret = append(r.secret, ref, m.job.MessageID)
	for _, s := range m.said {
		r.secret = append(r.secret, s)
	}
	return m
}

// arrives wants the message sent: whole, once more than it came before, always with one Message-ID.
func (r *rehearsal) arrives(t *testing.T, m mailed) {
	t.Helper()
	r.until("that it is sent", func() bool { return r.job(m.job.Reference).State == "sent" })
	got := r.relay.delivered(m.job.MessageID)
	if len(got) != m.came+1 {
		t.Fatalf("the message came %d times, want %d", len(got), m.came+1)
	}
	inside := r.reader.gpg(sealedIn(t, got[m.came]), r.path("signer.asc"))
	letter{ref: m.job.Reference, reason: m.said["reason"]}.compare(t, inside)
}

// explained wants the deliveries pages to say what happened and what to do, and no code.
func (r *rehearsal) explained(t *testing.T, ref string, f rehearsed) {
	t.Helper()
	list := r.staff.get("/deliveries")
	row := rowOf(list, ref)
	if !strings.Contains(row, f.says) || !strings.Contains(row, "tried once") || !strings.Contains(row, "next try") {
		t.Errorf("the list says: %s", row)
	}
	one := r.delivery(list, ref)
	note := pageWords(one, "note")
	if !strings.Contains(note, f.says) || !strings.Contains(note, f.do) || !strings.Contains(note, "It is tried again at") {
		t.Errorf("the page says: %s", note)
	}
	if tried := pageWords(one, "log"); !strings.Contains(tried, f.says) {
		t.Errorf("the log says: %s", tried)
	}
	for _, said := range []string{pageWords(list, "q-why"), note, pageWords(one, "log")} {
		if strings.Contains(said, f.code) || replyCode.MatchString(said) {
			t.Errorf("this is no plain word: %s", said)
		}
	}
	if bytes.Contains(list, []byte(gossip)) || bytes.Contains(one, []byte(gossip)) {
		t.Error("the page repeats what the server said")
	}
}

var replyCode = regexp.MustCompile(`\b[245][0-9][0-9]\b`)

// delivery is the page of a submission's mail, as the list leads there.
func (r *rehearsal) delivery(list []byte, ref string) []byte {
	r.t.Helper()
	for _, n := range elements(list, "li") {
		if !strings.Contains(inner(n), ref) {
			continue
		}
		for a := range n.Descendants() {
			if a.Data == "a" {
				return r.staff.get(attr(a, "href"))
			}
		}
	}
	r.t.Fatalf("%s is not listed:\n%s", ref, list)
	return nil
}

// rowOf is a list's row of a submission.
func rowOf(page []byte, ref string) string {
	for _, n := range elements(page, "li") {
		if s := inner(n); strings.Contains(s, ref) {
			return strings.Join(strings.Fields(s), " ")
		}
	}
	return ""
}

// pageWords is the text of what has a class.
func pageWords(page []byte, class string) string {
	var all []string
	for _, name := range []string{"p", "ol"} {
		for _, n := range elements(page, name) {
			if slices.Contains(strings.Fields(attr(n, "class")), class) {
				all = append(all, strings.Fields(inner(n))...)
			}
		}
	}
	return strings.Join(all, " ")
}

// injected: what is slipped in behind the reply to STARTTLS, in one piece with it, is not taken for an answer under TLS. It
// says that the relay takes 10 bytes.
func (r *rehearsal) injected(t *testing.T) {
	r.relay.become(fault{injected: "250-relay\r\n250 SIZE 10"})
	m := r.submit()
	r.arrives(t, m)
	if job := r.job(m.job.Reference); job.Attempts != 0 {
		t.Errorf("the outbox has it as %+v", job)
	}
}

// inClear wants nothing of a message or of the password on the wire, and outside TLS only what leads to it.
func (r *rehearsal) inClear() {
	r.t.Helper()
	r.relay.become(fault{silent: true})
	r.relay.under.Wait()
	for _, line := range r.relay.clear {
		if !slices.Contains([]string{"EHLO localhost\r\n", "HELO localhost\r\n", "STARTTLS\r\n", "QUIT\r\n"}, line) {
			r.t.Errorf("in clear came %q", line)
		}
	}
	if !slices.Contains(r.relay.secure, "AUTH PLAIN "+relayToken()+"\r\n") {
		r.t.Error("the password never came, so that it came in clear nowhere says nothing")
	}
	r.repeatsNothing()
	for _, secret := range append(r.secret, mailPassword, relayToken(), "MAIL FROM", "RCPT TO", "multipart/encrypted", "BEGIN PGP") {
		for _, d := range disguises(secret) {
			if len(d) >= 6 && bytes.Contains(r.relay.wire.Bytes(), d) {
				r.t.Errorf("%q came in clear", d)
			}
		}
	}
}

// repeatsNothing wants nothing that a server said, and no password, in the log or in the database.
func (r *rehearsal) repeatsNothing() {
	r.t.Helper()
	kept, err := filepath.Glob(r.path("data", "*"))
	if err != nil || len(kept) == 0 {
		r.t.Fatalf("there is no database: %v", err)
	}
	for _, path := range append(kept, r.run.log) {
		if b := r.read(path); bytes.Contains(b, []byte(gossip)) || bytes.Contains(b, []byte(mailPassword)) {
			r.t.Errorf("%s repeats what a server said, or the password", path)
		}
	}
}
