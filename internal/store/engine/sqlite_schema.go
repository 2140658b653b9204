package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// object is a row of sqlite_schema, but for where its data lies.
type object struct{ kind, name, table, sql string }

func (o object) what() string {
	switch o.kind {
	case "table", "trigger", "view":
		return "a " + o.kind
	}
	return "an index"
}

// objectsOf reads the schema. What ANALYZE leaves steers nothing.
func objectsOf(ctx context.Context, on *session) (all []object, err error) {
	err = on.Each(ctx, `
		select coalesce(type, ''), coalesce(name, ''), coalesce(tbl_name, ''), coalesce(sql, '') from sqlite_schema
		where not (type = 'table' and substr(name, 1, 11) = 'sqlite_stat')`, nil, func(scan func(...any) error) error {
		var o object
		err := scan(&o.kind, &o.name, &o.table, &o.sql)
		all = append(all, o)
		return err
	})
	return all, err
}

// foreignIn compares a database's schema with what the migrations up to a version make, read once from a database that
// they make in memory. The text of each object must be the same to the byte: a comment that swallows a line differs by no word. What
// is not ours is not named: whoever made it chose the name.
func foreignIn(versions []string) func(context.Context, *session, int) ([]string, error) {
	made := make([]func() ([]object, error), len(versions)+1)
	for version := range made {
		made[version] = sync.OnceValues(func() ([]object, error) { return madeBy(versions[:version]) })
	}
	return func(ctx context.Context, on *session, version int) (found []string, err error) {
		ours, err := made[version]()
		if err != nil {
			return nil, err
		}
		there, err := objectsOf(ctx, on)
		if err != nil {
			return nil, err
		}
		for _, o := range there {
			if says := "the database holds " + o.what() + " that is not ours"; !slices.Contains(ours, o) && !slices.Contains(found, says) {
				found = append(found, says)
			}
		}
		var lost []string
		for _, o := range ours {
			if !slices.Contains(there, o) {
				lost = append(lost, fmt.Sprintf("the %s %s of the database is missing or was changed", o.kind, o.name))
			}
		}
		slices.Sort(lost)
		return append(found, lost...), nil
	}
}

// madeBy is the schema that the migrations make.
func madeBy(versions []string) (all []object, err error) {
	ctx := context.Background()
	db, err := sql.Open("sqlite", "file::memory:")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.Close()) }()
	on, err := connect(ctx, db)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, on.close()) }()
	tx := &Tx{on}
	for _, text := range versions {
		if err := tx.script(sqliteMarks.Replace(text)); err != nil {
			return nil, err
		}
	}
	return objectsOf(ctx, on)
}
