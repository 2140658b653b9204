package record_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"sealform/forms"
	"sealform/forms/formstest"
	"sealform/forms/record"
)

// covers CR07: a genuine record is held against its row, property by property.
func TestMismatchIsNamed(t *testing.T) {
	b, f := newBench(t), formstest.Library(t, "contact")
	e := &forms.Entry{Pairs: []forms.Pair{formstest.Pair("name", "A"), formstest.Pair("email", "a@example.com"), formstest.Pair("message", "CANARY")}}
	s, err := record.Seal(formstest.Check(t, f, e), b.plan(f))
	if err != nil {
		t.Fatal(err)
	}
	p := b.open(t, s.Answers)
	other := *f
	other.ID = "other"
	for what, c := range map[string]struct {
		row  func(*record.Row)
		form *forms.Form
	}{
		"service":   {row: func(r *record.Row) { r.Service = "service-2" }},
		"form":      {row: func(r *record.Row) { r.Form = "other" }, form: &other},
		"id":        {row: func(r *record.Row) { r.ID++ }},
		"reference": {row: func(r *record.Row) { r.Reference = "AAA-AAA" }},
		"received":  {row: func(r *record.Row) { r.Received = r.Received.Add(time.Second) }},
		"readers":   {row: func(r *record.Row) { r.Readers = r.Readers[:1] }},
		"files":     {row: func(r *record.Row) { r.Files = 1 }},
	} {
		row, form := b.row(f, 0), f
		c.row(&row)
		if c.form != nil {
			form = c.form
		}
		_, err := record.Read(p, form, row)
		var m *record.Mismatch
		if !errors.As(err, &m) || len(m.What) != 1 || m.What[0] != what {
			t.Errorf("%s: %v", what, err)
		}
	}
	row := b.row(f, 0)
	row.Revision[0] ^= 1
	if _, err := record.Read(p, f, row); !errors.Is(err, forms.ErrRevision) {
		t.Errorf("questions of another revision: %v", err)
	}
	changed := *f
	changed.Revision = row.Revision
	var m *record.Mismatch
	if _, err := record.Read(p, &changed, row); !errors.As(err, &m) || m.What[0] != "revision" {
		t.Errorf("a record of another revision: %v", err)
	}
	row = b.row(f, 0)
	row.Readers[0], row.Readers[1] = row.Readers[1], row.Readers[0]
	row.Received = formstest.Now // to the second is enough
	if _, err := record.Read(p, f, row); err != nil {
		t.Errorf("the same readers in another order: %v", err)
	}
}

// A mailed record put into the store is genuine, and still not the store's.
func TestMailedRecordIsNoStoredOne(t *testing.T) {
	b, f := newBench(t), formstest.Library(t, "new-patient")
	s, err := record.Seal(formstest.Check(t, f, formstest.Patient()), b.plan(f))
	if err != nil {
		t.Fatal(err)
	}
	var m *record.Mismatch
	if _, err := record.Read(b.openStream(t, s.Mails[0].Body), f, b.row(f, 0)); !errors.As(err, &m) || m.What[0] != "kind" {
		t.Errorf("read as stored: %v", err)
	}
}

// covers CR07: a file that a visitor made to look like a record cannot take the place of answers.
func TestForgedFileIsNotSealed(t *testing.T) {
	b, f := newBench(t), formstest.Library(t, "new-patient")
	e := formstest.Patient()
	s, err := record.Seal(formstest.Check(t, f, e), b.plan(f))
	if err != nil {
		t.Fatal(err)
	}
	forged := bytes.Clone(b.open(t, s.Answers).Reveal())
	e.Files = []forms.File{formstest.Upload("card", "a.pdf", "", forged)}
	if _, r := f.Check(e, formstest.Now); r == nil || r.Problems[0].Code != "file_type" {
		t.Error("a record was taken as a file")
	}
	// A spool that hands out other bytes later meets the same refusal while sealing.
	honest := formstest.Upload("card", "a.pdf", "", bytes.Repeat([]byte("x"), len(forged)))
	opened := 0
	honest.Open = func() (r io.ReadCloser, err error) {
		if opened++; opened > 1 {
			return io.NopCloser(bytes.NewReader(forged)), nil
		}
		return io.NopCloser(bytes.NewReader(bytes.Repeat([]byte("x"), len(forged)))), nil
	}
	e.Files = []forms.File{honest}
	s, err = record.Seal(formstest.Check(t, f, e), b.plan(f))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Files[0].WriteTo(&bytes.Buffer{}); err == nil {
		t.Error("a forged record was sealed as a file")
	}
}

// A file that is shorter, longer or gone by the time it is sealed ends the sealing.
func TestChangedFileIsNotSealed(t *testing.T) {
	b, f := newBench(t), formstest.Library(t, "new-patient")
	for name, open := range map[string]func() (io.ReadCloser, error){
		"shorter": func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("abc")), nil },
		"longer":  func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("abcde")), nil },
		"gone":    func() (io.ReadCloser, error) { return nil, errors.New("gone") },
	} {
		e := formstest.Patient()
		e.Files = []forms.File{formstest.Upload("card", "a.jpg", "", []byte("abcd"))}
		e.Files[0].Open = open
		s, err := record.Seal(formstest.Check(t, f, e), b.plan(f))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Files[0].WriteTo(io.Discard); err == nil {
			t.Errorf("%s: sealed for the store", name)
		}
		if _, err := s.Mails[0].Body.WriteTo(io.Discard); err == nil {
			t.Errorf("%s: sealed for the mail", name)
		}
	}
}

func TestContentMAC(t *testing.T) {
	f := formstest.Of(t, "  - { id: a, type: longtext, label: A, optional: true }\n  - { id: card, type: file, label: C, optional: true }\n")
	mac := func(e *forms.Entry) [32]byte {
		a := formstest.Check(t, f, e)
		return record.ContentMAC(a, []byte("nonce"))
	}
	file := formstest.Upload("card", "a.jpg", "", []byte("x"))
	renamed, other := file, formstest.Upload("card", "a.jpg", "", []byte("y"))
	renamed.Name = "b.jpg"
	entries := []*forms.Entry{
		{},
		{Pairs: []forms.Pair{formstest.Pair("a", "bc")}},
		{Pairs: []forms.Pair{formstest.Pair("ab", "c")}},
		{Pairs: []forms.Pair{formstest.Pair("a", "b"), formstest.Pair("a", "c")}},
		{Pairs: []forms.Pair{formstest.Pair("a", "c"), formstest.Pair("a", "b")}},
		{Pairs: []forms.Pair{formstest.Pair("a", ""), formstest.Pair("a", "bc")}},
		{Files: []forms.File{file}},
		{Files: []forms.File{renamed}},
		{Files: []forms.File{other}},
		{Files: []forms.File{file, file}[:1], Pairs: []forms.Pair{formstest.Pair("a", "x")}},
	}
	seen := map[[32]byte]int{}
	for i, e := range entries {
		if j, twice := seen[mac(e)]; twice {
			t.Errorf("contents %d and %d give the same MAC", i, j)
		}
		seen[mac(e)] = i
		if first, again := mac(e), mac(e); first != again {
			t.Errorf("content %d gives two MACs", i)
		}
	}
	a := formstest.Check(t, f, entries[1])
	if record.ContentMAC(a, []byte("nonce")) == record.ContentMAC(a, []byte("other")) {
		t.Error("the nonce does not matter")
	}
}

func TestPlanIsChecked(t *testing.T) {
	b, f := newBench(t), formstest.Library(t, "new-patient")
	a := formstest.Check(t, f, formstest.Patient())
	closed := *f
	closed.Store, closed.Mail = nil, nil
	for name, spoil := range map[string]func(*record.Plan){
		"service":    func(p *record.Plan) { p.Service = "a\r\nb" },
		"reference":  func(p *record.Plan) { p.Reference = "" },
		"follows":    func(p *record.Plan) { p.Follows = "a b" },
		"recipients": func(p *record.Plan) { p.Recipients = nil },
		"signer":     func(p *record.Plan) { p.Signer = nil },
		"time":       func(p *record.Plan) { p.Received = time.Time{} },
		"nowhere":    func(p *record.Plan) { p.Deliver, p.Mails = &closed, nil },
		"mail from":  func(p *record.Plan) { p.MailFrom = "a@x> ORCPT=b@c.example" },
	} {
		p := b.plan(f)
		spoil(&p)
		if _, err := record.Seal(a, p); err == nil {
			t.Errorf("%s: sealed", name)
		}
	}
}
