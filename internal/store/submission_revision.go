package store

import (
	"context"

	"sealform/forms"
)

// SaveRevision keeps the questions of a form's revision; once there, they stay as they are.
func (s *Store) SaveRevision(ctx context.Context, form string, rev forms.Revision, questions []byte) (err error) {
	defer explain(&err, "keeping a revision")
	id, err := s.formID(ctx, form)
	if err != nil {
		return err
	}
	return s.write(ctx, 0, func(b *batch) error {
		_, err := b.Exec(`insert into revision (form, hash, questions) values ($1, $2, $3) on conflict do nothing`, id, rev[:], questions)
		return err
	})
}

// Revisions gives the questions of all revisions of a form. forms.ParseQuestions holds
// them against their hash.
func (s *Store) Revisions(ctx context.Context, form string) (out map[forms.Revision][]byte, err error) {
	defer explain(&err, "reading revisions")
	out = map[forms.Revision][]byte{}
	return out, s.db.Each(ctx, `select r.hash, r.questions from revision r join form f on f.id = r.form where f.name = $1`, []any{form},
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
}
