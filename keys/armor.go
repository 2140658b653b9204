package keys

import (
	"io"

	"sealform/keys/internal/packets"
)

// ArmorWriter writes ASCII armor with CRC-24 (RFC 4880 §6; GnuPG before 2.4.9 needs it), and without it around a message
// of the profile "modern", which must not have it (RFC 9580 §6.1).
// Close ends it and leaves w open. Lines end with LF; a mail's transport makes CRLF of them.
func ArmorWriter(w io.Writer) (io.WriteCloser, error) {
	return packets.NewArmorWriter(w, packets.ArmorMessage)
}
