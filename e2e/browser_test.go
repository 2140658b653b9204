package e2e

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is one tab of a real chromium with a profile of its own.
type browser struct {
	t       *testing.T
	d       *demo
	ctx     context.Context
	scripts bool
	axe     string

	mu       sync.Mutex
	foreign  []string // requests to anybody but the demo
	troubles []string // exceptions, refused content, dialogs
}

// browser starts one. Certificates are checked: only what the demo's own authority signed is accepted.
func (d *demo) browser(scripts bool) *browser {
	d.t.Helper()
	path := tool(d.t, "chromium")
	opts := slices.Concat(chromedp.DefaultExecAllocatorOptions[:], []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path),
		chromedp.UserDataDir(d.t.TempDir()),
		chromedp.Flag("ignore-certificate-errors-spki-list", d.authority()),
		// Names that are not this machine do not resolve: what asks for one fails, and is seen asking.
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1"),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("hide-scrollbars", true),
	})
	if os.Geteuid() == 0 {
		opts = append(opts, chromedp.NoSandbox) // chromium's sandbox refuses to be built by root
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	d.t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 4*time.Minute)
	d.t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	d.t.Cleanup(cancel)
	b := &browser{t: d.t, d: d, ctx: ctx, scripts: scripts, axe: axeSource(d.t)}
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error { return nil }))
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		d.t.Fatal(err)
	}
	b.setScripts(scripts)
	return b
}

// authority is the hash by which chromium knows the demo's certificate authority.
func (d *demo) authority() string {
	d.t.Helper()
	src, err := os.ReadFile(d.CA)
	if err != nil {
		d.t.Fatal(err)
	}
	block, _ := pem.Decode(src)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		d.t.Fatal(err)
	}
	sum := sha256.Sum256(cert.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(sum[:])
}

// axeSource reads the accessibility checker.
func axeSource(t *testing.T) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, ".cache", "axe-*.js"))
	if err != nil || len(found) != 1 {
		t.Fatalf("axe-core is missing (%v, %v); scripts/setup-tests fetches it", found, err)
	}
	src, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(src)
}

// hear collects what must not happen.
func (b *browser) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if !b.ours(e.Request.URL) {
			b.foreign = append(b.foreign, e.Request.URL)
		}
	case *page.EventJavascriptDialogOpening:
		b.troubles = append(b.troubles, "dialog: "+e.Message)
	case *runtime.EventExceptionThrown:
		b.troubles = append(b.troubles, "exception: "+e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		// A page that answers 422 or 503 is logged by the browser; that is what the tests ask for. What only informs
		// is no trouble: that a Clear-Site-Data header was obeyed.
		if e.Entry.Level != log.EntryLevelInfo && !strings.Contains(e.Entry.Text, "the server responded with a status of") {
			b.troubles = append(b.troubles, fmt.Sprintf("%s: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL))
		}
	}
}

// ours says whether an address is one of the demo's.
func (b *browser) ours(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	if u.Scheme == "about" || u.Scheme == "data" || u.Scheme == "blob" {
		return true
	}
	for _, own := range []string{b.d.Intake, b.d.Viewer, b.d.Site, b.d.staff()} {
		if own == u.Scheme+"://"+u.Host {
			return true
		}
	}
	return false
}

// quiet fails if anything was collected, and starts anew.
func (b *browser) quiet(where string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range b.foreign {
		b.t.Errorf("%s: the browser asked somebody else: %s", where, f)
	}
	for _, f := range b.troubles {
		b.t.Errorf("%s: %s", where, f)
	}
	b.foreign, b.troubles = nil, nil
}

// do runs steps, each test's only way to fail being here.
func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatalf("in the browser: %v", err)
	}
}

// run gives what an action gives.
func run[T any](b *browser, a chromedp.Action[T]) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, a)
	if err != nil {
		b.t.Fatalf("in the browser: %v", err)
	}
	return v
}

// setScripts allows or forbids the page's own scripts.
func (b *browser) setScripts(on bool) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
	if err != nil {
		b.t.Fatal(err)
	}
}

// load opens an address and gives its status.
func (b *browser) load(address string) int64 {
	b.t.Helper()
	return b.through(chromedp.Navigate(address))
}

// through does what leads to another page and gives that page's status.
func (b *browser) through(steps ...chromedp.Action[chromedp.Void]) int64 {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 30*time.Second)
	defer cancel()
	res, err := chromedp.RunResponse(ctx, steps...)
	if err != nil {
		b.t.Fatalf("waiting for the next page: %v\nnow at %s", err, b.where())
	}
	return res.Status
}

// click presses what the selector finds and waits for the next page.
func (b *browser) click(css string) int64 {
	b.t.Helper()
	return b.through(chromedp.Click(chromedp.CSS(css), chromedp.NodeVisible))
}

// typed writes into a field, key by key, after emptying it.
func (b *browser) typed(css, words string) {
	b.t.Helper()
	b.do(
		chromedp.Focus(chromedp.CSS(css)),
		chromedp.KeyEvent("a", chromedp.KeyModifiers(chromedp.ModifierCtrl)), // what stands there is typed over
		chromedp.SendKeys(chromedp.CSS(css), words),
	)
}

// where is the address in the bar.
func (b *browser) where() string {
	at, err := chromedp.Run(b.ctx, chromedp.Location())
	if err != nil {
		return err.Error()
	}
	return at
}

// html is the page as it stands.
func (b *browser) html() []byte {
	b.t.Helper()
	return []byte(run(b, chromedp.OuterHTML(chromedp.CSS("html"))))
}

// words is the text of the page that a person can read.
func (b *browser) words() string {
	b.t.Helper()
	return run(b, chromedp.Evaluate[string](`document.body.innerText`)) // not by node: one may be gone by then
}
