package audit

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

// The faults of a head file.
const (
	HeadMissing = "missing"
	HeadDamaged = "damaged"
	HeadAhead   = "ahead of the record"
)
