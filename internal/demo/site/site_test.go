package site

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

const (
	id     = "20261121T201932.123456789Z-00c0ffee"
	raw    = "From: forms@clinic.example\r\nTo: desk@clinic.example\r\nSubject: [...]\r\nSealform-Number: 42; series=00112233\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n"
	intake = "https://localhost:8443"
)

// start gives a handler over a folder with one message, and the folder.
func start(t *testing.T, change func(*Config)) (http.Handler, string) {
	t.Helper()
	dir := t.TempDir()
	c := Config{
		Clinic: "Riverside Family Clinic", IntakeURL: intake, ViewerURL: "https://staff.localhost:8445", MailDir: dir,
		PrivateKeyPath: filepath.Join(dir, "it's", "private.asc"), SignerPath: filepath.Join(dir, "signer.asc"),
		Failed: func() { t.Error("a page failed") },
	}
	if change != nil {
		change(&c)
	}
	put(t, filepath.Join(dir, id+".eml"), raw)
	return New(c), dir
}

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, h http.Handler, path string) (answer *httptest.ResponseRecorder, page string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w, w.Body.String()
}

// walk calls see for every element.
func walk(t *testing.T, page string, see func(*html.Node)) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			see(n)
		}
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func TestHomeLinksToTheForms(t *testing.T) {
	h, _ := start(t, nil)
	_, page := get(t, h, "/")
	links := map[string]string{}
	walk(t, page, func(n *html.Node) {
		if n.Data == "a" && n.FirstChild != nil {
			links[strings.TrimSpace(n.FirstChild.Data)] = attr(n, "href")
		}
	})
	for text, want := range map[string]string{
		"New patient form": intake + "/f/new-patient", "Contact us": intake + "/f/contact",
		"Delivered mail": "/mail", "Staff sign-in": "https://staff.localhost:8445",
	} {
		if links[text] != want {
			t.Errorf("%q leads to %q, want %q", text, links[text], want)
		}
	}
}

// Nothing on any page comes from elsewhere, and nothing needs a script or an inline style.
func TestPagesNeedNobodyElse(t *testing.T) {
	h, _ := start(t, nil)
	for _, path := range []string{"/", "/mail", "/mail/" + id, "/nothing"} {
		answer, page := get(t, h, path)
		csp := answer.Header().Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "default-src 'none';") || strings.Contains(csp, "unsafe") || answer.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", path, answer.Header())
		}
		if answer.Header().Get("Strict-Transport-Security") != "" || answer.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: headers %v", path, answer.Header())
		}
		walk(t, page, func(n *html.Node) {
			if n.Data == "script" || n.Data == "style" || n.Data == "form" || attr(n, "style") != "" {
				t.Errorf("%s has <%s style=%q>", path, n.Data, attr(n, "style"))
			}
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") {
					t.Errorf("%s has %s=%q", path, a.Key, a.Val)
				}
			}
			if from := attr(n, "src"); from != "" {
				loads(t, h, path, from)
			}
			if n.Data == "link" {
				loads(t, h, path, attr(n, "href"))
			}
		})
	}
}

func loads(t *testing.T, h http.Handler, page, from string) {
	t.Helper()
	u, err := url.Parse(from)
	if err != nil || u.IsAbs() || u.Host != "" {
		t.Errorf("%s loads %q", page, from)
		return
	}
	if answer, _ := get(t, h, from); answer.Code != http.StatusOK {
		t.Errorf("%s loads %q, which is %d", page, from, answer.Code)
	}
}

func TestMailPageShowsCiphertextAndHowToOpenIt(t *testing.T) {
	h, dir := start(t, nil)
	_, list := get(t, h, "/mail")
	if !strings.Contains(list, `href="/mail/`+id+`"`) || !strings.Contains(list, "number 42") {
		t.Errorf("list: %s", list)
	}
	_, page := get(t, h, "/mail/"+id)
	text := html.UnescapeString(page)
	for _, want := range []string{
		"-----BEGIN PGP MESSAGE-----", `href="/mail/` + id + `.eml"`,
		`gpg --homedir "$DEMO_KEYRING" --import '` + dir + `/it'\''s/private.asc' ` + dir + "/signer.asc",
		`gpg --homedir "$DEMO_KEYRING" --output opened.eml --decrypt ` + filepath.Join(dir, id+".eml"),
		"The key files are not there",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in the page", want)
		}
	}
	answer, body := get(t, h, "/mail/"+id+".eml")
	if body != raw || answer.Header().Get("Content-Type") != "message/rfc822" || answer.Header().Get("Content-Disposition") != `attachment; filename="`+id+`.eml"` {
		t.Errorf("%v %q", answer.Header(), body)
	}
}

func TestEmptyMailbox(t *testing.T) {
	for name, dir := range map[string]string{"empty": t.TempDir(), "missing": filepath.Join(t.TempDir(), "none")} {
		h, _ := start(t, func(c *Config) { c.MailDir = dir })
		if answer, page := get(t, h, "/mail"); answer.Code != http.StatusOK || !strings.Contains(page, "No mail yet") {
			t.Errorf("%s: %d", name, answer.Code)
		}
	}
}

func TestNothingElseIsReachable(t *testing.T) {
	h, dir := start(t, nil)
	put(t, filepath.Join(dir, "secret.txt"), "secret")
	put(t, filepath.Join(dir, ".arriving-1"), "secret")
	if err := os.Symlink("/etc/hostname", filepath.Join(dir, "20261121T201932.123456789Z-00000000.eml")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{
		"/mail/secret.txt":                          404,
		"/mail/.arriving-1":                         404,
		"/mail/..%2f..%2fetc%2fpasswd":              404,
		"/mail/..%2f" + id + ".eml":                 404,
		"/mail/" + id + "%00.eml":                   404,
		"/mail/" + id + ".eml.eml":                  404,
		"/mail/" + strings.Replace(id, "0", "1", 1): 404,
		"/assets/":         404,
		"/assets/demo.css": 404,
		"/favicon.ico":     404,
	} {
		if answer, body := get(t, h, path); answer.Code != want || strings.Contains(body, "secret") {
			t.Errorf("%s: %d", path, answer.Code)
		}
	}
	h = New(Config{MailDir: dir}) // a link out of the folder is a fault, not a message
	if answer, _ := get(t, h, "/mail/20261121T201932.123456789Z-00000000.eml"); answer.Code != http.StatusInternalServerError {
		t.Errorf("link: %d", answer.Code)
	}
}

// What a message says is text, whoever mailed it.
func TestMessageIsOnlyText(t *testing.T) {
	h, dir := start(t, nil)
	put(t, filepath.Join(dir, id+".eml"), "Subject: <script>alert(1)</script>\r\nFrom: \"><img src=x onerror=alert(1)>\r\n\r\n</pre><script>alert(1)</script>")
	for _, path := range []string{"/mail", "/mail/" + id} {
		_, page := get(t, h, path)
		walk(t, page, func(n *html.Node) {
			if n.Data == "script" || attr(n, "onerror") != "" {
				t.Errorf("%s runs what was mailed", path)
			}
		})
	}
}

func TestLongListAndLongMessageAreCut(t *testing.T) {
	h, dir := start(t, nil)
	for i := range listed + 4 {
		put(t, filepath.Join(dir, fmt.Sprintf("20261122T000000.%09dZ-00c0ffee.eml", i)), raw)
	}
	put(t, filepath.Join(dir, id+".eml"), raw+strings.Repeat("x", shown))
	if _, page := get(t, h, "/mail"); strings.Count(page, "<li>\n<h2>") != listed || !strings.Contains(page, "and 5 older") {
		t.Errorf("%d listed", strings.Count(page, "<li>\n<h2>"))
	}
	if _, page := get(t, h, "/mail/"+id); !strings.Contains(page, "This is the beginning") || len(page) > shown+16<<10 {
		t.Errorf("%d bytes", len(page))
	}
}

func TestOnlyReading(t *testing.T) {
	h, _ := start(t, nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/mail", strings.NewReader("x")))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
}
