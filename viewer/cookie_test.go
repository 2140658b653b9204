package viewer

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"sealform/internal/staff"
)

func TestCookieAttributes(t *testing.T) {
	h := newClinic(t)
	b := h.browser()
	a := b.post("/sign-in", "email", "dana@riverside.example", "password", accountPassword)
	all := a.Cookies()
	a = b.post("/sign-in/code", "code", h.code("dana@riverside.example", 0))
	all = append(all, a.Cookies()...)
	a = b.post("/unlock", "key", string(h.locked["dana"].Fingerprint()), "password", keyPassword)
	all = append(all, a.Cookies()...)
	if len(all) < 6 {
		t.Fatalf("only %d cookies were set", len(all))
	}
	for _, c := range all {
		if !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || !strings.HasPrefix(c.Name, "__Host-") {
			t.Errorf("cookie %s: %+v", c.Name, c)
		}
		if c.Name != staff.DeviceCookie && c.MaxAge > 0 {
			t.Errorf("cookie %s outlives the browser", c.Name)
		}
	}
}

// covers WB12
func TestSignOutClears(t *testing.T) {
	h := newClinic(t)
	b := h.reader("dana")
	a := b.want(b.post("/sign-out"), http.StatusSeeOther)
	if got := a.Header.Get("Clear-Site-Data"); got != `"cache", "storage"` {
		t.Errorf("Clear-Site-Data: %s", got)
	}
	gone := 0
	for _, c := range a.Cookies() {
		if c.MaxAge < 0 && c.Value == "" {
			gone++
		}
	}
	if gone != 2 {
		t.Errorf("%d cookies are taken back, want 2", gone)
	}
	var wg sync.WaitGroup
	for range 3 { // signing out again, from other tabs, is no error
		wg.Go(func() { b.do(http.MethodPost, "/sign-out", url.Values{}) })
	}
	wg.Wait()
}
