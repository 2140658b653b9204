package server

import (
	"database/sql"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sealform/internal/event"
	"sealform/internal/server/servertest"
)

// TestPurgeGoesOnAfterAFormThatFails: what one form keeps too long is told; the others' time is kept all the same.
func TestPurgeGoesOnAfterAFormThatFails(t *testing.T) {
	f := servertest.New(t, time.Now())
	f.CopyForm(t, "aaa") // before and after the one that fails
	f.CopyForm(t, "zzz")
	var later atomic.Int64
	s := open(t, f, func() time.Time { return time.Now().Add(time.Duration(later.Load())) }, event.Nothing())
	handler, err := s.intake(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"aaa", "contact", "zzz"} {
		submit(t, handler, id, "name=Ana+Lima&email=ana%40example.org&message=When+do+you+open%3F")
	}
	db, err := sql.Open("sqlite", f.Path("data", "sealform.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`update submission set state = 'stuck' where form = (select id from form where name = 'contact')`); err != nil {
		t.Fatal(err)
	}
	const years = 10 * 365 * 24 * time.Hour
	later.Store(int64(years))
	if err := s.purge(t.Context(), years); err == nil {
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

var pageToken = regexp.MustCompile(`name="_token" value="([^"]*)"`)

// submit sends a form's answers as a browser would, in one urlencoded body.
func submit(t *testing.T, handler http.Handler, form, answers string) {
	t.Helper()
	ask := func(method, body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), method, "https://localhost/f/"+form, strings.NewReader(body))
		r.Header.Set("Origin", "https://localhost")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		handler.ServeHTTP(w, r)
		return w
	}
	token := pageToken.FindStringSubmatch(ask(http.MethodGet, "").Body.String())
	if token == nil {
		t.Fatal("the page has no token")
	}
	if got := ask(http.MethodPost, "_token="+url.QueryEscape(html.UnescapeString(token[1]))+"&"+answers); got.Code != http.StatusSeeOther {
		t.Fatalf("%s: %d\n%s", form, got.Code, got.Body)
	}
}
