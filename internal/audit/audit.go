package audit

import "time"

// Entry is one act of staff or an operator. About holds ids (submission references, fingerprints, e-mail of
// accounts), never anything a visitor typed.
type Entry struct {
	Seq   int64
	At    time.Time
	Who   string // account e-mail, "operator" for commands
	From  string // address of the peer, "" for commands
	Act   string // one of the Act… constants
	About []string
	MAC   [32]byte // over the previous MAC and this entry
}
