package web

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestHosts(t *testing.T) {
	h, err := NewHosts([]string{"Forms.Example", "localhost:8443", "[::1]:8443", "10.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]bool{
		"forms.example": true, "FORMS.example:443": true, "forms.example.": true, "forms.example:8443": false, "localhost:8443": true, "localhost": false,
		"[::1]:8443": true, "[::1]": false, "10.0.0.1": true, "10.0.0.1:443": true, "evil.forms.example": false, "forms.example.evil": false, "": false, "forms.example@evil": false,
	} {
		if h.Has(host) != want {
			t.Errorf("%q: %v", host, !want)
		}
	}
	for _, bad := range [][]string{nil, {""}, {"https://forms.example"}, {"a b"}, {"user@host"}} {
		if _, err := NewHosts(bad); err == nil {
			t.Errorf("%q accepted", bad)
		}
	}
}

// covers IN19
func TestWhoIsThere(t *testing.T) {
	trusted := Peers{Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}
	for name, x := range map[string]struct {
		peers Peers
		from  string
		xff   []string
		want  string
	}{
		"direct":                     {Peers{}, "192.0.2.1:5", []string{"203.0.113.9"}, "192.0.2.1"},
		"from no proxy of ours":      {trusted, "192.0.2.1:5", []string{"203.0.113.9"}, "192.0.2.1"},
		"through a proxy":            {trusted, "10.1.1.1:5", []string{"203.0.113.9"}, "203.0.113.9"},
		"what the sender wrote":      {trusted, "10.1.1.1:5", []string{"1.2.3.4, 203.0.113.9"}, "203.0.113.9"},
		"in a line of its own":       {trusted, "10.1.1.1:5", []string{"1.2.3.4", "203.0.113.9"}, "203.0.113.9"},
		"two proxies":                {trusted, "10.1.1.1:5", []string{"1.2.3.4, 203.0.113.9, 10.2.2.2"}, "203.0.113.9"},
		"nonsense before a proxy":    {trusted, "10.1.1.1:5", []string{"unknown, 10.2.2.2"}, "10.2.2.2"},
		"nothing said":               {trusted, "10.1.1.1:5", nil, "10.1.1.1"},
		"mapped":                     {trusted, "[::ffff:10.1.1.1]:5", []string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		"IPv6":                       {trusted, "[fd00::1]:5", []string{"2001:db8::7"}, "2001:db8::7"},
		"a port, as some proxies do": {trusted, "10.1.1.1:5", []string{"203.0.113.9:443"}, "10.1.1.1"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = x.from
		for _, line := range x.xff {
			r.Header.Add("X-Forwarded-For", line)
		}
		if got := x.peers.Addr(r).String(); got != x.want {
			t.Errorf("%s: %s, want %s", name, got, x.want)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = "@"
	if got := trusted.Addr(r); got.IsValid() {
		t.Errorf("a socket without address: %v", got)
	}
}

func TestSecure(t *testing.T) {
	trusted := Peers{Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	for name, x := range map[string]struct {
		from  string
		proto []string
		want  bool
	}{
		"a proxy says https":   {"10.1.1.1:5", []string{"HTTPS"}, true},
		"a proxy says http":    {"10.1.1.1:5", []string{"http"}, false},
		"a proxy says nothing": {"10.1.1.1:5", nil, false},
		"two lines":            {"10.1.1.1:5", []string{"https", "https"}, false},
		"a list":               {"10.1.1.1:5", []string{"https, http"}, false},
		"a stranger":           {"192.0.2.1:5", []string{"https"}, false},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = x.from
		r.Header["X-Forwarded-Proto"] = x.proto
		if trusted.Secure(r) != x.want {
			t.Errorf("%s: %v", name, !x.want)
		}
	}
	if !(Peers{}).Secure(httptest.NewRequest(http.MethodGet, "https://x/", nil)) {
		t.Error("TLS of our own is not seen")
	}
}

// covers IN23
func TestPortEighty(t *testing.T) {
	h, err := PlainHTTP([]string{"forms.example", "localhost:8443"})
	if err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct {
		method, host, path string
		status             int
		location           string
	}{
		"get":             {"GET", "forms.example", "/f/contact", 301, "https://forms.example/f/contact"},
		"head":            {"HEAD", "forms.example:80", "/", 301, "https://forms.example/"},
		"other port":      {"GET", "localhost:8080", "/f/a", 301, "https://localhost:8443/f/a"},
		"no query":        {"GET", "forms.example", "/f/contact?name=CANARY", 301, "https://forms.example/f/contact"},
		"two slashes":     {"GET", "forms.example", "//evil.example/x", 301, "https://forms.example//evil.example/x"},
		"line end":        {"GET", "forms.example", "/a%0d%0aSet-Cookie:x", 301, "https://forms.example/a%0d%0aSet-Cookie:x"},
		"unknown name":    {"GET", "evil.example", "/", 421, ""},
		"post":            {"POST", "forms.example", "/f/contact", 403, ""},
		"put":             {"PUT", "forms.example", "/", 403, ""},
		"options":         {"OPTIONS", "forms.example", "/", 403, ""},
		"post, elsewhere": {"POST", "evil.example", "/", 403, ""},
	} {
		body := &watched{}
		r := httptest.NewRequest(x.method, x.path, body)
		r.Host = x.host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != x.status || w.Header().Get("Location") != x.location || body.read || w.Header().Get("Connection") != "close" {
			t.Errorf("%s: %d to %q, body read %v", name, w.Code, w.Header().Get("Location"), body.read)
		}
		if w.Header().Get("Strict-Transport-Security") != "" || w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" {
			t.Errorf("%s: headers %v", name, w.Header())
		}
	}
	if _, err := PlainHTTP(nil); err == nil {
		t.Error("no name accepted")
	}
}

type watched struct{ read bool }

func (w *watched) Read([]byte) (int, error) {
	w.read = true
	return 0, io.EOF
}

func TestStrictTransport(t *testing.T) {
	for host, want := range map[string]string{
		"forms.example": hsts, "forms.example:8443": hsts, "localhost:8443": hstsLocal, "staff.localhost:8445": hstsLocal, "LOCALHOST": hstsLocal,
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "https://x/", nil)
		r.Host = host
		Headers(Policy{}, http.NotFoundHandler()).ServeHTTP(w, r)
		if got := w.Header().Get("Strict-Transport-Security"); got != want {
			t.Errorf("%s: %q", host, got)
		}
	}
}

// covers WB03
func TestPolicies(t *testing.T) {
	for p, script := range map[Policy]bool{{}: false, {Scripts: true}: true} {
		s := p.String()
		if strings.Contains(s, "script-src 'self'") != script || strings.Contains(s, "unsafe") || !strings.HasPrefix(s, "default-src 'none'; ") {
			t.Errorf("%+v: %s", p, s)
		}
	}
}

type page struct {
	text string
	err  error
}

func (p page) Render(w io.Writer) error {
	if p.err != nil {
		return p.err
	}
	_, err := io.WriteString(w, p.text)
	return err
}

func TestShow(t *testing.T) {
	w := httptest.NewRecorder()
	if err := Show(w, http.StatusTeapot, page{text: "<p>x"}); err != nil || w.Code != http.StatusTeapot || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("%d %v %v", w.Code, w.Header(), err)
	}
	w = httptest.NewRecorder()
	broken := errors.New("broken")
	if err := Show(w, http.StatusOK, page{err: broken}); !errors.Is(err, broken) || len(w.Header()) != 0 {
		t.Errorf("a failed page left %v, %v", w.Header(), err)
	}
}
