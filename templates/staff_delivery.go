package templates

import (
	"io"
	"strings"
)

// StaffLate is what does not get out: the quiet mark in the header, and the line above the inbox.
type StaffLate struct {
	Waiting int64      // messages that have waited for over an hour
	Since   *StaffTime // when the oldest of them came; nil: not looked up
	GivenUp int64
}

// Count is the number in the mark.
func (l StaffLate) Count() int64 { return l.Waiting + l.GivenUp }

// StaffReason is why a delivery failed, in two sentences: what happened, and what to do.
type StaffReason struct{ Said, Do string }

// DeliveriesPage lists what goes out by itself.
type DeliveriesPage struct {
	StaffFrame
	Tabs   []StaffQueue
	Chosen StaffJob     // the tab
	Why    *StaffReason // that every row shares; the rows then lack theirs
	Rows   []StaffDelivery
	Older  string // address of the next page; "" on the last
	Newest string // address of the first page; "" when this is it
	Kept   int64  // how many there are on all pages together
	Failed int64  // how many were given up
	Hooks  []StaffHook
}

// StaffQueue is a tab.
type StaffQueue struct {
	State   StaffJob
	Address string
	Count   int64
	Chosen  bool
}

// StaffJob is "waiting", "given-up", "sent" or "put-aside".
type StaffJob string

// Label is how the state is called on pages.
func (s StaffJob) Label() string {
	return map[StaffJob]string{"waiting": "Waiting", "given-up": "Given up", "sent": "Sent", "put-aside": "Put aside"}[s]
}

// StaffDelivery is one message to one address: nothing in it was typed by a visitor.
type StaffDelivery struct {
	Address   string // of its page
	State     StaffJob
	Kind      string // "Sealed mail"
	To        string // an address of staff, a webhook's name, "the visitor"
	Form      string // title; "" for none
	Reference string // "" for none
	Made      StaffTime
	Attempts  int        // that failed
	Turn      bool       // it is being tried, or will be within seconds
	Next      *StaffTime // of the next try; nil: at once, or none to come
	Ended     *StaffTime // sent or given up
	Over      bool       // it ended by itself, though it was not sent: nothing is lost with it
	Why       *StaffReason
	Do        bool // a list says here what to do about that
}

// Stands is how its state is called on its page.
func (d StaffDelivery) Stands() string {
	if d.Over {
		return "Ended"
	}
	return d.State.Label()
}

// StaffHook is a webhook that can be tested.
type StaffHook struct{ Name, Action string }

// DeliveryPage is one message with what was tried.
type DeliveryPage struct {
	StaffFrame
	StaffDelivery
	Action     string    // of the page's own parts
	Submission string    // address; "" for none
	Received   StaffTime // the submission, where it belongs to one
	ID         StaffFact // that the other side can tell repeats by
	Size       string    // "" where it is small
	Log        []StaffAttempt
	Again      string // what the button says; "" where it can't be sent
	Aside      string // as Again; "" where there is nothing to put aside
	Held       string // why it can't be sent now; "" where it can, or goes out by itself
	Back       string
}

// StaffAttempt is a line of the log.
type StaffAttempt struct {
	At   StaffTime
	Said string
	OK   bool
}

var (
	deliveriesTemplate = parse("staff.html", "staff_reason.html", "staff_deliveries.html")
	deliveryTemplate   = parse("staff.html", "staff_reason.html", "staff_delivery.html")
)

// Render writes the page.
func (p DeliveriesPage) Render(w io.Writer) error { return render(w, deliveriesTemplate, p) }

// Render writes the page.
func (p DeliveryPage) Render(w io.Writer) error { return render(w, deliveryTemplate, p) }

// Heading is the page's title.
func (p DeliveriesPage) Heading() string { return "Deliveries" }

// Heading is the page's title.
func (p DeliveryPage) Heading() string { return p.Kind + " to " + p.To }

// In tells whether the page belongs under a link of the header.
func (f StaffFrame) In(room string) bool {
	at, _, _ := strings.Cut(f.Here, "?")
	return at == room || strings.HasPrefix(at, room+"/") || room == "/inbox" && strings.HasPrefix(at, "/s/")
}
