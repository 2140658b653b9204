package viewer

// Paths makes the addresses of submissions in the staff pages, for notices.
type Paths struct{}

// NewPaths needs what the viewer was configured with.
func NewPaths(service string, forms []string, key func(purpose string) []byte) (*Paths, error) {
	panic("contract")
}

// Go is the path that a mail may link to, "/go/…": it reads no cookie and moves on to the submission, or to the inbox where
// the number is 0.
func (p *Paths) Go(form string, submission int64) string { panic("contract") }
