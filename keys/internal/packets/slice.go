package packets

import "io"

// slice is the least reader over bytes in memory; it keeps no reference after its end.
type slice struct{ b []byte }

// FromBytes reads from b.
func FromBytes(b []byte) Source { return &slice{b} }

// Read implements io.Reader.
func (s *slice) Read(p []byte) (int, error) {
	if len(s.b) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.b)
	s.b = s.b[n:]
	return n, nil
}

// ReadByte implements io.ByteReader.
func (s *slice) ReadByte() (byte, error) {
	if len(s.b) == 0 {
		return 0, io.EOF
	}
	c := s.b[0]
	s.b = s.b[1:]
	return c, nil
}
