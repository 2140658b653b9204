package main

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sealform/internal/secrets"
	"sealform/internal/token"
)

// fields of the form that is posted: twelve, as on the floor's yardstick.
var fields = []string{"name", "email", "phone", "street", "city", "postcode", "country", "subject", "message", "best_time", "source", "member"}

// body is one visitor's form without its token: 12 fields, some 1.5 KiB.
func body() string {
	v := url.Values{}
	for _, f := range fields {
		n := 40
		if f == "message" {
			n = 760
		}
		v.Set(f, strings.Repeat("lorem ipsüm dolor ", 60)[:n])
	}
	v.Set("email", "maria.alvarez@patients.example")
	v.Set("phone", "+1 555 010 0142")
	return v.Encode()
}

// runLoad posts the form from c workers over keep-alive connections for d, with tokens minted before the clock starts.
func runLoad(args []string) error {
	fs := flag.NewFlagSet("load", flag.ExitOnError)
	target := fs.String("url", "", "where to post")
	c := fs.Int("c", 1, "workers")
	d := fs.Duration("d", 5*time.Second, "length")
	rate := fs.Float64("rate", 0, "posts a second, all workers together; 0: as fast as they go")
	folder := fs.String("secrets", "", "the product's secrets folder, to mint tokens; none for the floor")
	service := fs.String("service", "", "its service id")
	form := fs.String("form", "", "its form")
	revision := fs.String("revision", "", "the form's revision, base64")
	_ = fs.Parse(args)
	bodies := func(int) string { return body() }
	if *folder != "" {
		n := int(d.Seconds()*9000) + 64
		if *rate > 0 {
			n = int(d.Seconds()**rate*2) + 64
		}
		tokens, err := mint(*folder, *service, *form, *revision, n)
		if err != nil {
			return err
		}
		same := body() + "&_token="
		bodies = func(i int) string { return same + tokens[i%len(tokens)] }
	}
	return json.NewEncoder(os.Stdout).Encode(drive(*target, *c, *d, *rate, bodies))
}

// mint makes n tokens as n visitors would have got them, a millisecond apart.
func mint(dir, service, form, revision string, n int) ([]string, error) {
	sec, err := secrets.Load(dir, service)
	if err != nil {
		return nil, err
	}
	raw, err := base64.StdEncoding.DecodeString(revision)
	if err != nil || len(raw) != 32 {
		return nil, fmt.Errorf("the revision is not 32 bytes in base64")
	}
	at := time.Now().Add(-time.Duration(n) * time.Millisecond)
	m, err := token.New(sec.Key("tokens"), service, func() time.Time { at = at.Add(time.Millisecond); return at })
	if err != nil {
		return nil, err
	}
	tokens := make([]string, n)
	for i := range tokens {
		tokens[i] = m.NewPage(form, [32]byte(raw))
	}
	return tokens, nil
}

// client speaks HTTP/1.1 on keep-alive connections and follows nothing.
func client(c int) *http.Client {
	return &http.Client{Timeout: 60 * time.Second, Transport: &http.Transport{
		TLSClientConfig:     &tls.Config{InsecureSkipVerify: true}, // #nosec G402 -- loopback, made for this run
		MaxIdleConnsPerHost: c, MaxConnsPerHost: c, DisableCompression: true,
	}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func drive(target string, c int, d time.Duration, rate float64, bodies func(int) string) result {
	cl := client(c)
	var bad, next atomic.Int64
	one := func() time.Duration {
		t := time.Now()
		resp, err := cl.Post(target, "application/x-www-form-urlencoded", strings.NewReader(bodies(int(next.Add(1))))) //nolint:noctx // bounded by the client's timeout
		if err != nil {
			bad.Add(1)
			return time.Since(t)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusSeeOther && resp.StatusCode != http.StatusNoContent {
			bad.Add(1)
		}
		return time.Since(t)
	}
	var mu sync.Mutex
	var all []time.Duration
	var wg, ready sync.WaitGroup
	begin := make(chan struct{})
	var t0 time.Time
	for w := range c {
		ready.Add(1)
		wg.Go(func() {
			one() // the handshake, not counted
			ready.Done()
			<-begin
			var mine []time.Duration
			for i := 0; time.Since(t0) < d; i++ {
				if rate > 0 {
					time.Sleep(time.Until(t0.Add(time.Duration(float64(i*c+w) / rate * 1e9))))
				}
				mine = append(mine, one())
			}
			mu.Lock()
			all = append(all, mine...)
			mu.Unlock()
		})
	}
	ready.Wait()
	t0 = time.Now()
	close(begin)
	wg.Wait()
	return sum(all, time.Since(t0), int(bad.Load()))
}

func sum(all []time.Duration, took time.Duration, bad int) result {
	slices.Sort(all)
	at := func(q float64) float64 { return float64(all[int(q*float64(len(all)-1))].Nanoseconds()) / 1e6 }
	return result{len(all), bad, float64(len(all)) / took.Seconds(), at(.5), at(.99), at(1)}
}
