package store

import (
	"context"
	"crypto/hmac"
	"errors"

	"sealform/forms/record"
)

// seenBefore asks before the files are staged, so that a repeat costs nothing. The
// transaction asks again.
func (s *Store) seenBefore(ctx context.Context, sub *record.Submission) (kept record.Kept, found bool, err error) {
	kept, err = decide(func(query string, args []any, dest ...any) (bool, error) { return s.db.Get(ctx, query, args, dest...) }, sub)
	if errors.Is(err, record.ErrReferenceTaken) { // or simply not there yet
		return record.Kept{}, false, nil
	}
	return kept, err == nil, err
}

// decide gives the answer to a submission whose id or reference is there already.
func decide(get func(string, []any, ...any) (bool, error), sub *record.Submission) (record.Kept, error) {
	var (
		reference      string
		received       int64
		token, content []byte
	)
	found, err := get(`
		select reference, received, token, content from submission where id = $1
		union all select reference, received, token, content from tombstone where id = $1`,
		[]any{sub.ID}, &reference, &received, &token, &content)
	switch {
	case err != nil:
		return record.Kept{}, err
	case !found:
		return record.Kept{}, refuse(record.ErrReferenceTaken)
	case !hmac.Equal(token, sub.Token[:]):
		return record.Kept{}, refuse(record.ErrIDTaken)
	case !hmac.Equal(content, sub.Content[:]):
		return record.Kept{}, refuse(&record.ErrReused{Reference: reference})
	}
	return record.Kept{Reference: reference, Received: millis(received), Repeat: true}, nil
}
