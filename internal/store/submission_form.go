package store

import "context"

// formID is a form's id here, given when it is first named; 0 for no form.
func (s *Store) formID(ctx context.Context, name string) (int64, error) {
	if name == "" {
		return 0, nil
	}
	if id, ok := s.forms.Load(name); ok {
		return id.(int64), nil
	}
	var id int64
	err := s.write(ctx, 0, func(b *batch) (err error) {
		id, err = s.formIn(b, name)
		return err
	})
	if err != nil {
		return 0, err
	}
	s.forms.Store(name, id)
	return id, nil
}

func (s *Store) formIn(b *batch, name string) (id int64, err error) {
	_, err = b.Exec(`
		insert into form (id, name, seq, last, count_new, count_opened, count_done, count_spam)
		select coalesce(max(id), 0) + 1, $1, 0, 0, 0, 0, 0, 0 from form where true
		on conflict do nothing`, name)
	if err != nil {
		return 0, err
	}
	_, err = b.Get(`select id from form where name = $1`, []any{name}, &id)
	return id, err
}
