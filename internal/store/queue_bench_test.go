package store

import (
	"fmt"
	"testing"
	"time"
)

// fillJobs adds jobs of two forms past Put: so many that wait, in turns of all channels, and so many that were sent.
func fillJobs(t testing.TB, s *Store, waiting, sent int) {
	t.Helper()
	for _, form := range []string{"contact", "new-patient"} {
		if _, err := s.formID(t.Context(), form); err != nil {
			t.Fatal(err)
		}
	}
	for state, n := range map[JobState]int{Waiting: waiting, Sent: sent} {
		now := s.cfg.Now().UnixMilli()
		ended := int64(state) * now
		tamper(t, s, `
			with recursive i (n) as (select 1 union all select n + 1 from i where n < $1)
			insert into outbox select $2 + n, trim(substr('mail   notice webhook', n % 3 * 7 + 1, 7)), $3, n, 1 + n % 2, 'R7K-4Q2', n, 'front@clinic.example',
				hex(randomblob(16)) || '@clinic.example', $4, $4, 0, $4, 0, $5, 0, 0, 0, '', '', x'', x'' from i`,
			n, int(state)<<32, int(state), now, ended)
	}
	tamper(t, s, `
		update form set jobs_waiting = (select count(*) from outbox where state = 0 and form = form.id),
			jobs_sent = (select count(*) from outbox where state = 1 and form = form.id)`)
}

// BenchmarkEnqueue is what a mail's row costs inside a commit, beside 10,000 that wait and 100,000 that were sent; and
// with its body of 3 KB in the same commit. The time inside is wall clock: measure on an idle machine. Commits share the fsync among 64 rows, as intake's do under load.
func BenchmarkEnqueue(b *testing.B) {
	for _, c := range []struct {
		name string
		body int
	}{{"row", 0}, {"body", 3000}} {
		b.Run(c.name, func(b *testing.B) {
			s, _ := newStore(b)
			fillJobs(b, s, 10_000, 100_000)
			job := Job{
				Channel: Mail, Reference: "R7K-4Q2", Seq: 7, To: "front@clinic.example", Received: time.Now(),
				MessageID: "0123456789abcdef0123456789abcdef@clinic.example",
			}
			data := make([]byte, c.body)
			var inside time.Duration
			b.ResetTimer()
			before := cpu()
			for i := 0; i < b.N; {
				err := s.write(b.Context(), 0, func(t *batch) error {
					start := time.Now()
					for range min(64, b.N-i) {
						i++
						j := job
						j.Submission = sealedAt.UnixMilli()<<20 + int64(i)<<16
						if c.body > 0 {
							p := &part{s: s, ctx: b.Context(), buf: data, size: int64(c.body)}
							var err error
							if j.Upload, j.Chunks, err = p.link(t, time.Now()); err != nil {
								return err
							}
						}
						var err error
						if j.ID, err = t.newJobs(1, time.Now()); err != nil {
							return err
						}
						if err := s.enqueue(t, &j, 1, time.Now()); err != nil {
							return err
						}
					}
					inside += time.Since(start)
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(inside.Nanoseconds())/float64(b.N), "ns/row-inside")
			b.ReportMetric(float64((cpu()-before).Nanoseconds())/float64(b.N), "cpu-ns/row") // the commit's share included
		})
	}
}

// BenchmarkClaim is one claim, and the end of it, beside 10,000 that wait and 100,000 that were sent.
func BenchmarkClaim(b *testing.B) {
	for _, sent := range []int{100, 100_000} {
		b.Run(fmt.Sprintf("sent=%d", sent), func(b *testing.B) {
			s, c := newStore(b)
			fillJobs(b, s, 10_000, sent)
			for b.Loop() {
				lease := c.Now().Add(time.Minute)
				jobs, err := s.Claim(b.Context(), []Channel{Mail, Notice, Webhook, Alarm}, 1, lease)
				if err != nil || len(jobs) != 1 {
					b.Fatal(jobs, err)
				}
				if err := s.Retry(b.Context(), jobs[0].ID, lease, c.Now(), "timeout"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
