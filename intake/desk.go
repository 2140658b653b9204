package intake

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"sealform/forms"
	"sealform/forms/record"
	"sealform/internal/token"
)

// Errors of the desk, beside errClosed and those of a Drop.
var (
	errNotSealed   = errors.New("could not be sealed")
	errCorrections = errors.New("one page corrected too often")
)

const referenceDraws = 5

// desk is the code that may act: it decides what becomes of a post (take), seals checked answers and hands them in. It knows
// nothing of HTTP.
type desk struct{ Config }

// uploads is how many bytes of files one post of the form may bring now.
func (d *desk) uploads(f *forms.Form) int64 { return f.UploadLimit(d.MailLimit()) }

// accept seals answers to the form's readers and gives the receipt once they are durable. The same page with the same
// answers gives the first receipt again; with other answers, at most three times, a submission that says what it
// follows. Nothing is kept when an error comes back, but for record.ErrUnknown, where trying again with the same
// page tells.
func (d *desk) accept(ctx context.Context, to *served, page token.Page, a *forms.Answers) (record.Kept, error) {
	plan := record.Plan{
		Service: d.Service, ID: page.ID, Received: d.Now(), Lang: "en", Path: "page", Signer: d.Signer,
		Token: d.Tokens.Mark(page), Content: record.ContentMAC(a, page.Nonce[:]), Deliver: to.Form,
		MailFrom: d.MailFrom, MailLimit: d.MailLimit(), Receipt: d.Receipt,
	}
	for draws, second, corrections := 0, false, 0; ; {
		kept, err := d.put(ctx, to, a, &plan)
		var reused *record.ErrReused
		switch {
		case err == nil:
			return kept, nil
		case errors.Is(err, record.ErrReferenceTaken) && draws < referenceDraws:
			draws++
		case errors.Is(err, record.ErrIDTaken) && !second:
			second = true
			plan.ID = page.SecondID() + int64(corrections)
		case errors.As(err, &reused):
			if corrections++; corrections > token.Corrections {
				return record.Kept{}, errCorrections
			}
			plan.ID++
			plan.Follows = reused.Reference
		default:
			return record.Kept{}, err
		}
	}
}

// put seals once and hands in once. The keys are looked at again right before.
func (d *desk) put(ctx context.Context, to *served, a *forms.Answers, plan *record.Plan) (record.Kept, error) {
	readers, err := to.readers(d.Now())
	if err != nil {
		return record.Kept{}, err
	}
	plan.Recipients, plan.Mails = readers.Store, readers.Mails
	if plan.Reference, err = record.NewReference(rand.Reader); err != nil {
		return record.Kept{}, fmt.Errorf("%w: drawing a reference: %w", errNotSealed, err)
	}
	s, err := record.Seal(a, *plan)
	if err != nil {
		return record.Kept{}, fmt.Errorf("%w: %w", errNotSealed, err)
	}
	kept, err := d.Drop.Put(ctx, s)
	if err != nil {
		return record.Kept{}, fmt.Errorf("handing in: %w", err)
	}
	d.Kept()
	return kept, nil
}
