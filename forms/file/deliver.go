package file

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"sealform/forms"
	"sealform/internal/address"
	"sealform/internal/text"
	"sealform/internal/yamltree"
)

// readDeliver reads where the sealed answers go, and who is told. It comes after the fields: a receipt goes to the
// address in one of them.
func readDeliver(f *forms.Form, m *yamltree.Mapping) {
	m.Need("deliver", "Say where the sealed answers go: deliver: { store: { keep: 90d } }")
	m.Hint("deliver", "Say where the sealed answers go: deliver: { store: { keep: 90d } }")
	d := m.Mapping("deliver")
	d.Hint("store", "Say how long answers are kept: store: { keep: 90d }")
	d.Hint("mail", "Say who gets the sealed mail: mail: { to: [frontdesk@clinic.example] }")
	d.Hint("receipt", "Say which question asks for the address: receipt: { to: email, text: We call you back. }")
	if d.Has("store") {
		f.Store = readStore(d.Mapping("store"))
	}
	if d.Has("mail") {
		f.Mail = readMail(d.Mapping("mail"))
	}
	readNotify(f, d)
	f.Webhooks = readWebhooks(d)
	if d.Has("receipt") {
		f.Receipt = readReceipt(f, d.Mapping("receipt"))
	}
	checkReadable(f, m, d)
	d.Done()
}

// readStore reads how long submissions are kept: at least an hour, counted from their arrival.
func readStore(s *yamltree.Mapping) *forms.StoreDelivery {
	s.Refuse("keep_done", "is not in this version yet", "Use keep: it counts from the day an answer came.")
	s.Need("keep", "Say how long answers are kept: keep: 90d")
	keep := s.Duration("keep")
	if keep > 0 && keep < time.Hour {
		s.Fault("keep", `"keep" is shorter than an hour`, "Give days or hours: 90d, 12h.")
	}
	s.Done()
	return &forms.StoreDelivery{Keep: keep}
}

// readMail reads the addresses that are mailed, each with its level.
func readMail(m *yamltree.Mapping) *forms.MailDelivery {
	m.Need("to", "Say who gets the sealed mail: to: [frontdesk@clinic.example]")
	d, seen := &forms.MailDelivery{}, map[string]bool{}
	for _, e := range m.Entries("to", "address") {
		to := forms.MailTo{Address: readAddress(e, "address", seen), Level: readLevel(e)}
		d.To = append(d.To, to)
		e.Done()
	}
	if len(d.To) > maxAddress {
		m.Fault("to", fmt.Sprintf("more than %d addresses", maxAddress), "Use a mailing list's address.")
	}
	m.Done()
	return d
}

// readAddress reads one address of a list. seen has those before it: the same one twice is a fault.
func readAddress(m *yamltree.Mapping, key string, seen map[string]bool) string {
	m.Need(key, fmt.Sprintf("Write the mail address: %s: frontdesk@clinic.example", key))
	a := m.Text(key)
	switch folded := strings.ToLower(a); {
	case a == "":
	case address.Check(a) != nil:
		m.Fault(key, fmt.Sprintf("%q is not a plain mail address", a), "Write it as name@clinic.example: no name before it, no quotes, no brackets.")
	case seen[folded]:
		m.Fault(key, fmt.Sprintf("the address %q stands here twice", a), "Keep one of them.")
	default:
		seen[folded] = true
	}
	return a
}

// levels are the names of what an address can be mailed.
var levels = []string{string(forms.PGP), string(forms.SMIME), string(forms.Notice)}

// otherLevels are words that people know from elsewhere.
var otherLevels = map[string]string{
	"openpgp": "pgp", "gpg": "pgp", "gnupg": "pgp", "s/mime": "smime", "x509": "smime", "cms": "smime", "notify": "notice", "link": "notice",
}

// readLevel reads the level of one address; a word from elsewhere ("gpg") is answered with ours.
func readLevel(m *yamltree.Mapping) forms.Level {
	l := m.Text("level")
	if l == "" || slices.Contains(levels, l) {
		return forms.Level(l)
	}
	mend := "Levels are pgp, smime and notice. None of them mails answers that are not sealed."
	folded := strings.ToLower(l)
	if ours := otherLevels[folded]; ours != "" {
		mend = fmt.Sprintf("Here it is called %q.", ours)
	}
	m.Fault("level", fmt.Sprintf("unknown level %q", l), cmp.Or(text.Meant(folded, levels), mend))
	return ""
}

// readWebhooks reads the names of webhooks. Whether the configuration has them is the server's to check.
func readWebhooks(d *yamltree.Mapping) []string {
	names := d.Texts("webhooks")
	for i, n := range names {
		switch {
		case !formID.MatchString(n):
			d.FaultItem("webhooks", n, fmt.Sprintf("%q cannot be a webhook's name", n), "Name webhooks of the configuration: lower-case letters, digits and dashes, a letter first.")
		case slices.Contains(names[:i], n):
			d.FaultItem("webhooks", n, fmt.Sprintf("the webhook %q stands here twice", n), "Keep one of them.")
		}
	}
	if len(names) > maxAddress {
		d.Fault("webhooks", fmt.Sprintf("more than %d webhooks", maxAddress), "Let one of them pass on what it gets.")
	}
	return names
}

// checkReadable refuses a form whose answers nobody could ever read, and warns about notices that lead nowhere.
func checkReadable(f *forms.Form, m, d *yamltree.Mapping) {
	if !d.Given() || f.Store != nil {
		return
	}
	if f.Mail == nil {
		m.Fault("deliver", `"deliver" names no place`, "Give store, mail, or both.")
		return
	}
	sealed := slices.ContainsFunc(f.Mail.To, func(t forms.MailTo) bool { return t.Level != forms.Notice })
	switch {
	case len(f.Mail.To) == 0:
	case !sealed:
		d.Fault("mail", "nobody could read the answers: nothing is kept, and no address gets them", "Add store: { keep: 90d }, or give an address the level pgp or smime.")
	case len(f.Notify) > 0:
		d.Warn("notify", "a notice leads to the staff pages, and nothing is kept there", "Add store: { keep: 90d }, or leave notices out: the sealed mail tells enough.")
	case slices.ContainsFunc(f.Mail.To, func(t forms.MailTo) bool { return t.Level == forms.Notice }):
		d.Warn("mail", "a notice leads to the staff pages, and nothing is kept there", "Add store: { keep: 90d }, or give each address the level pgp or smime.")
	}
}
