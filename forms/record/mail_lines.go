package record

import (
	"io"
	"strings"
)

// writeSpaces pads behind the last part, where readers of a multipart look at nothing.
func writeSpaces(w io.Writer, n int64) error {
	line := strings.Repeat(" ", 70) + "\r\n"
	for n > 0 {
		k := min(n, int64(len(line)))
		if _, err := io.WriteString(w, line[int64(len(line))-k:]); err != nil {
			return err //nolint:wrapcheck // a writer passes on what its target says
		}
		n -= k
	}
	return nil
}
