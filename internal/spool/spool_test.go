package spool

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var here = netip.MustParseAddr("192.0.2.1")

func newSpool(t *testing.T, c Config) *Spool {
	t.Helper()
	c.Dir = filepath.Join(t.TempDir(), "spool")
	s, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func content(n int) []byte {
	return bytes.Repeat([]byte("CANARY-0123456789"), n/17+1)[:n]
}

func TestFilesComeBack(t *testing.T) {
	s := newSpool(t, Config{})
	for _, n := range []int{0, 1, frameSize - 1, frameSize, frameSize + 1, inMemory, inMemory + 1, 3<<20 + 5} {
		r := s.Request(here)
		f, err := r.Add(bytes.NewReader(content(n)), 1<<30)
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if f.Size != int64(n) || f.SHA256 != sha256.Sum256(content(n)) {
			t.Errorf("%d bytes: size %d or hash wrong", n, f.Size)
		}
		if onDisk := f.disk != nil; onDisk != (n > inMemory) {
			t.Errorf("%d bytes: on disk %v", n, onDisk)
		}
		for range 2 { // as often as wanted
			rd, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(rd)
			if err != nil || !bytes.Equal(got, content(n)) {
				t.Errorf("%d bytes: %d came back, %v", n, len(got), err)
			}
			if err := rd.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if _, err := f.Open(); !errors.Is(err, ErrDropped) {
			t.Errorf("after the request: %v", err)
		}
	}
	if s.Used() != 0 || s.sealed.Load() != 0 || len(s.disk.by) != 0 || len(s.memory.by) != 0 {
		t.Errorf("left: %d bytes, %d in memory, %d addresses", s.Used(), s.sealed.Load(), len(s.disk.by)+len(s.memory.by))
	}
}

// covers IN01
func TestNoPlaintextOnDisk(t *testing.T) {
	s := newSpool(t, Config{})
	r := s.Request(here)
	defer r.Close()
	f, err := r.Add(bytes.NewReader(content(1<<20)), 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	names, err := os.ReadDir(s.dir)
	if err != nil || len(names) != 0 {
		t.Errorf("the folder holds %d names, %v", len(names), err)
	}
	written := make([]byte, 2<<20)
	n, err := f.disk.ReadAt(written, 0)
	if !errors.Is(err, io.EOF) || n < 1<<20 {
		t.Fatalf("read %d bytes of the unnamed file, %v", n, err)
	}
	if bytes.Contains(written[:n], []byte("CANARY")) {
		t.Error("plaintext in the spool file")
	}
	if bytes.Contains(f.sealed, []byte("CANARY")) {
		t.Error("plaintext kept in memory")
	}
}

func TestTooLongIsCountedNotKept(t *testing.T) {
	s := newSpool(t, Config{})
	r := s.Request(here)
	defer r.Close()
	f, err := r.Add(bytes.NewReader(content(1<<20)), 700_000)
	if err != nil {
		t.Fatal(err)
	}
	if f.Size != 1<<20 {
		t.Errorf("size %d", f.Size)
	}
	if _, err := f.Open(); !errors.Is(err, ErrDropped) {
		t.Errorf("open: %v", err)
	}
	if s.Used() != 0 {
		t.Errorf("%d bytes still held", s.Used())
	}
}

// covers IN02
func TestBudgets(t *testing.T) {
	s := newSpool(t, Config{Budget: 1 << 20, PerAddress: 400 << 10})
	one, two, three := s.Request(here), s.Request(netip.MustParseAddr("2001:db8::1")), s.Request(netip.MustParseAddr("2001:db8::2"))
	if _, err := one.Add(bytes.NewReader(content(500<<10)), 1<<30); !errors.Is(err, ErrFull) {
		t.Errorf("over one address's budget: %v", err)
	}
	if s.Used() != 0 {
		t.Errorf("a refused file still holds %d bytes", s.Used())
	}
	if _, err := two.Add(bytes.NewReader(content(300<<10)), 1<<30); err != nil {
		t.Errorf("another address: %v", err)
	}
	if _, err := three.Add(bytes.NewReader(content(300<<10)), 1<<30); !errors.Is(err, ErrFull) {
		t.Errorf("the same /64: %v", err)
	}
	for i := range 10 {
		r := s.Request(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}))
		defer r.Close()
		_, err := r.Add(bytes.NewReader(content(200<<10)), 1<<30)
		if s.Used() > 1<<20 {
			t.Fatalf("budget overrun: %d", s.Used())
		}
		if i == 9 && !errors.Is(err, ErrFull) {
			t.Errorf("over the whole budget: %v", err)
		}
	}
	for _, r := range []*Request{one, two, three} {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestMemoryShareSpillsToDisk(t *testing.T) {
	s := newSpool(t, Config{})
	s.sealed.Store(memoryShare)
	r := s.Request(here)
	f, err := r.Add(strings.NewReader("a small one"), 100)
	if err != nil {
		t.Fatal(err)
	}
	if f.disk == nil {
		t.Error("kept in memory beyond the share")
	}
	rd, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(rd); err != nil || string(b) != "a small one" {
		t.Errorf("%q, %v", b, err)
	}
	if err := errors.Join(rd.Close(), r.Close()); err != nil {
		t.Error(err)
	}
	if s.sealed.Load() != memoryShare {
		t.Errorf("share off by %d", s.sealed.Load()-memoryShare)
	}
}

// covers IN02
func TestMemoryHasABudget(t *testing.T) {
	s := newSpool(t, Config{Memory: 300 << 10, MemoryPerAddress: 200 << 10})
	r, same, other := s.Request(here), s.Request(here), s.Request(netip.MustParseAddr("198.51.100.7"))
	if err := r.Hold(150 << 10); err != nil {
		t.Fatal(err)
	}
	if err := same.Hold(60 << 10); !errors.Is(err, ErrFull) {
		t.Errorf("over one address's budget: %v", err)
	}
	if _, err := same.Add(strings.NewReader("x"), 100); !errors.Is(err, ErrFull) {
		t.Errorf("a buffer over one address's budget: %v", err)
	}
	if err := other.Hold(160 << 10); !errors.Is(err, ErrFull) {
		t.Errorf("over the whole budget: %v", err)
	}
	if err := r.Hold(-50 << 10); err != nil {
		t.Error(err)
	}
	if err := same.Hold(60 << 10); err != nil {
		t.Errorf("room was given back, and yet: %v", err)
	}
	if got := s.Used(); got != 160<<10 {
		t.Errorf("%d bytes held", got)
	}
	if err := errors.Join(r.Close(), same.Close(), other.Close()); err != nil || s.Used() != 0 || len(s.memory.by) != 0 {
		t.Errorf("%d bytes and %d addresses left, %v", s.Used(), len(s.memory.by), err)
	}
}

// A slow sender of a file keeps a buffer in use; it is given back with the file.
func TestBuffersAreCounted(t *testing.T) {
	s := newSpool(t, Config{})
	r := s.Request(here)
	defer r.Close()
	during := int64(0)
	if _, err := r.Add(readerFunc(func([]byte) (int, error) { during = s.memory.sum(); return 0, io.EOF }), 100); err != nil {
		t.Fatal(err)
	}
	if during != frameSize || s.memory.sum() != 0 {
		t.Errorf("%d bytes while reading, %d afterwards", during, s.memory.sum())
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

func TestSourceErrorComesBack(t *testing.T) {
	s := newSpool(t, Config{})
	r := s.Request(here)
	for _, broken := range []error{errors.New("broken off"), io.ErrUnexpectedEOF} {
		if _, err := r.Add(io.MultiReader(bytes.NewReader(content(300<<10)), errReader{broken}), 1<<30); !errors.Is(err, broken) {
			t.Errorf("got %v, want %v", err, broken)
		}
	}
	if s.Used() != 0 {
		t.Errorf("%d bytes still held", s.Used())
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}

type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }

func TestTamperedFrameIsRefused(t *testing.T) {
	s := newSpool(t, Config{})
	r := s.Request(here)
	defer r.Close()
	f, err := r.Add(bytes.NewReader(content(200<<10)), 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	f.sealed[frameSize+100] ^= 1
	rd, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer rd.Close()
	if n, err := io.Copy(io.Discard, rd); err == nil || n != frameSize {
		t.Errorf("read %d bytes, %v", n, err)
	}
}

func TestLeftoversAreSwept(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"upload-1.sealed", "other"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := New(Config{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	names, err := os.ReadDir(dir)
	if err != nil || len(names) != 1 || names[0].Name() != "other" {
		t.Errorf("left: %v, %v", names, err)
	}
	f, err := madeAndRemoved(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if names, err := os.ReadDir(dir); err != nil || len(names) != 1 {
		t.Errorf("a name is left: %v, %v", names, err)
	}
}
