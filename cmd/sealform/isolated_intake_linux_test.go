package main

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sealform/internal/server"
)

// TestIntakeCallsNobody: the role intake alone, in a network without any route, takes a submission that is to be mailed,
// noticed, called about and receipted as fast as any other. It does not even try: the relay's and the webhook's address,
// which can be reached there, are called by nobody.
// covers R19
func TestIntakeCallsNobody(t *testing.T) {
	if !isolated(t) {
		return
	}
	if conn, err := net.DialTimeout("tcp", "192.0.2.1:443", time.Second); !errors.Is(err, syscall.ENETUNREACH) {
		t.Fatalf("this network leads somewhere: %v %v", conn, err)
	}
	called := listener(t)
	_, port, _ := net.SplitHostPort(called.Addr().String())
	f, c := newFolder(t, time.Now()), &shifted{}
	f.configure(t, relayed("localhost:"+port)+"webhooks:\n  near: { url: \"https://localhost:"+port+"/hook\" }\n"+
		"  far: { url: \"https://crm.riverside.example/hook\", send: ciphertext }\noutward: { allow: [127.0.0.0/8] }\nalarms: { to: [ops@riverside.example] }\n")
	f.form(t, "  store: { keep: 30d }\n  mail: { to: [ desk@riverside.example, { address: sam@riverside.example, level: notice } ] }\n"+
		"  notify: [ ops@riverside.example ]\n  webhooks: [near, far]\n  receipt: { to: email, text: We call you back. }\n")
	r := startAs(t, f.program(c), f.serveArgs("--role", server.Intake)...)
	v := f.visits(t, r)
	v.sees(t, http.StatusOK)
	for range 3 {
		began := time.Now()
		if _, err := v.submit("visit", personal...); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("it took %v", took)
		}
	}
	if got, err := v.ask(http.MethodGet, "/readyz", "", nil); err != nil || got.status != http.StatusOK {
		t.Errorf("ready: %+v %v", got, err)
	}
	channels := map[string]int{}
	for _, j := range f.outbox(t) {
		if j.State != "waiting" || j.Attempts != 0 {
			t.Errorf("%+v", j)
		}
		channels[j.Channel]++
	}
	if channels["mail"] != 3 || channels["webhook"] != 6 || channels["receipt"] != 3 {
		t.Errorf("what waits: %v", channels)
	}
	if code := r.stop(); code != 0 || strings.Contains(r.err.String(), "trouble") {
		t.Errorf("exit code %d\n%s", code, r.err)
	}
	if n := called.n.Load(); n != 0 {
		t.Errorf("%d calls", n)
	}
}

// counting is a listener that counts who comes, and hangs up.
type counting struct {
	net.Listener
	n atomic.Int64
}

func listener(t *testing.T) *counting {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &counting{Listener: ln}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			c.n.Add(1)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = ln.Close()
		<-ended
	})
	return c
}
