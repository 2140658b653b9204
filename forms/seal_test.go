package forms_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"sealform/forms"
	"sealform/forms/library"
	"sealform/keys"
	"sealform/keys/private"
	"sealform/keys/private/privatetest"
)

var now = time.Date(2026, 11, 21, 10, 12, 13, 456e6, time.UTC)

// bench is one service with two readers.
type bench struct {
	recipients *keys.Recipients
	signer     *keys.Signer
	verifiers  *keys.Verifiers
	unlocked   *private.Unlocked
}

func newBench(t testing.TB) *bench {
	t.Helper()
	one := privatetest.Key(t, "Dana <dana@riverside.example>", "one")
	two := privatetest.Key(t, "Sam <sam@riverside.example>", "two")
	r, err := keys.NewRecipients(privatetest.Certificate(t, one), privatetest.Certificate(t, two))
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := keys.NewSigner("service-1", privatetest.Born)
	if err != nil {
		t.Fatal(err)
	}
	v, err := keys.ParseVerifiers(s.Certificate())
	if err != nil {
		t.Fatal(err)
	}
	return &bench{r, s, v, privatetest.Unlocked(t, one, "one")}
}

func (b *bench) plan(f *forms.Form) forms.Plan {
	var mails []forms.Envelope
	if f.Mail != nil {
		for _, to := range f.Mail.To {
			mails = append(mails, forms.Envelope{To: to.Address, Sealer: b.recipients.By(b.signer)})
		}
	}
	return forms.Plan{
		Mails:   mails,
		Service: "service-1", ID: 1234567890123456789, Reference: "R7K-4Q2", Received: now, Lang: "en", Path: "page",
		Recipients: b.recipients, Signer: b.signer, Deliver: f, MailFrom: "forms@riverside.example",
	}
}

func (b *bench) row(f *forms.Form, files int) forms.Row {
	return forms.Row{
		Service: "service-1", ID: 1234567890123456789, Form: f.ID, Revision: f.Revision, Reference: "R7K-4Q2",
		Received: now.Truncate(time.Second), Readers: b.recipients.Fingerprints(), Files: files,
	}
}

func (b *bench) open(t testing.TB, s keys.Sealed) keys.Plaintext {
	t.Helper()
	p, _, err := b.unlocked.Open(s, b.verifiers)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// openStream opens a large message by way of its bytes.
func (b *bench) openStream(t testing.TB, s keys.SealedStream) keys.Plaintext {
	t.Helper()
	var buf bytes.Buffer
	if _, err := s.WriteTo(&buf); err != nil {
		t.Fatal(err)
	}
	sealed, err := keys.ParseSealed(buf.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return b.open(t, sealed)
}

func library1(t testing.TB, name string) *forms.Form {
	t.Helper()
	src, _ := library.Source(name)
	f, err := forms.Parse(name+".yaml", src)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func pair(name, value string) forms.Pair { return forms.Pair{Name: name, Value: []byte(value)} }

func upload(field, name, kind string, b []byte) forms.File {
	return forms.File{
		Field: field, Name: name, Type: kind, Size: int64(len(b)), SHA256: sum(b),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil },
	}
}

func patient() *forms.Entry {
	return &forms.Entry{Pairs: []forms.Pair{
		pair("full_name", " María Álvarez "), pair("birth.day", "27"), pair("birth.month", "mar"), pair("birth.year", "1957"),
		pair("phone", "(555) 010-0142"), pair("email", ""), pair("reach", "call"),
		pair("reason", "My knee hurts.\r\nSince Monday = worse \u202e at night"), pair("medicines", "unsure"),
		pair("conditions", "asthma"), pair("conditions", "heart"), pair("height", "165"), pair("first_visit", "yes"), pair("privacy", "yes"),
	}}
}

func check(t testing.TB, f *forms.Form, e *forms.Entry) *forms.Answers {
	t.Helper()
	a, rejected := f.Check(e, now)
	if rejected != nil {
		t.Fatalf("refused: %v", rejected.Problems)
	}
	return a
}

func TestSealAndRead(t *testing.T) {
	b, f := newBench(t), library1(t, "new-patient")
	e := patient()
	photo := bytes.Repeat([]byte("not really a photo "), 9000)
	e.Files = []forms.File{upload("card", "my card.jpg", "image/jpeg", photo)}
	sub, err := check(t, f, e).Seal(b.plan(f))
	if err != nil {
		t.Fatal(err)
	}
	r, err := forms.Read(b.open(t, sub.Answers), f, b.row(f, 1))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"María Álvarez", "27 March 1957", "(555) 010-0142", "", "Phone call"} {
		got := ""
		if v := r.Answers[i].Values; len(v) > 0 {
			got = v[0].Text
		}
		if got != want {
			t.Errorf("%s: %q, want %q", r.Answers[i].Label, got, want)
		}
	}
	if got := b.openStream(t, sub.Files[0]).Reveal(); !bytes.Equal(got, photo) {
		t.Error("the file changed on its way")
	}
	m, err := forms.ReadRecord(b.openStream(t, sub.Mails[0].Body))
	if err != nil || m.Kind != "mail" {
		t.Errorf("the mail's record: %v", err)
	}
	var mismatch *forms.Mismatch
	row := b.row(f, 1)
	row.ID++
	row.Reference = "R7K-4Q3"
	if _, err := forms.Read(b.open(t, sub.Answers), f, row); !errors.As(err, &mismatch) || len(mismatch.What) != 2 {
		t.Errorf("a moved record: %v", err)
	}
}
