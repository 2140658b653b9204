package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"time"

	"sealform/forms"
	"sealform/internal/address"
	"sealform/internal/sealedaddress"
	"sealform/keys"
)

// Plan is the particulars of a submission beside its answers: names, times, readers and deliveries.
type Plan struct {
	Service    string // service id
	ID         int64
	Reference  string // "R7K-4Q2"
	Received   time.Time
	Lang       string // "en"
	Path       string // "page"
	Follows    string // reference of the submission this one corrects, or ""
	Roster     int64  // 0 until the roster is built
	Recipients *keys.Recipients
	Signer     *keys.Signer
	Token      [16]byte    // MAC of the page token's nonce: what the store compares on a repeat
	Content    [32]byte    // ContentMAC
	Deliver    *forms.Form // whose Store, Webhooks and Receipt apply (the current form; the answers may be of an older revision)
	MailFrom   string      // plain address in the mail's From, inner and outer; needed if there are Mails
	Mails      []Envelope
	MailLimit  int64 // bytes of a message that the relay takes; 0: not known
	// Receipt seals a visitor's address for the submission of that id; needed if Deliver.Receipt is set.
	Receipt func(submission int64, address []byte) *sealedaddress.Address
}

// word matches the values that a record's own members may have: they end up in headers too.
var word = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

func (p *Plan) check() error {
	switch {
	case p.Deliver == nil || (p.Deliver.Store == nil && len(p.Mails) == 0):
		return errors.New("the form is delivered nowhere")
	case p.Recipients == nil || p.Signer == nil:
		return errors.New("no reader or no signing key")
	case p.Received.IsZero():
		return errors.New("no time of arrival")
	}
	for _, s := range []string{p.Service, p.Reference, p.Lang, p.Path} {
		if !word.MatchString(s) {
			return errors.New("service, reference, language or path is missing or not a plain word")
		}
	}
	if p.Follows != "" && !word.MatchString(p.Follows) {
		return errors.New("the reference it follows is not a plain word")
	}
	if p.Deliver.Receipt != nil && p.Receipt == nil {
		return errors.New("nothing seals the address of a receipt")
	}
	if len(p.Mails) > 0 && address.Check(p.MailFrom) != nil {
		return errors.New("the mail has no plain address to come from")
	}
	for _, m := range p.Mails {
		if m.Sealer == nil || address.Check(m.To) != nil {
			return errors.New("a mail has no reader, or no plain address to go to")
		}
	}
	return nil
}

// Seal completes the record, pads it (Padmé, at most 12 %), builds the MIME entities and seals them: for the store
// the answers and each file apart, for each mail all in one. Files are read later, when the sealed streams are written.
// A mail larger than the plan's MailLimit has no Body but says TooLarge; where nothing is stored, ErrTooLargeToMail
// comes back instead.
func Seal(answers *forms.Answers, p Plan) (*Submission, error) {
	a := contentOf(answers)
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("sealing a submission: %w", err)
	}
	p.Received = p.Received.UTC().Truncate(time.Second)
	s := &Submission{
		ID: p.ID, Form: a.form.ID, Revision: a.form.Revision, Reference: p.Reference, Received: p.Received,
		Token: p.Token, Content: p.Content, Webhooks: slices.Clone(p.Deliver.Webhooks),
	}
	if p.Deliver.Store != nil {
		if err := a.sealForStore(s, &p); err != nil {
			return nil, err
		}
	}
	for _, to := range p.Mails {
		m, err := a.sealForMail(&p, to)
		if err != nil {
			return nil, fmt.Errorf("sealing a mail: %w", err)
		}
		s.Mails = append(s.Mails, m)
	}
	s.Receipt = a.sealReceipt(&p)
	return s, nil
}

func (a *content) sealForStore(s *Submission, p *Plan) (err error) {
	s.Stored = true
	s.Answers, err = p.Recipients.Seal(keys.NewPlaintext(a.storeEntity(p)), p.Signer, p.Received)
	if err != nil {
		return fmt.Errorf("sealing the answers: %w", err)
	}
	for i := range a.files {
		f := &a.files[i]
		stream, err := p.Recipients.SealStream(p.Signer, p.Received, func(w io.Writer) error {
			return copyFile(&unlike{w: w}, f)
		})
		if err != nil {
			return fmt.Errorf("sealing file %d: %w", i+1, err)
		}
		s.Files = append(s.Files, stream)
	}
	return nil
}

const piece = 32 << 10 // bytes; large writes are buffered whole further down

// copyFile writes the file's bytes, exactly Size of them.
func copyFile(w io.Writer, f *forms.File) error {
	r, err := f.Open()
	if err != nil {
		return fmt.Errorf("opening an uploaded file: %w", err)
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{io.LimitReader(r, f.Size+1)}, make([]byte, piece))
	if closeErr := r.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return fmt.Errorf("reading an uploaded file: %w", err)
	}
	if n != f.Size {
		return errors.New("an uploaded file is not as long as it was")
	}
	return nil
}

var errLikeEntity = errors.New("an uploaded file begins like a sealed record of ours")

// unlike passes on everything that does not begin like an entity of ours.
type unlike struct {
	w       io.Writer
	head    []byte // what came so far, while it is too short to tell
	cleared bool
}

func (u *unlike) Write(b []byte) (int, error) {
	if !u.cleared {
		if room := len(forms.EntityMagic) - len(u.head); room > 0 {
			u.head = append(u.head, b[:min(room, len(b))]...)
		}
		if bytes.Equal(u.head, []byte(forms.EntityMagic)) {
			return 0, errLikeEntity
		}
		u.cleared = len(u.head) >= len(forms.EntityMagic)
	}
	return u.w.Write(b) //nolint:wrapcheck // a writer passes on what its target says
}
