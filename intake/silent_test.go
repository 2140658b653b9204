package intake

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"sealform/internal/spool"
)

// sender is one HTTP/1 connection that sends what it is told, and no more.
type sender struct {
	*tls.Conn
	read *bufio.Reader
}

func (c *clinic) sender() sender {
	c.t.Helper()
	config := c.server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	config.NextProtos = []string{"http/1.1"}
	conn, err := tls.Dial("tcp", c.server.Listener.Addr().String(), config)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { conn.Close() })
	return sender{conn, bufio.NewReader(conn)}
}

// begin announces a body for somebody behind a proxy, and sends a part of it.
func (c *clinic) begin(from, kind string, announced int, sent string) sender {
	c.t.Helper()
	s := c.sender()
	if _, err := fmt.Fprintf(s, "POST /f/contact HTTP/1.1\r\nHost: %s\r\nX-Forwarded-For: %s\r\nX-Forwarded-Proto: https\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
		c.config.Hosts[0], from, kind, announced, sent); err != nil {
		c.t.Fatal(err)
	}
	return s
}

// hears gives the status that came until then; 0 for none.
func (s sender) hears(t *testing.T, until time.Time) (int, *http.Response) {
	t.Helper()
	if err := s.SetReadDeadline(until); err != nil {
		t.Fatal(err)
	}
	if _, err := s.read.Peek(1); os.IsTimeout(err) {
		return 0, nil
	}
	resp, err := http.ReadResponse(s.read, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp
}

// Bodies that are begun and not ended hold only so much memory: whoever comes beyond it is asked to come again, and
// somebody at another address is served meanwhile.
// covers IN02, IN17
func TestSilentBodiesHaveABudget(t *testing.T) {
	long := strings.Repeat("&a="+strings.Repeat("v", 60_000), 16)
	for name, c := range map[string]struct {
		memory     int64
		kind, body string
	}{
		"urlencoded": {2 << 20, urlencoded, "x=y" + long},
		"multipart":  {2 << 20, multi, strings.Repeat(part(`form-data; name="a"`, "", strings.Repeat("v", 60_000)), 16)},
		"files":      {300 << 10, multi, part(`form-data; name="card"; filename="a.jpg"`, "", "cut")[:90]},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			silent(t, c.memory, c.kind, c.body)
		})
	}
}

func silent(t *testing.T, memory int64, kind, body string) {
	small, err := spool.New(spool.Config{Dir: t.TempDir(), Memory: 2 * memory, MemoryPerAddress: memory})
	if err != nil {
		t.Fatal(err)
	}
	c := openClinic(t, func(k *Config) { k.Proxies, k.Spool = []netip.Prefix{loopback}, small })
	refused := 0
	for range 6 {
		s := c.begin("192.0.2.7", kind, 1<<20, body)
		status, resp := s.hears(t, time.Now().Add(500*time.Millisecond))
		if status == 0 {
			continue
		}
		if refused++; status != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" || !resp.Close {
			t.Errorf("status %d, closes %v, retry after %q", status, resp.Close, resp.Header.Get("Retry-After"))
		}
	}
	if refused == 0 || refused == 6 || small.Used() > memory {
		t.Errorf("%d of 6 refused, %d bytes held", refused, small.Used())
	}
	sent := c.filled().Encode()
	if status, _ := c.begin("192.0.2.8", urlencoded, len(sent), sent).hears(t, time.Now().Add(10*time.Second)); status != http.StatusSeeOther {
		t.Errorf("somebody else is answered with %d", status)
	}
}
