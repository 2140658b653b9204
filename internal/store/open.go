package store

import (
	"context"
	_ "embed" // for the schema
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"sealform/internal/audit"
	"sealform/internal/store/engine"
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
	MinFree       int64 // bytes that must stay free on the disk, else Put answers record.ErrFull; 0: max(512 MiB, 5 %)
	StagingBudget int64 // bytes of uploads on their way, all together; 0: 2 GiB
}

// Store is safe for use by many goroutines at once.
type Store struct {
	cfg   Config
	chain *audit.Chain
	head  *head
	db    *engine.Database[*batch]

	projected sharedProjection

	forms  sync.Map     // name → id; forms are never taken away
	staged atomic.Int64 // bytes of uploads on their way
	traces atomic.Bool  // erased bytes may still lie in the WAL

	numbers numbersRecord
}

// Open opens the database, making or migrating it as needed, and sweeps what earlier
// processes left behind. It refuses, before it writes anything, a database of another service or secrets folder
// (ErrNotOurs), SQLite before 3.51.3, a newer schema, one with
// triggers or anything else that is not ours, a network file system, and files that cannot be kept from other users.
func Open(ctx context.Context, c Config) (_ *Store, err error) {
	defer explain(&err, "opening store")
	s, err := prepare(c)
	if err != nil {
		return nil, err
	}
	s.db, err = engine.Open(ctx, engine.Config[*batch]{
		Path: c.Path, MinFree: c.MinFree,
		Schema: engine.Schema{Versions: []string{schema001, schema002}, Owner: s.owner, First: s.first},
		Batch:  func(tx *engine.Tx) *batch { return &batch{Tx: tx} },
	})
	if err != nil {
		return nil, err
	}
	for _, begin := range []func(context.Context) error{s.beginAudit, s.beginClock, s.sweep} {
		if err := begin(ctx); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// schema001 and schema002 each make a version out of the one before.
var (
	//go:embed schema/001.sql
	schema001 string
	//go:embed schema/002.sql
	schema002 string
)

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
	s := &Store{cfg: c, chain: chain, projected: sharedProjection{projection: newProjection()}}
	s.head = &head{path: c.HeadFile, chain: chain}
	s.numbers.at.Store(c.Now().UnixMilli())
	return s, nil
}

// Room is nil, or record.ErrFull when the disk has less free space than Put asks for.
func (s *Store) Room() error { return asDrop(s.db.Room()) }

// Close records the numbers of what came since they were last recorded, commits what waits, then
// closes the database.
func (s *Store) Close() (err error) {
	defer explain(&err, "closing store")
	err = s.recordLastNumbers()
	s.numbers.close()
	return errors.Join(err, s.db.Close())
}
