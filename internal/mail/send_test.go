package mail

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"sealform/internal/demo/ca"
	"sealform/internal/demo/postbox"
	"sealform/keys"
)

// mailbox is a real SMTP server; it gives its address and its folder.
func mailbox(t *testing.T, ca *ca.CA, most int64, implicit bool) (addr, dir string) {
	t.Helper()
	dir = t.TempDir()
	box, err := postbox.New(postbox.Config{Dir: dir, Certificate: ca.Server, MaxBytes: most})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = l.Addr().String()
	if implicit {
		l = tls.NewListener(l, &tls.Config{Certificates: []tls.Certificate{ca.Server}, MinVersion: tls.VersionTLS12})
	}
	done := make(chan error, 1)
	go func() { done <- box.Serve(l) }()
	t.Cleanup(func() {
		if err := errors.Join(box.Close(), <-done); err != nil {
			t.Error(err)
		}
	})
	return addr, dir
}

// delivered is the path of the one message in dir.
func delivered(t *testing.T, dir string) string {
	t.Helper()
	names, err := postbox.List(dir)
	if err != nil || len(names) != 1 {
		t.Fatalf("%d messages, %v", len(names), err)
	}
	return filepath.Join(dir, names[0])
}

func TestDeliveredIsWhatWasWritten(t *testing.T) {
	ca := authority(t)
	for _, implicit := range []bool{false, true} {
		addr, dir := mailbox(t, ca, 0, implicit)
		m := letter(t, 5000)
		r := relay(t, addr, ca, func(c *RelayConfig) {
			if implicit {
				c.Mode = ImplicitTLS
			}
		})
		if err := r.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(delivered(t, dir))
		if err != nil {
			t.Fatal(err)
		}
		if want := written(t, m); !bytes.Equal(got, want) {
			t.Errorf("implicit %v: delivered %d bytes, wrote %d", implicit, len(got), len(want))
		}
	}
}

// covers ML10
func TestTooLargeForTheRelay(t *testing.T) {
	ca := authority(t)
	addr, dir := mailbox(t, ca, 10_000, false)
	r := relay(t, addr, ca, nil)
	known := letter(t, 20_000)
	known.Size = 20_000
	expect(t, r.Send(t.Context(), known), TooLarge)
	expect(t, r.Send(t.Context(), letter(t, 20_000)), TooLarge) // not known before: the relay says it at the end
	if names, err := postbox.List(dir); err != nil || len(names) != 0 {
		t.Errorf("%v, %v", names, err)
	}
}

func TestEstimateIsNotBelowTheTruth(t *testing.T) {
	for _, size := range []int{1, 100, 5000, 300_000} {
		var b bytes.Buffer
		if _, err := sealed(t, size+100).WriteTo(&b); err != nil {
			t.Fatal(err)
		}
		m := carrying(packed(b.Bytes()))
		m.Size = int64(b.Len())
		if n := int64(len(written(t, m))); n > m.mailed() || m.mailed() > n+n/50+4096 {
			t.Errorf("%d bytes, estimated %d", n, m.mailed())
		}
	}
}

// A body that breaks off must not arrive as a shorter message.
func TestBrokenBodyIsNotDelivered(t *testing.T) {
	ca := authority(t)
	addr, dir := mailbox(t, ca, 0, false)
	var whole bytes.Buffer
	if _, err := sealed(t, 300_000).WriteTo(&whole); err != nil {
		t.Fatal(err)
	}
	half := whole.Bytes()[:whole.Len()/2]
	for name, m := range map[string]*Message{
		"short": carrying(packed(half)),
		"failing": carrying(func() (keys.SealedStream, error) {
			return keys.ReadSealed(io.MultiReader(bytes.NewReader(half), failing{}))
		}),
		"gone": carrying(func() (keys.SealedStream, error) { return keys.SealedStream{}, errors.New("the row is gone") }),
	} {
		err := relay(t, addr, ca, nil).Send(t.Context(), m)
		if CodeOf(err) != Body {
			t.Errorf("%s: %v", name, err)
		}
	}
	if names, err := postbox.List(dir); err != nil || len(names) != 0 {
		t.Errorf("%v, %v", names, err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the disk is gone") }

func TestBadAddressCallsNobody(t *testing.T) {
	m := letter(t, 100)
	m.To = `"a@x> ORCPT=rfc822;y"@z`
	r := relay(t, "127.0.0.1:1", authority(t), nil)
	expect(t, r.Send(t.Context(), m), Address)
}

// 25 MB go through sealing, armor, TLS and the server's own reading; all allocations together stay small.
func TestLargeMessageNeedsLittleMemory(t *testing.T) {
	const size = 25 << 20
	ca := authority(t)
	addr, dir := mailbox(t, ca, 0, false)
	r := relay(t, addr, ca, nil)
	m := carrying(func() (keys.SealedStream, error) { return sealed(t, size), nil })
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := r.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	used := after.TotalAlloc - before.TotalAlloc
	if used > 16<<20 { // it is 0.6 MiB, and 11 where the race detector empties pools
		t.Errorf("%d KiB allocated for %d KiB", used>>10, size>>10)
	}
	if got := gpg(t, delivered(t, dir)); len(got) != size || !bytes.HasSuffix(got, []byte("x\r\n")) && !bytes.Contains(got[:64], []byte("xxx")) {
		t.Errorf("%d bytes came out", len(got))
	}
}
