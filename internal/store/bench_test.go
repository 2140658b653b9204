package store

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"sealform/forms/record"
	"sealform/keys"
)

// BenchmarkPut is what the store alone makes of submissions sealed beforehand.
func BenchmarkPut(b *testing.B) {
	x := newSealer(b)
	for _, c := range []int{1, 8, 32} {
		b.Run(fmt.Sprintf("c=%d", c), func(b *testing.B) {
			s, _ := newStore(b)
			sealed := x.submission(b, "contact", make([]byte, 2600)).Answers
			subs := make([]*record.Submission, b.N)
			for i := range subs {
				subs[i] = x.like("contact", sealed)
			}
			b.ReportAllocs()
			b.ResetTimer()
			before := cpu()
			puts(b, s, subs, c)
			b.ReportMetric(float64((cpu()-before).Microseconds())/float64(b.N), "cpu-µs/put")
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "put/s")
		})
	}
}

// cpu is what the process has used.
func cpu() time.Duration {
	var r unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &r)
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

func puts(b *testing.B, s *Store, subs []*record.Submission, c int) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range c {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(subs) {
					return
				}
				if _, err := s.Put(b.Context(), subs[i]); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

var (
	pageRows = flag.Int("pagerows", 10_000, "rows of the larger store of BenchmarkPage")
	pageData = flag.Int("pagedata", 3000, "bytes of each row's answers")
)

// BenchmarkPage is the inbox's page with few and with many rows, in turns:
// -pagerows=1000000 -pagedata=200 takes a minute.
func BenchmarkPage(b *testing.B) {
	few, _ := newStore(b)
	fillRows(b, few, 1000)
	many, _ := newStore(b)
	fillRows(b, many, *pageRows)
	for range 3 {
		b.Run("rows=1000", func(b *testing.B) { benchmarkPage(b, few) })
		b.Run(fmt.Sprintf("rows=%d", *pageRows), func(b *testing.B) { benchmarkPage(b, many) })
	}
}

func benchmarkPage(b *testing.B, s *Store) {
	names := []string{"form0", "form3", "form7"}
	before := cpu()
	for b.Loop() {
		if got, err := s.Page(b.Context(), names, 0, 50); err != nil || len(got) != 50 {
			b.Fatal(len(got), err)
		}
		if _, err := s.Counts(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpu()-before).Microseconds())/float64(b.N), "cpu-µs/op")
}

// fillRows adds rows of ten forms past Put: as large as real ones, but not sealed.
func fillRows(b *testing.B, s *Store, rows int) {
	b.Helper()
	x := &sealer{}
	data := make([]byte, *pageData)
	for i := 0; i < rows; {
		err := s.write(b.Context(), 0, func(t *batch) error {
			for range min(500, rows-i) {
				sub := x.like(fmt.Sprintf("form%d", i%10), keys.Sealed{})
				id, err := s.formIn(t, sub.Form)
				if err != nil {
					return err
				}
				a := &arrival{s: s, sub: sub, form: id, data: data}
				if _, err := a.keep(t, sub.Received); err != nil {
					return err
				}
				i++
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkUpload is one 100 MiB file, and what small submissions wait meanwhile, at 200 a second.
func BenchmarkUpload(b *testing.B) {
	x := newSealer(b)
	sealed := x.submission(b, "contact", make([]byte, 2600)).Answers
	s, _ := newStore(b)
	const size = 100 << 20
	piece := make([]byte, 32<<10)
	var waits []time.Duration
	for b.Loop() {
		large := x.like("new-patient", sealed)
		large.Files = []keys.SealedStream{x.stream(b, func(w io.Writer) error {
			for range size / len(piece) {
				if _, err := w.Write(piece); err != nil {
					return err
				}
			}
			return nil
		})}
		done := make(chan error, 1)
		go func() {
			_, err := s.Put(b.Context(), large)
			done <- err
		}()
		waits = append(waits, beside(b, s, x, sealed, done)...)
	}
	slices.Sort(waits)
	b.SetBytes(size)
	b.ReportMetric(float64(waits[len(waits)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds())/1000, "p99-ms")
}

// beside puts small submissions until done.
func beside(b *testing.B, s *Store, x *sealer, sealed keys.Sealed, done <-chan error) (waits []time.Duration) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	var mu sync.Mutex
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		select {
		case err := <-done:
			if err != nil {
				b.Fatal(err)
			}
			wg.Wait()
			return waits
		case <-tick.C:
			wg.Go(func() {
				start := time.Now()
				if _, err := s.Put(b.Context(), x.like("contact", sealed)); err != nil {
					b.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				waits = append(waits, time.Since(start))
			})
		}
	}
}
