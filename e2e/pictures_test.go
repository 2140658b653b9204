//go:build pictures

package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestPictures makes the README's pictures, for `make pictures`: the form on a phone, and what staff see of it.
func TestPictures(t *testing.T) {
	d := start(t, t.TempDir())
	say := map[string]string{
		"full_name": "Maria Alvarez", "email": "maria", "medicine_list": "Metformin 500 mg, twice a day",
		"reason": "Knee pain after a fall on Tuesday. It is swollen and hurts on stairs.",
	}
	d.visitor().submit("new-patient", func(name string) string { return say[name] })
	b := d.browser(true)
	b.do(chromedp.EmulateViewport(390, 844))
	b.load(d.Intake + "/f/new-patient")
	for name, words := range map[string]string{
		"full_name": "Maria Alvarez", "birth.day": "27", "birth.month": "3", "birth.year": "1957", "phone": "555 0100",
	} {
		b.typed(`[name="`+name+`"]`, words)
	}
	run(b, chromedp.Evaluate[any](`window.scrollTo(0, 0), document.activeElement.blur(), 1`))
	keep(t, "form.png", run(b, chromedp.CaptureScreenshot()))
	b.do(chromedp.EmulateViewport(1060, 844))
	b.enter()
	b.through(chromedp.Click(chromedp.CSS("table a")))
	keep(t, "viewer.png", run(b, chromedp.CaptureScreenshot()))
}

func keep(t *testing.T, name string, picture []byte) {
	t.Helper()
	folder := filepath.Join(root, "docs", "pictures")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name), picture, 0o644); err != nil {
		t.Fatal(err)
	}
}
