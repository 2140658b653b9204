package mail

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"sealform/internal/demo/ca"
)

func authority(t testing.TB) *ca.CA {
	t.Helper()
	ca, err := ca.Open(t.TempDir(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

// relay is one that trusts ca and is patient for 5 s. It ends before the server that it was made after.
func relay(t testing.TB, addr string, ca *ca.CA, change func(*RelayConfig)) *Relay {
	t.Helper()
	c := RelayConfig{
		Address: addr, Mode: StartTLS, ServerName: "localhost", Roots: ca.Pool(), Hello: "forms.clinic.example",
		Dial: 5 * time.Second, Command: 5 * time.Second, DataEnd: 5 * time.Second,
	}
	if change != nil {
		change(&c)
	}
	r, err := NewRelay(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// expect wants err to be an *Error of code that quotes nobody.
func expect(t *testing.T, err error, code Code) {
	t.Helper()
	var typed *Error
	if code == "" && err != nil || code != "" && (!errors.As(err, &typed) || typed.Code != code) {
		t.Fatalf("got %v, want %q", err, code)
	}
	if err != nil && strings.Contains(err.Error(), "patient") {
		t.Errorf("the error quotes the server: %v", err)
	}
	if err != nil && !slices.ContainsFunc(Codes(), func(c Code) bool { return code == c || begins(code, c) }) {
		t.Errorf("Codes does not have %q", code)
	}
}

// begins says whether c is one of those of Codes that stand for many, and code one of them.
func begins(code, c Code) bool {
	return strings.HasSuffix(string(c), "_") && strings.HasPrefix(string(code), string(c))
}

func TestRelayConfig(t *testing.T) {
	for name, c := range map[string]RelayConfig{
		"no port": {Address: "smtp.clinic.example", Mode: StartTLS},
		"no host": {Address: ":587", Mode: StartTLS},
		"no mode": {Address: "smtp.clinic.example:587"},
		"hello":   {Address: "smtp.clinic.example:587", Mode: StartTLS, Hello: "x\r\nMAIL FROM:<a@b>"},
		"bounces": {Address: "smtp.clinic.example:587", Mode: StartTLS, Bounces: "x\r\nMAIL FROM:<a@b>"},
	} {
		if _, err := NewRelay(c); err == nil || strings.Contains(err.Error(), "a@b") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
