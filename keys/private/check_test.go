package private_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"runtime"
	"testing"

	"sealform/keys/private"
	"sealform/keys/private/privatetest"
)

func TestCheck(t *testing.T) {
	c := newClinic(t)
	for _, size := range []int{0, 1, 1000, 64 << 10, 300<<10 + 7} {
		body := random(t, size)
		sk, data := stream(t, c.to, c.signer, body)
		for _, piece := range []int{1, 7, 1000, 64 << 10, 256 << 10} {
			if size > 1000 && piece < 1000 {
				continue
			}
			u := privatetest.Unlocked(t, c.eve, pw)
			checked, err := u.Check(sk, chunked(data, piece), c.believed)
			if err != nil {
				t.Fatalf("%d bytes by %d: %v", size, piece, err)
			}
			if checked.Size != int64(size) || checked.SHA256 != sha256.Sum256(body) || checked.Signer != c.signer.Fingerprint() {
				t.Errorf("%d bytes by %d: %+v", size, piece, checked)
			}
			u.Wipe() // pass two needs the message's key only
			for range 2 {
				var out bytes.Buffer
				if n, err := checked.WriteTo(&out); err != nil || n != int64(size) || !bytes.Equal(out.Bytes(), body) {
					t.Errorf("%d bytes by %d: wrote %d, %v", size, piece, n, err)
				}
			}
			checked.Wipe()
			if n, err := checked.WriteTo(io.Discard); n != 0 || !errors.Is(err, private.ErrLocked) {
				t.Errorf("after Wipe: %d, %v", n, err)
			}
		}
	}
}

// TestChangedBetweenPasses: what pass one saw is what pass two gives, or the changed
// chunk is not even decrypted.
func TestChangedBetweenPasses(t *testing.T) {
	c := newClinic(t)
	const piece = 4096
	body := bytes.Repeat([]byte("answers "), 8192)
	sk, data := stream(t, c.to, c.signer, body)
	other := bytes.Clone(data)
	for i := 5*piece + 100; i < 5*piece+200; i++ {
		other[i] ^= 0xFF
	}
	swapped := bytes.Clone(data)
	copy(swapped[3*piece:4*piece], data[4*piece:5*piece])
	copy(swapped[4*piece:5*piece], data[3*piece:4*piece])
	u := privatetest.Unlocked(t, c.dana, pw)
	for name, x := range map[string]struct {
		second private.Chunks
		most   int // bytes that may come out before it is noticed
		want   error
	}{
		"one chunk changed":  {chunked(other, piece), 5 * piece, private.ErrDamaged},
		"two chunks swapped": {chunked(swapped, piece), 3 * piece, private.ErrDamaged},
		"first chunk gone":   {chunked(data[piece:], piece), 0, private.ErrDamaged},
		"last chunk gone":    {chunked(data[:(len(data)-1)/piece*piece], piece), len(data), private.ErrDamaged},
		"one chunk more":     {chunked(append(bytes.Clone(data), make([]byte, 2*piece)...), piece), len(data), private.ErrDamaged},
		"other pieces":       {chunked(data, piece/2), 0, private.ErrDamaged},
		"the store fails":    {brokenAfter(chunked(data, piece), 6), 6 * piece, errStore},
		"nothing":            {chunked(nil, piece), 0, private.ErrDamaged},
	} {
		which := chunked(data, piece)
		checked, err := u.Check(sk, func(n int) ([]byte, error) { return which(n) }, c.believed)
		if err != nil {
			t.Fatal(err)
		}
		which = x.second
		var out bytes.Buffer
		if _, err := checked.WriteTo(&out); !errors.Is(err, x.want) {
			t.Errorf("%s: %v, want %v", name, err, x.want)
		}
		if out.Len() > x.most || !bytes.HasPrefix(body, out.Bytes()) {
			t.Errorf("%s: %d bytes came out, at most %d may, and all of them right", name, out.Len(), x.most)
		}
	}
}

var errStore = errors.New("the store is not there")

func brokenAfter(c private.Chunks, n int) private.Chunks {
	return func(i int) ([]byte, error) {
		if i >= n {
			return nil, errStore
		}
		return c(i)
	}
}

func TestCheckErrors(t *testing.T) {
	c := newClinic(t)
	sk, data := stream(t, c.to, c.signer, random(t, 20000))
	u := privatetest.Unlocked(t, c.dana, pw)
	frank := privatetest.Unlocked(t, privatetest.Key(t, "Frank <frank@clinic.example>", pw), pw)
	for name, x := range map[string]struct {
		u    *private.Unlocked
		c    private.Chunks
		want error
	}{
		"store fails at once": {u, brokenAfter(nil, 0), errStore},
		"store fails later":   {u, brokenAfter(chunked(data, 1000), 12), errStore},
		"cut":                 {u, chunked(data[:15000], 1000), private.ErrDamaged},
		"something after it":  {u, chunked(append(bytes.Clone(data), "more"...), 1000), private.ErrDamaged},
		"nothing":             {u, chunked(nil, 1), private.ErrDamaged},
		"another packet":      {u, chunked(sk[0].Packet, 1000), private.ErrDamaged},
		"another's key":       {frank, chunked(data, 1000), private.ErrWrongKey},
		"wiped":               {&private.Unlocked{}, chunked(data, 1000), private.ErrLocked},
	} {
		if checked, err := x.u.Check(sk, x.c, c.believed); !errors.Is(err, x.want) || checked != nil {
			t.Errorf("%s: %v, want %v", name, err, x.want)
		}
	}
	checked, err := u.Check(sk, chunked(data, 1000), c.believed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := checked.WriteTo(refusing{}); !errors.Is(err, errStore) {
		t.Errorf("target: %v", err)
	}
}

type refusing struct{}

func (refusing) Write([]byte) (int, error) { return 0, errStore }

// TestCheckConstantMemory: 32 MiB pass through both passes in well under 1 MiB.
func TestCheckConstantMemory(t *testing.T) {
	c := newClinic(t)
	sk, data := stream(t, c.to, c.signer, make([]byte, 32<<20))
	u := privatetest.Unlocked(t, c.dana, pw)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	checked, err := u.Check(sk, chunked(data, 256<<10), c.believed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := checked.WriteTo(io.Discard); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 512<<10 {
		t.Errorf("two passes took %d bytes of memory", used)
	}
}
