package viewer

import (
	"context"
	"errors"
	"io"
	"time"

	"sealform/forms/record"
	"sealform/internal/audit"
	"sealform/internal/staff"
	"sealform/keys/private"
)

// File sends one of a submission's files. begin is called with the file's record when the whole of it was
// read, verified and found equal to what the record says; the bytes go to what it returns. An error after that can
// only cut the answer off.
func (d *desk) File(ctx context.Context, who staff.Staff, sid string, n int, begin func(record.ReadFile) io.Writer) error {
	o, err := d.begin(ctx, who, sid, audit.ActFileSaved)
	if err != nil {
		return err
	}
	var file *checkedFile
	err = d.with(who, func(u *private.Unlocked) error {
		if err := d.read(ctx, u, o); err != nil {
			return err
		}
		file, err = d.check(ctx, u, o, n)
		return err
	})
	if err != nil {
		return d.notOpened(ctx, who, o, err)
	}
	defer file.message.Wipe()
	// The key is not held while the bytes go out: a peer that reads slowly, or not at all, keeps nothing open.
	_, err = file.message.WriteTo(&watched{desk: d, who: who, to: begin(file.record), used: d.Now()})
	if errors.Is(err, private.ErrDamaged) { // a chunk changed between the passes
		return d.notOpened(ctx, who, o, err)
	}
	return err
}

// checkedFile is a file that was found whole, signed, and as its record says.
type checkedFile struct {
	record  record.ReadFile
	message *private.Checked // holds the file's session key until it is wiped
}

func (d *desk) check(ctx context.Context, u *private.Unlocked, o *opened, n int) (*checkedFile, error) {
	if n < 0 || n >= len(o.reading.Files) || n >= len(o.sub.FileKeys) {
		return nil, errNotFound
	}
	file, kept := o.reading.Files[n], o.sub.FileKeys[n]
	chunks := func(i int) ([]byte, error) { return d.Store.Chunk(ctx, kept.Upload, i) }
	message, err := u.Check(kept.SessionKeys, chunks, d.Verifiers)
	if err != nil {
		return nil, err
	}
	var differs string
	switch {
	case message.Size != file.Size:
		differs = "size of a file"
	case message.SHA256 != file.SHA256:
		differs = "content of a file"
	case message.Signer != o.reading.Record.Signer:
		differs = "signer of a file"
	default:
		return &checkedFile{file, message}, nil
	}
	message.Wipe()
	return nil, &record.Mismatch{What: []string{differs}}
}

// stayEvery is how often a download moves the end of the key that it uses.
const stayEvery = time.Minute

// watched stops a download when the key is locked or its person signed out meanwhile. While bytes go out the key is in
// use, so that a long download does not lock it.
type watched struct {
	desk *desk
	who  staff.Staff
	to   io.Writer
	used time.Time // when the end of the key was last moved
}

func (w *watched) Write(b []byte) (int, error) {
	if now := w.desk.Now(); now.Sub(w.used) >= stayEvery {
		if err := w.desk.Stay(w.who); err != nil {
			return 0, errEnded
		}
		w.used = now
	}
	if w.desk.left(w.who) == 0 {
		return 0, errEnded
	}
	return w.to.Write(b)
}
