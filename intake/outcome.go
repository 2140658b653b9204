package intake

import (
	"context"
	"errors"

	"sealform/forms"
	"sealform/forms/record"
	"sealform/internal/body"
	"sealform/internal/event"
	"sealform/internal/token"
)

// Outcome is the result of one post, with its details. It is decided without a word of HTTP; submit.go shows it as a page.
type Outcome struct {
	Result
	Kept      record.Kept     // of Accepted
	Files     int             // of Accepted: how many came with it
	Problems  []forms.Problem // of Invalid
	Questions *forms.Form     // those of the page that was posted; nil: the page is none of ours, or too old
	Code      event.Code      // of Full and Unsure: what went wrong, for the log
	Err       error           // of Unread
}

// Result names an outcome.
type Result int

// The results. Of all but Accepted and Unsure, nothing is kept.
const (
	Accepted    Result = iota // it is durable: there is a receipt
	Closed                    // the form takes no answers now
	Unsealed                  // closed, as the answers could not be sealed
	Unread                    // the body could not be taken
	Stale                     // the page was open too long, or the form has changed since
	Invalid                   // answers are missing, or not as their fields ask
	ManyFiles                 // more files than a post may have
	LargeFiles                // files of more bytes than are taken of all together
	LargeBoth                 // answers and files that are too large together
	LongAnswers               // answers that are too long together
	Corrected                 // the page was sent and corrected too often
	Full                      // there is no room
	Unsure                    // it may have arrived or not; sending the same page again tells
)

// take decides what becomes of a post, as it was read or failed to be with readErr, and keeps it where all is in order.
func (d *desk) take(ctx context.Context, to *served, p *post, readErr error) Outcome {
	page, questions := d.page(to, p.token)
	o := Outcome{Questions: questions}
	switch {
	case readErr != nil && (questions == nil || p.uploads == 0 || !errors.Is(readErr, body.ErrTooLarge)):
		o.Result, o.Err = Unread, readErr
	case questions == nil:
		o.Result = Stale
	case p.many && readErr == nil:
		o.Result = ManyFiles
	case p.heavy || readErr != nil:
		o.Result = tooLarge(p)
	case p.full:
		o.Result, o.Code = Full, "full"
	default:
		d.keep(ctx, to, p, page, &o)
	}
	return o
}

// keep checks the answers and hands them in.
func (d *desk) keep(ctx context.Context, to *served, p *post, page token.Page, o *Outcome) {
	answers, rejected := o.Questions.Check(&p.entry, d.Now())
	if rejected != nil {
		o.Result, o.Problems = Invalid, rejected.Problems
		return
	}
	kept, err := d.accept(ctx, to, page, answers)
	if err != nil {
		o.Result, o.Code = notKept(p, err)
		return
	}
	o.Kept, o.Files = kept, answers.Files()
}

// page reads a token and gives the questions its page showed, nil where the page must be shown anew.
func (d *desk) page(to *served, posted string) (token.Page, *forms.Form) {
	page, err := d.Tokens.OpenPage(posted)
	if err != nil || page.Form != to.Form.ID {
		return token.Page{}, nil
	}
	return page, to.revision(page.Revision)
}

// tooLarge names the part of a post that is more than can be sent.
func tooLarge(p *post) Result {
	switch {
	case p.heavy:
		return LargeFiles
	case p.uploads > 0:
		return LargeBoth
	}
	return LongAnswers
}

// notKept gives the result that an error of accept stands for, and its code for the log.
func notKept(p *post, err error) (Result, event.Code) {
	switch {
	case errors.Is(err, errClosed):
		return Closed, ""
	case errors.Is(err, record.ErrTooLargeToMail): // found while sealing
		return tooLarge(p), ""
	case errors.Is(err, errNotSealed):
		return Unsealed, ""
	case errors.Is(err, errCorrections):
		return Corrected, ""
	case errors.Is(err, record.ErrFull):
		return Full, "full"
	case errors.Is(err, record.ErrUnknown):
		return Unsure, "unknown"
	case errors.Is(err, context.Canceled):
		return Unsure, "visitor_gone"
	}
	return Unsure, "drop"
}
