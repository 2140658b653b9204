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

// Who acted, when it was no account.
const (
	Operator = "operator" // a command on the server
	Self     = "sealform" // the program by itself, such as the purge
)

// The acts of accounts.
const (
	ActSignedIn        = "signed-in"
	ActSignInFailed    = "sign-in-failed"
	ActSignedOut       = "signed-out"
	ActAccountAdded    = "account-added"
	ActAccountReset    = "account-reset"
	ActAccountDisabled = "account-disabled"
	ActAccountEnabled  = "account-enabled"
)

// The acts on keys.
const (
	ActUnlocked          = "unlocked"
	ActUnlockFailed      = "unlock-failed"
	ActLocked            = "locked"
	ActKeyGenerated      = "key-generated"
	ActKeyImported       = "key-imported"
	ActKeyExported       = "key-exported"
	ActKeyRemoved        = "key-removed"
	ActSigningKeyRotated = "signing-key-rotated"
	// ActSMIMEKeyMade: the service has a certificate of its own that signs S/MIME mail; About has its fingerprint.
	ActSMIMEKeyMade = "smime-key-made"
)

// The acts on submissions. Every one names their references in About.
const (
	ActOpened       = "opened"
	ActOpenFailed   = "open-failed"
	ActFileSaved    = "file-saved"
	ActExported     = "exported"
	ActStateChanged = "state-changed"
	ActErased       = "erased"
	ActPurged       = "purged"
	// ActDeliveryRetried: somebody had a delivery sent now; About has its channel and reference.
	ActDeliveryRetried = "delivery-retried"
	// ActDeliveryPutAside: somebody has seen to a delivery that was given up; About has its channel and reference.
	ActDeliveryPutAside = "delivery-put-aside"
	// ActWebhookTested: somebody had a test sent; About has the webhook's name.
	ActWebhookTested = "webhook-tested"
)

// ActStoreMade is the first entry of every record; About names the service.
const ActStoreMade = "store-made"

// ActNumbersNoted says how many numbers each form has given ("contact 17"), hourly and more often while much comes in, so
// that the newest submissions cannot be taken away together with their count.
const ActNumbersNoted = "numbers-noted"

// ActHeadLost says that the head file was HeadMissing, HeadDamaged or HeadAhead when the
// store was opened; About names which. Verification reports every such entry.
const ActHeadLost = "head-lost"

// What may be wrong with a head file.
const (
	HeadMissing = "missing"
	HeadDamaged = "damaged"
	HeadAhead   = "ahead of the record"
)
