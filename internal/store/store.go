// Package store keeps what must last: sealed submissions and their files, what is to go out,
// the audit record, accounts, sessions and locked keys. It holds all SQL of the program.
//
// What lies in the database is ciphertext and what is needed to find it: form, time,
// reference, sizes. No answer, file name or key in the clear ever comes here, and no
// type of this package could hold one.
//
// The files are grouped by subject: submission_… (put, read, list, erase), queue_… (what is to go out), record_… (the audit
// record and what follows from it), people_… (accounts, sessions, keys), verify_… (all of it held together). How rows are
// written and read, by one writer and in snapshots, is engine's.
//
// No transaction is open while something is read from a visitor: large parts are committed in chunks that
// nothing refers to (submission_staging.go) until one last transaction makes a submission visible
// (submission_put.go). Chain heads and numbers are read inside that transaction, so that several
// processes on one file are right too.
//
// Each submission has a number of its form without gaps and a leaf, a MAC over its row and
// the hashes of the sealed answers and files (submission_leaf.go); an erased one leaves a tombstone,
// under a MAC of its own (submission_erase.go).
// VerifyAudit holds all of it together (verify.go).
//
// Each delivery is a row under a MAC over what goes to whom because of what (queue_job.go); one that was changed is marked
// wherever it is read, and must not be sent. The MAC does not cover how far a delivery has got (state, times, attempts, lease,
// log), the bytes of its body, nor that it is there at all: who can write into the database can hold one back, have it
// sent again, remove it or spoil its body, but not have it go elsewhere or say something else.
//
// It refuses a database of another service or secrets folder, what engine refuses (an old SQLite, a newer program's data, a
// schema that is not ours to the letter, a network file system), and, with record.ErrFull, new submissions while the disk is
// nearly full.
package store

import (
	"errors"
	"time"

	"sealform/forms"
	"sealform/internal/store/engine"
	"sealform/keys"
)

// Errors that a caller decides on.
var (
	// ErrNotFound is the one answer for whatever is not there.
	ErrNotFound = errors.New("not found")
	// ErrExists says that an account or key is there already.
	ErrExists = errors.New("exists already")
	// ErrClosed says that the store was closed.
	ErrClosed = engine.ErrClosed
	// ErrNotGivenUp says that a job is not one to be put aside.
	ErrNotGivenUp = errors.New("it was not given up")
	// ErrNotOurs refuses a database whose record was not begun with these keys and this service id.
	ErrNotOurs = errors.New("the database belongs to another service or secrets folder: its record was begun with other keys")
	// ErrDamaged says that a stored message is not whole.
	ErrDamaged = errors.New("the stored message is damaged")
)

// State is where staff have got with a submission.
type State int

// The states of a submission.
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

// Submission is a row with what is needed to open it.
type Submission struct {
	Row
	Revision forms.Revision
	Readers  []keys.Fingerprint // whose session keys are there
	Answers  keys.Sealed        // all readers' session keys and the data
	FileKeys []StoredFile       // in record order
	LeafOK   bool               // the leaf's MAC fits the row, but its state, and its data; FileKeys may still differ
}

// StoredFile locates one file's sealed message.
type StoredFile struct {
	SessionKeys []keys.SessionKey
	Upload      int64
	Chunks      int
}

// WhyMailed and WhyPurged say why a submission is not kept here.
const (
	WhyMailed = "mailed" // it was only ever mailed
	WhyPurged = "purged" // the form's keep time ended
)

// Erased is the error for a submission that is not kept, or no longer.
type Erased struct {
	Reference string
	At        time.Time
	Why       string // WhyMailed, WhyPurged, or what Delete was given
	Back      bool   // somebody put the row back into the database
}

func (e *Erased) Error() string { return "erased" }

// AuditReport is the result of VerifyAudit.
type AuditReport struct {
	Entries  int64
	Last     time.Time
	Findings []string // empty: all is well; the first names the first bad entry, or the cut tail
}

// Account is a person who can sign in.
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

// Session is one signed-in (or half signed-in) browser.
type Session struct {
	Hash    [32]byte // of the cookie's token, under a key of the caller's
	Account int64
	Stage   int // 1: password given, code outstanding; 2: signed in
	Created time.Time
	Seen    time.Time
	MAC     []byte // the caller's, over what it must be sure of
}

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

// Channel is the kind of a job and the way it goes out.
type Channel string

// The channels.
const (
	Mail    Channel = "mail"    // sealed answers
	Notice  Channel = "notice"  // that something came
	Digest  Channel = "digest"  // what came in a day, in numbers
	Alarm   Channel = "alarm"   // for operators
	Webhook Channel = "webhook" // To is the hook's name
	Receipt Channel = "receipt" // to a visitor; To is empty, Sealed holds the address
)

// AboutTest is the About of a webhook that somebody tries out.
const AboutTest = `{"test":true}`

// JobState is where a job has got.
type JobState int

// The states of a job. None of them removes it; Sent ones are purged after their time.
const (
	Waiting JobState = iota
	Sent
	Dead  // given up after five days; kept
	Aside // given up, and somebody has seen to it: kept, and nobody is told of it any more
)

// Job is one thing to send to one address.
type Job struct {
	ID         int64
	Channel    Channel
	State      JobState
	Submission int64  // 0: none
	Form       string // "": none
	Reference  string
	Seq        int64
	To         string
	Sealed     []byte // a receipt's address, sealed; gone once it is sent
	About      string // what a small message says: JSON of counts, codes and ids; "" where there is nothing
	MessageID  string // the same on every attempt; without a domain where the store drew it
	Received   time.Time
	Made       time.Time // when it was enqueued, or revived by RetryNow: five days count from here
	Attempts   int       // failed ones since then, as counted by Retry and GiveUp
	Due        time.Time
	Ended      time.Time // when it was sent or given up
	Upload     int64     // a mail's body: one sealed message, in chunks
	Chunks     int
	Size       int64
	LastError  string // a code, never server text
	Changed    bool   // its MAC does not hold: somebody wrote into the database, and it must not go out
}

// Attempt is a line of a job's log.
type Attempt struct {
	At   time.Time
	Code string // "ok", or as LastError
}
