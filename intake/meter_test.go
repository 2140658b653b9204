package intake

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// A body that stalls ends alone: over HTTP/2 the other streams of its connection go on.
// covers IN17
func TestAStalledStreamEndsAlone(t *testing.T) {
	ended := make(chan error, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m := newMeter(w, r.Body, 1<<20, 1<<20)
		if r.URL.Path == "/stalls" {
			m.due = time.Now().Add(300 * time.Millisecond) // the grace, nearly over
		}
		_, err := io.Copy(io.Discard, m)
		m.done()
		if r.URL.Path == "/stalls" {
			ended <- err
		}
		if err != nil {
			w.WriteHeader(http.StatusRequestTimeout)
		}
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	post := func(path string, body io.Reader) (int, int) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+path, body)
		if err != nil {
			t.Error(err)
			return 0, 0
		}
		resp, err := server.Client().Do(r)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return 0, 0
		}
		defer resp.Body.Close()
		return resp.StatusCode, resp.ProtoMajor
	}
	going, send := io.Pipe()
	went := make(chan int, 1)
	go func() {
		status, _ := post("/goes-on", going)
		went <- status
	}()
	if _, err := send.Write([]byte("a")); err != nil {
		t.Fatal(err)
	}
	stalled, stall := io.Pipe()
	defer stall.Close()
	if status, major := post("/stalls", stalled); status != http.StatusRequestTimeout || major != 2 {
		t.Errorf("stalled: %d over HTTP/%d", status, major)
	}
	if err := <-ended; !errors.Is(err, errSlow) {
		t.Errorf("reading ended with %v", err)
	}
	if _, err := send.Write([]byte("b")); err != nil {
		t.Error(err)
	}
	if err := send.Close(); err != nil {
		t.Error(err)
	}
	if status := <-went; status != http.StatusOK {
		t.Errorf("the other stream: %d", status)
	}
}
