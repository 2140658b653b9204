package viewer

import (
	"context"
	"io"

	"sealform/forms"
	"sealform/internal/audit"
	"sealform/keys/private"
)

// File sends one of a submission's files. begin is called with the file's record when the whole of it was
// read, verified and found equal to what the record says; the bytes go to what it returns. An error after that can
// only cut the answer off.
func (d *desk) File(ctx context.Context, who Staff, sid string, n int, begin func(forms.ReadFile) io.Writer) error {
	o, err := d.begin(ctx, who, sid, audit.ActFileSaved)
	if err != nil {
		return err
	}
	err = d.with(who, func(u *private.Unlocked) error {
		if err := d.read(ctx, u, o); err != nil {
			return err
		}
		return d.send(ctx, who, u, o, n, begin)
	})
	if err != nil {
		return d.notOpened(ctx, who, o, err)
	}
	return nil
}

func (d *desk) send(ctx context.Context, who Staff, u *private.Unlocked, o *opened, n int, begin func(forms.ReadFile) io.Writer) error {
	if n < 0 || n >= len(o.reading.Files) || n >= len(o.sub.FileKeys) {
		return errNotFound
	}
	file, kept := o.reading.Files[n], o.sub.FileKeys[n]
	chunks := func(i int) ([]byte, error) { return d.Store.Chunk(ctx, kept.Upload, i) }
	checked, err := u.Check(kept.SessionKeys, chunks, d.Verifiers)
	if err != nil {
		return err
	}
	switch {
	case checked.Size != file.Size:
		return &forms.Mismatch{What: []string{"size of a file"}}
	case checked.SHA256 != file.SHA256:
		return &forms.Mismatch{What: []string{"content of a file"}}
	case checked.Signer != o.reading.Record.Signer:
		return &forms.Mismatch{What: []string{"signer of a file"}}
	}
	_, err = checked.WriteTo(&watched{d, who, begin(file)})
	return err
}

// watched stops a long download when the key is locked or its person signed out meanwhile.
type watched struct {
	desk *desk
	who  Staff
	to   io.Writer
}

func (w *watched) Write(b []byte) (int, error) {
	if !w.desk.left(w.who).isOpen() {
		return 0, errEnded
	}
	return w.to.Write(b)
}
