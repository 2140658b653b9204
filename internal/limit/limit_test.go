package limit

import (
	"context"
	"errors"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPrefix(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.7":               "192.0.2.7/32",
		"::ffff:192.0.2.7":        "192.0.2.7/32",
		"2001:db8:1:2:3:4:5:6":    "2001:db8:1:2::/64",
		"fe80::1%eth0":            "fe80::/64",
		"2001:db8:1:2:ffff::ffff": "2001:db8:1:2::/64",
	} {
		if got := Prefix(netip.MustParseAddr(in)).String(); got != want {
			t.Errorf("Prefix(%s) = %s, want %s", in, got, want)
		}
	}
	if Prefix(netip.Addr{}) != (netip.Prefix{}) {
		t.Error("the zero address has a bucket of its own")
	}
}

func TestGrowth(t *testing.T) {
	g := Growth{Free: 1, First: time.Second, Most: 5 * time.Second, Last: 8, Final: time.Minute}
	var got []time.Duration
	for n := range 10 {
		got = append(got, g.After(n))
	}
	s := time.Second
	want := []time.Duration{0, 0, s, 2 * s, 4 * s, 5 * s, 5 * s, 5 * s, time.Minute, time.Minute}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := (Growth{First: s, Most: time.Hour}).After(1 << 30); d != time.Hour {
		t.Errorf("a great count gives %v", d)
	}
}

// covers AU08
func TestGateLetsFewRunAndFewWait(t *testing.T) {
	g := NewGate(2, 3, time.Minute)
	var running, most, refused atomic.Int32
	var wg sync.WaitGroup
	hold := make(chan struct{})
	for range 20 {
		wg.Go(func() {
			leave, err := g.Enter(t.Context())
			if err != nil {
				if !errors.Is(err, ErrBusy) {
					t.Error(err)
				}
				refused.Add(1)
				return
			}
			defer leave()
			n := running.Add(1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			<-hold
			running.Add(-1)
		})
	}
	for refused.Load() < 15 {
		time.Sleep(time.Millisecond)
	}
	close(hold)
	wg.Wait()
	if most.Load() != 2 || refused.Load() != 15 {
		t.Errorf("ran at once %d, want 2; refused %d, want 15", most.Load(), refused.Load())
	}
}

func TestGateWaitEnds(t *testing.T) {
	g := NewGate(1, 1, time.Millisecond)
	leave, err := g.Enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Enter(t.Context()); !errors.Is(err, ErrBusy) {
		t.Errorf("waiting too long gave %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := heldGate(t).Enter(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a request that went away gave %v", err)
	}
	leave()
	if leave, err = g.Enter(t.Context()); err != nil {
		t.Fatal("the gate stayed shut:", err)
	}
	leave()
}

// heldGate is a gate whose one place is taken.
func heldGate(t *testing.T) *Gate {
	g := NewGate(1, 1, time.Minute)
	if _, err := g.Enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestBucketsFillAndDrain(t *testing.T) {
	now := time.Unix(1e9, 0)
	b := NewBuckets[string](10, time.Hour, 100, func() time.Time { return now })
	for i := range 10 {
		if w := b.Take("a"); w != 0 {
			t.Fatalf("take %d waits %v", i, w)
		}
	}
	if w := b.Take("a"); w != 6*time.Minute {
		t.Errorf("the eleventh waits %v, want 6m", w)
	}
	if w := b.Wait("b"); w != 0 {
		t.Errorf("another key waits %v", w)
	}
	now = now.Add(6 * time.Minute)
	if w := b.Take("a"); w != 0 {
		t.Errorf("after draining one it waits %v", w)
	}
	now = now.Add(-time.Hour)
	if w := b.Wait("a"); w <= 0 {
		t.Error("a clock set back emptied the bucket")
	}
	b.Forget("a")
	if w := b.Wait("a"); w != 0 {
		t.Error("not forgotten")
	}
}

func TestBucketsAreBounded(t *testing.T) {
	b := NewBuckets[int](10, time.Hour, 8, time.Now)
	for i := range 1000 {
		b.Add(i)
		b.Add(999_999) // stays: it is never the quietest
	}
	if len(b.keys.at) != 8 || b.keys.order.Len() != 8 {
		t.Errorf("holds %d keys", len(b.keys.at))
	}
	if b.Wait(999_999) == 0 {
		t.Error("the busiest key was forgotten")
	}
}

func TestWaitsGrow(t *testing.T) {
	now := time.Unix(1e9, 0)
	w := NewWaits[string](Growth{First: time.Second, Most: time.Minute}, 4, func() time.Time { return now })
	var got []time.Duration
	for range 8 {
		w.Fail("a")
		got = append(got, w.Wait("a"))
	}
	s := time.Second
	want := []time.Duration{s, 2 * s, 4 * s, 8 * s, 16 * s, 32 * s, 60 * s, 60 * s}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	now = now.Add(time.Minute)
	if w.Wait("a") != 0 || w.Wait("b") != 0 {
		t.Error("waits on after its time")
	}
}

// A flood of dear work holds the memory of what runs, not that of what ran before.
// covers AU08
func TestGateKeepsMemoryFlat(t *testing.T) {
	const running, block = 2, 32 << 20
	g := NewGate(running, 100, time.Minute)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			leave, err := g.Enter(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			defer leave()
			work(block)
		})
	}
	wg.Wait()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > (running+1)*block+8<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
}

// work fills so much memory and drops it.
//
//go:noinline
func work(size int) {
	b := make([]byte, size)
	for i := 0; i < len(b); i += 4096 {
		b[i] = 1
	}
}
