package store

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"sealform/keys"
)

// TestMessage: session keys and chunks come as one message; a chunk that is not there is an error, never an early end.
func TestMessage(t *testing.T) {
	s, c := newStore(t)
	x := newSealer(t)
	m := mailOnly(t, x)
	scan := make([]byte, 300<<10)
	m.Mails[0].Body = x.stream(t, bytesOf(scan))
	put(t, s, m)
	jobs, err := s.Claim(t.Context(), []Channel{Mail}, 1, c.Now())
	if err != nil || len(jobs) != 1 {
		t.Fatal(jobs, err)
	}
	job := jobs[0]
	sk := []keys.SessionKey{{Packet: []byte("one ")}, {Packet: []byte("two ")}}
	got, err := io.ReadAll(s.Message(t.Context(), job.Upload, job.Chunks, sk...))
	if err != nil || !bytes.Equal(got, append([]byte("one two "), readUpload(t, s, job.Upload)...)) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if _, err := io.ReadAll(s.Message(t.Context(), job.Upload, job.Chunks+1)); !errors.Is(err, ErrDamaged) {
		t.Errorf("a chunk too few: %v", err)
	}
	tamper(t, s, `delete from chunk where id = (select min(id) from chunk)`)
	if _, err := io.ReadAll(s.Message(t.Context(), job.Upload, job.Chunks)); !errors.Is(err, ErrDamaged) {
		t.Errorf("without the first chunk: %v", err)
	}
}
