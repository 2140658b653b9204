package outbox

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sealform/internal/mail"
	"sealform/internal/notice"
	"sealform/internal/sealedaddress"
	"sealform/internal/store"
)

// covers ML11: a relay that says 250 and then loses one mail of a hundred is found out by the digest's numbers.
func TestDigestShowsTheGap(t *testing.T) {
	c := newClock()
	server := &server{}
	o, s := deliverer(t, c, server)
	at := notice.Minute(7 * 60)
	o.Forms = []Form{{ID: "new-patient", Notify: []notice.Notify{{Email: lead, Digest: &at}}}}
	var lost string
	for i := range 100 {
		if id := put(t, s, c, 10); i == 41 {
			lost = id
		}
	}
	work(t, o)
	c.to(time.Date(2026, 11, 22, 7, 0, 0, 0, time.UTC))
	o.round(t.Context())
	work(t, o)
	messages, to := server.got()
	mailbox := map[int64]bool{}
	for i, m := range messages {
		if to[i] == "desk@clinic.example" && messageIDs(messages)[i] != lost {
			mailbox[number(t, m)] = true
		}
	}
	digest := messages[len(messages)-1]
	var missing []int64
	for n, last := numbers(t, digest); n <= last; n++ {
		if !mailbox[n] {
			missing = append(missing, n)
		}
	}
	if len(mailbox) != 99 || !slices.Equal(missing, []int64{42}) {
		t.Errorf("%d mails; the digest reveals %v as missing, want 42:\n%s", len(mailbox), missing, digest)
	}
	sent := jobs(t, s, store.Sent, store.Mail)
	i := slices.IndexFunc(sent, func(j store.Job) bool { return j.Seq == missing[0] })
	if err := s.RetryNow(t.Context(), sent[i].ID); err != nil {
		t.Fatal(err)
	}
	work(t, o)
	messages, _ = server.got()
	if ids := messageIDs(messages); ids[len(ids)-1] != lost || number(t, messages[len(messages)-1]) != 42 {
		t.Errorf("sent again as %s", ids[len(ids)-1])
	}
}

// number is that of the header Sealform-Number.
func number(t *testing.T, message string) int64 {
	t.Helper()
	_, rest, _ := strings.Cut(message, "\r\nSealform-Number: ")
	digits, _, _ := strings.Cut(rest, ";")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// numbers are the first and the last that a digest of one series names.
func numbers(t *testing.T, digest string) (first, last int64) {
	t.Helper()
	_, rest, found := strings.Cut(digest, " came in, numbers ")
	if _, err := fmt.Sscanf(rest, "%d to %d", &first, &last); err != nil || !found {
		t.Fatalf("no numbers in the digest: %v\n%s", err, digest)
	}
	return first, last
}

// covers PK04: whatever a visitor typed, and whatever tells what a form is for, is in no letter.
func TestLettersSayNothingOfWhom(t *testing.T) {
	c := newClock()
	server := &server{}
	o, s := deliverer(t, c, server)
	at := notice.Minute(21 * 60)
	const canary, visitor = "canary-abortion", "dana.canary@visitor.example"
	o.Forms = []Form{{ID: canary, Receipt: "We call back.", Notify: []notice.Notify{{Email: lead}, {Email: lead, Digest: &at}}}}
	o.Call, o.Alarms = nil, []string{"ops@clinic.example"}
	o.Link = func(string, int64) string { return "https://staff.clinic.example/go/AbC" }
	o.Address = func([]byte, int64) (string, error) { return visitor, nil }
	o.Words.Clinic = "Riverside"
	sub := arrive(t, s, c, arrival{
		form: canary, stored: true, tooLarge: "desk@clinic.example", receipt: &sealedaddress.Address{Sealed: []byte("sealed"), Marks: []sealedaddress.Mark{{MAC: [32]byte{1}, Most: 3}}},
	})
	c.add(70 * time.Minute)
	o.round(t.Context())
	o.givenUp(t.Context())
	work(t, o)
	messages, to := server.got()
	if len(messages) != 6 { // notice, digest, too large, receipt, and alarms: an hour, given up
		t.Fatalf("%d letters to %v", len(messages), to)
	}
	for i, m := range messages {
		if to[i] == visitor {
			m = strings.ReplaceAll(m, "To: "+visitor, "") // who gets it is not told anybody else
		}
		if strings.Contains(m, "canary") || strings.Contains(m, "abortion") || strings.Contains(m, strconv.FormatInt(sub.ID, 10)) {
			t.Errorf("a letter to %s says too much:\n%s", to[i], m)
		}
	}
}

// covers B8: fixed words and the reference, once, to the address that was sealed; then the address is gone.
func TestReceipt(t *testing.T) {
	c, to := newClock(), &taken{}
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	o := New(Config{
		Store: s, Now: c.now,
		Carriers: Carriers{Note: to.note},
		Messages: Messages{From: "forms@clinic.example", Forms: []Form{{ID: "new-patient", Receipt: "We call back within one working day."}}, Address: func(b []byte, _ int64) (string, error) {
			if !bytes.Equal(b, []byte("sealed")) {
				return "", errors.New("not ours")
			}
			return "dana@visitor.example", nil
		}},
	})
	from := func(sealed string) arrival {
		return arrival{stored: true, receipt: &sealedaddress.Address{Sealed: []byte(sealed), Marks: []sealedaddress.Mark{{MAC: [32]byte{2}, Most: 3}}}}
	}
	sub := arrive(t, s, c, from("sealed"))
	work(t, o)
	if len(to.notes) != 1 {
		t.Fatalf("%d receipts", len(to.notes))
	}
	n := to.notes[0]
	text := n.Letter.Text()
	if n.To != "dana@visitor.example" || !n.Reply || !strings.Contains(text, sub.Reference) || !strings.Contains(text, "within one working day") {
		t.Errorf("%+v", n)
	}
	if j := jobs(t, s, store.Sent, store.Receipt); len(j) != 1 || j[0].Sealed != nil || j[0].To != "" {
		t.Errorf("what is kept of it: %+v", j)
	}
	arrive(t, s, c, from("of another house"))
	work(t, o)
	if j := jobs(t, s, store.Aside, store.Receipt); len(j) != 1 || j[0].LastError != string(mail.Address) || j[0].Sealed != nil {
		t.Errorf("%+v", j)
	}
	for range 3 {
		arrive(t, s, c, from("sealed"))
	}
	if work(t, o); len(to.notes) != 2 { // the third of the day; the second could not be opened
		t.Errorf("%d receipts in a day", len(to.notes))
	}
}

// What a newer or another program wrote is not guessed at.
func TestUnknownJobsWait(t *testing.T) {
	c, to := newClock(), &taken{}
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	o := New(Config{Store: s, Now: c.now, Carriers: Carriers{Note: to.note, Call: to.call}, Messages: Messages{From: "forms@clinic.example"}})
	for _, j := range []store.Job{
		{Channel: store.Notice, To: lead, About: "{"},
		{Channel: store.Alarm, To: lead, About: `{"matter":"key-ends","ends":"soon"}`},
		{Channel: store.Webhook, To: "crm", About: `[]`},
		{Channel: store.Receipt, Sealed: []byte("x")},
	} {
		if _, err := s.Enqueue(t.Context(), j); err != nil {
			t.Fatal(err)
		}
	}
	work(t, o)
	if len(to.notes)+len(to.events) > 0 {
		t.Errorf("%v %v", to.notes, to.events)
	}
	if err := o.send(t.Context(), &store.Job{Channel: "pigeon"}, nil); mail.CodeOf(err) != mail.Body {
		t.Error(err)
	}
}
