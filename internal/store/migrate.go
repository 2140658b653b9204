package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

//go:embed schema/*.sql
var schemas embed.FS

// schemaVersion is the newest schema this program knows: the highest number in schema/.
const schemaVersion = 2

// dialect is what SQLite says for the marks in schema/*.sql.
var dialect = strings.NewReplacer("{{key}}", "integer primary key", "{{flat}}", "without rowid")

// migrate brings the database to schemaVersion, each step a transaction of its own, so
// that a process killed between two leaves a whole schema behind. A new database begins
// with the first entry of its audit record.
func (s *Store) migrate(ctx context.Context, dsn string) (err error) {
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := checkLibrary(ctx, db); err != nil {
		return err
	}
	for {
		done, err := s.step(ctx, db)
		if err != nil {
			return fmt.Errorf("migrating the database: %w", err)
		}
		if done {
			return nil
		}
	}
}

// step does one migration. The version is read inside the transaction: of two processes
// that start together, the second finds it done. Nothing is written into a database that is not ours.
func (s *Store) step(ctx context.Context, db *sql.DB) (done bool, err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer func() { _ = tx.Rollback() }() // after Commit it does nothing
	version, err := versionOf(ctx, tx)
	if err != nil {
		return false, err
	}
	if version > schemaVersion {
		return false, fmt.Errorf("the data was written by a newer sealform (schema %d; this program knows %d): start the newer program",
			version, schemaVersion)
	}
	if version > 0 {
		if err := s.isOurs(ctx, tx); err != nil {
			return false, err
		}
	}
	if version == schemaVersion {
		return true, nil
	}
	text, err := migration(version + 1)
	if err != nil {
		return false, err
	}
	if _, err := tx.ExecContext(ctx, text); err != nil {
		return false, err
	}
	if version == 0 {
		if err := insertEntry(s.firstEntry(), func(query string, args ...any) error {
			_, err := tx.ExecContext(ctx, query, args...)
			return err
		}); err != nil {
			return false, err
		}
	}
	return false, tx.Commit()
}

// isOurs refuses a database that another service, or this one under other secrets, made: its first entry says so. Where that
// entry is gone the store opens, as arrivals are to be kept, and verification says what is missing.
func (s *Store) isOurs(ctx context.Context, tx *sql.Tx) error {
	e, err := scanEntry(tx.QueryRowContext(ctx, `select n, at, who, peer, act, about, mac from audit where n = 1`).Scan)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	case !s.chain.Fits([32]byte{}, e) && !s.cfg.AnyOwner:
		return ErrNotOurs
	}
	return nil
}

// migration is the SQL that makes a version out of the one before.
func migration(version int) (string, error) {
	text, err := schemas.ReadFile(fmt.Sprintf("schema/%03d.sql", version))
	return dialect.Replace(string(text)), err
}

func versionOf(ctx context.Context, tx *sql.Tx) (int, error) {
	var tables int
	err := tx.QueryRowContext(ctx, `select count(*) from sqlite_master where type = 'table' and name = 'schema_version'`).Scan(&tables)
	if err != nil || tables == 0 {
		return 0, err
	}
	var version int
	err = tx.QueryRowContext(ctx, `select version from schema_version`).Scan(&version)
	return version, err
}

// checkLibrary refuses SQLite before 3.51.3: 3.7.0 to 3.51.2 can, rarely, corrupt a WAL
// database when two connections write and checkpoint at once (https://sqlite.org/wal.html#walresetbug).
func checkLibrary(ctx context.Context, db *sql.DB) error {
	var version string
	if err := db.QueryRowContext(ctx, `select sqlite_version()`).Scan(&version); err != nil {
		return err
	}
	if !atLeast(version, 3, 51, 3) {
		return fmt.Errorf("SQLite %s can damage a database that two processes write; build with 3.51.3 or newer", version)
	}
	return nil
}

// atLeast compares a dotted version with the one wanted.
func atLeast(version string, want ...int) bool {
	parts := strings.Split(version, ".")
	for i, w := range want {
		if i >= len(parts) {
			return false
		}
		n, err := strconv.Atoi(parts[i])
		if err != nil {
			return false
		}
		if n != w {
			return n > w
		}
	}
	return true
}
