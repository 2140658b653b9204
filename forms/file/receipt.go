package file

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"sealform/forms"
	"sealform/internal/text"
	"sealform/internal/yamltree"
)

// readReceipt reads what a visitor may be mailed. That mail is not sealed, so its words are fixed: what looks like a
// slot for an answer is refused.
func readReceipt(f *forms.Form, m *yamltree.Mapping) *forms.Receipt {
	m.Need("to", "Name the email field whose address it goes to: to: email")
	m.Need("text", "Write what happens next: text: We call you back within one working day.")
	r := &forms.Receipt{Field: m.Text("to"), Text: words(m, "text")}
	checkReceiptField(f, m, r.Field)
	told := map[string]bool{}
	for _, slot := range text.Placeholders(r.Text) {
		if told[slot] {
			continue
		}
		told[slot] = true
		message, mend := fmt.Sprintf("%q looks like a slot, and nothing fills it", slot), "Write fixed words. The reference stands in the mail by itself."
		if id := slotField(f, slot); id != "" {
			message = fmt.Sprintf("%q asks for the answer to field %q: a receipt never holds answers", slot, id)
			mend = "Write fixed words: this mail is not sealed."
		}
		m.Fault("text", message, mend)
	}
	m.Done()
	return r
}

// checkReceiptField wants an e-mail field. Where no field could be read, that has been said.
func checkReceiptField(f *forms.Form, m *yamltree.Mapping, id string) {
	x := f.Field(id)
	if id == "" || len(f.Fields) == 0 || x != nil && (x.Type == forms.Email || x.Type == "") {
		return
	}
	var addresses []string
	for _, x := range f.Fields {
		if x.Type == forms.Email && x.ID != "" {
			addresses = append(addresses, x.ID)
		}
	}
	message := fmt.Sprintf("no field is called %q", id)
	if x != nil {
		message = fmt.Sprintf("a receipt goes to an email field, and %q is a %s field", id, x.Type)
	}
	mend := "Ask for an address first: - { id: email, type: email, label: Email address, optional: true }"
	if len(addresses) > 0 {
		mend = fmt.Sprintf("Name an email field: to: %s", cmp.Or(text.Closest(id, addresses), strings.Join(addresses, ", or ")))
	}
	m.Fault("to", message, mend)
}

// slotWord is a word inside a slot of a receipt's text.
var slotWord = regexp.MustCompile(`[\pL_][\pL\pN_]*`)

// slotField gives the field that a slot asks for, or "".
func slotField(f *forms.Form, slot string) string {
	for _, word := range slotWord.FindAllString(strings.ToLower(slot), -1) {
		if f.Field(word) != nil {
			return word
		}
	}
	return ""
}
