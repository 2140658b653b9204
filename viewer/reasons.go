package viewer

import (
	"strings"
	"time"

	"sealform/internal/store"
	pages "sealform/templates/staff"
)

// Why a delivery failed is kept as a code, never as what a server said. Here each code gets its sentence for staff: what
// happened, and what to do. A test holds that no code lacks one.

// atRelay are the reasons of the relay: what can happen between us and the clinic's mail server.
var atRelay = map[string]pages.Reason{
	"address":         {Said: "This address cannot be written to: mail programs could misread it, or it cannot be opened here any more.", Do: "If it is one of yours, ask whoever runs Sealform to correct it. Nobody can correct a visitor’s."},
	"body":            {Said: "The sealed message could not be read to its end here, so none of it was sent.", Do: "Ask whoever runs Sealform to look at the disk; “sealform audit verify” shows what is damaged."},
	"unknown_host":    {Said: "Your mail server’s name is not known just now.", Do: "If this goes on, ask whoever runs Sealform to check the name and the network."},
	"refused":         {Said: "Your mail server does not answer.", Do: "It may be restarting. If this goes on, ask whoever runs the mail server."},
	"timeout":         {Said: "Your mail server took too long to answer.", Do: "It may be busy. If this goes on, ask whoever runs the mail server."},
	"stopped":         {Said: "Sealform was stopped while it was sending.", Do: "Nothing to do: it goes on by itself."},
	"no_starttls":     {Said: "Your mail server offered no encryption, so nothing was sent in clear.", Do: "Ask whoever runs the mail server to turn on TLS. If it was on before, somebody may be interfering on the way."},
	"bad_tls":         {Said: "No safe connection to your mail server came about, so nothing was sent.", Do: "Ask whoever runs the mail server to offer TLS 1.2 or newer."},
	"bad_certificate": {Said: "Your mail server showed a certificate that is expired, unknown or of another name, so nothing was sent.", Do: "Ask whoever runs the mail server to renew or correct it."},
	"bad_pin":         {Said: "Your mail server showed another key than the one that Sealform was told to expect, so nothing was sent.", Do: "Ask whoever runs the mail server whether its key was changed. If not, somebody may be interfering on the way."},
	"auth":            {Said: "Your mail server did not accept Sealform’s user name or password.", Do: "Ask whoever runs Sealform to check them."},
	"too_large":       {Said: "The message is larger than your mail server takes.", Do: "Ask whoever runs the mail server to allow larger messages, then try again."},
	"cut":             {Said: "The connection broke before the message was complete.", Do: "Nothing to do: it is tried again."},
	"cut_after_data":  {Said: "The connection broke right after the message, before your mail server confirmed it. The message may have arrived already.", Do: "It is sent again to be sure. Should it come twice, it is the same message: both copies have the same Message-ID."},
	"protocol":        {Said: "What answers in place of your mail server does not speak SMTP.", Do: "Ask whoever runs Sealform to check the server’s name and port."},
	"temporary_421":   {Said: "Your mail server is closing or too busy, and asked us to come back.", Do: "Nothing to do, unless it goes on for hours."},
	"temporary_450":   {Said: "The mailbox is busy, or your mail server lets first-time senders wait a while.", Do: "Nothing to do, unless it goes on for hours."},
	"temporary_451":   {Said: "Your mail server asked us to try again later. Many do so with senders that they do not know yet.", Do: "Nothing to do, unless it goes on for hours."},
	"temporary_452":   {Said: "The mailbox, or your mail server’s disk, is full.", Do: "Ask the mailbox’s owner to make room; the message is kept meanwhile."},
	"temporary_454":   {Said: "Your mail server could not begin encryption or check Sealform’s password just now, so nothing was sent.", Do: "Nothing to do, unless it goes on for hours. Then ask whoever runs the mail server."},
	"permanent_530":   {Said: "Your mail server wants a user name and a password first.", Do: "Ask whoever runs Sealform to enter them."},
	"permanent_550":   {Said: "Your mail server refuses this address: the mailbox does not exist, or its rules forbid the message.", Do: "If the address is one of yours, check it, and ask whoever runs the mail server."},
	"permanent_551":   {Said: "Your mail server says that this mailbox has moved.", Do: "Ask whoever runs Sealform to enter the new address."},
	"permanent_552":   {Said: "The mailbox is full.", Do: "Ask the mailbox’s owner to make room; the message is kept meanwhile."},
	"permanent_553":   {Said: "Your mail server does not allow this address.", Do: "Check how it is written, or ask whoever runs the mail server."},
	"permanent_554":   {Said: "Your mail server’s rules, or a spam filter, do not let Sealform or this message through.", Do: "Ask whoever runs the mail server to let Sealform’s messages through."},
}

// atHook are the reasons of webhooks: what can happen between us and a webhook's receiver.
var atHook = map[string]pages.Reason{
	"not_https":       {Said: "The webhook’s address is not an https one, so nothing was sent.", Do: "Ask whoever runs Sealform to correct it."},
	"inside":          {Said: "The webhook’s address leads into a private network, so nothing was sent.", Do: "If that is meant, whoever runs Sealform can allow it under outward.allow."},
	"unknown_host":    {Said: "The webhook’s host name is not known just now.", Do: "If this goes on, ask whoever runs Sealform to check the name."},
	"refused":         {Said: "The webhook’s server does not answer.", Do: "It may be restarting. If this goes on, ask whoever runs it."},
	"timeout":         {Said: "The webhook’s server took too long to answer.", Do: "If this goes on, ask whoever runs it."},
	"stopped":         {Said: "Sealform was stopped while it was calling.", Do: "Nothing to do: it goes on by itself."},
	"bad_certificate": {Said: "The webhook’s server showed a certificate that is expired, unknown or of another name, so nothing was sent.", Do: "Ask whoever runs that server to renew or correct it."},
	"redirect":        {Said: "The webhook’s server sends us on to another address. We do not follow.", Do: "Ask whoever runs Sealform to enter the final address."},
	"too_long":        {Said: "The webhook’s server answered with more than we read.", Do: "It may have taken the message. Ask whoever runs it to answer briefly."},
	"protocol":        {Said: "What answers at the webhook’s address does not speak HTTP.", Do: "Ask whoever runs Sealform to check the address."},
	"bad_event":       {Said: "This message is not whole here, so it was not sent.", Do: "Ask whoever runs Sealform to look at the disk; “sealform audit verify” shows what is damaged."},
	"not_sealed":      {Said: "The sealed answers are not whole here, so nothing was sent.", Do: "Ask whoever runs Sealform to look at the disk; “sealform audit verify” shows what is damaged."},
	"unknown_hook":    {Said: "No webhook of that name is configured any more.", Do: "Ask whoever runs Sealform to set it up again, or leave it."},
	"answered_401":    {Said: "The webhook’s server did not accept our signature.", Do: "Ask whoever runs it to enter the secret that “sealform webhooks secret” shows."},
	"answered_403":    {Said: "The webhook’s server did not accept our signature.", Do: "Ask whoever runs it to enter the secret that “sealform webhooks secret” shows."},
	"answered_404":    {Said: "The webhook’s server has nothing at this address.", Do: "Ask whoever runs Sealform to check the address."},
	"answered_410":    {Said: "The webhook’s server says that this address is gone for good.", Do: "Ask whoever runs Sealform to enter another, or to remove the webhook."},
}

// atVisitor are the reasons of receipts: what can happen with a visitor's own address, where
// other words are due than for the clinic's.
var atVisitor = map[string]pages.Reason{
	"own_address":   {Said: "The visitor gave an address of your own. No receipts go there.", Do: noReceipt},
	"too_late":      {Said: "It could not be sent for a day. A receipt that comes later helps nobody.", Do: noReceipt},
	"address":       {Said: "The visitor’s address cannot be written to, or cannot be opened here any more.", Do: noReceipt},
	"temporary_450": {Said: "The visitor’s mailbox is busy, or your mail server asked us to wait.", Do: "Nothing to do: it is tried again."},
	"temporary_452": {Said: "The visitor’s mailbox, or your mail server’s disk, is full.", Do: "Nothing to do: it is tried again."},
	"permanent_550": {Said: "The visitor’s mail server, or yours, refuses the address: often it was mistyped.", Do: noReceipt},
	"permanent_551": {Said: "The visitor’s mailbox has moved.", Do: noReceipt},
	"permanent_552": {Said: "The visitor’s mailbox is full.", Do: noReceipt},
	"permanent_553": {Said: "The visitor’s address is not one that mail can be sent to: often it was mistyped.", Do: noReceipt},
	"permanent_554": {Said: "The visitor’s mail server, or yours, does not let the receipt through.", Do: noReceipt},
}

const noReceipt = "Nothing to do: what the visitor sent is here, and they saw its reference on the page."

// anywhere are the reasons of deliveries of any kind: what can happen before anybody is called.
var anywhere = map[string]pages.Reason{
	"stalled":        {Said: "It has been due for over an hour, but nothing has tried to send it.", Do: "Ask whoever runs Sealform whether the part that delivers is running."},
	"far_ahead":      {Said: "Its next try is further off than it should be, as if a clock had run ahead.", Do: "Ask whoever runs Sealform to check the machine’s clock, and whether the part that delivers is running."},
	"changed":        {Said: "It was changed in the database after it was made, so nothing of it is sent.", Do: "Tell whoever runs Sealform; “sealform audit verify” shows what else was touched."},
	"not_configured": {Said: "Its form no longer names this address, so nothing is sent there.", Do: "If it is to go there, ask whoever runs Sealform to name the address again. Else leave it, and put it aside once it is given up."},
}

// begins are the codes that end in a number which says no more to staff.
var begins = []struct {
	prefix string
	pages.Reason
}{
	{"temporary_", pages.Reason{Said: "Your mail server asked us to try again later.", Do: "Nothing to do, unless it goes on for hours."}},
	{"permanent_", pages.Reason{Said: "Your mail server refused the message. It is kept, and tried again in case that changes.", Do: "Ask whoever runs the mail server why."}},
	{"answered_4", pages.Reason{Said: "The webhook’s server refused the message.", Do: "Ask whoever runs it why."}},
	{"answered_", pages.Reason{Said: "The webhook’s server could not take the message just now.", Do: "If this goes on, ask whoever runs it."}},
}

// reasonOf gives the words for a code; nil where there is none to explain.
func reasonOf(c store.Channel, code string) *pages.Reason {
	if code == "" || code == "ok" {
		return nil
	}
	for _, table := range tablesOf(c) {
		if r, ok := table[code]; ok {
			return &r
		}
	}
	for _, b := range begins {
		if strings.HasPrefix(code, b.prefix) {
			return &b.Reason
		}
	}
	return &pages.Reason{
		Said: "It did not go out, for a reason that we have no words for: “" + code + "”.",
		Do:   "Tell whoever runs Sealform.",
	}
}

// tablesOf are those that explain a channel's codes, the most particular first.
func tablesOf(c store.Channel) []map[string]pages.Reason {
	switch c {
	case store.Webhook:
		return []map[string]pages.Reason{anywhere, atHook}
	case store.Receipt:
		return []map[string]pages.Reason{anywhere, atVisitor, atRelay}
	}
	return []map[string]pages.Reason{anywhere, atRelay}
}

// whyOf explains where a delivery stands: what its last attempt ended with, or that there is none to come.
func (h *handlers) whyOf(j *store.Job) *pages.Reason {
	switch why := reasonOf(j.Channel, j.LastError); {
	case j.Changed:
		return reasonOf(j.Channel, "changed")
	case j.State == store.Sent:
		return nil
	case h.stalled(j):
		return reasonOf(j.Channel, "stalled")
	case j.State == store.Waiting && j.Due.Sub(h.desk.Now()) > farOff:
		return reasonOf(j.Channel, "far_ahead")
	case why == nil || j.State == store.Waiting:
		return why
	case j.Channel == store.Receipt:
		return &pages.Reason{Said: why.Said, Do: noReceipt}
	case j.IsTest():
		return &pages.Reason{Said: why.Said, Do: why.Do + " It was a test: send another when that is done."}
	default:
		return why
	}
}

// farOff is more than ever lies between two attempts.
const farOff = 2 * time.Hour

// stalled tells whether a delivery is overdue: its time came over an hour ago, and there was no attempt.
func (h *handlers) stalled(j *store.Job) bool {
	return j.State == store.Waiting && h.desk.Now().Sub(j.Due) > overdueAfter
}
