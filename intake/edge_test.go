package intake

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"sealform/forms/record"
)

// covers WB03, WB08, WB07, LK09
func TestHeadersOfEveryAnswer(t *testing.T) {
	c := openClinic(t)
	receipt := c.post(c.filled()).Header.Get("Location")
	form := c.get("/f/contact")
	sheets := []string{"/f/contact/brand/x.css"}
	for n := range form.page.Descendants() {
		if n.Data == "link" {
			sheets = append(sheets, attr(n, "href"))
		}
	}
	kinds := map[string]string{".css": "text/css; charset=utf-8", ".svg": "image/svg+xml; charset=utf-8"}
	requests := map[string]*http.Request{}
	for _, path := range append([]string{"/", "/f/contact", "/f/none", receipt, "/livez", "/readyz", "/nothing"}, sheets...) {
		for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE", "POST"} {
			requests[method+" "+path] = c.request(method, path, "", "")
		}
	}
	requests["wrong host"] = c.request("GET", "/", "", "")
	requests["wrong host"].Host = "evil.example"
	requests["invalid"] = c.request("POST", "/f/contact", urlencoded, c.filled("full_name", "").Encode())
	for name, r := range requests {
		r.Header.Set("Cookie", "__Host-session=viewer; a=b")
		a := c.do(r)
		for header, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
			"Strict-Transport-Security": "max-age=63072000; includeSubDomains",
			"Content-Security-Policy":   "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
			"Set-Cookie":                "", "Server": "", "X-Powered-By": "", "Access-Control-Allow-Origin": "", "Location": "",
		} {
			if got := a.Header.Get(header); got != want {
				t.Errorf("%s: %s: %q", name, header, got)
			}
		}
		if a.Header.Get("Permissions-Policy") == "" {
			t.Errorf("%s: no Permissions-Policy", name)
		}
		_, path, _ := strings.Cut(name, " ")
		kind, cache := "text/html; charset=utf-8", "no-store"
		if k := kinds[path[max(0, len(path)-4):]]; k != "" && a.StatusCode == http.StatusOK {
			kind, cache = k, "public, max-age=31536000, immutable"
		}
		if path == "/livez" || path == "/readyz" {
			kind = "text/plain; charset=utf-8"
		}
		if a.StatusCode == http.StatusNoContent {
			kind = "" // OPTIONS: nothing that could have a type
		}
		if a.Header.Get("Content-Type") != kind || a.Header.Get("Cache-Control") != cache {
			t.Errorf("%s: %d %q, %q", name, a.StatusCode, a.Header.Get("Content-Type"), a.Header.Get("Cache-Control"))
		}
	}
}

// covers WB07
func TestOtherSitesMayPostAndCookiesMeanNothing(t *testing.T) {
	c := openClinic(t)
	r := c.request(http.MethodPost, "/f/contact", urlencoded, c.filled().Encode())
	for name, value := range map[string]string{"Origin": "https://www.riverside.example", "Sec-Fetch-Site": "cross-site", "Referer": "https://www.riverside.example/x", "Cookie": "__Host-session=staff"} {
		r.Header.Set(name, value)
	}
	if a := c.do(r); a.StatusCode != http.StatusSeeOther || len(c.rows()) != 1 {
		t.Errorf("status %d", a.StatusCode)
	}
}

func TestMethods(t *testing.T) {
	c := openClinic(t)
	for path, want := range map[string]int{"/": 405, "/f/contact": 405, "/f/contact/sent/x": 405, "/nothing": 404} {
		a := c.do(c.request(http.MethodDelete, path, "", ""))
		if a.StatusCode != want || want == 405 && !strings.Contains(a.Header.Get("Allow"), "GET") {
			t.Errorf("DELETE %s: %d, allow %q", path, a.StatusCode, a.Header.Get("Allow"))
		}
	}
	if a := c.do(c.request(http.MethodHead, "/f/contact", "", "")); a.StatusCode != http.StatusOK || a.body != "" {
		t.Errorf("HEAD: %d, %d bytes", a.StatusCode, len(a.body))
	}
	if a := c.do(c.request(http.MethodPost, "/", urlencoded, "a=b")); a.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST /: %d", a.StatusCode)
	}
}

// covers IN19
func TestOtherNamesAreRefused(t *testing.T) {
	c := openClinic(t)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		r := c.request(method, "/f/contact", urlencoded, c.filled().Encode())
		r.Host = "evil.example"
		r.Header.Set("X-Forwarded-Host", c.config.Hosts[0])
		if a := c.do(r); a.StatusCode != http.StatusMisdirectedRequest || strings.Contains(a.body, "evil.example") {
			t.Errorf("%s: %d", method, a.StatusCode)
		}
	}
	if len(c.rows()) != 0 {
		t.Error("a row")
	}
}

// covers IN23
func TestPlainHTTPTakesNothing(t *testing.T) {
	c := openClinic(t)
	handler := c.server.Config.Handler
	behind := openClinic(t, func(k *Config) { k.Proxies = []netip.Prefix{loopback} })
	for name, x := range map[string]struct {
		h              http.Handler
		host           string
		method         string
		from, proto    string
		status         int
		location, body string
	}{
		"post":                   {handler, c.config.Hosts[0], "POST", "127.0.0.1:1", "", 403, "", "was not read"},
		"post, header not ours":  {handler, c.config.Hosts[0], "POST", "127.0.0.1:1", "https", 403, "", "was not read"},
		"get":                    {handler, c.config.Hosts[0], "GET", "127.0.0.1:1", "", 301, "https://" + c.config.Hosts[0] + "/f/contact", ""},
		"behind a proxy, plain":  {behind.server.Config.Handler, behind.config.Hosts[0], "POST", "127.0.0.1:1", "http", 403, "", "was not read"},
		"behind a proxy, silent": {behind.server.Config.Handler, behind.config.Hosts[0], "POST", "127.0.0.1:1", "", 403, "", "was not read"},
		"past the proxy":         {behind.server.Config.Handler, behind.config.Hosts[0], "POST", "192.0.2.7:1", "https", 403, "", "was not read"},
		"behind a proxy, TLS":    {behind.server.Config.Handler, behind.config.Hosts[0], "POST", "127.0.0.1:1", "https", 303, "/f/contact/sent/", ""},
	} {
		body := &untouched{Reader: strings.NewReader(behind.filled().Encode())}
		r := httptest.NewRequest(x.method, "/f/contact", body)
		r.Host, r.RemoteAddr = x.host, x.from
		r.Header.Set("Content-Type", urlencoded)
		if x.proto != "" {
			r.Header.Set("X-Forwarded-Proto", x.proto)
		}
		w := httptest.NewRecorder()
		x.h.ServeHTTP(w, r)
		if w.Code != x.status || !strings.HasPrefix(w.Header().Get("Location"), x.location) || !strings.Contains(w.Body.String(), x.body) {
			t.Errorf("%s: %d to %q: %q", name, w.Code, w.Header().Get("Location"), w.Body)
		}
		if x.status == 403 && (body.read || w.Header().Get("Connection") != "close") {
			t.Errorf("%s: the body was read, or the connection stays open", name)
		}
	}
}

type untouched struct {
	*strings.Reader
	read bool
}

func (u *untouched) Read(b []byte) (int, error) {
	u.read = true
	return u.Reader.Read(b)
}

// covers LK02, LK01
func TestAPanicTellsNothing(t *testing.T) {
	c := openClinic(t)
	c.drop = func(context.Context, *record.Submission, Drop) (record.Kept, error) {
		panic(fmt.Errorf("CANARY %d", 1))
	}
	v := c.filled("message", "CANARY")
	a := c.post(v)
	if a.StatusCode != http.StatusInternalServerError || textOf(a.find("h1", "", "")) != "Something went wrong on our side" {
		t.Fatalf("status %d: %s", a.StatusCode, textOf(a.page))
	}
	id := textOf(a.find("span", "class", "code"))
	if log := c.log.String(); id == "" || !strings.Contains(log, id) || !strings.Contains(log, "panicked") || !strings.Contains(log, "takeForm") {
		t.Errorf("id %q is not in the log, or the log lacks the stack", id)
	}
	if strings.Contains(a.body+c.log.String(), "CANARY") {
		t.Error("the panic's value, or an answer, shows")
	}
	c.drop = nil
	if a := c.post(v); a.StatusCode != http.StatusSeeOther {
		t.Errorf("afterwards: %d", a.StatusCode)
	}
}

func TestProbes(t *testing.T) {
	ready := fmt.Errorf("CANARY database")
	c := openClinic(t, func(k *Config) { k.Ready = func() error { return ready } })
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/readyz", nil)
	w := httptest.NewRecorder()
	c.server.Config.Handler.ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable || w.Body.String() != "not ready\n" {
		t.Errorf("not ready: %d %q", w.Code, w.Body)
	}
	ready = nil
	for _, path := range []string{"/livez", "/readyz"} {
		if a := c.get(path); a.StatusCode != http.StatusOK || a.body != "ok\n" {
			t.Errorf("%s: %d %q", path, a.StatusCode, a.body)
		}
	}
}

// TestRouteInTheLog: the event of a request names its route, and never the address that was asked for.
func TestRouteInTheLog(t *testing.T) {
	c := openClinic(t)
	for path, want := range map[string]string{
		"/f/contact": "/f/:form", "/f/maria-lopez": "/f/:form", "/f/contact/sent/maria-lopez": "/f/:form/sent/:receipt", "/maria-lopez": "",
	} {
		c.get(path)
		if said := `"msg":"request","program":"intake","route":"` + want + `","method":"GET"`; !strings.Contains(c.log.String(), said) {
			t.Errorf("%s: no %s in\n%s", path, said, c.log)
		}
	}
	if strings.Contains(c.log.String(), "maria-lopez") {
		t.Errorf("an address is in the log:\n%s", c.log)
	}
}

// covers IN02
func TestARefusedBodyIsNotReadOn(t *testing.T) {
	c := openClinic(t)
	conn, err := tls.Dial("tcp", c.server.Listener.Addr().String(), c.server.Client().Transport.(*http.Transport).TLSClientConfig.Clone())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(conn, "POST /f/contact HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: 900000000\r\n\r\na=b", c.config.Hosts[0], urlencoded); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusRequestEntityTooLarge || !resp.Close {
		t.Errorf("status %d, close %v", resp.StatusCode, resp.Close)
	}
}

func TestBadConfigurations(t *testing.T) {
	c := openClinic(t)
	for name, change := range map[string]func(*Config){
		"no host":    func(k *Config) { k.Hosts = nil },
		"a URL":      func(k *Config) { k.Hosts = []string{"https://x"} },
		"no service": func(k *Config) { k.Service = "" },
		"no drop":    func(k *Config) { k.Drop = nil },
		"no signer":  func(k *Config) { k.Signer = nil },
		"no spool":   func(k *Config) { k.Spool = nil },
		"no readers": func(k *Config) { k.Forms = []Served{{Form: k.Forms[0].Form}} },
		"twice":      func(k *Config) { k.Forms = []Served{k.Forms[0], k.Forms[0]} },
	} {
		k := c.config
		change(&k)
		if h, err := New(k); err == nil || h != nil {
			t.Errorf("%s accepted", name)
		}
	}
}
