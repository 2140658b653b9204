package mail

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"sealform/keys"
)

var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// signers are one of each kind, with the record that its domain publishes (RFC 6376 §3.6.1, RFC 8463 §4).
func signers(t *testing.T) map[string]struct {
	key    crypto.Signer
	record string
} {
	t.Helper()
	long, err := rsaKey()
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(long.Public())
	if err != nil {
		t.Fatal(err)
	}
	public, short, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]struct {
		key    crypto.Signer
		record string
	}{
		"RSA":     {long, "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)},
		"Ed25519": {short, "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)},
	}
}

// genuine asks as a receiver does, with a name server that knows one record.
func genuine(t *testing.T, raw []byte, record string) bool {
	t.Helper()
	found, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
		if name != "2026._domainkey.clinic.example" {
			return nil, errors.New("no such record")
		}
		return []string{record}, nil
	}})
	if err != nil || len(found) != 1 {
		t.Fatalf("%d signatures, %v", len(found), err)
	}
	if found[0].Err == nil && found[0].Domain != "clinic.example" {
		t.Errorf("of %s", found[0].Domain)
	}
	return found[0].Err == nil
}

func TestDKIM(t *testing.T) {
	ca := authority(t)
	for name, signer := range signers(t) {
		addr, dir := mailbox(t, ca, 0, false)
		r := relay(t, addr, ca, func(c *RelayConfig) { c.DKIM = &DKIM{"clinic.example", "2026", signer.key} })
		m, n := letter(t, 5000), note(arrived(), true)
		if err := errors.Join(r.Send(t.Context(), m), os.Rename(delivered(t, dir), dir+"/message"), r.Note(t.Context(), n)); err != nil {
			t.Fatal(err)
		}
		for kind, file := range map[string]string{"message": dir + "/message", "note": delivered(t, dir)} {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			checkLines(t, raw)
			if !genuine(t, raw, signer.record) {
				t.Errorf("%s: the signature of the %s does not verify", name, kind)
			}
			signature, rest, found := strings.Cut(string(raw), "\r\nFrom: ")
			if kind == "message" && (!found || !strings.HasPrefix(signature, "DKIM-Signature:") || "From: "+rest != string(written(t, m))) {
				t.Errorf("%s: the message is not what it was without a signature", name)
			}
		}
	}
}

// Whatever is changed, put before, or added on the way shows.
func TestDKIMShowsChanges(t *testing.T) {
	signer := signers(t)["Ed25519"]
	m := letter(t, 500)
	signature, err := (&DKIM{"clinic.example", "2026", signer.key}).sign(m)
	if err != nil {
		t.Fatal(err)
	}
	raw := signature + string(written(t, m))
	if !genuine(t, []byte(raw), signer.record) {
		t.Fatal("it does not verify unchanged")
	}
	if !genuine(t, []byte("Received: from a by b\r\nX-Seen: yes\r\n"+raw), signer.record) {
		t.Error("what every relay adds breaks the signature")
	}
	for _, field := range []string{
		"From: a@b", "To: a@b", "Subject: Urgent", "Date: Sat, 21 Nov 2026 20:19:32 +0000", "Message-ID: <x@y>", "MIME-Version: 1.0",
		"Content-Type: text/html", "Auto-Submitted: no", "Sealform-Number: 43; series=00000000", "Reply-To: a@b", "Cc: a@b",
	} {
		if genuine(t, []byte(field+"\r\n"+raw), signer.record) {
			t.Errorf("%q put before does not show", field)
		}
		head, body, _ := strings.Cut(raw, "\r\n\r\n")
		if genuine(t, []byte(head+"\r\n"+field+"\r\n\r\n"+body), signer.record) {
			t.Errorf("%q put behind does not show", field)
		}
		name, _, _ := strings.Cut(field, ":")
		lines := strings.SplitAfter(raw, "\r\n")
		if i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, name+": ") }); i >= 0 {
			lines[i] = field + "x\r\n"
			if genuine(t, []byte(strings.Join(lines, "")), signer.record) {
				t.Errorf("%s can be changed", name)
			}
		}
	}
	if genuine(t, []byte(strings.Replace(raw, "-----BEGIN", "-----begin", 1)), signer.record) {
		t.Error("the body can be changed")
	}
}

func TestDKIMConfig(t *testing.T) {
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := signers(t)["Ed25519"].key
	for name, d := range map[string]*DKIM{
		"short key": {"clinic.example", "2026", weak}, "curve": {"clinic.example", "2026", curve}, "no key": {"clinic.example", "2026", nil},
		"no domain": {"", "2026", good}, "no selector": {"clinic.example", "", good}, "domain": {"clinic.example; l=0", "2026", good},
		"selector": {"clinic.example", "2026\r\nFrom: a@b", good},
	} {
		if _, err := NewRelay(RelayConfig{Address: "127.0.0.1:1", Mode: StartTLS, DKIM: d}); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// A body that cannot be read to its end is found when it is signed, before the relay hears of the message.
func TestBrokenBodyIsNotSigned(t *testing.T) {
	s, r := steady(t, nil, func(c *RelayConfig) { c.DKIM = &DKIM{"clinic.example", "2026", signers(t)["Ed25519"].key} })
	var whole bytes.Buffer
	if _, err := sealed(t, 300_000).WriteTo(&whole); err != nil {
		t.Fatal(err)
	}
	expect(t, r.Send(t.Context(), carrying(packed(whole.Bytes()[:whole.Len()/2]))), Body)
	if s.heard("MAIL") || !s.heard("QUIT") {
		t.Errorf("heard %q", s.commands())
	}
}

// The second pass reads the message anew; nothing of it is kept.
func TestSigningNeedsLittleMemory(t *testing.T) {
	const size = 16 << 20
	s, r := steady(t, nil, func(c *RelayConfig) { c.DKIM = &DKIM{"clinic.example", "2026", signers(t)["Ed25519"].key} })
	s.forget = true
	stored := t.TempDir() + "/message"
	f, err := os.Create(stored)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sealed(t, size).WriteTo(f); err != nil {
		t.Fatal(err)
	}
	opened := 0
	m := carrying(func() (keys.SealedStream, error) {
		opened++
		if _, err := f.Seek(0, 0); err != nil {
			return keys.SealedStream{}, err
		}
		return keys.ReadSealed(f)
	})
	most := heapWhile(func() {
		if err := r.Send(t.Context(), m); err != nil {
			t.Error(err)
		}
	})
	if most > 12<<20 { // it is 2 MiB
		t.Errorf("%d KiB held for %d KiB", most>>10, size>>10)
	}
	if opened != 2 {
		t.Errorf("the body was opened %d times", opened)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// heapWhile gives the most bytes that were on the heap during do, more than before. The garbage of hashing is swept soon.
func heapWhile(do func()) uint64 {
	defer debug.SetGCPercent(debug.SetGCPercent(10))
	runtime.GC()
	var now runtime.MemStats
	runtime.ReadMemStats(&now)
	before, most := now.HeapAlloc, now.HeapAlloc
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return most - before
		case <-tick.C:
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc)
		}
	}
}
