package main

import (
	"bytes"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"sealform/internal/config"
	"sealform/internal/outward"
	"sealform/internal/outward/outwardtest"
	"sealform/keys"
)

// directory is the web key directory of riverside.example, at its own port on this machine.
type directory struct {
	key   []byte
	asked atomic.Int64
	world outward.Config
}

func newDirectory(t *testing.T) *directory {
	t.Helper()
	const name = "openpgpkey.riverside.example"
	certificate, pool := outwardtest.Certificate(t, time.Now(), name)
	ln, err := net.Listen("tcp", "127.0.0.1:443")
	if err != nil {
		t.Fatal(err)
	}
	d := &directory{world: outward.Config{Roots: pool, Resolver: outwardtest.Resolver(t, outwardtest.Names{name: {{"127.0.0.1"}}})}}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.asked.Add(1)
		if r.URL.Query().Get("l") != "dana" || d.key == nil {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(d.key)
	}))
	s.Listener, s.TLS = ln, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return d
}

// holds puts a key there that names those addresses, and gives its fingerprint.
func (d *directory) holds(t *testing.T, change func(*packet.Config), named ...string) keys.Fingerprint {
	t.Helper()
	c := &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, Curve: packet.Curve25519, Time: func() time.Time { return time.Now().Add(-2 * time.Hour) }}
	if change != nil {
		change(c)
	}
	var e *openpgp.Entity
	var err error
	if len(named) == 0 {
		e, err = openpgp.NewEntityWithoutId(c)
	} else {
		e, err = openpgp.NewEntity("A stranger\x1b[2J", "", named[0], c)
		named = named[1:]
	}
	for _, address := range named {
		if err == nil {
			err = e.AddUserId("Dana", "", address, c)
		}
	}
	var b bytes.Buffer
	if err == nil {
		err = e.Serialize(&b)
	}
	if err != nil {
		t.Fatal(err)
	}
	d.key = b.Bytes()
	return keys.FingerprintOf(e.PrimaryKey.Fingerprint)
}

const fetched = "dana@riverside.example"

// TestKeysFetch: a key from its address's directory is shown; with --yes it is kept, and never asked for again.
// covers CR01, ML08
func TestKeysFetch(t *testing.T) {
	if !isolated(t) {
		return
	}
	d, f := newDirectory(t), newFolder(t, time.Now())
	p := program{now: time.Now, outward: d.world}
	want := d.holds(t, nil, "other@riverside.example", fetched)
	fetch := func(flags ...string) (code int, out, said string) {
		t.Helper()
		return f.tell(t, p, append([]string{"keys", "fetch", "Dana@Riverside.example", "--name", "dana"}, flags...)...)
	}
	if code, _, said := fetch(); code != 1 || !strings.Contains(said, "is at an inside address, which is not called unless outward.allow names it") || d.asked.Load() != 0 {
		t.Errorf("an address inside, which is not allowed: %d, asked %d times\n%s", code, d.asked.Load(), said)
	}
	f.configure(t, "outward: { allow: [127.0.0.0/8] }\n")
	code, out, said := fetch()
	keep := "\n  sealform keys fetch dana@riverside.example --name dana --fingerprint " + string(want) + " --yes --config " + f.path(config.FileName) + "\n"
	if code != 0 || !strings.Contains(out, want.Grouped()+"\n  never ends") || !strings.Contains(out, "Nothing is kept yet.") || !strings.Contains(out, keep) || strings.Contains(out, "\x1b") {
		t.Errorf("what is shown: %d\n%s%s", code, out, said)
	}
	asked := d.asked.Load()
	if code, _, said := fetch("--yes"); code != 2 || !strings.Contains(said, "--yes keeps a key for good, so say which: --fingerprint") || d.asked.Load() != asked {
		t.Errorf("kept without a fingerprint: %d\n%s", code, said)
	}
	other := strings.Repeat("0", 40)
	for _, flags := range [][]string{{"--fingerprint", other}, {"--fingerprint", other, "--yes"}} {
		if code, _, said := fetch(flags...); code != 1 || !strings.Contains(said, "that is not the fingerprint given with --fingerprint; nothing was kept") {
			t.Errorf("%v: %d\n%s", flags, code, said)
		}
	}
	if _, err := os.Stat(f.path("keys", "dana.asc")); err == nil {
		t.Fatal("it is kept already")
	}
	code, out, said = fetch("--fingerprint", strings.ToLower(want.Grouped()), "--yes")
	if code != 0 {
		t.Fatalf("%d\n%s", code, said)
	}
	_, line, _ := strings.Cut(out, "under recipients:\n")
	d.keptForGood(t, f, p, line)
}

// keptForGood goes on with the line that was shown for the configuration: it is right, and the directory may change its
// mind as it likes.
func (d *directory) keptForGood(t *testing.T, f *folder, p program, line string) {
	t.Helper()
	f.configure(t, relayed(localhostAddress(t))+"recipients:\n"+line)
	f.form(t, "  mail: { to: [ "+fetched+" ] }\n")
	was, err := os.ReadFile(f.path("keys", "dana.asc"))
	if err != nil {
		t.Fatal(err)
	}
	d.holds(t, nil, fetched)
	asked := d.asked.Load()
	v := f.visits(t, startAs(t, p, f.serveArgs()...))
	v.sees(t, http.StatusOK)
	if _, err := v.submit("visit", personal...); err != nil {
		t.Fatal(err)
	}
	if code, _, said := f.tell(t, p, "keys", "fetch", fetched, "--name", "dana", "--fingerprint", strings.Repeat("0", 40), "--yes"); code != 1 || !strings.Contains(said, "keys/dana.asc is there already") {
		t.Errorf("a second time: %d\n%s", code, said)
	}
	if now, err := os.ReadFile(f.path("keys", "dana.asc")); err != nil || !bytes.Equal(was, now) {
		t.Errorf("the key has changed: %v", err)
	}
	if n := d.asked.Load(); n != asked {
		t.Errorf("the directory was asked %d times more", n-asked)
	}
}

// TestKeysFetchRefuses: what a directory gives is taken only if it can be sealed to and names the address.
// covers CR01, CR02
func TestKeysFetchRefuses(t *testing.T) {
	if !isolated(t) {
		return
	}
	d, f := newDirectory(t), newFolder(t, time.Now())
	f.configure(t, "outward: { allow: [127.0.0.0/8] }\n")
	v6 := func(c *packet.Config) { c.V6Keys, c.Algorithm = true, packet.PubKeyAlgoEd25519 }
	for name, c := range map[string]struct {
		put  func()
		want string
	}{
		"another's":         {func() { d.holds(t, nil, "sam@riverside.example", "dana@riverside.example.org") }, "gave a key that does not name dana@riverside.example"},
		"no address at all": {func() { d.holds(t, v6) }, "gave a key that does not name dana@riverside.example"},
		"ended":             {func() { d.holds(t, func(c *packet.Config) { c.KeyLifetimeSecs = 3600 }, fetched) }, "expired on"},
		"no key":            {func() { d.key = []byte("<html>") }, "the file is not an OpenPGP public key"},
		"none":              {func() { d.key = nil }, "looking up the key of dana@riverside.example: its domain's directory has none"},
	} {
		c.put()
		code, out, said := f.tell(t, program{outward: d.world}, "keys", "fetch", fetched, "--name", "dana", "--fingerprint", strings.Repeat("0", 40), "--yes")
		if code != 1 || out != "" || !strings.Contains(said, c.want) || strings.Contains(said, "\x1b") {
			t.Errorf("%s: %d\n%s%s", name, code, out, said)
		}
		if _, err := os.Stat(f.path("keys", "dana.asc")); err == nil {
			t.Fatalf("%s: it is kept", name)
		}
	}
	want := d.holds(t, func(c *packet.Config) { v6(c); c.AEADConfig = &packet.AEADConfig{} }, fetched)
	out := f.do(t, program{outward: d.world}, "keys", "fetch", fetched, "--name", "dana", "--fingerprint", string(want), "--yes")
	if !strings.Contains(out, "fingerprint: "+string(want)+", profile: modern }") {
		t.Errorf("a key of the new format:\n%s", out)
	}
}
