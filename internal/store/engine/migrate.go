package engine

import (
	"errors"
	"fmt"
)

// Schema describes the tables that a database is to hold.
type Schema struct {
	// Versions are the texts that each make one version out of the one before, the first out of nothing. They keep their
	// number in the table schema_version and are never edited once released. Marks stand for what engines say
	// differently: {{key}} for a whole number that is the table's key and order, {{flat}} behind a table that lies in
	// its key's order.
	Versions []string
	// Owner refuses a database that is another's. It is asked at each start, before anything is written.
	Owner func(*Tx) error
	// First writes what a new database begins with, in the transaction of its first version.
	First func(*Tx) error
}

// migrate brings a database to the newest version, each step a transaction of its own, so that a process killed between
// two leaves a whole schema behind.
func (s Schema) migrate(d *driver, tx *Tx) error {
	if err := d.library(tx); err != nil {
		return err
	}
	for {
		done, err := s.step(d, tx)
		if err != nil {
			return fmt.Errorf("migrating the database: %w", err)
		}
		if done {
			return nil
		}
	}
}

// step does one migration. The version is read inside the transaction: of two processes that start together, the second
// finds it done.
func (s Schema) step(d *driver, tx *Tx) (done bool, err error) {
	if _, err := tx.Exec(d.begin); err != nil {
		return false, err
	}
	version, err := s.version(d, tx)
	if err == nil && version < len(s.Versions) {
		err = s.make(d, tx, version)
	}
	if err == nil {
		_, err = tx.Exec(`commit`)
	}
	if err != nil {
		tx.on.rollback(d)
	}
	return version == len(s.Versions), err
}

// version is that of a database which is ours.
func (s Schema) version(d *driver, tx *Tx) (version int, err error) {
	var tables int
	if _, err := tx.Get(d.tables, []any{"schema_version"}, &tables); err != nil || tables == 0 {
		return 0, err
	}
	if _, err := tx.Get(`select version from schema_version`, nil, &version); err != nil {
		return 0, err
	}
	if version < 0 {
		return 0, errors.New("the database's version is none that any program wrote: take back a copy of it")
	}
	if version > len(s.Versions) {
		return 0, fmt.Errorf("the data was written by a newer sealform (schema %d; this program knows %d): start the newer program",
			version, len(s.Versions))
	}
	return version, s.Owner(tx)
}

// make makes the version behind the one given, out of what the migrations made and nothing else: a foreign trigger would
// run with a migration.
func (s Schema) make(d *driver, tx *Tx, version int) error {
	if err := d.checkSchema(tx.on, version); err != nil {
		return err
	}
	if err := tx.script(d.marks.Replace(s.Versions[version])); err != nil {
		return err
	}
	if version > 0 {
		return nil
	}
	return s.First(tx)
}
