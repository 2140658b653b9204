package record_test

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"time"

	"sealform/forms"
	"sealform/forms/formstest"
	"sealform/forms/record"
	"sealform/internal/sealedaddress"
	"sealform/keys"
)

// zeros is a file of n zero bytes that nobody holds in memory.
func zeros(n int64) forms.File {
	f := formstest.Upload("card", "my card.jpg", "image/jpeg", nil)
	f.Size = n
	f.Open = func() (io.ReadCloser, error) { return io.NopCloser(io.LimitReader(zero{}, n)), nil }
	return f
}

type zero struct{}

func (zero) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// crlf counts bytes as SMTP carries them.
type crlf struct{ n int64 }

func (c *crlf) Write(b []byte) (int, error) {
	c.n += int64(len(b) + bytes.Count(b, []byte("\n")))
	return len(b), nil
}

func onTheWire(t *testing.T, s keys.SealedStream) int64 {
	t.Helper()
	var out crlf
	armor, err := keys.ArmorWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.WriteTo(armor); err != nil {
		t.Fatal(err)
	}
	if err := armor.Close(); err != nil {
		t.Fatal(err)
	}
	return out.n
}

const header = 3 << 10 // bytes, as a long header with the domain's signature has them

// covers ML10: what is sealed fits the relay, and what is a hair too large for it is not sealed for mail at all.
func TestMailFitsTheRelay(t *testing.T) {
	b, f := newBench(t), formstest.Library(t, "new-patient")
	for _, limit := range []int64{200_000, 1_000_000, 2_500_000, 10 << 20} {
		var last, first int64 // the largest that was sealed, the smallest that was not
		for low, high := int64(1), limit; high-low > 1; {
			n := (low + high) / 2
			e := formstest.Patient()
			e.Files = []forms.File{zeros(n)}
			p := b.plan(f)
			p.MailLimit = limit
			s, err := record.Seal(formstest.Check(t, f, e), p)
			if err != nil {
				t.Fatal(err)
			}
			if m := s.Mails[0]; m.TooLarge {
				if m.Body.Kind() != 0 || m.To == "" || m.MessageID == "" {
					t.Fatalf("too large, and still: %+v", m)
				}
				high, first = n, n
				continue
			}
			low, last = n, n
			if high-low < 3 {
				if got := onTheWire(t, s.Mails[0].Body); got+header > limit {
					t.Errorf("a file of %d bytes is %d on the wire, of %d", n, got, limit)
				}
			}
		}
		if last == 0 || first != last+1 {
			t.Fatalf("limit %d: %d fits and %d does not", limit, last, first)
		}
		if room := limit * 10 / 19; limit > 2_000_000 && last < room || last < room-20_000 {
			t.Errorf("limit %d: only %d bytes of files fit, %d are promised", limit, last, room)
		}
	}
}

// covers ML10
func TestTooLargeForMailAlone(t *testing.T) {
	b, f := newBench(t), formstest.Library(t, "new-patient")
	e := formstest.Patient()
	e.Files = []forms.File{zeros(6 << 20)}
	a := formstest.Check(t, f, e)
	p := b.plan(f)
	p.MailLimit = 10 << 20
	s, err := record.Seal(a, p)
	if err != nil || !s.Stored || len(s.Files) != 1 || !s.Mails[0].TooLarge {
		t.Fatalf("stored and mailed: %v", err)
	}
	only := *f
	only.Store = nil
	p.Deliver = &only
	if s, err := record.Seal(a, p); !errors.Is(err, record.ErrTooLargeToMail) || s != nil {
		t.Errorf("only mailed: %v", err)
	}
	p.MailLimit = 0
	if s, err := record.Seal(a, p); err != nil || s.Stored || s.Mails[0].TooLarge {
		t.Errorf("of unknown limit: %v", err)
	}
	p.MailLimit, p.Mails[0].Sealer = 12<<20, cms{p.Mails[0].Sealer}
	if s, err := record.Seal(a, p); err != nil || s.Mails[0].TooLarge {
		t.Errorf("S/MIME within the limit: %v", err)
	}
	for limit, want := range map[int64]int64{0: 25 << 20, 10 << 20: 5452595, 19_000_000: 9961472, 150_000: 78940, 1 << 40: 25 << 20} {
		if got := only.UploadLimit(limit); got != want {
			t.Errorf("SIZE %d: %d bytes of files, want %d", limit, got, want)
		}
		if got := f.UploadLimit(limit); got != 25<<20 {
			t.Errorf("SIZE %d: a stored form takes %d", limit, got)
		}
	}
}

// cms is a sealer that says it seals by S/MIME, for what hangs on that alone.
type cms struct{ keys.Sealer }

func (cms) Kind() keys.Kind { return keys.CMS }

func TestReceiptAddress(t *testing.T) {
	b := newBench(t)
	f := formstest.Delivered(t, "  store: { keep: 1d }\n  receipt: { to: email, text: We call you. }\n")
	older := formstest.Of(t, "  - { id: name, type: name, label: N }\n  - { id: email, type: text, label: Email }\n")
	for _, c := range []struct {
		form  *forms.Form
		pairs []forms.Pair
		want  string
	}{
		{f, []forms.Pair{formstest.Pair("email", " maria@example.com ")}, "maria@example.com"},
		{f, []forms.Pair{formstest.Pair("email", ""), formstest.Pair("email", "maria@example.com")}, "maria@example.com"},
		{f, []forms.Pair{formstest.Pair("email", "maria@example.com"), formstest.Pair("email", "eve@example.com")}, ""},
		{f, []forms.Pair{formstest.Pair("email", "")}, ""},
		{f, nil, ""},
		{f, []forms.Pair{formstest.Pair("mail", "eve@example.com"), formstest.Pair("to", "eve@example.com"), formstest.Pair("email.x", "eve@example.com")}, ""},
		{f, []forms.Pair{formstest.Pair("email", `"a b"@example.com`)}, ""},
		{f, []forms.Pair{formstest.Pair("email", "o'neil@example.com")}, "o'neil@example.com"},
		{f, []forms.Pair{formstest.Pair("email", "o%neil@example.com")}, ""},
		{f, []forms.Pair{formstest.Pair("email", "mária@example.com")}, ""},
		{older, []forms.Pair{formstest.Pair("email", "maria@example.com")}, ""},
	} {
		e := &forms.Entry{Pairs: append([]forms.Pair{formstest.Pair("name", "M")}, c.pairs...)}
		a, rejected := c.form.Check(e, formstest.Now)
		if rejected != nil {
			if c.want != "" {
				t.Errorf("%s: %v", c.pairs, rejected.Problems)
			}
			continue
		}
		p := b.plan(c.form)
		p.Deliver = f
		got, calls := "", 0
		p.Receipt = func(id int64, address []byte) *sealedaddress.Address {
			if id != p.ID {
				t.Errorf("sealed for the submission %d, want %d", id, p.ID)
			}
			got, calls = string(address), calls+1
			return &sealedaddress.Address{Sealed: []byte("sealed"), Marks: []sealedaddress.Mark{{MAC: [32]byte{1}, Most: 3}}}
		}
		s, err := record.Seal(a, p)
		if err != nil {
			t.Fatal(err)
		}
		if got != c.want || (s.Receipt != nil) != (c.want != "") || calls > 1 {
			t.Errorf("%s: receipt to %q, want %q", c.pairs, got, c.want)
		}
	}
	p := b.plan(f)
	if _, err := record.Seal(formstest.Check(t, f, &forms.Entry{Pairs: []forms.Pair{formstest.Pair("name", "M")}}), p); err == nil {
		t.Error("sealed, though nothing seals the address of a receipt")
	}
	p.Deliver = formstest.Of(t, formstest.ContactFields)
	p.Receipt = func(int64, []byte) *sealedaddress.Address { t.Error("a receipt that no form asked for"); return nil }
	a := formstest.Check(t, f, &forms.Entry{Pairs: []forms.Pair{formstest.Pair("name", "M"), formstest.Pair("email", "maria@example.com")}})
	if s, err := record.Seal(a, p); err != nil || s.Receipt != nil || len(s.Webhooks) > 0 {
		t.Errorf("a form without receipts: %v", err)
	}
}

func TestReadersUsable(t *testing.T) {
	b, f := newBench(t), formstest.Library(t, "new-patient")
	r := &record.Readers{Store: b.recipients, Mails: b.plan(f).Mails}
	if err := r.Usable(formstest.Now); err != nil {
		t.Error(err)
	}
	r.Mails[0].Sealer = expired{r.Mails[0].Sealer}
	if err := r.Usable(formstest.Now); !errors.Is(err, errExpired) {
		t.Errorf("one who is mailed has an expired key: %v", err)
	}
}

var errExpired = errors.New("expired")

type expired struct{ keys.Sealer }

func (expired) Usable(time.Time) error { return errExpired }
