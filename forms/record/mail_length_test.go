package record

import (
	"bytes"
	"io"
	"testing"
	"time"

	"sealform/forms"
	"sealform/forms/file"
	"sealform/keys"
)

// The length that is reckoned is the one that is written, whatever the files and their names.
func TestMailLengthIsExact(t *testing.T) {
	f, err := file.Parse("bench.yaml", []byte(benchForm))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	signer, _, err := keys.NewSigner("service-1", now)
	if err != nil {
		t.Fatal(err)
	}
	p := &Plan{Service: "service-1", ID: 1, Reference: "R7K-4Q2", Received: now, Lang: "en", Path: "page", MailFrom: "forms@riverside.example"}
	to := Envelope{"desk@riverside.example", (&keys.Recipients{}).By(signer)}
	for _, name := range []string{"card.jpg", "Überweisung für Frau Müller, zweite Seite, noch einmal aufgenommen.pdf", ""} {
		for n := range 240 {
			a := &content{form: f, pairs: []forms.Pair{{Name: "reason", Value: bytes.Repeat([]byte("é= \n"), n)}}}
			for i := range n % 3 {
				content := make([]byte, n*(i+1))
				a.files = append(a.files, forms.File{Name: name, Size: int64(len(content)), Open: func() (io.ReadCloser, error) {
					return io.NopCloser(bytes.NewReader(content)), nil
				}})
			}
			var b bytes.Buffer
			if err := a.writeMail(&b, p, to, "1@riverside.example", 0); err != nil {
				t.Fatal(err)
			}
			if got := a.mailLength(p, to, "1@riverside.example"); got != int64(b.Len()) {
				t.Fatalf("%d files of %d bytes, %q: reckoned %d, written %d", len(a.files), n, name, got, b.Len())
			}
		}
	}
}
