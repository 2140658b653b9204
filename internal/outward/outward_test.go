package outward_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sealform/internal/outward"
	"sealform/internal/outward/outwardtest"
)

// stranger is somebody's server at an address of this machine, with a certificate for hook.example. It counts connections.
type stranger struct {
	*httptest.Server
	client outward.Config
	opened atomic.Int64
}

func newStranger(t *testing.T, ip string, names outwardtest.Names, h http.HandlerFunc) *stranger {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", ip+":0")
	if err != nil {
		t.Fatal(err)
	}
	cert, pool := outwardtest.Certificate(t, time.Now(), "hook.example", ip)
	s := &stranger{Server: httptest.NewUnstartedServer(h)}
	s.Listener = listener
	s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.opened.Add(1)
		}
	}
	s.StartTLS()
	t.Cleanup(s.Close)
	if names == nil {
		names = outwardtest.Names{"hook.example": {{ip}}}
	}
	s.client = outward.Config{Allow: []netip.Prefix{netip.MustParsePrefix(ip + "/32")}, Roots: pool, Resolver: outwardtest.Resolver(t, names)}
	return s
}

// at is the server's address under that host.
func (s *stranger) at(host string) string {
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	return "https://" + net.JoinHostPort(host, port) + "/path?x=1"
}

func code(t *testing.T, err error) outward.Code {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *outward.Error
	if !errors.As(err, &e) || errors.Unwrap(err) != nil {
		t.Fatalf("%v (%T) is more than a code", err, err)
	}
	return e.Code
}

func get(t *testing.T, c outward.Config, url string) ([]byte, outward.Code) {
	t.Helper()
	body, err := outward.New(c).Get(t.Context(), url)
	return body, code(t, err)
}

func TestGet(t *testing.T) {
	var seen *http.Request
	s := newStranger(t, "127.0.0.1", nil, func(w http.ResponseWriter, r *http.Request) {
		seen = r.Clone(r.Context())
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		_, _ = io.WriteString(w, "hello")
	})
	client := outward.New(s.client)
	for range 2 {
		body, err := client.Get(t.Context(), s.at("hook.example"))
		if err != nil || string(body) != "hello" {
			t.Fatalf("%q, %v", body, err)
		}
		want := http.Header{"User-Agent": {"Sealform"}, "Connection": {"close"}}
		if diff := cmp.Diff(want, seen.Header); diff != "" {
			t.Errorf("a stranger is told more or less than planned: %s", diff)
		}
	}
	if seen.URL.String() != "/path?x=1" || seen.Host != strings.TrimSuffix(strings.TrimPrefix(s.at("hook.example"), "https://"), "/path?x=1") {
		t.Errorf("asked for %s at %s", seen.URL, seen.Host)
	}
	if n := s.opened.Load(); n != 2 {
		t.Errorf("two calls took %d connections: one was kept", n)
	}
}

func TestPost(t *testing.T) {
	var body []byte
	var header http.Header
	s := newStranger(t, "127.0.0.1", nil, func(w http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		header = r.Header.Clone()
		w.WriteHeader(http.StatusNoContent)
	})
	given := http.Header{"Webhook-Id": {"msg_1"}, "User-Agent": {"mine"}}
	if err := outward.New(s.client).Post(t.Context(), s.at("hook.example"), given, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	want := http.Header{"Webhook-Id": {"msg_1"}, "User-Agent": {"Sealform"}, "Connection": {"close"}, "Content-Length": {"2"}}
	if diff := cmp.Diff(want, header); diff != "" || string(body) != "{}" {
		t.Errorf("%s, body %q", diff, body)
	}
	if given.Get("User-Agent") != "mine" {
		t.Error("the caller's header was changed")
	}
}

// TestInsideStaysUncalled: names and numbers that lead inside are refused before a packet goes out, all with one code.
// covers ML08
func TestInsideStaysUncalled(t *testing.T) {
	names := outwardtest.Names{
		"hook.example":   {{"127.0.0.1"}},
		"mapped.example": {{"::ffff:127.0.0.1"}},
		"six.example":    {{"::1"}},
		"nat64.example":  {{"64:ff9b::7f00:1"}},
		"6to4.example":   {{"2002:7f00:1::"}},
		"cgnat.example":  {{"100.64.0.1"}},
		"link.example":   {{"169.254.169.254"}},
		"ula.example":    {{"fd00:ec2::254"}},
		"zero.example":   {{"0.0.0.0"}},
		"two.example":    {{"10.0.0.1", "127.0.0.1"}},
	}
	s := newStranger(t, "127.0.0.1", names, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "secret") })
	c := s.client
	c.Allow = nil
	hosts := []string{"127.0.0.1", "::1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1", "0.0.0.0", "169.254.169.254"}
	for name := range names {
		hosts = append(hosts, name)
	}
	for _, host := range hosts {
		if body, got := get(t, c, s.at(host)); got != "inside" || body != nil {
			t.Errorf("%s: %q, %q", host, got, body)
		}
	}
	// Where something listens and where nothing does is answered alike: no way to look around.
	if _, got := get(t, c, "https://127.0.0.1:1/"); got != "inside" {
		t.Errorf("a closed port: %q", got)
	}
	if n := s.opened.Load(); n != 0 {
		t.Errorf("%d connections were opened", n)
	}
}

// TestRebinding: a name that pointed outside when it was looked at, and inside a moment later.
// covers ML08
func TestRebinding(t *testing.T) {
	inner := newStranger(t, "127.0.0.1", nil, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "secret") })
	names := outwardtest.Names{"hook.example": {{"127.0.0.2"}, {"127.0.0.1"}, {"127.0.0.1", "127.0.0.2"}}}
	s := newStranger(t, "127.0.0.2", names, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "open") })
	client := outward.New(s.client)
	if body, err := client.Get(t.Context(), s.at("hook.example")); err != nil || string(body) != "open" {
		t.Fatalf("first: %q, %v", body, err)
	}
	if _, err := client.Get(t.Context(), s.at("hook.example")); code(t, err) != "inside" {
		t.Errorf("after rebinding: %v", err)
	}
	_, _ = client.Get(t.Context(), s.at("hook.example")) // both at once: the outer one may answer
	if n := inner.opened.Load(); n != 0 {
		t.Errorf("%d connections went inside", n)
	}
}

// covers ML08
func TestRedirectsAreNotFollowed(t *testing.T) {
	inner := newStranger(t, "127.0.0.3", nil, func(http.ResponseWriter, *http.Request) {})
	for status, target := range map[int]string{
		301: "https://hook.example/other", 302: "http://169.254.169.254/latest/meta-data/", 303: inner.at("127.0.0.3"), 307: "https://[::1]/", 308: "/path", 300: "", 304: "",
	} {
		s := newStranger(t, "127.0.0.1", nil, func(w http.ResponseWriter, _ *http.Request) {
			if target != "" {
				w.Header().Set("Location", target)
			}
			w.WriteHeader(status)
		})
		if _, got := get(t, s.client, s.at("hook.example")); got != "redirect" {
			t.Errorf("get, %d: %q", status, got)
		}
		if err := outward.New(s.client).Post(t.Context(), s.at("hook.example"), nil, []byte("x")); code(t, err) != "redirect" {
			t.Errorf("post, %d: %v", status, err)
		}
		if n := s.opened.Load(); n != 2 {
			t.Errorf("%d: %d connections for two calls", status, n)
		}
	}
	if inner.opened.Load() != 0 {
		t.Error("a redirect was followed")
	}
}

// TestAddresses: only plain https addresses are called, and a number is not an address because some program says so.
// covers ML08
func TestAddresses(t *testing.T) {
	for address, good := range map[string]bool{
		"https://hook.example/": true, "https://hook.example:8443/x?y=z": true, "HTTPS://Hook.Example": true, "https://8.8.8.8/": true,
		"https://[2606:4700::1111]:444/": true, "https://xn--bcher-kva.example/": true, "https://hook.example.": true,

		"": false, "hook.example": false, "/path": false, "//hook.example/": false, "https:": false, "https://": false, "https:///x": false,
		"https:hook.example": false, "http://hook.example/": false, "ftp://hook.example/": false, "file:///etc/passwd": false,
		"gopher://hook.example/": false, "unix:///run/x.sock": false, "https+unix://x": false, "javascript:alert(1)": false,
		"https://a@hook.example/": false, "https://a:b@hook.example/": false, "https://hook.example@127.0.0.1/": false, "https://@hook.example/": false,
		"https://hook.example/#x": false,
		"https://2130706433/":     false, "https://0x7f000001/": false, "https://0x7f.1/": false, "https://017700000001/": false, "https://0177.0.0.1/": false,
		"https://127.1/": false, "https://127.0.0.1./": false, "https://127.0.0.0x1/": false, "https://1.2.3.4.5/": false, "https://hook.0x7f/": false,
		"https://[::1%25eth0]/": false, "https://[fe80::1%25lo]:443/": false, "https://hook_example/": false, "https://hook..example/": false,
		"https://-hook.example/": false, "https://hook.example-/": false, "https://bücher.example/": false, "https://１２７.0.0.1/": false, "https://ho ok/": false,
		"https://hook.example/\r\nHost: x": false, "https://hook.example\x00/": false, "https://hook.example%00/": false,
		"https://" + strings.Repeat("a", 64) + ".example/": false, "https://" + strings.Repeat("a.", 127) + "example/": false,
	} {
		err := outward.CheckURL(address)
		if (err == nil) != good {
			t.Errorf("%q: %v", address, err)
		}
		if good {
			continue
		}
		if _, err := outward.New(outward.Config{Resolver: noNames}).Get(t.Context(), address); code(t, err) != "not_https" {
			t.Errorf("%q was called: %v", address, err)
		}
	}
}

// noNames is where a look-up ends.
var noNames = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
	return nil, errors.New("no name server")
}}

func TestNames(t *testing.T) {
	s := newStranger(t, "127.0.0.1", outwardtest.Names{"hook.example": {{"127.0.0.1"}}, "failing.example": {}}, func(http.ResponseWriter, *http.Request) {})
	for host, missing := range map[string]bool{"nowhere.example": true, "failing.example": false} {
		_, err := outward.New(s.client).Get(t.Context(), s.at(host))
		var e *outward.Error
		if code(t, err) != "unknown_host" || !errors.As(err, &e) || e.NoSuchHost() != missing || strings.Contains(err.Error(), host) {
			t.Errorf("%s: %v, missing %t", host, err, e.NoSuchHost())
		}
	}
}

// covers ML08
func TestCertificates(t *testing.T) {
	s := newStranger(t, "127.0.0.1", outwardtest.Names{"hook.example": {{"127.0.0.1"}}, "other.example": {{"127.0.0.1"}}}, func(http.ResponseWriter, *http.Request) {})
	if _, got := get(t, s.client, s.at("hook.example")); got != "" {
		t.Fatalf("the good one: %q", got)
	}
	if _, got := get(t, s.client, s.at("other.example")); got != "bad_certificate" {
		t.Errorf("another name: %q", got)
	}
	unknown := s.client
	_, unknown.Roots = outwardtest.Certificate(t, time.Now(), "hook.example")
	if _, got := get(t, unknown, s.at("hook.example")); got != "bad_certificate" {
		t.Errorf("another authority: %q", got)
	}
	expired := newStranger(t, "127.0.0.1", nil, func(http.ResponseWriter, *http.Request) {})
	cert, pool := outwardtest.Certificate(t, time.Now().AddDate(0, -1, 0), "hook.example")
	expired.TLS.Certificates[0] = cert
	expired.client.Roots = pool
	if _, got := get(t, expired.client, expired.at("hook.example")); got != "bad_certificate" {
		t.Errorf("expired: %q", got)
	}
	old := newStranger(t, "127.0.0.1", nil, func(http.ResponseWriter, *http.Request) {})
	old.TLS.MaxVersion = tls.VersionTLS11
	if _, got := get(t, old.client, old.at("hook.example")); got != "protocol" {
		t.Errorf("TLS 1.1: %q", got)
	}
}

func TestStatus(t *testing.T) {
	for status, want := range map[int]outward.Code{200: "", 204: "answered_204", 206: "answered_206", 400: "answered_400", 404: "answered_404", 410: "answered_410", 500: "answered_500", 599: "answered_599"} {
		s := newStranger(t, "127.0.0.1", nil, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			if status != 204 {
				_, _ = io.WriteString(w, "the password is hunter2")
			}
		})
		if _, got := get(t, s.client, s.at("hook.example")); got != want {
			t.Errorf("get, %d: %q", status, got)
		}
		if status < 300 {
			want = ""
		}
		if err := outward.New(s.client).Post(t.Context(), s.at("hook.example"), nil, nil); code(t, err) != want {
			t.Errorf("post, %d: %v", status, err)
		}
	}
}

// TestAnswerIsBounded: in length, in time, and by nothing that unpacks to more.
// covers ML08
func TestAnswerIsBounded(t *testing.T) {
	const most = 1000
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	_, _ = z.Write(make([]byte, 500_000))
	_ = z.Close()
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   outward.Code
		length int
	}{
		"just fits":   {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, most)) }, "", most},
		"one more":    {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, most+1)) }, "too_long", 0},
		"without end": {func(w http.ResponseWriter, _ *http.Request) { endless(w) }, "too_long", 0},
		"packed": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes())
		}, "", bomb.Len()},
		"long header": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 64<<10)) }, "protocol", 0},
		"cut short": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "500")
			_, _ = w.Write(make([]byte, 100))
		}, "protocol", 0},
		"slow header": {func(_ http.ResponseWriter, r *http.Request) { wait(r) }, "timeout", 0},
		"slow body": {func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte("x"))
			w.(http.Flusher).Flush()
			wait(r)
		}, "timeout", 0},
		"drip by drip": {drip, "timeout", 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStranger(t, "127.0.0.1", nil, c.answer)
			s.client.Most, s.client.Timeout = most, 500*time.Millisecond
			start := time.Now()
			body, got := get(t, s.client, s.at("hook.example"))
			if got != c.want || len(body) != c.length {
				t.Errorf("%q with %d bytes, want %q with %d", got, len(body), c.want, c.length)
			}
			if took := time.Since(start); took > 3*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func endless(w http.ResponseWriter) {
	for {
		if _, err := w.Write(make([]byte, 32<<10)); err != nil {
			return
		}
	}
}

func wait(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-time.After(5 * time.Second):
	}
}

func drip(w http.ResponseWriter, r *http.Request) {
	for range 100 {
		if _, err := w.Write([]byte("x")); err != nil || r.Context().Err() != nil {
			return
		}
		w.(http.Flusher).Flush()
		time.Sleep(30 * time.Millisecond)
	}
}

func TestConnections(t *testing.T) {
	s := newStranger(t, "127.0.0.1", nil, func(http.ResponseWriter, *http.Request) {})
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(plain.Close)
	if _, got := get(t, s.client, strings.Replace(plain.URL, "http:", "https:", 1)); got != "protocol" {
		t.Errorf("a server without TLS: %q", got)
	}
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	quick := s.client
	quick.Timeout = 200 * time.Millisecond
	if _, got := get(t, quick, "https://"+silent.Addr().String()+"/"); got != "timeout" {
		t.Errorf("a server that says nothing: %q", got)
	}
	closed := s.at("hook.example")
	s.Close()
	if _, got := get(t, s.client, closed); got != "refused" {
		t.Errorf("nobody there: %q", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := outward.New(s.client).Get(ctx, closed); code(t, err) != "stopped" {
		t.Errorf("stopped: %v", err)
	}
}

// TestNoProxy: what the environment says does not lead calls elsewhere.
func TestNoProxy(t *testing.T) {
	s := newStranger(t, "127.0.0.1", nil, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "direct") })
	proxy := newStranger(t, "127.0.0.2", nil, func(http.ResponseWriter, *http.Request) {})
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "HTTP_PROXY"} {
		t.Setenv(name, (&url.URL{Scheme: "https", Host: proxy.Listener.Addr().String()}).String())
	}
	if body, got := get(t, s.client, s.at("hook.example")); got != "" || string(body) != "direct" {
		t.Errorf("%q, %q", got, body)
	}
	if proxy.opened.Load() != 0 {
		t.Error("the proxy was asked")
	}
}
