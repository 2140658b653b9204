// Package audit is the record of what staff and operators did: its entries, the chain
// that holds them together, and the check that finds a change.
//
// Each entry carries a MAC over the entry before it and itself, under a key from the root
// secret, so that nobody who can write the database but lacks the key can change, add,
// drop or reorder entries unseen. What a chain cannot show is that its tail was cut: for
// that the number and MAC of the last entry also go to a Head, which the store keeps in a
// file outside the database.
//
// The package is pure: it neither reads nor writes anything. The store appends entries
// (Chain.Sign), keeps the head (Chain.EncodeHead) and walks the record (Chain.Walk).
// An arriving submission is no entry: its leaf in the store records it. The first entry says
// that the store was made, so a record without any entry is never whole.
//
// Nothing a visitor typed may stand in an entry: About holds references, fingerprints,
// form ids and the e-mail addresses of accounts.
package audit

import "time"

// Entry is one act of staff or an operator. About holds ids (submission references, fingerprints, e-mail of
// accounts), never anything a visitor typed.
type Entry struct {
	Seq   int64
	At    time.Time // kept to the millisecond
	Who   string    // account e-mail, "operator" for commands, Self for what the program did by itself
	From  string    // address of the peer, "" for commands
	Act   string    // one of the Act… constants
	About []string  // with an account or a key that is made goes "row …", a MAC of the store's over its row
	MAC   [32]byte  // over the previous MAC and this entry
}

// The actors that are no account.
const (
	Operator = "operator" // a command on the server
	Self     = "sealform" // the program by itself, such as the purge
)
