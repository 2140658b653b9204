package main

import (
	"database/sql"
	"os"
	"strings"
	"testing"
	"time"

	"sealform/internal/config"
	"sealform/internal/event"
)

// TestPurgeGoesOnAfterAFormThatFails: what one form keeps too long is told; the others' time is kept all the same.
func TestPurgeGoesOnAfterAFormThatFails(t *testing.T) {
	f := newFolder(t, time.Now())
	for _, id := range []string{"aaa", "zzz"} { // before and after the one that fails
		src, err := os.ReadFile(f.path("forms", "contact.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		src = []byte(strings.Replace(string(src), "form: contact", "form: "+id, 1))
		if err := os.WriteFile(f.path("forms", id+".yaml"), src, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := f.serve(t)
	v, err := newVisitor(r.address(roleIntake), f.path("tls", "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"aaa", "contact", "zzz"} {
		if _, err := v.submit(id, "name=Ana Lima", "email=ana@example.org", "message=When do you open?"); err != nil {
			t.Fatal(err)
		}
	}
	r.stop()
	db, err := sql.Open("sqlite", f.path("data", "sealform.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`update submission set state = 'stuck' where form = (select id from form where name = 'contact')`); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Read(f.path(config.FileName), config.Over{})
	if err != nil {
		t.Fatal(err)
	}
	const years = 10 * 365 * 24 * time.Hour
	cfg.Viewer.Hosts = []string{"staff.localhost"}
	h, err := (&program{now: func() time.Time { return time.Now().Add(years) }}).openHouse(t.Context(), cfg, nil, nil, event.Nothing())
	if err != nil {
		t.Fatal(err)
	}
	defer h.close()
	if err := h.purge(t.Context(), years); err == nil {
		t.Error("the form that fails is not told")
	}
	var left string
	if err := db.QueryRow(`select group_concat(name) from form join submission on submission.form = form.id`).Scan(&left); err != nil {
		t.Fatal(err)
	}
	if left != "contact" {
		t.Errorf("still kept: %s", left)
	}
}
