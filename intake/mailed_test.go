package intake

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"sealform/forms/record"
	"sealform/internal/sealedaddress"
	"sealform/keys"
)

const mailedFields = "limits: { total_upload: 25MB }\nfields:\n" +
	"  - { id: who, type: text, label: Who, optional: true }\n" +
	"  - { id: email, type: email, label: Email, optional: true }\n" +
	"  - { id: card, type: file, label: Card, optional: true, max_files: 2, max_size: 8MB }\n" +
	"  - { id: after, type: longtext, label: And behind the files, optional: true, max: 16000 }\n"

// mailed is a clinic whose form mails, and does what else stands under deliver. It gives what is handed in.
func mailed(t *testing.T, deliver string, size int64, change ...func(*Config)) (*clinic, *[]*record.Submission) {
	t.Helper()
	f := parseForm(t, "form: contact\ntitle: Contact us\ncontact: Call us.\nseal: { to: [front-desk] }\ndeliver: { mail: { to: [desk@riverside.example] }"+deliver+" }\n"+mailedFields)
	c := openClinic(t, append([]func(*Config){func(k *Config) {
		k.Forms[0].Form, k.MailFrom, k.MailLimit = f, "forms@riverside.example", func() int64 { return size }
		all := k.Forms[0].Readers
		k.Forms[0].Readers = func() (*record.Readers, error) {
			r, err := all()
			if err == nil {
				r.Mails = []record.Envelope{{To: "desk@riverside.example", Sealer: r.Store.By(k.Signer)}}
			}
			return r, err
		}
	}}, change...)...)
	in := &[]*record.Submission{}
	c.drop = func(ctx context.Context, s *record.Submission, next Drop) (record.Kept, error) {
		*in = append(*in, s)
		return next.Put(ctx, s)
	}
	return c, in
}

func photo(megabytes float64) string { return strings.Repeat("x", int(megabytes*(1<<20))) }

const relaySize = 10 << 20

// covers ML10: a relay of SIZE 10 MB and an upload of 6 MB. A form that is only mailed says before that it takes less,
// and refuses it with all that was typed; one that is stored too keeps it, and the address gets a notice.
func TestWhatTheRelayDoesNotTakeIsNotPromised(t *testing.T) {
	c, in := mailed(t, "", relaySize)
	if limits := textOf(c.get("/f/contact").byID("card-limits")); limits != "JPG, PNG, HEIC or PDF, at most 2 files, up to 5.2 MB in all" {
		t.Errorf("the page says %q", limits)
	}
	for name, files := range map[string][][3]string{
		"one of 6 MB":   {{"card", "big.jpg", photo(6)}},
		"two of 3 MB":   {{"card", "one.jpg", photo(3)}, {"card", "two.jpg", photo(3)}},
		"big and small": {{"card", "big.jpg", photo(5.5)}, {"card", "two.jpg", "x"}},
		"over 8 MB":     {{"card", "big.jpg", photo(9)}},
		"no such field": {{"none", "big.jpg", photo(6)}},
	} {
		a := c.sendBetween(files...)
		notice := textOf(a.find("p", "role", "status"))
		if a.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(notice, "come to 5.2 MB in all") || len(*in) != 0 {
			t.Errorf("%s: status %d, %q, %d handed in", name, a.StatusCode, notice, len(*in))
		}
		if attr(a.find("input", "name", "who"), "value") != "Maria Alvarez" || textOf(a.byID("after")) != "typed behind the files" {
			t.Errorf("%s: what was typed is gone", name)
		}
		if again := textOf(a.byID("card-again")); !strings.Contains(again, files[0][1]) && files[0][0] == "card" {
			t.Errorf("%s: to be chosen again: %q", name, again)
		}
	}
	if a := c.sendBetween([3]string{"card", "card.jpg", photo(5.1)}); a.StatusCode != http.StatusSeeOther || len(*in) != 1 || (*in)[0].Stored || (*in)[0].Mails[0].TooLarge {
		t.Errorf("5.1 MB: status %d, %s", a.StatusCode, textOf(a.page))
	}

	c, in = mailed(t, ", store: { keep: 1d }", relaySize)
	if limits := textOf(c.get("/f/contact").byID("card-limits")); limits != "JPG, PNG, HEIC or PDF, up to 8 MB each, at most 2 files" {
		t.Errorf("the page says %q", limits)
	}
	if a := c.sendBetween([3]string{"card", "big.jpg", photo(6)}); a.StatusCode != http.StatusSeeOther || len(*in) != 1 || !(*in)[0].Mails[0].TooLarge {
		t.Fatalf("stored too: status %d, %s", a.StatusCode, textOf(a.page))
	}
	if rows := c.rows(); len(rows) != 1 || rows[0].Files != 1 {
		t.Errorf("%d rows", len(rows))
	}

	c, in = mailed(t, "", 0)
	if a := c.sendBetween([3]string{"card", "big.jpg", photo(6)}); a.StatusCode != http.StatusSeeOther || len(*in) != 1 || (*in)[0].Mails[0].TooLarge {
		t.Errorf("of unknown size: status %d", a.StatusCode)
	}
}

// sendBetween posts an answer before the files and one behind them, as the page's order is.
func (c *clinic) sendBetween(files ...[3]string) answer {
	c.t.Helper()
	body := part(`form-data; name="_token"`, "", c.token()) + part(`form-data; name="who"`, "", "Maria Alvarez")
	for _, f := range files {
		body += part(`form-data; name="`+f[0]+`"; filename="`+f[1]+`"`, "Content-Type: image/jpeg\r\n", f[2])
	}
	return c.do(c.request(http.MethodPost, "/f/contact", multi, body+part(`form-data; name="after"`, "", "typed behind the files")+ending))
}

// covers ML10: beyond the total that the form itself sets, reading ends; what came before is kept, be it the first file
// that is too large.
func TestOneFileBeyondTheTotal(t *testing.T) {
	c, in := mailed(t, "", relaySize)
	a := c.sendBetween([3]string{"card", "huge.jpg", photo(25.5)})
	if a.StatusCode != http.StatusRequestEntityTooLarge || attr(a.find("input", "name", "who"), "value") != "Maria Alvarez" || len(*in) != 0 {
		t.Errorf("status %d: %s", a.StatusCode, textOf(a.page))
	}
}

// Answers without files can be too long for a small relay too.
func TestLongAnswersForASmallRelay(t *testing.T) {
	c, in := mailed(t, "", 60_000)
	b := posted{pairs: [][2]string{{"who", "Maria Alvarez"}, {"after", strings.Repeat("ä", 15_000)}}}
	a := c.send(b)
	if a.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(textOf(a.find("p", "role", "status")), "shorten the longest") || len(*in) != 0 {
		t.Errorf("status %d: %.300s", a.StatusCode, textOf(a.page))
	}
	if attr(a.find("input", "name", "who"), "value") != "Maria Alvarez" || len(textOf(a.byID("after"))) != 30_000 {
		t.Error("what was typed is gone")
	}
	b.pairs[1][1] = "short"
	if a := c.send(b); a.StatusCode != http.StatusSeeOther || len(*in) != 1 {
		t.Errorf("shortened: status %d", a.StatusCode)
	}
}

func TestReceiptsAreSealedForWhoAsked(t *testing.T) {
	var asked []string
	seal := func(k *Config) {
		k.Receipt = func(_ int64, address []byte) *sealedaddress.Address {
			asked = append(asked, string(address))
			return &sealedaddress.Address{Sealed: []byte("sealed"), Marks: []sealedaddress.Mark{{MAC: [32]byte{1}, Most: 3}}}
		}
	}
	const receipt = ", store: { keep: 1d }, webhooks: [crm], receipt: { to: email, text: We call you. }"
	c, in := mailed(t, receipt, 0, seal)
	if page := c.get("/f/contact"); attr(page.byID("email"), "aria-describedby") != "email-receipt" || !strings.Contains(textOf(page.byID("email-receipt")), "None of your answers") {
		t.Error("the page does not tell that a mail will come")
	}
	for _, address := range []string{"maria@example.com", "", "maria%host@example.com"} {
		if a := c.send(posted{pairs: [][2]string{{"who", "eve@example.com"}, {"email", address}}}); a.StatusCode != http.StatusSeeOther {
			t.Fatalf("%q: status %d", address, a.StatusCode)
		}
	}
	if len(asked) != 1 || asked[0] != "maria@example.com" || (*in)[0].Receipt == nil || (*in)[1].Receipt != nil || (*in)[2].Receipt != nil {
		t.Errorf("receipts go to %q", asked)
	}
	if got := (*in)[1].Webhooks; len(got) != 1 || got[0] != "crm" {
		t.Errorf("webhooks %q", got)
	}
	if strings.Contains(c.log.String(), "example.com") {
		t.Error("the log tells an address")
	}
	k := c.config
	k.Receipt = nil
	if _, err := New(k); err == nil {
		t.Error("a form mails receipts, and nothing seals their addresses")
	}
}

// Little too much beside files is told as what it is: the relay would not take them together.
func TestLongAnswersBesideFiles(t *testing.T) {
	c, in := mailed(t, "", 2<<20)
	a := c.send(posted{[][2]string{{"who", "Maria Alvarez"}, {"after", strings.Repeat("ä", 15_000)}}, [][3]string{{"card", "card.jpg", photo(1)}}})
	if notice := textOf(a.find("p", "role", "status")); a.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(notice, "answers and files") || len(*in) != 0 {
		t.Errorf("status %d, %q", a.StatusCode, notice)
	}
}

// covers CR02: a form whose mail nobody could read any more is closed, though its store could still be read.
func TestAMailKeyThatEndsClosesTheForm(t *testing.T) {
	c, _ := mailed(t, ", store: { keep: 1d }", 0, func(k *Config) {
		good := k.Forms[0].Readers
		k.Forms[0].Readers = func() (*record.Readers, error) {
			r, err := good()
			if err == nil {
				r.Mails[0].Sealer = sealerUntil{r.Mails[0].Sealer, time.Now().Add(time.Hour)}
			}
			return r, err
		}
	})
	if a := c.get("/f/contact"); a.StatusCode != http.StatusOK {
		t.Errorf("before: %d", a.StatusCode)
	}
	c.ahead.Store(int64(2 * time.Hour))
	if a := c.get("/f/contact"); a.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("after: %d", a.StatusCode)
	}
}

// sealerUntil is a sealer whose key ends.
type sealerUntil struct {
	keys.Sealer
	at time.Time
}

func (e sealerUntil) Usable(at time.Time) error {
	if at.After(e.at) {
		return errors.New("ended")
	}
	return nil
}
