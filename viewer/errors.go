package viewer

import "errors"

// Errors that the desk answers with instead of a result. show.go says what people see for each.
var (
	errLocked     = errors.New("the key is locked")
	errNotFound   = errors.New("there is no such thing for this person")
	errNoKey      = errors.New("this person holds no key for any form")
	errLeaf       = errors.New("the submission is not where it was put")
	errRevision   = errors.New("the questions of this revision are not known")
	errSpent      = errors.New("what a delivery held is no longer kept")
	errChanged    = errors.New("a delivery was changed in the database")
	errSoon       = errors.New("a delivery went out a moment ago")
	errOften      = errors.New("a delivery was sent again too often today")
	errNotGivenUp = errors.New("a delivery is not given up, or not any more")
	errEnded      = errors.New("the session ended while a file was sent")
)
