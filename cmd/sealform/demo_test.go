package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp/totp"

	"sealform/internal/demo/postbox"
	"sealform/keys"
	"sealform/keys/private"
)

// startDemo starts the demo on free ports.
func startDemo(t *testing.T, args ...string) *run {
	t.Helper()
	return start(t, nil, append([]string{"demo", "--intake-addr", "127.0.0.1:0", "--viewer-addr", "127.0.0.1:0", "--site-addr", "127.0.0.1:0"}, args...)...)
}

// says waits until standard output holds want.
func (r *run) says(want string) string {
	r.t.Helper()
	until(r.t, "what the demo says", func() bool {
		select {
		case code := <-r.code:
			r.t.Fatalf("the demo ended with %d:\n%s", code, r.err)
		default:
		}
		return strings.Contains(r.out.String(), want)
	})
	return r.out.String()
}

// TestDemoSpeaksToPeople: everything that a person needs to try it is on the screen, the sites answer, and Ctrl-C
// leaves nothing behind.
func TestDemoSpeaksToPeople(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	r := startDemo(t)
	text := r.says("Press Ctrl-C to stop.")
	for what, pattern := range map[string]string{
		"the clinic's site": `The clinic's site +https://localhost:\d+`,
		"the staff address": `The staff's pages +https://staff\.localhost:\d+`,
		"the e-mail":        `e-mail +dana@riverside\.example`,
		"the password":      `account password +([a-z]{6}-){5}[a-z]{6}`,
		"the secret":        `TOTP secret +[A-Z2-7]{32}`,
		"a code":            `code right now +\d{6} \(for \d+ more seconds\)`,
		"the key password":  `key password +([a-z]{6}-){5}[a-z]{6}`,
		"the mail page":     `The mail delivered +https://localhost:\d+/mail`,
		"the CA file":       regexp.QuoteMeta(tmp) + `/\S+/ca/ca\.pem`,
		"its fingerprint":   `SHA-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}`,
	} {
		if !regexp.MustCompile(pattern).MatchString(text) {
			t.Errorf("%s is not told:\n%s", what, text)
		}
	}
	ca := regexp.MustCompile(`\S+/ca/ca\.pem`).FindString(text)
	for _, page := range []string{regexp.MustCompile(`https://localhost:\d+`).FindString(text), regexp.MustCompile(`https://localhost:\d+/mail`).FindString(text)} {
		u, err := url.Parse(page)
		if err != nil {
			t.Fatal(err)
		}
		v, err := newVisitor("127.0.0.1:"+u.Port(), ca)
		if err != nil {
			t.Fatal(err)
		}
		v.base = "https://" + u.Host
		if got, err := v.ask(http.MethodGet, u.Path, "", nil); err != nil || got.status != http.StatusOK {
			t.Errorf("%s: %v %v", page, got, err)
		}
	}
	if code := r.stop(); code != 0 {
		t.Errorf("exit code %d\n%s", code, r.err)
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// jsonLine is the demo's line as scripts read it.
func (r *run) jsonLine() demoLine {
	r.t.Helper()
	var l demoLine
	d := json.NewDecoder(strings.NewReader(r.says("\n")))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		r.t.Fatal(err)
	}
	return l
}

// TestDemoCarriesOn: a second start on the same folder has the account, the key, the submissions and the mail of the
// first, and what the demo exports opens that mail.
func TestDemoCarriesOn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	r := startDemo(t, "--json", "--dir", dir)
	first := r.jsonLine()
	v := demoVisitor(t, first.Intake, first.CA)
	reference, err := v.submit("new-patient", demoAnswers...)
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the mail", func() bool { names, err := postbox.List(first.Mail); return err == nil && len(names) == 1 })
	if code := r.stop(); code != 0 {
		t.Fatalf("exit code %d\n%s", code, r.err)
	}

	r = startDemo(t, "--json", "--dir", dir)
	second := r.jsonLine()
	if diff := cmp.Diff(first.Account, second.Account) + cmp.Diff(first.Key, second.Key) + cmp.Diff(first.CA, second.CA); diff != "" {
		t.Errorf("not the same demo (-first +second):\n%s", diff)
	}
	code, err := totp.GenerateCode(second.Account.TOTPSecret, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(second.Viewer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := newColleague("https://staff.localhost:"+u.Port(), "127.0.0.1:"+u.Port(), second.CA,
		login{second.Account.Email, second.Account.Password, code, second.Key.Password})
	if err != nil {
		t.Fatal(err)
	}
	page, err := c.read(reference)
	if err != nil || !strings.Contains(page, "Maria Alvarez") {
		t.Errorf("the submission of the first start: %v\n%s", err, page)
	}
	opensMail(t, second, "Maria Alvarez")
}

var demoAnswers = []string{
	"full_name=Maria Alvarez", "birth.day=27", "birth.month=3", "birth.year=1957", "email=maria@example.org", "phone=555 0142",
	"reach=call", "reason=A sore knee", "medicines=no", "conditions=none", "first_visit=yes", "privacy=yes",
}

func demoVisitor(t *testing.T, intake, ca string) *visitor {
	t.Helper()
	u, err := url.Parse(intake)
	if err != nil {
		t.Fatal(err)
	}
	v, err := newVisitor("127.0.0.1:"+u.Port(), ca)
	if err != nil {
		t.Fatal(err)
	}
	v.base = intake
	return v
}

// opensMail opens the newest mail with what the demo exported.
func opensMail(t *testing.T, l demoLine, want string) {
	t.Helper()
	names, err := postbox.List(l.Mail)
	if err != nil || len(names) == 0 {
		t.Fatalf("no mail: %v", err)
	}
	var out, said bytes.Buffer
	p := &program{in: strings.NewReader(l.Key.Password + "\n"), out: &out, err: &said, now: time.Now}
	args := []string{"sealform", "open", "--key", l.Key.Private, "--signer", l.Key.Signer, filepath.Join(l.Mail, names[0])}
	if code := p.run(t.Context(), args); code != 0 || !strings.Contains(out.String(), want) {
		t.Errorf("open: exit code %d\n%s\n%s", code, said.String(), out.String())
	}
	exported, err := os.ReadFile(l.Key.Private)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := private.Import(exported, keys.NewPassword([]byte(l.Key.Password)), keys.NewPassword([]byte("another one")), time.Now()); err != nil {
		t.Errorf("the exported key: %v", err)
	}
}

// TestDemoRefuses: what the demo can't start on, and what to do then.
func TestDemoRefuses(t *testing.T) {
	begun := newFolder(t, time.Now()).dir // a service, but no demo.json: it was never finished, or is a real one
	half := t.TempDir()                   // cut off even earlier
	if err := os.CopyFS(filepath.Join(half, "secrets"), os.DirFS(filepath.Join(begun, "secrets"))); err != nil {
		t.Fatal(err)
	}
	broken := t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, "demo.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := startDemo(t, "--json")
	u, err := url.Parse(other.jsonLine().Intake)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"a start that was cut off": {[]string{"--dir", begun}, "holds a service that is not a whole demo\nTry: a fresh folder with --dir"},
		"one cut off even earlier": {[]string{"--dir", half}, "what lies here was begun and not finished"},
		"a broken one":             {[]string{"--dir", broken}, "demo.json can't be read\nTry: a fresh folder with --dir"},
		"an address in use":        {[]string{"--intake-addr", "127.0.0.1:" + u.Port()}, "opening the intake listener"},
	} {
		t.Run(name, func(t *testing.T) {
			r := startDemo(t, c.args...)
			if code := <-r.code; code != 1 || !strings.Contains(r.err.String(), c.want) {
				t.Errorf("exit code %d:\n%s", code, r.err)
			}
			if n := strings.Count(r.err.String(), "Try: "); n != 1 {
				t.Errorf("%d hints:\n%s", n, r.err)
			}
		})
	}
}
