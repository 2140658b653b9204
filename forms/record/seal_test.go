package record_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"sealform/forms"
	"sealform/forms/formstest"
	"sealform/forms/record"
	"sealform/keys"
	"sealform/keys/private"
	"sealform/keys/private/privatetest"
)

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

func (b *bench) plan(f *forms.Form) record.Plan {
	var mails []record.Envelope
	if f.Mail != nil {
		for _, to := range f.Mail.To {
			mails = append(mails, record.Envelope{To: to.Address, Sealer: b.recipients.By(b.signer)})
		}
	}
	return record.Plan{
		Mails:   mails,
		Service: "service-1", ID: 1234567890123456789, Reference: "R7K-4Q2", Received: formstest.Now, Lang: "en", Path: "page",
		Recipients: b.recipients, Signer: b.signer, Deliver: f, MailFrom: "forms@riverside.example",
	}
}

func (b *bench) row(f *forms.Form, files int) record.Row {
	return record.Row{
		Service: "service-1", ID: 1234567890123456789, Form: f.ID, Revision: f.Revision, Reference: "R7K-4Q2",
		Received: formstest.Now.Truncate(time.Second), Readers: b.recipients.Fingerprints(), Files: files,
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

func TestSealAndRead(t *testing.T) {
	b, f := newBench(t), formstest.Library(t, "new-patient")
	e := formstest.Patient()
	photo := bytes.Repeat([]byte("not really a photo "), 9000)
	e.Files = []forms.File{formstest.Upload("card", "my card.jpg", "image/jpeg", photo)}
	sub, err := record.Seal(formstest.Check(t, f, e), b.plan(f))
	if err != nil {
		t.Fatal(err)
	}
	r, err := record.Read(b.open(t, sub.Answers), f, b.row(f, 1))
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
	m, err := record.ReadRecord(b.openStream(t, sub.Mails[0].Body))
	if err != nil || m.Kind != "mail" {
		t.Errorf("the mail's record: %v", err)
	}
	var mismatch *record.Mismatch
	row := b.row(f, 1)
	row.ID++
	row.Reference = "R7K-4Q3"
	if _, err := record.Read(b.open(t, sub.Answers), f, row); !errors.As(err, &mismatch) || len(mismatch.What) != 2 {
		t.Errorf("a moved record: %v", err)
	}
}
