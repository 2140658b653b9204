package engine

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
	"modernc.org/sqlite" // the driver
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteMarks: a key that is an integer primary key needs no second b-tree.
var sqliteMarks = strings.NewReplacer("{{key}}", "integer primary key", "{{flat}}", "without rowid")

// newSQLite keeps everything in one file, and two beside it.
func newSQLite(path string, minFree int64, versions []string) *driver {
	return &driver{
		name:     "sqlite",
		writing:  dsn(path, "&_pragma=cache_size(-4000)&_pragma=secure_delete(1)&_pragma=journal_size_limit(16777216)"),
		reading:  dsn(path, "&_query_only=1"),
		marks:    sqliteMarks,
		begin:    `begin immediate`,
		snapshot: `begin`,
		tables:   `select count(*) from sqlite_master where type = 'table' and name = $1`,
		changes:  `pragma schema_version`,
		safe: func() error {
			if err := makePrivate(path); err != nil {
				return err
			}
			return local(path)
		},
		library: checkLibrary,
		newest:  len(versions),
		foreign: foreignIn(versions),
		wipe:    checkpoint,
		low:     func() (bool, error) { return nearlyFull(filepath.Dir(path), minFree) },
		busy:    func(err error) bool { return code(err) == sqlite3.SQLITE_BUSY },
		broken:  isBroken,
		full:    func(err error) bool { return code(err) == sqlite3.SQLITE_FULL },
		ended:   func(err error) bool { return strings.Contains(err.Error(), "no transaction is active") },
	}
}

// dsn names the file and how each connection is set. Synchronous FULL makes a commit
// outlive a power loss; trusted_schema and defensive keep a tampered file from doing more
// than hold wrong rows.
func dsn(path, mode string) string {
	file := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath()}
	return file.String() + "?_busy_timeout=10000&_journal_mode=WAL&_synchronous=FULL&_foreign_keys=1" +
		"&_defensive=1&_dqs=0&_error_rc=1&_pragma=trusted_schema(0)&_pragma=cell_size_check(1)" + mode
}

// makePrivate makes the file, if it is not there, so that only its owner can read it;
// SQLite gives the files beside it the same mode.
func makePrivate(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err == nil {
		return f.Close()
	}
	if !errors.Is(err, os.ErrExist) {
		return err
	}
	for _, beside := range []string{"", "-wal", "-shm"} {
		if err := os.Chmod(path+beside, 0o600); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// File systems over a network (statfs(2)): SQLite's WAL needs memory shared by all who
// open the file, and their locks are not to be trusted.
const (
	magicNFS  = 0x6969
	magicSMB  = 0x517b
	magicCIFS = 0xff534d42
	magicSMB2 = 0xfe534d42
	magic9P   = 0x01021997
)

// local refuses a database on a network file system.
func local(path string) error {
	var fs unix.Statfs_t
	if err := unix.Statfs(filepath.Dir(path), &fs); err != nil {
		return err
	}
	return localType(uint32(fs.Type)) //nolint:gosec // the magic numbers have 32 bits
}

func localType(magic uint32) error {
	switch magic {
	case magicNFS, magicSMB, magicCIFS, magicSMB2, magic9P:
		return errors.New("the database lies on a network file system, where SQLite cannot keep it safe: move it to a local disk")
	}
	return nil
}

// nearlyFull says that a folder's disk has less free bytes than the least, or, where that is 0, than max(512 MiB, 5 %).
func nearlyFull(folder string, least int64) (bool, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(folder, &fs); err != nil {
		return false, err
	}
	size := uint64(fs.Bsize) //nolint:gosec // a block size is positive
	wanted := max(512<<20, fs.Blocks*size/20)
	if least > 0 {
		wanted = uint64(least)
	}
	return fs.Bavail*size < wanted, nil
}

// checkLibrary refuses SQLite before 3.51.3: 3.7.0 to 3.51.2 can, rarely, corrupt a WAL
// database when two connections write and checkpoint at once (https://sqlite.org/wal.html#walresetbug).
func checkLibrary(tx *Tx) error {
	var version string
	if _, err := tx.Get(`select sqlite_version()`, nil, &version); err != nil {
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

// checkpoint moves the WAL into the database and empties it, unless another connection is in the way.
func checkpoint(tx *Tx) (clean bool, err error) {
	if _, err := tx.Exec(`pragma busy_timeout = 100`); err != nil {
		return false, err
	}
	var busy, frames, moved int
	_, err = tx.Get(`pragma wal_checkpoint(truncate)`, nil, &busy, &frames, &moved)
	if _, e := tx.Exec(`pragma busy_timeout = 10000`); e != nil {
		return false, errors.Join(err, e)
	}
	return err == nil && busy == 0, err
}

// patiently does again what ends with another process in the way, for ten seconds: a new database is taken
// to WAL mode under a lock that SQLite's own busy handler does not wait for.
func patiently(ctx context.Context, busy func(error) bool, do func() error) error {
	for begun := time.Now(); ; {
		err := do()
		if !busy(err) || time.Since(begun) > 10*time.Second {
			return err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		}
	}
}

// code is the primary result code of an error of SQLite (https://sqlite.org/rescode.html), else 0.
func code(err error) int {
	var e *sqlite.Error
	if errors.As(err, &e) {
		return e.Code() & 0xff
	}
	return 0
}

// isBroken: after an error of the disk, what SQLite believes to be in its files may not be there.
func isBroken(err error) bool {
	switch code(err) {
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOTADB:
		return true
	}
	return errors.Is(err, sql.ErrConnDone)
}
