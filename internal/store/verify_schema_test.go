package store

import (
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sealform/forms/record"
	"sealform/internal/audit"
)

// What is not ours to the letter stops all writing, at once and after a restart, until it is gone.
// covers LK10
func TestForeignSchema(t *testing.T) {
	const trigger = "the database holds a trigger that is not ours"
	for name, test := range map[string]struct{ do, undo, want string }{
		"trigger": {
			`create trigger gone after insert on submission begin delete from submission where id = new.id; end`,
			`drop trigger gone`, trigger,
		},
		"view":  {`create view all_audit as select * from audit`, `drop view all_audit`, "the database holds a view that is not ours"},
		"table": {`create table kept (data)`, `drop table kept`, "the database holds a table that is not ours"},
		"index": {`create index by_who on audit (who)`, `drop index by_who`, "the database holds an index that is not ours"},
		"index lost": {
			`drop index tombstone_form`, `CREATE INDEX tombstone_form on tombstone (form)`,
			"the index tombstone_form of the database is missing or was changed",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := config(t, newClock())
			s := openStore(t, c)
			x := newSealer(t)
			put(t, s, x.submission(t, "contact", []byte("answers")))
			tamperSchema(t, s, test.do)
			for range 2 {
				if _, err := s.Put(t.Context(), x.submission(t, "contact", []byte("answers"))); !errors.Is(err, record.ErrUnknown) {
					t.Errorf("it was taken: %v", err)
				}
			}
			if err := s.Audit(t.Context(), staff(audit.ActOpened)); err == nil {
				t.Error("an entry was written")
			}
			if got := findings(t, s); !slices.Contains(got, test.want) {
				t.Errorf("findings %q", got)
			}
			if _, err := Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("it was opened: %v", err)
			}
			tamperSchema(t, s, test.undo)
			put(t, s, x.submission(t, "contact", []byte("answers")))
			if got := findings(t, s); len(got) > 0 {
				t.Errorf("findings %q", got)
			}
		})
	}
}

// Whoever also sets SQLite's count of changes back hides the trigger from our connection, which then never runs it.
// covers LK10
func TestForeignSchemaHidden(t *testing.T) {
	s, _ := newStore(t)
	x := newSealer(t)
	put(t, s, x.submission(t, "contact", []byte("answers")))
	db, err := sql.Open("sqlite", s.cfg.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	var before int64
	if err := db.QueryRow(`pragma schema_version`).Scan(&before); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(fmt.Sprintf(`create trigger gone after insert on submission begin delete from submission where id = new.id; end;
		pragma schema_version = %d`, before)); err != nil {
		t.Fatal(err)
	}
	put(t, s, x.submission(t, "contact", []byte("answers")))
	if n := count(t, s, "submission"); n != 2 {
		t.Errorf("%d rows, want those that were acknowledged", n)
	}
	if got := findings(t, s); !slices.Equal(got, []string{"the database holds a trigger that is not ours"}) {
		t.Errorf("findings %q", got)
	}
}

// An administrator's ANALYZE leaves tables that steer nothing.
func TestStatisticsAreNotForeign(t *testing.T) {
	s := openStore(t, config(t, newClock()))
	x := newSealer(t)
	put(t, s, x.submission(t, "contact", []byte("first")))
	tamperSchema(t, s, `analyze`)
	put(t, s, x.submission(t, "contact", []byte("second")))
	if got := findings(t, s); len(got) > 0 {
		t.Errorf("after ANALYZE verification finds %q", got)
	}
}
