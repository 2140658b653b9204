package store

import (
	"context"
	"errors"
	"fmt"
	"io"

	"sealform/keys"
)

// Message reads an upload as one OpenPGP message, a chunk in memory at a time: the session keys given, if any, then so
// many chunks. One that is missing is ErrDamaged, never an early end. ctx ends it.
func (s *Store) Message(ctx context.Context, upload int64, chunks int, sk ...keys.SessionKey) io.Reader {
	m := &message{ctx: ctx, from: s, upload: upload, chunks: chunks}
	for _, k := range sk {
		m.rest = append(m.rest, k.Packet...)
	}
	return m
}

type message struct {
	ctx    context.Context //nolint:containedctx // an io.Reader has no other way to be told
	from   *Store
	upload int64
	chunks int
	next   int
	rest   []byte
}

// Read implements io.Reader.
func (m *message) Read(p []byte) (int, error) {
	for len(m.rest) == 0 {
		if m.next == m.chunks {
			return 0, io.EOF
		}
		chunk, err := m.from.Chunk(m.ctx, m.upload, m.next)
		if errors.Is(err, io.EOF) {
			err = ErrDamaged
		}
		if err != nil {
			return 0, fmt.Errorf("reading a stored message: %w", err)
		}
		m.rest = chunk
		m.next++
	}
	n := copy(p, m.rest)
	m.rest = m.rest[n:]
	return n, nil
}
