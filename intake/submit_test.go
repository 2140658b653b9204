package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	"github.com/google/go-cmp/cmp"

	"sealform/forms"
	"sealform/forms/record"
	"sealform/internal/audit"
	"sealform/internal/spool"
	"sealform/internal/store"
	"sealform/internal/token"
)

func TestAnswersArriveAndAReceiptSaysSo(t *testing.T) {
	c := openClinic(t)
	a := c.post(c.filled("extra", "kept apart"))
	if a.StatusCode != http.StatusSeeOther || a.body != "" {
		t.Fatalf("status %d, body %q", a.StatusCode, a.body)
	}
	rows := c.rows()
	if len(rows) != 1 {
		t.Fatalf("%d rows", len(rows))
	}
	receipt := c.get(a.Header.Get("Location"))
	if receipt.StatusCode != http.StatusOK || textOf(receipt.find("p", "class", "reference")) != rows[0].Reference {
		t.Errorf("receipt %d: %q, stored %q", receipt.StatusCode, textOf(receipt.find("p", "class", "reference")), rows[0].Reference)
	}
	page := textOf(receipt.page)
	for _, want := range []string{"Thank you", "We will call within one working day.", "Call 555-0142", rows[0].Received.In(c.config.Zone).Format("15:04 CET")} {
		if !strings.Contains(page, want) {
			t.Errorf("receipt lacks %q", want)
		}
	}
	// covers IN25
	for _, typed := range []string{"Maria", "1957", "knee"} {
		if strings.Contains(receipt.body, typed) || strings.Contains(a.Header.Get("Location"), typed) {
			t.Errorf("receipt tells %q", typed)
		}
	}
	if receipt.find("meta", "name", "robots") == nil || receipt.Header.Get("Cache-Control") != "no-store" {
		t.Error("receipt may be indexed or cached")
	}
	r := c.open(rows[0])
	got := map[string]string{}
	for _, x := range append(r.Answers, r.Extra...) {
		for _, v := range x.Values {
			got[x.Label] = v.Text
		}
	}
	want := map[string]string{"Full name": "Maria Alvarez", "Date of birth": "27 March 1957", "How can we help?": "My knee hurts", "extra": "kept apart"}
	for label, value := range want {
		if got[label] != value {
			t.Errorf("%s: %q, want %q", label, got[label], value)
		}
	}
}

// covers IN06, IN07
func TestNothingPostedSteersUs(t *testing.T) {
	c := openClinic(t)
	v := c.filled("_form_id", "other", "recipient", "evil@example.com", "key", "x", "encrypted", "true", "status", "done", "_next", "https://evil.example",
		"id", "1", "reference", "AAA-AAA", "form", "other", "revision", "0", "received", "1970", "_charset_", "utf-7")
	r := c.request(http.MethodPost, "/f/contact?full_name=evil&message=evil&_token=evil", urlencoded, v.Encode())
	r.Header.Set("X-HTTP-Method-Override", "DELETE")
	a := c.do(r)
	if a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), "/f/contact/sent/") {
		t.Fatalf("status %d to %q", a.StatusCode, a.Header.Get("Location"))
	}
	rows := c.rows()
	if len(rows) != 1 || rows[0].State != store.New || rows[0].Reference == "AAA-AAA" {
		t.Fatalf("rows %+v", rows)
	}
	reading := c.open(rows[0])
	if strings.Contains(fmt.Sprint(reading.Record.Answers), "evil") {
		t.Error("the query was merged into the answers")
	}
	names := map[string]bool{}
	for _, x := range reading.Extra {
		names[x.Label] = true
	}
	for name := range v {
		if f := c.config.Forms[0].Form.Field(strings.Split(name, ".")[0]); f == nil && name != "_token" && !names[name] {
			t.Errorf("%s is not kept as extra", name)
		}
	}
}

// covers IN08
func TestAClaimOfBeingSealedChangesNothing(t *testing.T) {
	c := openClinic(t)
	for _, claimed := range []string{
		"plain words", "-----BEGIN PGP MESSAGE-----\n\nwcBMAw==\n-----END PGP MESSAGE-----", "\xcb\x0bb\x00\x00\x00\x00\x00words", "\xc3\x0d\x04\x09\x03\x02saltsalt`", "\xc1\xc0\x4c\x03wrongkey",
	} {
		a := c.post(c.filled("message", claimed, "encrypted", "true", "sealed", "1", "content_type", "application/pgp-encrypted"))
		if a.StatusCode != http.StatusSeeOther {
			t.Fatalf("%q: status %d", claimed, a.StatusCode)
		}
		row := c.rows()[0] // the newest
		for _, answered := range c.open(row).Record.Answers {
			if answered.Field == "message" && len(answered.Values) != 1 {
				t.Errorf("%q: %d values", claimed, len(answered.Values))
			}
		}
		sub, err := c.store.Submission(t.Context(), row.ID)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(sub.Answers.Data(), []byte(claimed)) {
			t.Errorf("%q lies in the store as it came", claimed)
		}
	}
}

func TestFilesArrive(t *testing.T) {
	c := openClinic(t)
	photo := strings.Repeat("\xff\xd8 photo ", 120_000)
	a := c.postFiles(c.filled(), [3]string{"card", "../../card.jpg", photo})
	if a.StatusCode != http.StatusSeeOther {
		t.Fatalf("status %d: %s", a.StatusCode, textOf(a.page))
	}
	rows := c.rows()
	if len(rows) != 1 || rows[0].Files != 1 {
		t.Fatalf("rows %+v", rows)
	}
	if f := c.open(rows[0]).Files[0]; f.Name != "../../card.jpg" || f.Size != int64(len(photo)) {
		t.Errorf("file %+v", f)
	}
	// covers IN11
	if _, err := os.Stat(filepath.Join(c.dir, "..", "card.jpg")); !errors.Is(err, os.ErrNotExist) {
		t.Error("a file outside the folder")
	}
}

func (c *clinic) postFiles(v url.Values, files ...[3]string) answer {
	c.t.Helper()
	var b strings.Builder
	for name, values := range v {
		for _, value := range values {
			b.WriteString(part(`form-data; name="`+name+`"`, "", value))
		}
	}
	for _, f := range files {
		b.WriteString(part(`form-data; name="`+f[0]+`"; filename="`+f[1]+`"`, "Content-Type: image/jpeg\r\n", f[2]))
	}
	b.WriteString(ending)
	return c.do(c.request(http.MethodPost, "/f/contact", multi, b.String()))
}

func TestRefusedAnswersComeBack(t *testing.T) {
	c := openClinic(t)
	v := c.filled("birth.year", "", "email", "not an address", "message", "line <one>\r\n\r\nline two", "smoker", "no")
	v["colours"] = []string{"red", "green"}
	a := c.postFiles(v, [3]string{"card", "card & photo.jpg", "abc"})
	if a.StatusCode != http.StatusUnprocessableEntity || len(c.rows()) != 0 {
		t.Fatalf("status %d, %d rows", a.StatusCode, len(c.rows()))
	}
	if title := textOf(a.find("title", "", "")); !strings.HasPrefix(title, "Error: ") {
		t.Errorf("title %q", title)
	}
	summary := a.find("div", "class", "summary")
	if !has(summary, "autofocus") || attr(summary, "tabindex") != "-1" {
		t.Error("the summary does not take the focus")
	}
	var links []string
	for n := range summary.Descendants() {
		if n.Data == "a" {
			links = append(links, attr(n, "href"))
			target := a.byID(strings.TrimPrefix(attr(n, "href"), "#"))
			if target == nil || !control(target) || attr(target, "aria-invalid") != "true" {
				t.Errorf("%s leads to no wrong control", attr(n, "href"))
			}
			id := strings.Split(strings.TrimPrefix(attr(n, "href"), "#"), ".")[0]
			if message := textOf(a.byID(id + "-error")); message != "Error: "+textOf(n) {
				t.Errorf("summary says %q, question says %q", textOf(n), message)
			}
		}
	}
	if d := cmp.Diff([]string{"#birth.year", "#email"}, links); d != "" {
		t.Error(d)
	}
	for name, value := range map[string]string{"full_name": "Maria Alvarez", "birth.day": "27", "birth.month": "mar", "birth.year": "", "email": "not an address"} {
		if got := attr(a.find("input", "name", name), "value"); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
	if got := a.find("textarea", "name", "message"); got.FirstChild.Data != "line <one>\n\nline two" {
		t.Errorf("message %q", got.FirstChild.Data)
	}
	for _, x := range []struct {
		value   string
		checked bool
	}{{"red", true}, {"blue", false}, {"green", true}, {"no", true}} {
		if n := a.find("input", "value", x.value); has(n, "checked") != x.checked {
			t.Errorf("%s checked: %v", x.value, !x.checked)
		}
	}
	if !has(a.byID("privacy"), "checked") {
		t.Error("consent is lost")
	}
	if !strings.Contains(textOf(a.byID("card-again")), "card & photo.jpg") {
		t.Errorf("the file is not asked for again: %q", textOf(a.byID("card-again")))
	}
	if attr(a.find("input", "name", "_token"), "value") != v.Get("_token") {
		t.Error("another token")
	}
	v.Set("birth.year", "1957")
	v.Set("email", "")
	if a := c.post(v); a.StatusCode != http.StatusSeeOther || len(c.rows()) != 1 {
		t.Errorf("mended: %d, %d rows", a.StatusCode, len(c.rows()))
	}
}

// covers IN13, LK01
func TestRefusalsTellNoValue(t *testing.T) {
	c := openClinic(t)
	for _, field := range []string{"full_name", "birth.day", "birth.month", "birth.year", "email", "phone", "age", "smoker", "colours", "message", "privacy"} {
		v := c.filled("full_name", "", field, "CANARY-"+strings.Repeat("9", 1100))
		a := c.post(v)
		if a.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: status %d", field, a.StatusCode)
		}
		for n := range a.page.Descendants() {
			if class := attr(n, "class"); (class == "summary" || class == "error") && strings.Contains(textOf(n), "CANARY") {
				t.Errorf("%s: the message quotes the answer", field)
			}
		}
	}
	if strings.Contains(c.log.String(), "CANARY") {
		t.Error("the log quotes an answer")
	}
}

// covers IN14, IN15
func TestARepeatGivesTheFirstReceipt(t *testing.T) {
	c := openClinic(t)
	v := c.filled()
	first := c.post(v).Header.Get("Location")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 25 {
				if a := c.post(v); a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != first {
					t.Errorf("repeat: %d to %q, first %q", a.StatusCode, a.Header.Get("Location"), first)
				}
			}
		})
	}
	wg.Wait()
	if rows := c.rows(); len(rows) != 1 {
		t.Errorf("%d rows", len(rows))
	}
}

// covers IN15
func TestALostAnswerIsAskedForAgain(t *testing.T) {
	c := openClinic(t)
	lost := true
	c.drop = func(ctx context.Context, s *record.Submission, next Drop) (record.Kept, error) {
		kept, err := next.Put(ctx, s)
		if lost && err == nil { // the commit is there, the answer is not
			lost = false
			return record.Kept{}, record.ErrUnknown
		}
		return kept, err
	}
	v := c.filled()
	a := c.post(v)
	if a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" || !strings.Contains(textOf(a.page), "cannot arrive twice") {
		t.Fatalf("status %d: %s", a.StatusCode, textOf(a.page))
	}
	if attr(a.find("input", "name", "full_name"), "value") != "Maria Alvarez" || attr(a.find("input", "name", "_token"), "value") != v.Get("_token") {
		t.Error("typed values or token are lost")
	}
	if a := c.post(v); a.StatusCode != http.StatusSeeOther || len(c.rows()) != 1 {
		t.Errorf("again: %d, %d rows", a.StatusCode, len(c.rows()))
	}
}

func TestCorrectionsFollow(t *testing.T) {
	c := openClinic(t)
	v := c.filled()
	var seen []string
	for i := range 5 {
		v.Set("message", fmt.Sprintf("version %d", i))
		for range 2 { // each is sent twice
			a := c.post(v)
			if i > token.Corrections {
				c.wantsANewForm(a, v)
				continue
			}
			if a.StatusCode != http.StatusSeeOther {
				t.Fatalf("version %d: %d", i, a.StatusCode)
			}
			seen = append(seen, a.Header.Get("Location"))
		}
	}
	rows := c.rows()
	if len(rows) != 1+token.Corrections {
		t.Fatalf("%d rows", len(rows))
	}
	for i := 0; i+1 < len(seen); i += 2 {
		if seen[i] != seen[i+1] {
			t.Errorf("version %d sent again got another receipt", i/2)
		}
	}
	for i := range len(rows) - 1 { // newest first
		if follows := c.open(rows[i]).Record.Follows; follows != rows[i+1].Reference {
			t.Errorf("%s follows %q, want %q", rows[i].Reference, follows, rows[i+1].Reference)
		}
	}
	v.Set("_token", attr(c.post(v).find("input", "name", "_token"), "value"))
	if a := c.post(v); a.StatusCode != http.StatusSeeOther || len(c.rows()) != len(rows)+1 || c.open(c.rows()[0]).Record.Follows != "" {
		t.Errorf("sent as a new form: %d, %d rows", a.StatusCode, len(c.rows()))
	}
}

// covers CR02, CR03
func TestWhatClosesAForm(t *testing.T) {
	for name, change := range map[string]func(*Served){
		"by its file": func(s *Served) { s.Form.Access.Closed = true },
		"key gone":    func(s *Served) { s.Readers = func() (*record.Readers, error) { return nil, os.ErrNotExist } },
		"no readers":  func(s *Served) { s.Readers = func() (*record.Readers, error) { return nil, nil } },
		"none stored": func(s *Served) { s.Readers = func() (*record.Readers, error) { return &record.Readers{}, nil } },
		"none mailed": func(s *Served) { s.Form.Store = nil },
	} {
		v := openClinic(t).filled()
		closed := openClinic(t, func(k *Config) { change(&k.Forms[0]) })
		closed.isClosed(name, v)
	}
}

// isClosed: the form says so to readers and senders alike, tells how else to reach the clinic, and keeps nothing.
func (c *clinic) isClosed(name string, v url.Values) {
	c.t.Helper()
	for _, a := range []answer{c.get("/f/contact"), c.post(v)} {
		page := textOf(a.page)
		if a.StatusCode != http.StatusServiceUnavailable || !strings.Contains(page, "This form is closed at the moment") ||
			!strings.Contains(page, "We cannot take messages just now.") || !strings.Contains(page, "Call 555-0142") {
			c.t.Errorf("%s: %d %s", name, a.StatusCode, page)
		}
	}
	if len(c.rows()) != 0 || !strings.Contains(textOf(c.get("/").page), "No form is open") {
		c.t.Errorf("%s: a row, or the form is still listed", name)
	}
}

// covers CR02
func TestAKeyExpiresWhileTheFormIsOpen(t *testing.T) {
	made := time.Now().Add(-time.Hour)
	e, err := openpgp.NewEntity("Dana", "", "dana@riverside.example", &packet.Config{
		Algorithm: packet.PubKeyAlgoEdDSA, Curve: packet.Curve25519, KeyLifetimeSecs: 7200, Time: func() time.Time { return made },
	})
	if err != nil {
		t.Fatal(err)
	}
	var public bytes.Buffer
	if err := e.Serialize(&public); err != nil {
		t.Fatal(err)
	}
	c := openClinic(t, func(k *Config) {
		k.Forms[0].Readers = func() (*record.Readers, error) {
			return readersOf(public.Bytes(), made)
		}
	})
	v := c.filled()
	if a := c.post(c.filled()); a.StatusCode != http.StatusSeeOther || len(c.rows()) != 1 {
		t.Fatalf("before: %d", a.StatusCode)
	}
	if err := c.store.Delete(t.Context(), c.rows()[0].ID, "test", audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	c.ahead.Store(int64(90 * time.Minute))
	c.isClosed("expired", v)
}

// covers IN02
func TestNoRoomForUploadsKeepsWhatWasTyped(t *testing.T) {
	c := openClinic(t, func(k *Config) {
		var err error
		if k.Spool, err = spool.New(spool.Config{Dir: t.TempDir(), Budget: 500 << 10}); err != nil {
			t.Fatal(err)
		}
	})
	v := c.filled()
	a := c.postFiles(v, [3]string{"card", "card.jpg", strings.Repeat("x", 600<<10)}, [3]string{"card", "small.jpg", "x"})
	if a.StatusCode != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" || len(c.rows()) != 0 {
		t.Fatalf("status %d, %d rows", a.StatusCode, len(c.rows()))
	}
	if attr(a.find("input", "name", "full_name"), "value") != "Maria Alvarez" || !strings.Contains(textOf(a.byID("card-again")), "small.jpg") {
		t.Error("what was typed, or a file's name, is lost")
	}
	if id := textOf(a.find("span", "class", "code")); id == "" || !strings.Contains(c.log.String(), id) {
		t.Errorf("the page's id %q is not in the log", id)
	}
	if a := c.postFiles(v, [3]string{"card", "small.jpg", "x"}); a.StatusCode != http.StatusSeeOther {
		t.Errorf("with a smaller file: %d", a.StatusCode)
	}
}

// covers CR02, CR03
func TestKeysAreLookedAtRightBeforeSealing(t *testing.T) {
	calls := 0
	c := openClinic(t, func(k *Config) {
		good := k.Forms[0].Readers
		k.Forms[0].Readers = func() (*record.Readers, error) {
			if calls++; calls > 2 { // the page, the post's beginning, then the sealing
				return nil, errors.New("changed")
			}
			return good()
		}
	})
	if a := c.post(c.filled()); a.StatusCode != http.StatusServiceUnavailable || !strings.Contains(textOf(a.page), "closed at the moment") {
		t.Errorf("status %d", a.StatusCode)
	}
	if len(c.rows()) != 0 {
		t.Error("something was kept")
	}
}

// wantsANewForm holds what one correction too many is answered with: all that was typed, what to do, and a token that
// makes it a new form.
func (c *clinic) wantsANewForm(a answer, sent url.Values) {
	c.t.Helper()
	notice := textOf(a.find("p", "role", "status"))
	if a.StatusCode != http.StatusConflict || !strings.Contains(notice, "was not sent") || !strings.Contains(notice, "press “Send my answers”") {
		c.t.Errorf("status %d, %q", a.StatusCode, notice)
	}
	if textOf(a.byID("message")) != sent.Get("message") || attr(a.find("input", "name", "full_name"), "value") != "Maria Alvarez" {
		c.t.Error("what was typed is gone")
	}
	page, err := c.config.Tokens.OpenPage(attr(a.find("input", "name", "_token"), "value"))
	if old, _ := c.config.Tokens.OpenPage(sent.Get("_token")); err != nil || page.ID == old.ID {
		c.t.Errorf("the token is the old one, or none: %v", err)
	}
}

func TestAStalePageComesBackWithItsAnswers(t *testing.T) {
	for name, spoil := range map[string]func(*clinic, url.Values){
		"no token": func(_ *clinic, v url.Values) { v.Del("_token") },
		"forged":   func(_ *clinic, v url.Values) { v.Set("_token", v.Get("_token")[1:]) },
		"expired":  func(c *clinic, _ url.Values) { c.ahead.Store(int64(25 * time.Hour)) },
		"another form's": func(c *clinic, v url.Values) {
			v.Set("_token", c.config.Tokens.NewPage("other", c.config.Forms[0].Form.Revision))
		},
		"unknown": func(c *clinic, v url.Values) { v.Set("_token", c.config.Tokens.NewPage("contact", [32]byte{1})) },
	} {
		c := openClinic(t)
		v := c.filled("smoker", "yes")
		spoil(c, v)
		a := c.post(v)
		if a.StatusCode != http.StatusConflict || len(c.rows()) != 0 {
			t.Errorf("%s: %d, %d rows", name, a.StatusCode, len(c.rows()))
		}
		if attr(a.find("input", "name", "full_name"), "value") != "Maria Alvarez" || !has(a.byID("smoker"), "checked") || a.find("p", "role", "status") == nil {
			t.Errorf("%s: answers or the notice are missing", name)
		}
		fresh := attr(a.find("input", "name", "_token"), "value")
		if fresh == v.Get("_token") {
			t.Errorf("%s: the same token", name)
		}
		v.Set("_token", fresh)
		if a := c.post(v); a.StatusCode != http.StatusSeeOther || len(c.rows()) != 1 {
			t.Errorf("%s, sent again: %d, %d rows", name, a.StatusCode, len(c.rows()))
		}
	}
}

func TestAPageOpenedBeforeAnEditStillSubmits(t *testing.T) {
	older := parseForm(t, contactYAML)
	c := openClinic(t, func(k *Config) {
		k.Forms[0].Form = parseForm(t, strings.Replace(contactYAML, "label: Full name", "label: Your whole name", 1))
		k.Forms[0].Older = map[forms.Revision]*forms.Form{older.Revision: older}
	})
	v := c.filled()
	v.Set("_token", c.config.Tokens.NewPage("contact", older.Revision))
	v.Set("birth.day", "")
	a := c.post(v)
	if a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(textOf(a.page), "Full name") || strings.Contains(textOf(a.page), "Your whole name") {
		t.Errorf("refused: %d, shown with other questions than it had", a.StatusCode)
	}
	v.Set("birth.day", "27")
	if a := c.post(v); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("status %d", a.StatusCode)
	}
	if r := c.open(c.rows()[0]); r.Answers[0].Label != "Full name" {
		t.Errorf("shown as an answer to %q", r.Answers[0].Label)
	}
}

// scripted answers errors one after the other before it lets through.
func scripted(errs ...error) func(context.Context, *record.Submission, Drop) (record.Kept, error) {
	return func(ctx context.Context, s *record.Submission, next Drop) (record.Kept, error) {
		if len(errs) > 0 {
			err := errs[0]
			errs = errs[1:]
			return record.Kept{}, fmt.Errorf("store: %w", err)
		}
		return next.Put(ctx, s)
	}
}

func TestWhatTheDropAnswers(t *testing.T) {
	taken := []error{record.ErrReferenceTaken, record.ErrReferenceTaken, record.ErrReferenceTaken, record.ErrReferenceTaken, record.ErrReferenceTaken}
	for name, x := range map[string]struct {
		errs   []error
		status int
		rows   int
		says   string
	}{
		"reference taken":       {taken, http.StatusSeeOther, 1, ""},
		"reference never free":  {append(taken, record.ErrReferenceTaken), http.StatusServiceUnavailable, 0, "cannot arrive twice"},
		"id taken":              {[]error{record.ErrIDTaken}, http.StatusSeeOther, 1, ""},
		"id taken twice":        {[]error{record.ErrIDTaken, record.ErrIDTaken}, http.StatusServiceUnavailable, 0, "cannot arrive twice"},
		"full":                  {[]error{record.ErrFull}, http.StatusServiceUnavailable, 0, "nothing was sent"},
		"anything else":         {[]error{errors.New("CANARY of the inside")}, http.StatusServiceUnavailable, 0, "cannot arrive twice"},
		"id, reference, reused": {[]error{record.ErrIDTaken, record.ErrReferenceTaken, &record.ErrReused{Reference: "R7K-4Q2"}}, http.StatusSeeOther, 1, ""},
	} {
		c := openClinic(t)
		c.drop = scripted(x.errs...)
		a := c.post(c.filled())
		if a.StatusCode != x.status || len(c.rows()) != x.rows || !strings.Contains(textOf(a.page), x.says) {
			t.Errorf("%s: %d, %d rows: %s", name, a.StatusCode, len(c.rows()), textOf(a.page))
		}
		if strings.Contains(a.body+c.log.String(), "CANARY") {
			t.Errorf("%s: the inner error shows", name)
		}
	}
}

// covers CR03
func TestNothingIsKeptWhenAFileCannotBeSealed(t *testing.T) {
	c := openClinic(t)
	c.drop = func(ctx context.Context, s *record.Submission, next Drop) (record.Kept, error) {
		if err := c.spoolGone(s); err != nil {
			return record.Kept{}, err
		}
		return next.Put(ctx, s)
	}
	a := c.postFiles(c.filled(), [3]string{"card", "card.jpg", strings.Repeat("x", 600_000)})
	if a.StatusCode != http.StatusServiceUnavailable || len(c.rows()) != 0 {
		t.Errorf("status %d, %d rows", a.StatusCode, len(c.rows()))
	}
}

// spoolGone takes a file's one writing away, so that the store's own fails.
func (c *clinic) spoolGone(s *record.Submission) error {
	for _, f := range s.Files {
		if err := f.WriteData(io.Discard); err != nil {
			return err
		}
	}
	return nil
}

// covers IN02
func TestTooMuchTogetherComesBackWithAnswers(t *testing.T) {
	c := openClinic(t)
	v := c.filled()
	var b strings.Builder
	for name, values := range v {
		b.WriteString(part(`form-data; name="`+name+`"`, "", values[0]))
	}
	for range 3 {
		b.WriteString(part(`form-data; name="card"; filename="a.jpg"`, "", strings.Repeat("x", 1_600_000)))
	}
	b.WriteString(ending)
	a := c.do(c.request(http.MethodPost, "/f/contact", multi, b.String()))
	if a.StatusCode != http.StatusRequestEntityTooLarge || attr(a.find("input", "name", "full_name"), "value") != "Maria Alvarez" {
		t.Errorf("status %d: %s", a.StatusCode, textOf(a.page))
	}
	v.Set("message", strings.Repeat("x", 2<<20))
	if a := c.post(v); a.StatusCode != http.StatusRequestEntityTooLarge || textOf(a.find("h1", "", "")) != "That was too much at once" {
		t.Errorf("status %d: %s", a.StatusCode, textOf(a.page))
	}
	if len(c.rows()) != 0 {
		t.Error("something was kept")
	}
}
