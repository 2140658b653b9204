package spool

// Config bounds a spool.
type Config struct {
	Dir        string // O_TMPFILE files of ciphertext are made here
	Budget     int64  // bytes of all uploads together; 0: 1 GiB
	PerAddress int64  // 0: 256 MiB
}

type Spool struct{}

func New(c Config) (*Spool, error) { panic("contract") }
