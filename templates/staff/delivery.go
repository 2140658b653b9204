package staff

import (
	"io"
	"strings"
)

// Late counts the overdue messages: the quiet mark in the header, and the line above the inbox.
type Late struct {
	Waiting int64 // messages that have waited for over an hour
	Since   *Time // when the oldest of them came; nil: not looked up
	GivenUp int64
}

// Count is the number in the mark.
func (l Late) Count() int64 { return l.Waiting + l.GivenUp }

// Reason is why a delivery failed, in two sentences: what happened, and what to do.
type Reason struct{ Said, Do string }

// DeliveriesPage lists what goes out by itself.
type DeliveriesPage struct {
	Frame
	Tabs   []Tab
	Chosen State   // the tab
	Why    *Reason // that every row shares; the rows then lack theirs
	Rows   []Delivery
	Older  string // address of the next page; "" on the last
	Newest string // address of the first page; "" when this is it
	Kept   int64  // how many there are on all pages together
	Failed int64  // how many were given up
	Hooks  []Hook
}

// Delivery is one message to one address: nothing in it was typed by a visitor.
type Delivery struct {
	Address   string // of its page
	State     State
	Kind      string // "Sealed mail"
	To        string // an address of staff, a webhook's name, "the visitor"
	Form      string // title; "" for none
	Reference string // "" for none
	Made      Time
	Attempts  int   // that failed
	Turn      bool  // it is being tried, or will be within seconds
	Next      *Time // of the next try; nil: at once, or none to come
	Ended     *Time // sent or given up
	Over      bool  // it ended by itself, though it was not sent: nothing is lost with it
	Why       *Reason
	Do        bool // a list says here what to do about that
}

// Stands is how its state is called on its page.
func (d Delivery) Stands() string {
	if d.Over {
		return "Ended"
	}
	return d.State.Label()
}

// Hook is a webhook that can be tested.
type Hook struct{ Name, Action string }

// DeliveryPage is one message with what was tried.
type DeliveryPage struct {
	Frame
	Delivery
	Submission string // address; "" for none
	Received   Time   // the submission, where it belongs to one
	ID         Fact   // that the other side can tell repeats by
	Size       string // "" where it is small
	Log        []Attempt
	Again      string // what the button says; "" where it can't be sent
	Aside      string // as Again; "" where there is nothing to put aside
	Held       string // why it can't be sent now; "" where it can, or goes out by itself
	Back       string
}

// Attempt is a line of the log.
type Attempt struct {
	At   Time
	Said string
	OK   bool
}

// Render writes the page.
func (p DeliveriesPage) Render(w io.Writer) error { return pages.Render(w, "deliveries.html", p) }

// Render writes the page.
func (p DeliveryPage) Render(w io.Writer) error { return pages.Render(w, "delivery.html", p) }

// In tells whether the page belongs under a link of the header.
func (f Frame) In(room string) bool {
	at, _, _ := strings.Cut(f.Here, "?")
	return at == room || strings.HasPrefix(at, room+"/") || room == "/inbox" && strings.HasPrefix(at, "/s/")
}
