package viewer

import (
	"errors"
	"time"
)

// What the desk answers instead of a result. show.go says what people see for each.
var (
	errSignedOut  = errors.New("nobody is signed in")
	errLocked     = errors.New("the key is locked")
	errNotFound   = errors.New("there is no such thing for this person")
	errNoKey      = errors.New("this person holds no key for any form")
	errWrong      = errors.New("the sign-in is not right")
	errWrongCode  = errors.New("the code is not right")
	errTries      = errors.New("too many wrong codes in one sign-in")
	errRecord     = errors.New("the audit record cannot be written")
	errLeaf       = errors.New("the submission is not where it was put")
	errRevision   = errors.New("the questions of this revision are not known")
	errSpent      = errors.New("what a delivery held is no longer kept")
	errChanged    = errors.New("a delivery was changed in the database")
	errSoon       = errors.New("a delivery went out a moment ago")
	errOften      = errors.New("a delivery was sent again too often today")
	errNotGivenUp = errors.New("a delivery is not given up, or not any more")
	errEnded      = errors.New("the session ended while a file was sent")
)

// slowed: too many failures; nothing was tried.
type slowed struct{ wait time.Duration }

func (s *slowed) Error() string { return "too many failures, wait" }

// atStage: the session is good, but at another stage than what was asked for needs.
type atStage struct{ stage int }

func (a *atStage) Error() string { return "the session is at another stage of signing in" }
