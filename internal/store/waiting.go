package store

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Since when the oldest waits: one that was not put off is due since it was made, and none is due before, so the one
// longest due and the oldest of those that were put off are all that need to be looked at. Tests do not count.
const (
	longestDueSince = `
		select cast(due as bigint) from outbox where state = 0 and channel = $1 and about != '` + AboutTest + `' order by due limit 1`
	oldestPutOff = `
		select cast(made as bigint) from outbox where state = 0 and due != made and channel = $1 and about != '` + AboutTest + `'
		order by made limit 1`
)

// quietChannels are those whose jobs nobody waits for, as a list of SQL: an alarm about an alarm would go the same way, and
// a receipt goes where a visitor wanted.
const quietChannels = `'` + string(Alarm) + `', '` + string(Receipt) + `'`

// quietJob is true, in SQL, of a job that is not Awaited.
const quietJob = `(channel in (` + quietChannels + `) or about = '` + AboutTest + `')`

// Awaited says whether an operator is to be told that the job does not get out: unless it is an alarm, a receipt, or a
// test, whose sender looks at how it went.
func (j *Job) Awaited() bool {
	return !strings.Contains(quietChannels, `'`+string(j.Channel)+`'`) && !j.IsTest()
}

// IsTest says whether somebody tries a webhook out with the job.
func (j *Job) IsTest() bool { return j.About == AboutTest }

// Waiting says how many jobs wait that matter to an operator, and since when the oldest does (zero: none): mails,
// notices, digests and calls of webhooks, but for tests. It costs the same however many wait.
func (s *Store) Waiting(ctx context.Context) (n int64, oldest time.Time, err error) {
	err = s.snapshot(ctx, func(r snapshot) error {
		if _, err := r.Get(ctx, `select cast(coalesce(sum(jobs_waiting - jobs_quiet), 0) as bigint) from form`, nil, &n); err != nil {
			return err
		}
		for _, c := range channels {
			if j := (Job{Channel: c}); !j.Awaited() {
				continue
			}
			for _, query := range []string{longestDueSince, oldestPutOff} {
				var at int64
				ok, err := r.Get(ctx, query, []any{string(c)}, &at)
				if err != nil {
					return err
				}
				if ok && (oldest.IsZero() || at < oldest.UnixMilli()) {
					oldest = millis(at)
				}
			}
		}
		return nil
	})
	if err != nil {
		return 0, time.Time{}, fmt.Errorf("counting what waits: %w", err)
	}
	return n, oldest, nil
}
