package intake

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// Why a body is not taken. None of them holds a byte of it.
var (
	errTooLarge  = errors.New("body over its limits")
	errMalformed = errors.New("body not well formed")
	errType      = errors.New("content type not taken")
	errSlow      = errors.New("body came too slowly")
)

const (
	grace    = 30 * time.Second // a body may be slow for so long
	rate     = 1 << 10          // and must keep this many bytes a second on average afterwards
	patience = 60 * time.Second // for writing an answer
	stride   = 16 << 10         // bytes between two moves of the deadline: 16 s of credit, well within grace
)

// meter reads a body up to its limit and at its least rate. Its errors are final.
type meter struct {
	body   io.Reader
	rc     *http.ResponseController
	start  time.Time
	limit  int64
	read   int64
	moved  int64 // value of read when the deadline was set last
	window int64 // while a part's header is read: the value of read that must not be passed; 0: none
	err    error
}

func newMeter(w http.ResponseWriter, body io.Reader, limit int64) *meter {
	m := &meter{body: body, rc: http.NewResponseController(w), start: time.Now(), limit: limit, moved: -stride}
	return m
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
		m.err = errTooLarge
		return 0, m.err
	}
	m.pace()
	n, err := m.body.Read(p[:min(int64(len(p)), most)])
	m.read += int64(n)
	switch {
	case m.read > m.limit:
		m.err = errTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		m.err = errSlow
	case errors.Is(err, io.EOF):
		m.err = io.EOF
	case err != nil:
		m.err = fmt.Errorf("%w: broken off", errMalformed)
	}
	if n > 0 && !errors.Is(m.err, errTooLarge) {
		return n, nil
	}
	return 0, m.err
}

// pace sets the time by which the next bytes must be here: the grace and a second for each KiB that came. Where the
// connection knows no deadlines, as in some tests, there is none.
func (m *meter) pace() {
	if m.read-m.moved < stride {
		return
	}
	m.moved = m.read
	_ = m.rc.SetReadDeadline(m.start.Add(grace + time.Duration(m.read/rate)*time.Second))
}

// done ends the watch over reading and gives the answer its own time.
func (m *meter) done() {
	_ = m.rc.SetReadDeadline(time.Time{})
	_ = m.rc.SetWriteDeadline(time.Now().Add(patience))
}
