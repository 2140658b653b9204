package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"sealform/internal/audit"

	_ "modernc.org/sqlite" // the driver
)

// Config says where the data lives.
type Config struct {
	Path          string // SQLite file; made with mode 0600, its folder 0700
	HeadFile      string // audit head and count, outside the database
	Service       string // service id, part of every MAC
	LeafKey       []byte // 32 bytes, from the root secret
	AuditKey      []byte // 32 bytes, from the root secret
	Now           func() time.Time
	AnyOwner      bool  // also a database of other secrets: for taking out what is sealed, once the secrets folder is lost
	MinFree       int64 // bytes that must stay free on the disk, else Put answers forms.ErrFull; 0: max(512 MiB, 5 %)
	StagingBudget int64 // bytes of uploads on their way, all together; 0: 2 GiB
}

// Store is safe for use by many goroutines at once.
type Store struct {
	cfg   Config
	chain *audit.Chain
	head  *head
	disk  *disk
	w     *writer
	read  *sql.DB

	ready   statements // of read
	hearing hearing

	forms  sync.Map     // name → id; forms are never taken away
	staged atomic.Int64 // bytes of uploads on their way
	traces atomic.Bool  // erased bytes may still lie in the WAL

	arrived atomic.Int64 // submissions
	told    atomic.Int64 // how many of them had arrived when the numbers were last noted
	tried   atomic.Int64 // how many when that was last begun,
	noted   atomic.Int64 // and when, in milliseconds
	notes   sync.WaitGroup
}

// Open opens the database, making or migrating it as needed, and sweeps what earlier
// processes left behind. It refuses, before it writes anything, a database of another service or secrets folder
// (ErrNotOurs), SQLite before 3.51.3, a newer schema, one with
// triggers or anything else that is not ours, a network file system, and files that cannot be kept from other users.
func Open(ctx context.Context, c Config) (*Store, error) {
	s, err := open(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("opening store: %w", err)
	}
	return s, nil
}

func open(ctx context.Context, c Config) (*Store, error) {
	s, err := prepare(c)
	if err != nil {
		return nil, err
	}
	if err := makePrivate(c.Path); err != nil {
		return nil, err
	}
	if err := local(c.Path); err != nil {
		return nil, err
	}
	err = patiently(ctx, func() (err error) {
		if err := s.migrate(ctx, dsn(c.Path, writing)); err != nil {
			return err
		}
		s.w, err = startWriter(ctx, dsn(c.Path, writing))
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := s.begin(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// prepare checks the configuration and fills in its zeros.
func prepare(c Config) (*Store, error) {
	if len(c.LeafKey) != audit.KeySize {
		return nil, errors.New("the leaf key must be 32 bytes long")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.StagingBudget == 0 {
		c.StagingBudget = 2 << 30
	}
	chain, err := audit.NewChain(c.AuditKey, c.Service)
	if err != nil {
		return nil, err
	}
	s := &Store{cfg: c, chain: chain, hearing: hearing{said: newSaid()}}
	s.disk = &disk{folder: filepath.Dir(c.Path), min: c.MinFree}
	s.head = &head{path: c.HeadFile, chain: chain}
	s.noted.Store(c.Now().UnixMilli())
	return s, nil
}

// begin does what needs the writer: readers, audit head, clock and sweep.
func (s *Store) begin(ctx context.Context) error {
	var err error
	if s.read, err = sql.Open("sqlite", dsn(s.cfg.Path, reading)); err != nil {
		return err
	}
	s.read.SetMaxOpenConns(readers)
	s.read.SetMaxIdleConns(readers)
	if err := s.beginAudit(ctx); err != nil {
		return err
	}
	if err := s.beginClock(ctx); err != nil {
		return err
	}
	return s.sweep(ctx)
}

// Close notes the numbers of what came since the last note, commits what waits, then
// closes the database.
func (s *Store) Close() error {
	err := s.noteLast()
	err = errors.Join(err, s.w.close())
	s.notes.Wait()
	if s.read != nil {
		err = errors.Join(err, s.ready.close(), s.read.Close())
	}
	if err != nil {
		return fmt.Errorf("closing store: %w", err)
	}
	return nil
}

// readers is how many connections read beside the writer.
const readers = 4

const (
	writing = "&_txlock=immediate&_pragma=cache_size(-4000)&_pragma=secure_delete(1)&_pragma=journal_size_limit(16777216)"
	reading = "&_query_only=1"
)

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
