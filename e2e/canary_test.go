package e2e

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// planted dresses every request of a visitor with the canary: query, cookie, headers.
func (c *canary) planted(r *http.Request) {
	q := r.URL.Query()
	q.Set("q"+c.word("queryname"), c.word("query"))
	r.URL.RawQuery = q.Encode()
	r.Header.Set("User-Agent", c.word("useragent"))
	r.Header.Set("Referer", "https://clinic.example/"+c.word("referer"))
	r.Header.Set("Cookie", "a="+c.word("cookie"))
	r.Header.Set("Accept-Language", c.word("language"))
	r.Header.Set("X-"+c.word("header"), c.word("headervalue"))
	r.Header.Set("X-Forwarded-For", c.word("forwarded"))
	r.Header.Set("X-Request-Id", c.word("requestid"))
	r.Header.Set("Traceparent", c.word("trace"))
}

// post fills in a form with canaries: every text, an unknown field, the file's name, type and body, the boundary.
func (c *canary) post(t *testing.T, f *formPage, size int) post {
	t.Helper()
	var pairs [][2]string
	for _, in := range f.controls {
		switch in.kind {
		case "hidden", "checkbox", "radio":
			pairs = append(pairs, [2]string{in.name, in.value})
		case "file", "submit":
		default:
			pairs = append(pairs, [2]string{in.name, text(in, c.word)})
		}
	}
	pairs = append(pairs, [2]string{c.word("fieldname"), c.word("unknown")})
	var files []upload
	if f.multipart {
		files = append(files, upload{
			f.fileField(t), c.word("filename") + ".jpg", "image/jpeg",
			append(picture(), bytes.Repeat([]byte(c.word("file")+" "), size/30)...),
		})
	}
	return f.encode(once(pairs), files, c.word("boundary"))
}

// once keeps the first of several radio buttons.
func once(pairs [][2]string) [][2]string {
	seen := map[string]bool{}
	var kept [][2]string
	for _, p := range pairs {
		if !seen[p[0]] {
			kept = append(kept, p)
		}
		seen[p[0]] = true
	}
	return kept
}

// places are all that the program writes: its folder with database, log of it, spool, mail and exports, its temporary
// folder, and what it says.
func (d *demo) places() []string { return []string{d.folder, d.tmp, d.out, d.log} }

// TestCanary plants unique words in everything a visitor sends, takes every way that a submission can end, and
// looks for them in everything the program leaves behind.
// covers LK01, LK03, IN01, IN07, IN11, IN13, CR03, WB11
func TestCanary(t *testing.T) {
	whole(t)
	d := start(t, t.TempDir())
	c := newCanary()
	v := d.visitor()
	v.dress = c.planted

	t.Run("success", func(t *testing.T) { d.canaryKept(t, c, v) })
	t.Run("refusal", func(t *testing.T) { d.canaryRefused(t, c, v) })
	t.Run("nonsense", func(t *testing.T) { d.canaryNonsense(t, c, v) })
	t.Run("broken off", func(t *testing.T) { d.canaryBrokenOff(t, c, v) })
	t.Run("no key", func(t *testing.T) { d.canaryNoKey(t, c, v) })
	t.Run("staff", func(t *testing.T) { d.canaryStaff(t, c) })
	t.Run("killed", func(t *testing.T) { d.canaryKilled(t, c, v) })

	again := start(t, d.folder)
	again.stop()
	c.sweep(t, "after the next start", again.places()...)
}

// canaryKept: a submission with a file larger than what stays in memory.
func (d *demo) canaryKept(t *testing.T, c *canary, v *visitor) {
	for _, form := range []string{"new-patient", "contact"} {
		f, err := v.open(form)
		if err != nil {
			t.Fatal(err)
		}
		known := d.letters()
		ref, a, err := v.send(c.post(t, f, 2<<20))
		if err != nil || ref == "" {
			t.Fatalf("%s was not kept: %v %s", form, err, show(a))
		}
		if form == "new-patient" {
			d.nextLetter(known)
		}
	}
	c.sweep(t, "after receipts", d.places()...)
}

// canaryRefused: answers that must be mended come back to their sender and go nowhere else.
func (d *demo) canaryRefused(t *testing.T, c *canary, v *visitor) {
	f, err := v.open("new-patient")
	if err != nil {
		t.Fatal(err)
	}
	bad := c.post(t, f, 1<<20)
	bad.body = bytes.Replace(bad.body, []byte("\r\n1987\r\n"), []byte("\r\n"+c.word("year")+"\r\n"), 1)
	if !bytes.Contains(bad.body, []byte(c.word("year"))) {
		t.Fatal("the form has no year to spoil")
	}
	a, err := v.do(http.MethodPost, bad.path, bad.kind, bad.body)
	if err != nil || a.status != http.StatusUnprocessableEntity {
		t.Fatalf("bad answers: %v %s", err, show(a))
	}
	if !bytes.Contains(a.body, []byte(c.word("year"))) {
		t.Error("the refused page does not keep what was typed")
	}
	c.sweep(t, "after a refusal", d.places()...)
}

// canaryNonsense: bodies, addresses and methods that no page of ours makes.
func (d *demo) canaryNonsense(t *testing.T, c *canary, v *visitor) {
	word := c.word("nonsense")
	for _, x := range []struct{ method, path, kind, body string }{
		{"POST", "/f/contact", "application/x-www-form-urlencoded", "_token=" + word + "&a=" + word},
		{"POST", "/f/contact", "application/json", `{"` + word + `":"` + word + `"}`},
		{"POST", "/f/contact", "multipart/form-data; boundary=" + word, "--" + word + "\r\nContent-Disposition: form-data; name=\"" + word},
		{"POST", "/f/contact", "text/" + word, word},
		{"POST", "/f/contact", "application/x-www-form-urlencoded", "%zz" + word + "=%"},
		{"POST", "/f/" + word, "application/x-www-form-urlencoded", "a=" + word},
		{"GET", "/f/" + word, "", ""},
		{"GET", "/" + word + "/../" + word, "", ""},
		{"GET", "/receipt/" + word, "", ""},
		{"GET", "/r/" + word, "", ""},
		{"PUT", "/f/contact", "text/plain", word},
		{word, "/f/contact", "", ""},
		{"GET", "/metrics", "", ""},
		{"GET", "/debug/pprof/", "", ""},
	} {
		a, err := v.do(x.method, x.path, x.kind, []byte(x.body))
		if err == nil && (a.status < 400 || a.status >= 500) {
			t.Errorf("%s %s is answered %d", x.method, x.path, a.status)
		}
		if err == nil && c.in(a.body) != nil {
			t.Errorf("%s %s: the answer repeats what was sent: %s", x.method, x.path, show(a))
		}
	}
	d.canaryStaffPages(t, c)
	c.sweep(t, "after nonsense", d.places()...)
}

// canaryStaffPages: what strangers type into the staff pages.
func (d *demo) canaryStaffPages(t *testing.T, c *canary) {
	t.Helper()
	v := d.visitor()
	v.dress = func(r *http.Request) {
		c.planted(r)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	form := url.Values{"email": {c.word("email") + "@example.org"}, "password": {c.word("password")}}
	if _, err := v.do("POST", d.Viewer+"/sign-in", "application/x-www-form-urlencoded", []byte(form.Encode())); err != nil {
		t.Error(err)
	}
	if _, err := v.do("GET", d.Viewer+"/"+c.word("path"), "", nil); err != nil {
		t.Error(err)
	}
}

// canaryBrokenOff: the visitor's connection ends in the middle of a file.
func (d *demo) canaryBrokenOff(t *testing.T, c *canary, v *visitor) {
	for _, part := range []int{3, 2} {
		conn := d.half(t, c, v, part)
		time.Sleep(300 * time.Millisecond)
		c.sweep(t, "in the middle of an upload", d.places()...)
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(300 * time.Millisecond)
	c.sweep(t, "after broken uploads", d.places()...)
}

// half sends a submission up to 1/part of its body and leaves the connection open.
func (d *demo) half(t *testing.T, c *canary, v *visitor, part int) io.Closer {
	t.Helper()
	f, err := v.open("new-patient")
	if err != nil {
		t.Fatal(err)
	}
	p := c.post(t, f, 6<<20)
	u, err := url.Parse(d.Intake)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := tls.Dial("tcp", u.Host, d.tls())
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(conn)
	fmt.Fprintf(w, "POST %s?q=%s HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n",
		p.path, c.word("query"), u.Host, p.kind, len(p.body))
	_, err = w.Write(p.body[:len(p.body)/part])
	if err := errors.Join(err, w.Flush()); err != nil {
		t.Fatal(err)
	}
	return conn
}

// canaryNoKey: the reader's key is damaged while the form is open in somebody's browser. Sealing fails, so nothing
// may be kept and nothing shown but that the form is closed.
func (d *demo) canaryNoKey(t *testing.T, c *canary, v *visitor) {
	f, err := v.open("new-patient")
	if err != nil {
		t.Fatal(err)
	}
	before := len(d.letters())
	mend := d.breakKeys(t)
	time.Sleep(2500 * time.Millisecond) // readers' keys are looked at every two seconds
	p := c.post(t, f, 1<<20)
	a, err := v.do(http.MethodPost, p.path, p.kind, p.body)
	if err != nil || a.status != http.StatusServiceUnavailable {
		t.Errorf("without a reader's key: %v %s", err, show(a))
	}
	mend()
	if err == nil && c.in(a.body) != nil {
		t.Error("the closed page repeats answers")
	}
	time.Sleep(2500 * time.Millisecond)
	if _, err := v.open("new-patient"); err != nil {
		t.Errorf("the form does not open again: %v", err)
	}
	if after := len(d.letters()); after != before {
		t.Errorf("%d mails came of a submission that was not kept", after-before)
	}
	c.sweep(t, "after sealing failed", d.places()...)
}

// breakKeys overwrites the readers' certificates and gives what puts them back.
func (d *demo) breakKeys(t *testing.T) (mend func()) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(d.Dir, "keys", "*.asc"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no reader's key in %s/keys: %v", d.Dir, err)
	}
	old := map[string][]byte{}
	for _, path := range found {
		old[path] = contents(t, path)
		write(t, path, []byte("not a key\n"))
	}
	return func() {
		t.Helper()
		for path, b := range old {
			write(t, path, b)
		}
	}
}

// canaryStaff: what was planted is opened, so plaintext goes through the viewer too.
func (d *demo) canaryStaff(t *testing.T, c *canary) {
	s := d.signIn()
	seen, saved := 0, 0
	for _, e := range s.inbox() {
		page := s.get(e.address)
		if !bytes.Contains(page, []byte(c.stem)) {
			continue
		}
		seen++
		for _, l := range links(page) {
			if strings.HasPrefix(l.text, "Save") {
				if bytes.Contains(s.get(l.address), []byte(c.word("file"))) {
					saved++
				}
			}
		}
	}
	if seen != 2 || saved != 1 {
		t.Errorf("%d of our submissions and %d files were opened, want 2 and 1", seen, saved)
	}
	c.sweep(t, "after staff read it", d.places()...)
	s.post("/lock", nil)
	s.post("/sign-out", nil)
}

// canaryKilled: the process is stopped in the middle of a file and killed.
func (d *demo) canaryKilled(t *testing.T, c *canary, v *visitor) {
	conn := d.half(t, c, v, 2)
	defer conn.Close()
	time.Sleep(200 * time.Millisecond)
	d.signal(syscall.SIGSTOP)
	c.sweep(t, "while stopped", d.places()...)
	d.kill()
	c.sweep(t, "after kill -9", d.places()...)
}

// write replaces a file's content.
func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
