package server

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"sealform/internal/event"
	"sealform/internal/server/servertest"
	"sealform/internal/web"
)

// TestCrowds: few files are shared out so that the database keeps some; trusted proxies count as all their visitors.
// covers IN17
func TestCrowds(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	all := 0
	for _, role := range []string{Intake, Viewer, "plain", "site"} {
		d := &Listener{Role: role, proxies: proxies}
		few, many := d.crowd(400, event.Nothing()), d.crowd(1<<20, event.Nothing())
		if all += few.All; few.Each > few.All || many.Each >= many.All || many.All > 4096 || few.Each == 0 || len(few.Exempt) != 1 {
			t.Errorf("%s: %d and %d of few files, %d and %d of many", role, few.All, few.Each, many.All, many.Each)
		}
	}
	if all > 350 {
		t.Errorf("the listeners take %d of 400 files", all)
	}
	if n := openFileLimit(); n < 256 || n > 1<<20 {
		t.Errorf("%d files may be open", n)
	}
}

// TestStalledBody: who reads a body without setting a time of their own, as the viewer does, waits for so long and no
// longer, over HTTP/2 too.
// covers IN17
func TestStalledBody(t *testing.T) {
	for _, http1 := range []bool{true, false} {
		ended := make(chan error, 1)
		role := Intake
		if http1 {
			role = Viewer
		}
		d := &Listener{Role: role, Handler: web.Headers(web.Policy{}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, err := io.ReadAll(r.Body)
			ended <- err
			w.WriteHeader(http.StatusBadRequest)
		}))}
		s := httptest.NewUnstartedServer(nil)
		s.Config = d.server(event.Nothing())
		if s.Config.ReadTimeout == 0 || s.Config.ReadTimeout > time.Minute {
			t.Fatalf("the read timeout is %v", s.Config.ReadTimeout)
		}
		s.Config.ReadTimeout = 500 * time.Millisecond // as said above, but sooner
		s.EnableHTTP2 = !http1
		s.StartTLS()
		defer s.Close()
		body, w := io.Pipe()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL, body)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			resp, err := s.Client().Do(req)
			if err != nil {
				t.Errorf("HTTP/1 %v: %v", http1, err)
				return
			}
			if resp.ProtoMajor == 1 != http1 {
				t.Errorf("spoke %s", resp.Proto)
			}
			resp.Body.Close()
		})
		if _, err := w.Write([]byte("a")); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-ended:
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("HTTP/1 %v: reading ended with %v", http1, err)
			}
		case <-time.After(10 * time.Second):
			t.Errorf("HTTP/1 %v: a stalled body is waited for", http1)
		}
		w.Close()
		wg.Wait()
	}
}

// TestListenersAreClosedAgain: where one address is taken, the ones opened before it are let go.
func TestListenersAreClosedAgain(t *testing.T) {
	f := servertest.New(t, time.Now())
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := ln.Addr().String()
	ln.Close()
	c := f.Config(t)
	c.Intake.Address, c.Viewer.Address = free, taken.Addr().String()
	o := Options{Config: c, Roles: []string{Intake, Viewer}, Events: event.Nothing(), Now: time.Now}
	if err := Run(t.Context(), o, func(*Server) error { return nil }, nil); err == nil || !strings.Contains(err.Error(), "opening the viewer listener") {
		t.Errorf("serve: %v", err)
	}
	if ln, err = net.Listen("tcp", free); err != nil {
		t.Fatalf("the first address is still held: %v", err)
	}
	ln.Close()
}
