package store

import (
	"context"
	"errors"
	"time"

	"sealform/forms"
	"sealform/internal/audit"
	"sealform/keys"
)

var ErrNotFound = errors.New("not found")

// Config says where the data lives.
type Config struct {
	Path          string // SQLite file
	HeadFile      string // audit head and count, outside the database
	Service       string // service id, part of every MAC
	LeafKey       []byte // 32 bytes, from the root secret
	AuditKey      []byte // 32 bytes, from the root secret
	Now           func() time.Time
	MinFree       int64 // bytes that must stay free on the disk, else Put answers forms.ErrFull; 0: max(512 MiB, 5 %)
	StagingBudget int64 // bytes of uploads on their way, all together; 0: 2 GiB
}

type Store struct{}

func Open(ctx context.Context, c Config) (*Store, error) { panic("contract") } // migrates; refuses SQLite < 3.51.3, a newer schema, a file not 0600-able
func (s *Store) Close() error                            { panic("contract") }

// --- arriving (intake's Drop) ---

// Put returns after the commit is on disk.
func (s *Store) Put(ctx context.Context, sub *forms.Submission) (forms.Kept, error) {
	panic("contract")
}

// SaveRevision keeps the questions of a revision; Revisions gives all of a form.
func (s *Store) SaveRevision(ctx context.Context, form string, rev forms.Revision, questions []byte) error {
	panic("contract")
}
func (s *Store) Revisions(ctx context.Context, form string) (map[forms.Revision][]byte, error) {
	panic("contract")
}

// --- reading ---

type State int

const (
	New State = iota
	Opened
	Done
	Spam
)

// Row is a line of the inbox: nothing in it is PHI.
type Row struct {
	ID        int64
	Form      string
	State     State
	Seq       int64
	Reference string
	Received  time.Time
	Files     int
	Size      int64 // sealed bytes, files included
}

// Page gives up to n rows, newest first, of the forms named, older than before (0: from the newest).
func (s *Store) Page(ctx context.Context, forms []string, before int64, n int) ([]Row, error) {
	panic("contract")
}

// Counts per form and state, from the tally.
func (s *Store) Counts(ctx context.Context) (map[string]map[State]int64, error) { panic("contract") }

// Submission is a row with what is needed to open it.
type Submission struct {
	Row
	Revision forms.Revision
	Readers  []keys.Fingerprint // whose session keys are there
	Answers  keys.Sealed        // all readers' session keys and the data
	FileKeys []StoredFile       // in record order
	LeafOK   bool               // the leaf's MAC and hash fit the row, its number and its data
}

// StoredFile locates one file's sealed message.
type StoredFile struct {
	SessionKeys []keys.SessionKey
	Upload      int64
	Chunks      int
}

// Submission gives ErrNotFound, or *Erased where a tombstone says it was erased (also when a row was put back).
func (s *Store) Submission(ctx context.Context, id int64) (*Submission, error)  { panic("contract") }
func (s *Store) Chunk(ctx context.Context, upload int64, n int) ([]byte, error) { panic("contract") } // io.EOF after the last

// ByReference finds a submission's id by its reference (any spacing, dash optional).
func (s *Store) ByReference(ctx context.Context, reference string) (int64, error) { panic("contract") }

type Erased struct {
	Reference string
	At        time.Time
	Why       string
}

func (e *Erased) Error() string { return "erased" }

// SetState moves a submission between states and the tally with it.
func (s *Store) SetState(ctx context.Context, id int64, to State) error { panic("contract") }

// Delete erases with a tombstone; the audit entry is of the same commit.
func (s *Store) Delete(ctx context.Context, id int64, why string, e audit.Entry) error {
	panic("contract")
}

// Purge erases what was received before; one audit entry per batch; returns how many.
func (s *Store) Purge(ctx context.Context, form string, before time.Time) (int, error) {
	panic("contract")
}

// Sweep removes orphaned staging older than an hour (all that is not of this process at start).
func (s *Store) Sweep(ctx context.Context) error { panic("contract") }

// Witnessed is the trusted clock of the purge: kept across restarts, advances at most twice as fast as the
// monotonic clock, never past now. See purge.go.
func (s *Store) Witnessed(ctx context.Context, elapsed time.Duration) (time.Time, error) {
	panic("contract")
}

// --- audit ---

// Audit appends and syncs one entry (Seq, At, MAC are set here). No entry, no plaintext: callers stop on an error.
func (s *Store) Audit(ctx context.Context, e audit.Entry) error { panic("contract") }

// VerifyAudit walks the chain, holds it against the head file, and each form's leaves, tombstones and numbers.
func (s *Store) VerifyAudit(ctx context.Context) (AuditReport, error) { panic("contract") }

type AuditReport struct {
	Entries  int64
	Last     time.Time
	Findings []string // empty: all is well; the first names the first bad entry, "entry 17 of …", or the cut tail
}

// --- accounts ---

type Account struct {
	ID       int64
	Email    string // lower case
	Password string // argon2id, encoded
	TOTP     []byte // sealed by the caller
	TOTPStep int64  // last step used
	Disabled bool
	Failures int       // consecutive
	Retry    time.Time // not before
	Created  time.Time
}

func (s *Store) AddAccount(ctx context.Context, a Account, e audit.Entry) (int64, error) {
	panic("contract")
}                                                                            // ErrExists
func (s *Store) Account(ctx context.Context, email string) (*Account, error) { panic("contract") }
func (s *Store) AccountByID(ctx context.Context, id int64) (*Account, error) { panic("contract") }
func (s *Store) Accounts(ctx context.Context) ([]Account, error)             { panic("contract") }

// SetCredentials replaces password and TOTP secret, clears failures and drops the account's sessions.
func (s *Store) SetCredentials(ctx context.Context, id int64, password string, totp []byte, e audit.Entry) error {
	panic("contract")
}

// SetDisabled; disabling drops the account's sessions.
func (s *Store) SetDisabled(ctx context.Context, id int64, disabled bool, e audit.Entry) error {
	panic("contract")
}

// UseTOTPStep records a step as used: false if it, or a later one, was used before. Atomic.
func (s *Store) UseTOTPStep(ctx context.Context, id, step int64) (bool, error) { panic("contract") }

// Fail counts a failed sign-in and sets Retry; Succeed clears.
func (s *Store) Fail(ctx context.Context, id int64, retry func(failures int) time.Duration) error {
	panic("contract")
}
func (s *Store) Succeed(ctx context.Context, id int64) error { panic("contract") }

var ErrExists = errors.New("exists already")

// Session is one signed-in (or half signed-in) browser.
type Session struct {
	Hash    [32]byte // SHA-256 of the cookie's token
	Account int64
	Stage   int // 1: password given, code outstanding; 2: signed in
	Created time.Time
	Seen    time.Time
}

func (s *Store) AddSession(ctx context.Context, x Session) error { panic("contract") }
func (s *Store) Session(ctx context.Context, hash [32]byte) (*Session, *Account, error) {
	panic("contract")
} // ErrNotFound
func (s *Store) TouchSession(ctx context.Context, hash [32]byte, seen time.Time) error {
	panic("contract")
}
func (s *Store) DropSession(ctx context.Context, hash [32]byte) error             { panic("contract") }
func (s *Store) DropSessions(ctx context.Context, account int64) error            { panic("contract") }
func (s *Store) SweepSessions(ctx context.Context, created, seen time.Time) error { panic("contract") }

// LockedKey is a person's private key under its password.
type LockedKey struct {
	Fingerprint keys.Fingerprint
	Account     int64 // 0: nobody's (an imported key not given to a person)
	Name        string
	Locked      []byte
	Created     time.Time
	Failures    int
	Retry       time.Time
}

func (s *Store) AddKey(ctx context.Context, k LockedKey, e audit.Entry) error { panic("contract") }
func (s *Store) RemoveKey(ctx context.Context, f keys.Fingerprint, e audit.Entry) error {
	panic("contract")
}
func (s *Store) Keys(ctx context.Context) ([]LockedKey, error)                  { panic("contract") }
func (s *Store) KeysOf(ctx context.Context, account int64) ([]LockedKey, error) { panic("contract") }

// FailKey counts a wrong key password and sets Retry (survives restart); SucceedKey clears.
func (s *Store) FailKey(ctx context.Context, f keys.Fingerprint, retry func(failures int) time.Duration) (failures int, err error) {
	panic("contract")
}
func (s *Store) SucceedKey(ctx context.Context, f keys.Fingerprint) error { panic("contract") }

// --- outbox ---

// Job is one mail waiting.
type Job struct {
	ID        int64
	Form      string
	Reference string
	Seq       int64
	To        []string
	MessageID string
	Received  time.Time
	Attempts  int
	Upload    int64 // its body: session keys and data as one OpenPGP message, in chunks
	Chunks    int
	Size      int64
	LastError string // a code, never server text
}

// Claim leases up to n due jobs until lease.
func (s *Store) Claim(ctx context.Context, n int, lease time.Time) ([]Job, error) { panic("contract") }
func (s *Store) Sent(ctx context.Context, id int64) error                         { panic("contract") } // body is removed
func (s *Store) Retry(ctx context.Context, id int64, due time.Time, code string) error {
	panic("contract")
}
func (s *Store) Waiting(ctx context.Context) (n int64, oldest time.Time, err error) {
	panic("contract")
}
