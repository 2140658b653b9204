package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// shots is where page states are photographed; git ignores it.
const shots = "shots"

// looks are the ways in which each state is looked at.
var looks = []struct {
	name          string
	width, height int64
	scheme        string
}{
	{"1280", 1280, 900, "light"},
	{"390", 390, 844, "light"},
	{"1280-dark", 1280, 900, "dark"},
	{"390-dark", 390, 844, "dark"},
}

// state looks at the page as it stands in every way: axe finds nothing, nothing sticks out sideways, and a picture is
// left. name sorts the pictures in the order of the journey.
func (b *browser) state(name string) {
	b.t.Helper()
	if err := os.MkdirAll(shots, 0o755); err != nil {
		b.t.Fatal(err)
	}
	b.setScripts(true) // for axe: the page's own scripts were refused when it was loaded
	for _, look := range looks {
		_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{
				{Name: "prefers-color-scheme", Value: look.scheme},
				{Name: "prefers-reduced-motion", Value: "reduce"},
			},
		})
		if err != nil {
			b.t.Fatal(err)
		}
		b.do(chromedp.EmulateViewport(look.width, look.height))
		b.accessible(name + " at " + look.name)
		if over := run(b, chromedp.Evaluate[int](`document.documentElement.scrollWidth - window.innerWidth`)); over > 0 {
			b.t.Errorf("%s at %s: the page is %d px wider than the screen", name, look.name, over)
		}
		picture := run(b, chromedp.FullScreenshot(100))
		if err := os.WriteFile(filepath.Join(shots, name+"-"+look.name+".png"), picture, 0o644); err != nil {
			b.t.Fatal(err)
		}
	}
	b.do(chromedp.EmulateViewport(1280, 900))
	b.setScripts(b.scripts)
	b.quiet(name)
}

// violation is what axe says of one rule.
type violation struct {
	ID, Impact, Help string
	Nodes            []struct {
		HTML           string
		FailureSummary string
	}
}

// violations runs axe on the page as it stands.
func (b *browser) violations() []violation {
	b.t.Helper()
	b.do(chromedp.Evaluate[chromedp.Void](b.axe))
	return run(b, chromedp.Evaluate[[]violation](
		`axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(v => ({
			ID: v.id, Impact: v.impact, Help: v.help,
			Nodes: v.nodes.map(n => ({HTML: n.html, FailureSummary: n.failureSummary})),
		})))`, chromedp.EvalAwaitPromise))
}

// accessible wants axe to find nothing.
func (b *browser) accessible(where string) {
	b.t.Helper()
	for _, v := range b.violations() {
		var at []string
		for _, n := range v.Nodes {
			at = append(at, fmt.Sprintf("  %.200s\n    %s", n.HTML, strings.ReplaceAll(n.FailureSummary, "\n", " ")))
		}
		b.t.Errorf("%s: axe: %s (%s, %s)\n%s", where, v.Help, v.ID, v.Impact, strings.Join(at, "\n"))
	}
}

// TestTheBrowserIsWatched: a checker that finds nothing anywhere, and a log that hears nothing, would prove nothing.
func TestTheBrowserIsWatched(t *testing.T) {
	whole(t)
	b := start(t, t.TempDir()).browser(true)
	b.load(`data:text/html,<title>x</title><img src="https://evil.example/x.png"><script>setTimeout(() => { throw 1 })</script>`)
	found := false
	for _, v := range b.violations() {
		found = found || v.ID == "image-alt"
	}
	if !found {
		t.Error("axe does not find a picture without a text")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.foreign) == 0 || len(b.troubles) == 0 {
		t.Errorf("a foreign request and an exception went unheard: %v %v", b.foreign, b.troubles)
	}
}
