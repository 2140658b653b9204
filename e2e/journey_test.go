package e2e

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
)

// TestJourney is the whole job, as people do it: a visitor without JavaScript sends a form and a photo, staff read it, and
// a mail program opens the copy. Every page on the way is photographed and passes axe.
// covers WB15, WB12, WB02, IN25
func TestJourney(t *testing.T) {
	whole(t)
	d := start(t, t.TempDir())
	known := d.letters()
	photo := filepath.Join(t.TempDir(), "photo of my card.jpg")
	if err := os.WriteFile(photo, picture(), 0o600); err != nil {
		t.Fatal(err)
	}
	say := words()
	ref := d.visit(photo, say)
	if ref == "" {
		t.FailNow()
	}
	d.read(ref, photo, say)
	d.mailed(d.nextLetter(known), ref, photo, say)
	d.stop()
}

// words makes free text that is told apart by its field, and the same each time.
func words() func(string) string {
	salt := make([]byte, 4)
	must2(rand.Read(salt))
	return func(name string) string {
		return "Words for " + strings.ReplaceAll(name, "_", " ") + " " + hex.EncodeToString(salt)
	}
}

func must2(_ int, err error) { must(err) }

// visit is the visitor's part. It gives the reference.
func (d *demo) visit(photo string, say func(string) string) string {
	d.t.Helper()
	b := d.browser(false)
	b.load(d.Site)
	b.state("01-clinic")
	b.click(`a[href*="/f/new-patient"]`)
	b.state("02-form")
	if status := b.click(`main button[type="submit"]`); status != http.StatusUnprocessableEntity {
		d.t.Errorf("an empty form is answered %d", status)
	}
	b.state("03-form-refused")
	f, err := readForm(b.html())
	if err != nil {
		d.t.Fatal(err)
	}
	b.answer(f, say, photo)
	b.state("04-form-filled")
	if status := b.click(`main button[type="submit"]`); status != http.StatusOK {
		d.t.Fatalf("after sending: %d at %s\n%s", status, b.where(), b.words())
	}
	b.state("05-receipt")
	words := b.words()
	ref := reference.FindString(words)
	if ref == "" || strings.Contains(words, "Words for") {
		d.t.Errorf("the receipt shows %q:\n%s", ref, words)
	}
	b.load(d.Intake + "/f/no-such-form")
	b.state("06-no-such-form")
	b.load(d.Intake + "/f/contact")
	b.state("07-contact")
	mend := d.breakKeys(d.t)
	defer mend()
	time.Sleep(2500 * time.Millisecond) // readers' keys are looked at every two seconds
	if status := b.load(d.Intake + "/f/new-patient"); status != http.StatusServiceUnavailable {
		d.t.Errorf("without a reader's key the form answers %d", status)
	}
	b.state("08-closed")
	return ref
}

// answer fills in the page's controls as a person would.
func (b *browser) answer(f *formPage, say func(string) string, photo string) {
	b.t.Helper()
	chosen := map[string]bool{}
	for _, c := range f.controls {
		css := `[name="` + c.name + `"]`
		switch c.kind {
		case "hidden":
		case "radio", "checkbox":
			if !chosen[c.name] {
				b.do(chromedp.Click(chromedp.CSS(css)))
			}
			chosen[c.name] = true
		case "file":
			b.do(chromedp.SetUploadFiles(chromedp.CSS(css), []string{photo}))
		default:
			b.typed(css, text(c, say))
		}
	}
}

// read is the staff's part.
func (d *demo) read(ref, photo string, say func(string) string) {
	d.t.Helper()
	b := d.browser(true)
	b.load(d.staff())
	b.state("11-sign-in")
	b.signInWrongly()
	b.typed("#email", d.Account.Email)
	b.typed("#password", d.Account.Password)
	b.click("main form button:not([type])")
	b.state("13-code")
	b.typed("#code", "000000")
	b.click("main form button:not([type])")
	b.state("14-code-wrong")
	b.typed("#code", d.code(time.Now()))
	b.click("main form button:not([type])")
	b.state("15-inbox-locked")
	if w := b.words(); !strings.Contains(w, ref) || strings.Contains(w, "Words for") || strings.Contains(w, filepath.Base(photo)) {
		d.t.Errorf("the locked inbox shows:\n%s", w)
	}
	b.unlockWrongly()
	b.unlock()
	b.state("18-inbox-unlocked")
	b.through(chromedp.Click(chromedp.JSPath(linkTo(ref))))
	b.state("19-submission")
	d.shown(b, photo, say)
	if got := b.download(`a[download]`); !bytes.Equal(got, contents(d.t, photo)) {
		d.t.Errorf("the photo came back different: %d bytes", len(got))
	}
	submission := b.where()
	b.click(`a[href$="/erase"]`)
	b.state("20-erase")
	b.load(submission)
	d.leave(b, submission)
}

// shown wants every answer, and the photo's name, on the page.
func (d *demo) shown(b *browser, photo string, say func(string) string) {
	d.t.Helper()
	page := b.words()
	f, err := d.visitor().open("new-patient")
	if err != nil {
		d.t.Fatal(err)
	}
	for _, c := range f.controls {
		if c.kind == "text" || c.kind == "textarea" || c.kind == "email" {
			if want := text(c, say); strings.HasPrefix(want, "Words") && !strings.Contains(page, want) {
				d.t.Errorf("the answer to %s is not shown", c.name)
			}
		}
	}
	for _, want := range []string{filepath.Base(photo), "7 March 1987"} {
		if !strings.Contains(page, want) {
			d.t.Errorf("%q is not shown:\n%s", want, page)
		}
	}
}

// signInWrongly sees the refusal.
func (b *browser) signInWrongly() {
	b.t.Helper()
	b.typed("#email", b.d.Account.Email)
	b.typed("#password", "not the password at all")
	b.click("main form button:not([type])")
	b.state("12-sign-in-wrong")
}

// unlockWrongly sees the refusal.
func (b *browser) unlockWrongly() {
	b.t.Helper()
	b.click(`a[href^="/unlock"]`)
	b.state("16-unlock")
	b.typed("#key-password", "not the key password")
	b.click("main form button:not([type])")
	b.state("17-unlock-wrong")
}

// unlock gives the key password to the page that asks for it.
func (b *browser) unlock() {
	b.t.Helper()
	b.typed("#key-password", b.d.Key.Password)
	b.click("main form button:not([type])")
}

// enter signs in and unlocks without looking around.
func (b *browser) enter() {
	b.t.Helper()
	b.load(b.d.staff())
	b.typed("#email", b.d.Account.Email)
	b.typed("#password", b.d.Account.Password)
	b.click("main form button:not([type])")
	b.typed("#code", b.d.code(time.Now()))
	b.click("main form button:not([type])")
	b.click(`a[href^="/unlock"]`)
	b.unlock()
}

// leave locks and signs out; after each, Back must not show the answers again.
func (d *demo) leave(b *browser, submission string) {
	d.t.Helper()
	b.click(`form[action="/lock"] button`)
	b.state("21-locked")
	b.gone("lock")
	b.load(submission)
	b.state("22-submission-locked")
	b.load(d.staff() + "/inbox")
	b.click(`form[action="/sign-out"] button`)
	b.state("23-signed-out")
	b.gone("sign-out")
	if b.load(submission); !strings.Contains(b.where(), "/sign-in") {
		d.t.Errorf("after signing out the submission's address leads to %s", b.where())
	}
	b.load(d.staff() + "/no-such-page")
	b.state("24-no-such-page")
}

// gone goes Back through all of the tab's history.
func (b *browser) gone(after string) {
	b.t.Helper()
	for range 4 {
		b.do(chromedp.Evaluate[chromedp.Void](`history.back()`), chromedp.Sleep(700*time.Millisecond))
		if w := b.words(); strings.Contains(w, "Words for") {
			b.t.Errorf("after %s, Back shows answers at %s:\n%.500s", after, b.where(), w)
		}
	}
}

// download presses a link and gives the file that the browser saved.
func (b *browser) download(css string) []byte {
	b.t.Helper()
	dir := b.t.TempDir()
	_, err := chromedp.CallBrowser(b.ctx, cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{
		Behavior: cdpbrowser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.do(chromedp.Click(chromedp.CSS(css)))
	for range 100 {
		time.Sleep(100 * time.Millisecond)
		found, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			b.t.Fatal(err)
		}
		if len(found) == 1 && !strings.HasSuffix(found[0], ".crdownload") {
			return contents(b.t, found[0])
		}
	}
	b.t.Fatal("nothing was saved within 10 s")
	return nil
}

// mailed is the mail program's part.
func (d *demo) mailed(letter, ref, photo string, say func(string) string) {
	d.t.Helper()
	b := d.browser(false)
	b.load(d.Site + "/mail")
	b.state("31-mail")
	b.click(`main a[href^="/mail/"]`)
	b.state("32-one-mail")
	if w := b.words(); !strings.Contains(w, "-----BEGIN PGP MESSAGE-----") || strings.Contains(w, "Words for") {
		d.t.Errorf("the mail page shows:\n%.2000s", w)
	}
	if outside := contents(d.t, letter); bytes.Contains(outside, []byte("Words for")) || bytes.Contains(outside, []byte("photo of my card")) {
		d.t.Error("the message's outside holds answers")
	}
	sealed := sealedPart(d.t, letter)
	entity := d.gnupg().decrypt(sealed)
	if other := d.sequoia(sealed); !bytes.Equal(entity, other) {
		d.t.Errorf("gpg and sq read different things: %d and %d bytes", len(entity), len(other))
	}
	in := readInside(d.t, entity)
	if in.record.Kind != "mail" || in.record.Form != "new-patient" || in.record.Reference != ref {
		d.t.Errorf("the record says %+v", in.record)
	}
	said := 0
	for _, a := range in.record.Answers {
		if slices.Contains(a.Values, any(say(a.Field))) {
			said++
		}
	}
	if said == 0 || !strings.Contains(in.text, "Words for") {
		d.t.Errorf("%d answers are as given; the text part is:\n%s", said, in.text)
	}
	if !bytes.Equal(in.files[filepath.Base(photo)], contents(d.t, photo)) {
		d.t.Errorf("the photo is not inside; there are %d files", len(in.files))
	}
}

// contents reads a file.
func contents(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// picture is a small photo.
func picture() []byte {
	img := image.NewRGBA(image.Rect(0, 0, 320, 200))
	for x := range 320 {
		for y := range 200 {
			img.Set(x, y, color.RGBA{uint8(x), uint8(y), uint8(x ^ y), 255})
		}
	}
	var b bytes.Buffer
	must(jpeg.Encode(&b, img, nil))
	return b.Bytes()
}
