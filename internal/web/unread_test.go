package web

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"
)

// reading answers after reading what the path says.
func reading(t *testing.T) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/all":
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				t.Error(err)
			}
		case "/some":
			if _, err := io.ReadFull(r.Body, make([]byte, 1)); err != nil {
				t.Error(err)
			}
		case "/broken":
			if err := http.NewResponseController(w).SetReadDeadline(time.Now()); err != nil {
				t.Error(err)
			}
			if _, err := io.Copy(io.Discard, r.Body); err == nil {
				t.Error("the whole body came")
			}
		}
		w.WriteHeader(http.StatusOK)
	})
}

// A body that is announced, not sent, and not waited for by anybody does not keep its connection.
// covers IN17
func TestUnreadBodies(t *testing.T) {
	server := httptest.NewServer(Headers(Policy{}, reading(t)))
	defer server.Close()
	whole, cut := "Content-Length: 2\r\n\r\nab", "Content-Length: 1000\r\n\r\na"
	var wg sync.WaitGroup
	for name, c := range map[string]struct {
		request string
		keeps   bool
		most    time.Duration
	}{
		"nothing to read":   {"GET /none HTTP/1.1\r\nHost: x\r\n\r\n", true, 0},
		"read":              {"POST /all HTTP/1.1\r\nHost: x\r\n" + whole, true, 0},
		"here, but unread":  {"POST /none HTTP/1.1\r\nHost: x\r\n" + whole, false, 3 * time.Second},
		"a GET with a body": {"GET /none HTTP/1.1\r\nHost: x\r\n" + cut, false, drain + 3*time.Second},
		"unread":            {"POST /none HTTP/1.1\r\nHost: x\r\n" + cut, false, drain + 3*time.Second},
		"chunked":           {"POST /none HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na", false, drain + 3*time.Second},
		"read in part":      {"POST /some HTTP/1.1\r\nHost: x\r\n" + cut, false, drain + 3*time.Second},
		"too slow":          {"POST /broken HTTP/1.1\r\nHost: x\r\n" + cut, false, 3 * time.Second},
	} {
		wg.Go(func() {
			kept, took, err := asks(server.Listener.Addr().String(), c.request, c.most)
			if err != nil || kept != c.keeps || took > c.most {
				t.Errorf("%s: kept %v, closed after %v, %v", name, kept, took, err)
			}
		})
	}
	wg.Wait()
}

// asks writes a request, and tells whether its answer keeps the connection; if not, how long it stayed open.
func asks(address, request string, most time.Duration) (kept bool, took time.Duration, err error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return false, 0, err
	}
	defer conn.Close()
	began := time.Now()
	if err := conn.SetDeadline(began.Add(most + 5*time.Second)); err != nil {
		return false, 0, err
	}
	if _, err := io.WriteString(conn, request); err != nil {
		return false, 0, err
	}
	r := bufio.NewReader(conn)
	answer, err := http.ReadResponse(r, nil)
	if err != nil {
		return false, 0, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return false, 0, fmt.Errorf("status %d", answer.StatusCode)
	}
	if !answer.Close {
		return true, 0, nil
	}
	_, err = r.Discard(1 << 20)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return false, 0, err
	}
	return false, time.Since(began), nil
}

// "GET *" is no page, and no address either.
func TestNoPath(t *testing.T) {
	h, err := PlainHTTP([]string{"forms.example"})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Host, r.URL.Path, r.RequestURI = "forms.example", "*", "*"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusMisdirectedRequest || w.Header().Get("Location") != "" {
		t.Errorf("%d to %q", w.Code, w.Header().Get("Location"))
	}
}
