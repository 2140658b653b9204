package viewer

import (
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"sealform/internal/staff"
	"sealform/internal/store"
	"sealform/internal/text"
	"sealform/internal/web"
	pages "sealform/templates/staff"
)

var kinds = map[store.Channel]string{
	store.Mail: "Sealed mail", store.Notice: "Notice", store.Digest: "Digest", store.Alarm: "Alarm",
	store.Webhook: "Webhook", store.Receipt: "Receipt",
}

// kindOf is the name of a delivery's kind.
func kindOf(j *store.Job) string {
	switch {
	case j.IsTest():
		return "Webhook test"
	case j.Channel == store.Notice && aboutOf(j).TooLarge:
		return "Notice of a large submission"
	}
	return kinds[j.Channel]
}

// jobAddress is where a delivery stands.
func (h *handlers) jobAddress(id int64) string { return "/deliveries/" + h.desk.jobs.SealID(id) }

// delivery is a job as lists show it.
func (h *handlers) delivery(j *store.Job) pages.Delivery {
	r := pages.Delivery{
		Address: h.jobAddress(j.ID), State: jobStateNames[j.State], Kind: kindOf(j), To: j.To, Form: h.titleOf(j.Form),
		Reference: j.Reference, Made: h.moment(j.Made), Attempts: j.Attempts, Why: h.whyOf(j),
		Over: over(j),
	}
	if j.Channel == store.Receipt {
		r.To = "the visitor"
	}
	switch {
	case j.State != store.Waiting:
		ended := h.moment(j.Ended)
		r.Ended = &ended
	case h.desk.hasTurn(j):
		r.Turn = !j.Changed && !h.stalled(j)
	default:
		next := h.moment(j.Due)
		r.Next = &next
	}
	return r
}

// titleOf is a form's title; its id where the form was taken away; "" for none.
func (h *handlers) titleOf(form string) string {
	for _, f := range h.desk.Forms {
		if f.Form.ID == form {
			return f.Form.Title
		}
	}
	return form
}

// moment is a time of which the hour matters, whichever day it is.
func (h *handlers) moment(t time.Time) pages.Time {
	m := h.when(t)
	if clock := m.At.Format("15:04"); m.Short != clock {
		m.Short += ", " + clock
	}
	return m
}

func (h *handlers) getDelivery(c echo.Context, who staff.Staff) error {
	job, log, err := h.desk.Delivery(c.Request().Context(), who, c.Param("job"))
	if err != nil {
		return err
	}
	p := h.deliveryPage(job, log)
	p.Frame = h.personFrame(c.Request().Context(), who, p.Address)
	return web.Show(c.Response(), http.StatusOK, p)
}

func (h *handlers) deliveryPage(j *store.Job, log []store.Attempt) pages.DeliveryPage {
	p := pages.DeliveryPage{
		Delivery: h.delivery(j), Received: h.moment(j.Received), Back: queueAddress(j.State, ""),
	}
	p.ID = pages.Fact{Label: "Message-ID", Text: h.wireID(j)}
	if j.Channel == store.Webhook {
		p.ID.Label = "Webhook ID"
	}
	if j.Submission != 0 {
		p.Submission = h.desk.paths.submission(j.Form, j.Submission)
	}
	if j.Size > 0 {
		p.Size = text.Size(j.Size)
	}
	switch err := h.desk.mayAgain(j, log); {
	case err != nil:
		p.Held = notAgain[err]
	case h.desk.hasTurn(j):
	case j.State == store.Sent:
		p.Again = "Send again"
	default:
		p.Again = "Try again now"
	}
	if j.State == store.Dead {
		p.Aside = "Put aside"
	}
	for _, a := range log {
		line := pages.Attempt{At: h.moment(a.At), Said: "Sent.", OK: true}
		if why := reasonOf(j.Channel, a.Code); why != nil {
			line.Said, line.OK = why.Said, false
		}
		p.Log = append(p.Log, line)
	}
	return p
}

// over tells whether a delivery ended by itself and nobody put it aside. Receipts and tests do, when they cannot be delivered.
func over(j *store.Job) bool {
	return j.State == store.Aside && (j.IsTest() || j.Channel == store.Receipt && spent(j))
}

// wireID is the id of a delivery in other servers' logs; "" where that is not known here.
func (h *handlers) wireID(j *store.Job) string {
	if j.Channel == store.Webhook || strings.Contains(j.MessageID, "@") {
		return j.MessageID
	}
	if _, domain, ok := strings.Cut(h.desk.MailFrom, "@"); ok {
		return j.MessageID + "@" + domain
	}
	return ""
}

// notAgain says on its page why a delivery cannot be sent now.
var notAgain = map[error]string{
	errSpent: "What it held is no longer kept here, so it cannot be sent again.",
	errSoon:  "Sent a moment ago. Wait two minutes before you send it again.",
	errOften: "Sent again five times within a day. Wait until tomorrow, or ask whoever runs the mail server where it went.",
}

func (h *handlers) postRetry(c echo.Context, who staff.Staff) error {
	return done(c, h.desk.Retry(c.Request().Context(), who, c.Param("job")), "/deliveries/"+c.Param("job"))
}

func (h *handlers) postAside(c echo.Context, who staff.Staff) error {
	return done(c, h.desk.PutAside(c.Request().Context(), who, c.Param("job")), "/deliveries/"+c.Param("job"))
}
