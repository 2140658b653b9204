package store

import (
	"context"
	"fmt"

	"sealform/forms"
)

// SaveRevision keeps the questions of a form's revision; once there, they stay as they are.
func (s *Store) SaveRevision(ctx context.Context, form string, rev forms.Revision, questions []byte) error {
	const keeping = "keeping a revision"
	id, err := s.formID(ctx, form)
	if err != nil {
		return fmt.Errorf("%s: %w", keeping, err)
	}
	return s.do(ctx, keeping, `insert into revision (form, hash, questions) values ($1, $2, $3) on conflict do nothing`, id, rev[:], questions)
}

// Revisions gives the questions of all revisions of a form. forms.ParseQuestions holds
// them against their hash.
func (s *Store) Revisions(ctx context.Context, form string) (map[forms.Revision][]byte, error) {
	out := map[forms.Revision][]byte{}
	err := s.db.Each(ctx, `select r.hash, r.questions from revision r join form f on f.id = r.form where f.name = $1`, []any{form},
		func(scan func(...any) error) error {
			var hash, questions []byte
			if err := scan(&hash, &questions); err != nil {
				return err
			}
			if len(hash) == len(forms.Revision{}) {
				out[forms.Revision(hash)] = questions
			}
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("reading revisions: %w", err)
	}
	return out, nil
}
