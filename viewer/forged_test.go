package viewer

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"sealform/internal/audit"
	"sealform/internal/staff"
)

// shutOut says that a browser's session is none, at whatever stage.
func (b *browser) shutOut(t *testing.T, at string) {
	t.Helper()
	for _, path := range []string{"/inbox", "/unlock", at} {
		if a := b.get(path); a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(a.to(), "/sign-in") || strings.HasPrefix(a.to(), "/sign-in/code") {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.to())
		}
	}
	if a := b.post(at + "/erase"); a.to() != "/sign-in" {
		t.Errorf("erase: %d %s", a.StatusCode, a.to())
	}
}

// sessionHash is what a token's row is found by, for who knows the root secret.
func sessionHash(token []byte) [32]byte {
	m := hmac.New(sha256.New, key("viewer-sessions"))
	_, _ = fmt.Fprintf(m, "sealform session token 1\x00%s\x00%s", service, token)
	return [32]byte(m.Sum(nil))
}

// A row that somebody writes into the database is no session, nor is one that they alter.
// covers AU03, AU09
func TestForgedSessions(t *testing.T) {
	h := newClinic(t)
	id, _ := h.contact("the answer")
	at := h.at("contact", id)
	t.Run("inserted", func(t *testing.T) {
		token := make([]byte, 32)
		_, _ = rand.Read(token)
		plain, keyed, now := sha256.Sum256(token), sessionHash(token), h.clock.now().UnixMilli()
		for _, hash := range [][32]byte{plain, keyed} {
			h.tamper(`insert into session (hash, account, stage, created, seen, mac) values (?, ?, 2, ?, ?, ?)`,
				hash[:], h.accounts["dana"], now, now, plain[:])
		}
		b := h.browser()
		b.hold(staff.SessionCookie, base64.RawURLEncoding.EncodeToString(token))
		b.shutOut(t, at)
	})
	for name, change := range map[string]string{
		"code skipped":    `update session set stage = 2`,
		"made younger":    `update session set created = created + 1`,
		"given to others": `update session set account = (select max(id) from account)`,
		"with a MAC of another": `update session set account = (select max(id) from account),
			mac = (select mac from session s where s.account = (select max(id) from account))`,
	} {
		t.Run(name, func(t *testing.T) {
			h.as("sam")
			b := h.browser()
			b.want(b.post("/sign-in", "email", "dana@riverside.example", "password", accountPassword), http.StatusSeeOther)
			if name != "code skipped" {
				b = h.as("dana")
			}
			token, _ := base64.RawURLEncoding.DecodeString(b.cookie(staff.SessionCookie))
			hash := sessionHash(token)
			h.tamper(change+` where hash = ?`, hash[:])
			b.shutOut(t, at)
		})
	}
	if n := h.count(`select count(*) from submission`); n != 1 {
		t.Error("a forged session erased")
	}
}

// Who has left does not come back by a change of the database alone.
// covers AU04
func TestRevivedAccount(t *testing.T) {
	entry := audit.Entry{Who: audit.Operator, Act: audit.ActAccountDisabled}
	for name, change := range map[string]string{
		"enabled":              `update account set disabled = 0 where email = 'sam@riverside.example'`,
		"with dana's password": `update account set disabled = 0, email = 'dana@riverside.example', id = 99 where email = 'sam@riverside.example'`,
	} {
		t.Run(name, func(t *testing.T) {
			h := newClinic(t)
			b := h.as("sam")
			b.want(b.get("/inbox"), http.StatusOK)
			if err := h.desk.Store.SetDisabled(t.Context(), h.accounts["sam"], true, entry); err != nil {
				t.Fatal(err)
			}
			email := "sam@riverside.example"
			if name != "enabled" {
				h.tamper(`delete from account where id = ?`, h.accounts["dana"])
				email = "dana@riverside.example"
			}
			h.tamper(change)
			c := h.browser()
			a := c.post("/sign-in", "email", email, "password", accountPassword)
			if a.StatusCode == http.StatusSeeOther {
				t.Errorf("%s is let in: %s", email, a.to())
			}
			report, err := h.desk.Store.VerifyAudit(t.Context())
			if err != nil || len(report.Findings) == 0 {
				t.Errorf("verification finds nothing: %v", err)
			}
		})
	}
}
