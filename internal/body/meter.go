package body

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

const (
	grace   = 30 * time.Second // a body may be slow for so long
	rate    = 1 << 10          // and must bring this many bytes a second afterwards
	silence = 60 * time.Second // the longest wait for the next byte, however fast those before it came
	whole   = 2 * time.Minute  // and
	overall = 4 << 10          // a second for each so many bytes that may come: what the whole body may take
)

// Patience is how long an answer may take to be written.
const Patience = 60 * time.Second

// meter reads a body up to its limit and at its least rate. Its errors are final.
type meter struct {
	body   io.Reader
	rc     *http.ResponseController
	now    func() time.Time
	began  time.Time
	limit  int64
	read   int64
	due    time.Time // by when the next byte must be here
	set    time.Time // the deadline as the connection has it
	end    time.Time // by when all must be here
	window int64     // while a part's header is read: the value of read that must not be passed; 0: none
	err    error
}

// newMeter begins the watch over a body of which size bytes may come at most.
func newMeter(w http.ResponseWriter, body io.Reader, limit, size int64) *meter {
	began := time.Now()
	return &meter{
		body: body, rc: http.NewResponseController(w), now: time.Now, began: began, limit: limit,
		due: began.Add(grace), end: began.Add(whole + time.Duration(size/overall)*time.Second),
	}
}

func (m *meter) Read(p []byte) (int, error) {
	if m.err != nil {
		return 0, m.err
	}
	most := m.limit - m.read + 1 // one more than allowed, to tell a full body from one that goes on
	if m.window > 0 {
		most = min(most, m.window-m.read)
	}
	if most <= 0 {
		m.err = ErrTooLarge
		return 0, m.err
	}
	m.pace()
	n, err := m.body.Read(p[:min(int64(len(p)), most)])
	m.came(n)
	switch {
	case m.read > m.limit:
		m.err = ErrTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		m.err = ErrSlow
	case errors.Is(err, io.EOF):
		m.err = io.EOF
	case err != nil:
		m.err = fmt.Errorf("%w: broken off", ErrMalformed)
	}
	if n > 0 && !errors.Is(m.err, ErrTooLarge) {
		return n, nil
	}
	return 0, m.err
}

// pace tells the connection by when the next bytes must be here. Where it knows no deadlines, as in some tests, there
// is none. One that would move by less than a second stays.
func (m *meter) pace() {
	by := m.due
	if m.end.Before(by) {
		by = m.end
	}
	if !m.set.IsZero() && by.Sub(m.set) < time.Second {
		return
	}
	m.set = by
	_ = m.rc.SetReadDeadline(by)
}

// came gives each KiB a second more. Time is not saved up beyond the longest silence: what came fast at the beginning
// buys no rest later.
func (m *meter) came(n int) {
	m.read += int64(n)
	m.due = m.due.Add(time.Duration(n) * time.Second / rate)
	if latest := m.now().Add(silence); m.due.After(latest) {
		m.due = latest
	}
}

// done gives the answer its own time, where the body took some. What is left unread is not waited for for long: see
// web.Headers.
func (m *meter) done() {
	if m.now().After(m.began.Add(time.Second)) {
		_ = m.rc.SetWriteDeadline(m.now().Add(Patience))
	}
}
