package outbox

import (
	"os"
	"runtime"
	"testing"
	"time"

	"sealform/internal/store"
)

// covers R09: what waited drains as fast as the relay takes it, and memory does not grow with it. SOAK=1 makes it ten
// thousand.
func TestDrains(t *testing.T) {
	n := 500
	if os.Getenv("SOAK") != "" {
		n = 10_000
	}
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	for range n {
		arrive(t, s, c, arrival{size: 2000, to: []string{"desk@clinic.example"}})
	}
	sink := newSink(nil)
	sink.arrived = make(chan struct{}, n)
	before, most := heap(), uint64(0)
	began := time.Now()
	_, stop := run(t, Config{Store: s, Now: c.now, Carriers: Carriers{Send: sink.send}})
	for i := range n {
		if sink.wait(t, 1); i%250 == 0 {
			most = max(most, heap())
		}
	}
	idle(t, s, 0)
	took := time.Since(began)
	stop()
	if len(sink.taken) != n {
		t.Errorf("%d taken", len(sink.taken))
	}
	if grown := int64(most) - int64(before); grown > 16<<20 {
		t.Errorf("the heap grew by %d MiB", grown>>20)
	}
	counts, err := s.JobCounts(t.Context(), nil)
	if err != nil || counts[store.Sent] != int64(n) {
		t.Errorf("%v, %v", counts, err)
	}
	t.Logf("%d in %v: %.0f/s", n, took.Round(time.Millisecond), float64(n)/took.Seconds())
	if took > time.Duration(n)*90*time.Millisecond { // ten thousand in a quarter of an hour
		t.Errorf("%d took %v", n, took)
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
