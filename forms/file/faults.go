package file

import "sealform/internal/yamltree"

// Fault is one thing wrong in a form file, with its place and its mend.
type Fault = yamltree.Fault

// Faults is everything wrong with one or more form files. As an error it prints each with its excerpt and mark,
// and a closing count.
type Faults = yamltree.Faults
