package mail

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"sealform/forms/record"
)

// What forms seals as HP-Outer (RFC 9788 §2.2) must be what this package writes outside, byte for byte; otherwise a
// reader's mail program warns of a changed header.
func TestOuterHeaderIsTheOneThatIsSealed(t *testing.T) {
	m := &Message{
		From: "forms@clinic.example", To: "desk@clinic.example",
		MessageID: "0123456789abcdef@clinic.example", Date: time.Date(2026, 1, 5, 10, 12, 0, 0, time.FixedZone("", 3600)),
		Series: "1f0c9a2b", Seq: 42, Open: letter(t, 100).Open,
	}
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(b.String(), "\r\n\r\n")
	for _, f := range record.OuterHeader(m.From, m.To, m.Date, m.MessageID) {
		if line := f.Name + ": " + f.Value + "\r\n"; strings.Count(head, line) != 1 {
			t.Errorf("%q is not in %q", line, head)
		}
	}
}
