package spool

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
)

// ErrDropped means that the file was longer than it may be, or that its request is over; only its size is known.
var ErrDropped = errors.New("file not kept")

// File is one upload.
type File struct {
	Size   int64    // of what was read, also when it was not kept
	SHA256 [32]byte // of what was read, when it was kept

	request *Request
	aead    cipher.AEAD
	sealed  []byte   // the frames, while in memory
	disk    *os.File // the frames, when there are more
	held    int64    // bytes of the budget
	counted int64    // bytes of the share that may stay in memory
	kept    bool
}

// frames shares the buffers that plaintext passes through; they are wiped before they are put back.
var frames = sync.Pool{New: func() any { return new([frameSize + 16]byte) }}

// Add reads src to its end and keeps it. When it is longer than limit, the rest is read and only counted, and
// nothing is kept. Read errors of src come back as they are; ErrFull when there is no room, with src read
// to some point.
func (r *Request) Add(src io.Reader, limit int64) (*File, error) {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("spool cipher: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("spool cipher: %w", err)
	}
	clear(key)
	f := &File{request: r, aead: aead, kept: true}
	r.files = append(r.files, f)
	if err := f.fill(src, limit); err != nil {
		return nil, errors.Join(err, f.drop())
	}
	return f, nil
}

func (f *File) fill(src io.Reader, limit int64) error {
	if err := f.request.Hold(frameSize); err != nil { // a slow sender keeps the buffer for long
		return err
	}
	defer func() { _ = f.request.Hold(-frameSize) }() // giving back does not fail
	buf := frames.Get().(*[frameSize + 16]byte)
	defer func() { clear(buf[:]); frames.Put(buf) }()
	sum := sha256.New()
	for n := uint64(0); ; n++ {
		got, err := readFrame(src, buf[:frameSize])
		f.Size += int64(got)
		if f.Size > limit && f.kept {
			if err := f.drop(); err != nil {
				return err
			}
		}
		if f.kept && got > 0 {
			sum.Write(buf[:got])
			if err := f.append(f.aead.Seal(buf[:0], nonce(n), buf[:got], nil)); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			sum.Sum(f.SHA256[:0])
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// readFrame fills p, or gives io.EOF with what was left. Unlike io.ReadFull it does not mistake a source that was
// cut off (io.ErrUnexpectedEOF) for one that ended.
func readFrame(src io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var got int
		got, err = src.Read(p[n:])
		n += got
	}
	return n, err
}

// append keeps one sealed frame, in memory as long as there are few.
func (f *File) append(frame []byte) error {
	n := int64(len(frame))
	if err := f.request.spool.disk.take(f.request.addr, n); err != nil {
		return err
	}
	f.held += n
	if f.disk == nil && len(f.sealed)+len(frame) <= inMemory+inMemory/frameSize*16 && f.request.spool.remember(n) {
		f.counted += n
		f.sealed = append(f.sealed, frame...)
		return nil
	}
	if f.disk == nil {
		disk, err := unnamed(f.request.spool.dir)
		if err != nil {
			return room(fmt.Errorf("making a spool file: %w", err))
		}
		f.disk = disk
		if _, err := disk.Write(f.sealed); err != nil {
			return room(fmt.Errorf("writing a spool file: %w", err))
		}
		f.forgetMemory()
	}
	if _, err := f.disk.Write(frame); err != nil {
		return room(fmt.Errorf("writing a spool file: %w", err))
	}
	return nil
}

// room turns a full disk, or too many open files, into ErrFull.
func room(err error) error {
	for _, full := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG, syscall.EMFILE, syscall.ENFILE} {
		if errors.Is(err, full) {
			return ErrFull
		}
	}
	return err
}

func (f *File) forgetMemory() {
	f.request.spool.sealed.Add(-f.counted)
	f.counted, f.sealed = 0, nil
}

// drop gives back all that the file holds.
func (f *File) drop() error {
	f.kept = false
	f.forgetMemory()
	f.request.spool.disk.giveBack(f.request.addr, f.held)
	f.held = 0
	if f.disk == nil {
		return nil
	}
	disk := f.disk
	f.disk = nil
	if err := disk.Close(); err != nil {
		return fmt.Errorf("closing a spool file: %w", err)
	}
	return nil
}

// Open reads the file again, decrypted frame by frame, as often as wanted until its request is closed.
func (f *File) Open() (io.ReadCloser, error) {
	if !f.kept {
		return nil, ErrDropped
	}
	var src io.ReaderAt = bytes.NewReader(f.sealed)
	if f.disk != nil {
		src = f.disk
	}
	return &reader{file: f, src: src, left: f.Size}, nil
}

// reader decrypts one frame at a time.
type reader struct {
	file  *File
	src   io.ReaderAt
	frame uint64
	left  int64 // bytes not yet decrypted
	plain []byte
	buf   *[frameSize + 16]byte
}

func (r *reader) Read(p []byte) (int, error) {
	if len(r.plain) == 0 {
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.plain)
	r.plain = r.plain[n:]
	return n, nil
}

func (r *reader) next() error {
	if r.left == 0 {
		return io.EOF
	}
	if !r.file.kept {
		return ErrDropped
	}
	if r.buf == nil {
		r.buf = frames.Get().(*[frameSize + 16]byte)
	}
	size := min(r.left, frameSize)
	sealed := r.buf[:size+16]
	if _, err := r.src.ReadAt(sealed, int64(r.frame)*(frameSize+16)); err != nil && !errors.Is(err, io.EOF) { //nolint:gosec // some thousand frames
		return fmt.Errorf("reading a spool file: %w", err)
	}
	plain, err := r.file.aead.Open(sealed[:0], nonce(r.frame), sealed, nil)
	if err != nil {
		return fmt.Errorf("reading a spool file: %w", err)
	}
	r.plain, r.left, r.frame = plain, r.left-size, r.frame+1
	return nil
}

// Close wipes what was last decrypted.
func (r *reader) Close() error {
	if r.buf != nil {
		clear(r.buf[:])
		frames.Put(r.buf)
		r.buf, r.plain, r.left = nil, nil, 0
	}
	return nil
}

// nonce counts the frames; the key is the file's own.
func nonce(n uint64) []byte {
	var b [12]byte
	binary.BigEndian.PutUint64(b[4:], n)
	return b[:]
}
