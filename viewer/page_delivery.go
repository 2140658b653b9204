package viewer

import (
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"sealform/internal/store"
	"sealform/internal/web"
	"sealform/templates"
)

var kinds = map[store.Channel]string{
	store.Mail: "Sealed mail", store.Notice: "Notice", store.Digest: "Digest", store.Alarm: "Alarm",
	store.Webhook: "Webhook", store.Receipt: "Receipt",
}

// kindOf is what a delivery is called.
func kindOf(j *store.Job) string {
	switch {
	case isTest(j):
		return "Webhook test"
	case j.Channel == store.Notice && aboutOf(j).TooLarge:
		return "Notice of a large submission"
	}
	return kinds[j.Channel]
}

// jobAddress is where a delivery stands.
func (d *desk) jobAddress(id int64) string { return "/deliveries/" + d.jobs.SealID(id) }

// delivery is a job as lists show it.
func (d *desk) delivery(j *store.Job) templates.StaffDelivery {
	r := templates.StaffDelivery{
		Address: d.jobAddress(j.ID), State: jobStateNames[j.State], Kind: kindOf(j), To: j.To, Form: d.titleOf(j.Form),
		Reference: j.Reference, Made: d.moment(j.Made), Attempts: j.Attempts, Why: d.whyOf(j),
		Over: over(j),
	}
	if j.Channel == store.Receipt {
		r.To = "the visitor"
	}
	switch {
	case j.State != store.Waiting:
		ended := d.moment(j.Ended)
		r.Ended = &ended
	case d.hasTurn(j):
		r.Turn = !j.Changed && !d.stalled(j)
	default:
		next := d.moment(j.Due)
		r.Next = &next
	}
	return r
}

// titleOf is a form's title; its id where the form was taken away; "" for none.
func (d *desk) titleOf(form string) string {
	for _, f := range d.every {
		if f.Form.ID == form {
			return f.Form.Title
		}
	}
	return form
}

// moment is a time of which the hour matters, whichever day it is.
func (d *desk) moment(t time.Time) templates.StaffTime {
	m := d.when(t)
	if clock := m.At.Format("15:04"); m.Short != clock {
		m.Short += ", " + clock
	}
	return m
}

func (h handlers) getDelivery(c echo.Context) error {
	who, err := h.who(c, 2)
	if err != nil {
		return err
	}
	job, log, err := h.desk.Delivery(c.Request().Context(), who, c.Param("job"))
	if err != nil {
		return err
	}
	p := h.desk.deliveryPage(job, log)
	p.StaffFrame = h.desk.room(c.Request().Context(), who, p.Address)
	return web.Show(c.Response(), http.StatusOK, p)
}

func (d *desk) deliveryPage(j *store.Job, log []store.Attempt) templates.DeliveryPage {
	p := templates.DeliveryPage{
		StaffDelivery: d.delivery(j), Received: d.moment(j.Received), Back: queueAddress(j.State, ""),
	}
	p.Action = p.Address
	p.ID = templates.StaffFact{Label: "Message-ID", Text: d.wireID(j)}
	if j.Channel == store.Webhook {
		p.ID.Label = "Webhook ID"
	}
	if j.Submission != 0 {
		p.Submission = d.address(j.Form, j.Submission)
	}
	if j.Size > 0 {
		p.Size = size(j.Size)
	}
	switch err := d.mayAgain(j, log); {
	case err != nil:
		p.Held = notAgain[err]
	case d.hasTurn(j):
	case j.State == store.Sent:
		p.Again = "Send again"
	default:
		p.Again = "Try again now"
	}
	if j.State == store.Dead {
		p.Aside = "Put aside"
	}
	for _, a := range log {
		line := templates.StaffAttempt{At: d.moment(a.At), Said: "Sent.", OK: true}
		if why := reasonOf(j.Channel, a.Code); why != nil {
			line.Said, line.OK = why.Said, false
		}
		p.Log = append(p.Log, line)
	}
	return p
}

// over: it ended by itself, and nobody put it aside. Receipts and tests do, when they cannot be delivered.
func over(j *store.Job) bool {
	return j.State == store.Aside && (isTest(j) || j.Channel == store.Receipt && spent(j))
}

// wireID is what other servers' logs know it by; "" where that is not known here.
func (d *desk) wireID(j *store.Job) string {
	if j.Channel == store.Webhook || strings.Contains(j.MessageID, "@") {
		return j.MessageID
	}
	if _, domain, ok := strings.Cut(d.MailFrom, "@"); ok {
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

func (h handlers) postRetry(c echo.Context) error {
	who, err := h.who(c, 2)
	if err != nil {
		return err
	}
	if err := h.desk.Retry(c.Request().Context(), who, c.Param("job")); err != nil {
		return err
	}
	return see(c, "/deliveries/"+c.Param("job"))
}

func (h handlers) postAside(c echo.Context) error {
	who, err := h.who(c, 2)
	if err != nil {
		return err
	}
	if err := h.desk.PutAside(c.Request().Context(), who, c.Param("job")); err != nil {
		return err
	}
	return see(c, "/deliveries/"+c.Param("job"))
}
