package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// errForeign: somebody put into the database what runs, or hides, behind our statements.
type errForeign string

func (e errForeign) Error() string { return string(e) }

// object is a row of sqlite_schema, but for where its data lies.
type object struct{ kind, name, table, sql string }

func (o object) what() string {
	switch o.kind {
	case "table", "trigger", "view":
		return "a " + o.kind
	}
	return "an index"
}

const objects = `select coalesce(type, ''), coalesce(name, ''), coalesce(tbl_name, ''), coalesce(sql, '') from sqlite_schema
	where not (type = 'table' and substr(name, 1, 11) = 'sqlite_stat')` // what ANALYZE leaves steers nothing

// lister calls row for each row of objects.
type lister func(row func(scan func(...any) error) error) error

// ours is what the migrations make, read from a database that they made in memory.
var ours = sync.OnceValues(func() (made map[object]bool, err error) {
	ctx := context.Background()
	db, err := sql.Open("sqlite", "file::memory:")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.Close()) }()
	for version := range schemaVersion {
		text, err := migration(version + 1)
		if err != nil {
			return nil, err
		}
		if _, err := db.ExecContext(ctx, text); err != nil {
			return nil, err
		}
	}
	made = map[object]bool{}
	rows, err := db.QueryContext(ctx, objects)
	if err != nil {
		return nil, err
	}
	return made, drain(rows, func(scan func(...any) error) error {
		var o object
		err := scan(&o.kind, &o.name, &o.table, &o.sql)
		made[o] = true
		return err
	})
})

// foreign says, a sentence each, what the database holds that the migrations did not make, and what it lacks.
// The text of each must be the same to the byte: a comment that swallows a line differs by no word. What is not
// ours is not named: whoever made it chose the name.
func foreign(list lister) ([]string, error) {
	made, err := ours()
	if err != nil {
		return nil, err
	}
	var found []string
	there := map[object]bool{}
	err = list(func(scan func(...any) error) error {
		var o object
		if err := scan(&o.kind, &o.name, &o.table, &o.sql); err != nil {
			return err
		}
		there[o] = true
		if says := "the database holds " + o.what() + " that is not ours"; !made[o] && !slices.Contains(found, says) {
			found = append(found, says)
		}
		return nil
	})
	var lost []string
	for o := range made {
		if !there[o] {
			lost = append(lost, fmt.Sprintf("the %s %s of the database is missing or was changed", o.kind, o.name))
		}
	}
	slices.Sort(lost)
	return append(found, lost...), err
}

// familiar gives errForeign unless the database holds what the migrations made, and nothing else. It asks again only
// when SQLite's count of changes to the schema is another than it was then. Within a transaction the answer holds
// until its end. What was changed and the count set back, our connection does not see: it keeps the schema by that count.
func (w *writer) familiar(b *batch) error {
	var count int64
	if _, err := b.get(`pragma schema_version`, nil, &count); err != nil {
		return err
	}
	if w.known && count == w.count {
		return nil
	}
	found, err := foreign(func(row func(func(...any) error) error) error { return b.each(objects, nil, row) })
	if err != nil {
		return err
	}
	if len(found) > 0 {
		return errForeign(found[0])
	}
	w.known, w.count = true, count
	return nil
}

// schema reports what is not ours in the database.
func (v *verification) schema(ctx context.Context) error {
	found, err := foreign(func(row func(func(...any) error) error) error { return v.r.each(ctx, objects, nil, row) })
	v.found = append(v.found, found...)
	return err
}
