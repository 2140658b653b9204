package wkd

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sealform/internal/outward"
	"sealform/internal/outward/outwardtest"
)

func TestHash(t *testing.T) {
	for local, want := range map[string]string{
		"Joe.Doe": "iy9q119eutrkn8s1mk4r39qejnbu3n5q", // the draft's own example
		"joe.doe": "iy9q119eutrkn8s1mk4r39qejnbu3n5q",
	} {
		if got := hash(local); got != want {
			t.Errorf("%s: %s, want %s", local, got, want)
		}
	}
	for want, b := range map[string][]byte{"6n9hq": {0xF0, 0xBF, 0xC7}, "4t7ye": {0xD4, 0x7A, 0x04}, "yy": {0}, "": {}} {
		if got := zBase32.EncodeToString(b); got != want {
			t.Errorf("%x: %s, want %s", b, got, want)
		}
	}
}

// directory serves files by host and URL, and notes what it was asked.
type directory struct {
	files map[string]string
	asked []string
	*httptest.Server
}

func newDirectory(t *testing.T, names outwardtest.Names, files map[string]string) (*directory, *outward.Client, string) {
	t.Helper()
	d := &directory{files: files}
	d.Server = httptest.NewUnstartedServer(http.HandlerFunc(d.serve))
	cert, pool := outwardtest.Certificate(t, time.Now(), "example.org", "openpgpkey.example.org")
	d.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	d.Config.ErrorLog = log.New(io.Discard, "", 0)
	d.StartTLS()
	t.Cleanup(d.Close)
	_, port, _ := net.SplitHostPort(d.Listener.Addr().String())
	return d, outward.New(outward.Config{
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Roots: pool, Resolver: outwardtest.Resolver(t, names),
	}), ":" + port
}

func (d *directory) serve(w http.ResponseWriter, r *http.Request) {
	host, _, _ := strings.Cut(r.Host, ":")
	d.asked = append(d.asked, host+r.URL.RequestURI())
	if b, there := d.files[host+r.URL.Path]; there {
		_, _ = io.WriteString(w, b)
		return
	}
	http.NotFound(w, r)
}

const (
	hashed       = "iy9q119eutrkn8s1mk4r39qejnbu3n5q"
	advancedFile = "openpgpkey.example.org/.well-known/openpgpkey/example.org/hu/" + hashed
	directFile   = "example.org/.well-known/openpgpkey/hu/" + hashed
)

func TestFetch(t *testing.T) {
	here := [][]string{{"127.0.0.1"}}
	both := outwardtest.Names{"example.org": here, "openpgpkey.example.org": here}
	for name, c := range map[string]struct {
		names outwardtest.Names
		files map[string]string
		want  string
		code  outward.Code
		asked []string
	}{
		"advanced": {both, map[string]string{advancedFile: "A", directFile: "D"}, "A", "", []string{advancedFile + "?l=Joe.Doe"}},
		"direct, as the other name does not exist": {
			outwardtest.Names{"example.org": here},
			map[string]string{advancedFile: "A", directFile: "D"},
			"D", "",
			[]string{directFile + "?l=Joe.Doe"},
		},
		"advanced has none, and that counts":   {both, map[string]string{directFile: "D"}, "", "answered_404", []string{advancedFile + "?l=Joe.Doe"}},
		"neither":                              {both, nil, "", "answered_404", []string{advancedFile + "?l=Joe.Doe"}},
		"no such domain":                       {outwardtest.Names{}, nil, "", "unknown_host", nil},
		"the name server fails: not the same":  {outwardtest.Names{"example.org": here, "openpgpkey.example.org": {}}, map[string]string{directFile: "D"}, "", "unknown_host", nil},
		"the advanced name leads inside":       {outwardtest.Names{"example.org": here, "openpgpkey.example.org": {{"127.0.0.2"}}}, map[string]string{directFile: "D"}, "", "inside", nil},
		"the direct name leads inside":         {outwardtest.Names{"example.org": {{"10.0.0.1"}}}, nil, "", "inside", nil},
		"more than a certificate may be large": {both, map[string]string{advancedFile: strings.Repeat("x", 64<<10+1)}, "", "too_long", []string{advancedFile + "?l=Joe.Doe"}},
	} {
		t.Run(name, func(t *testing.T) {
			d, client, port := newDirectory(t, c.names, c.files)
			got, err := fetch(t.Context(), client, "Joe.Doe@Example.ORG", port)
			if code(t, err) != c.code || !bytes.Equal(got, []byte(c.want)) {
				t.Errorf("%q, %v", got, err)
			}
			if diff := cmp.Diff(c.asked, d.asked); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func code(t *testing.T, err error) outward.Code {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *outward.Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is no *outward.Error", err)
	}
	return e.Code
}

// TestLocalPartIsQuoted: what is a sign of URLs is no sign in an address.
func TestLocalPartIsQuoted(t *testing.T) {
	d, client, port := newDirectory(t, outwardtest.Names{"openpgpkey.example.org": {{"127.0.0.1"}}}, nil)
	if _, err := fetch(t.Context(), client, "a+b&l=c#d@example.org", port); code(t, err) != "answered_404" {
		t.Fatal(err)
	}
	want := []string{"openpgpkey.example.org/.well-known/openpgpkey/example.org/hu/" + hash("a+b&l=c#d") + "?l=a%2Bb%26l%3Dc%23d"}
	if diff := cmp.Diff(want, d.asked); diff != "" {
		t.Error(diff)
	}
}

// TestAddresses: strictly local@domain, and no address that is not is looked up.
// covers ML02 ML08
func TestAddresses(t *testing.T) {
	for _, address := range []string{
		"", "a", "@b.example", "a@", "a@b", "a@b@c.example", ".a@b.example", "a.@b.example", "a..b@c.example", `"a b"@c.example`, `"a@x> ORCPT=..."@y.example`,
		"a@127.0.0.1", "a@[127.0.0.1]", "a@[::1]", "a@b.example:8443", "a@b.example/x", "a@b.example?x", "a@b.example#x", "a@u:p@b.example", "a@b.example.",
		"a@-b.example", "a@b-.example", "a@b..example", "a@b.0x7f", "a@2130706433", "a@b.example\r\nx", "a\r\nb@c.example", "a b@c.example", "ä@b.example",
		"a@bücher.example", "a@b.example\x00", "a@localhost", strings.Repeat("a", 65) + "@b.example", "a@" + strings.Repeat("b.", 130) + "example",
		"a@" + strings.Repeat("b", 64) + ".example",
	} {
		lost := outward.New(outward.Config{Resolver: &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
			t.Errorf("%q was looked up", address)
			return nil, errors.New("no name server")
		}}})
		if _, err := Fetch(t.Context(), lost, address); code(t, err) != "bad_address" || strings.Contains(err.Error(), "@") {
			t.Errorf("%q: %v", address, err)
		}
	}
	for _, address := range []string{"a@b.example", "front.desk+forms@clinic.example", "o'brien@clinic.example", "x@XN--bcher-kva.example", strings.Repeat("a", 64) + "@b.example"} {
		if _, _, err := split(address); err != nil {
			t.Errorf("%q: %v", address, err)
		}
	}
}
