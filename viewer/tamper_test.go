package viewer

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"sealform/internal/audit"
	"sealform/keys/private/privatetest"
)

// What the viewer says of a submission that somebody with the database file in hand has changed.
// covers CR05, CR07
func TestTamperedSubmissions(t *testing.T) {
	type two struct {
		h    *clinic
		a, b int64
	}
	moved := "Its place in the list was changed after it came in"
	for name, c := range map[string]struct {
		do   func(two)
		says string
	}{
		"answers of another": {func(x two) {
			x.h.tamper(`update submission set data = (select data from submission where id = ?), sealed_hash = (select sealed_hash from submission where id = ?) where id = ?`, x.b, x.b, x.a)
		}, moved},
		"answers and session keys of another": {func(x two) {
			x.h.tamper(`update submission set (data, sealed_hash, leaf) = (select data, sealed_hash, leaf from submission where id = ?) where id = ?`, x.b, x.a)
			x.h.tamper(`delete from session_key where message = ?`, x.a)
			x.h.tamper(`insert into session_key select ?, reader, packet, mac from session_key where message = ?`, x.a, x.b)
		}, moved},
		"a whole row under another id": {func(x two) {
			x.h.tamper(`delete from submission where id = ?`, x.a)
			x.h.tamper(`delete from session_key where message = ?`, x.a)
			x.h.tamper(`update session_key set message = ? where message = ?`, x.a, x.b)
			x.h.tamper(`update submission set id = ? where id = ?`, x.a, x.b)
		}, moved},
		"another number": {func(x two) { x.h.tamper(`update submission set seq = seq + 100 where id = ?`, x.a) }, moved},
		"a byte changed": {func(x two) {
			x.h.tamper(`update submission set data = cast(substr(data, 1, 300) || x'00ff' || substr(data, 303) as blob) where id = ?`, x.a)
		}, moved},
		"cut": {func(x two) {
			x.h.tamper(`update submission set data = cast(substr(data, 1, length(data) - 40) as blob) where id = ?`, x.a)
		}, "It is damaged"},
		"emptied":           {func(x two) { x.h.tamper(`update submission set data = x'' where id = ?`, x.a) }, "It is damaged"},
		"another reference": {func(x two) { x.h.tamper(`update submission set reference = 'AAA-AAA' where id = ?`, x.a) }, moved},
		"another time":      {func(x two) { x.h.tamper(`update submission set received = received - 3600000 where id = ?`, x.a) }, moved},
		"a file more":       {func(x two) { x.h.tamper(`update submission set files = files + 1 where id = ?`, x.a) }, moved},
		"the session keys of another": {func(x two) {
			x.h.tamper(`update session_key set packet = (select k.packet from session_key k where k.message = ? and k.reader = session_key.reader) where message = ?`, x.b, x.a)
		}, "It is damaged"},
		"a reader less": {func(x two) {
			x.h.tamper(`delete from session_key where message = ? and reader != (select unhex(?))`, x.a, string(x.h.locked["dana"].Fingerprint()))
		}, "its readers is another"},
		"not the reader's": {func(x two) {
			x.h.tamper(`delete from session_key where message = ? and reader = (select unhex(?))`, x.a, string(x.h.locked["dana"].Fingerprint()))
		}, "not sealed to the key"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newClinic(t)
			x := two{h: h}
			x.a, _ = h.contact("the first answer")
			h.clock.pass(time.Minute)
			x.b, _ = h.contact("the second answer")
			b := h.reader("dana")
			b.want(b.get(h.at("contact", x.a)), http.StatusOK)
			c.do(x)
			a := b.want(b.get(h.at("contact", x.a)), http.StatusUnprocessableEntity)
			w := words(a.body)
			if !strings.Contains(w, c.says) {
				t.Errorf("it says:\n%s\nwant: %s", w, c.says)
			}
			if strings.Contains(a.body, "answer.") || strings.Contains(w, "first answer") || strings.Contains(w, "second answer") {
				t.Error("it shows an answer")
			}
			acts := h.acts()
			if last := acts[len(acts)-1]; c.says != "It is damaged" && !strings.HasPrefix(last, audit.ActOpenFailed) {
				t.Error("the failure is not on record:", last)
			}
			for _, said := range []string{a.body, h.log.String()} {
				if strings.Contains(said, "the first") {
					t.Error("an answer leaked")
				}
			}
		})
	}
}

// Genuine answers moved to another form are recognised, even by one who can write leaves.
// covers CR07
func TestMovedToAnotherForm(t *testing.T) {
	h := newClinic(t)
	id, _ := h.contact("the answer")
	h.send("new-patient", maria)
	h.tamper(`update submission set form = (select id from form where name = 'new-patient') where id = ?`, id)
	b := h.reader("dana")
	w := words(b.want(b.get(h.at("new-patient", id)), http.StatusUnprocessableEntity).body)
	if !strings.Contains(w, "Its place in the list was changed after it came in") || strings.Contains(w, "the answer") {
		t.Errorf("it says:\n%s", w)
	}
	b.want(b.get(h.at("contact", id)), http.StatusNotFound)
}

// What was erased stays erased, even when somebody puts the rows back.
// covers CR07, LK10
func TestPutBackAfterErasing(t *testing.T) {
	h := newClinic(t)
	id, ref := h.contact("the answer")
	h.beside(`create table beside.kept as select * from submission`)
	h.beside(`create table beside.kept_keys as select * from session_key`)
	b := h.reader("dana")
	at := h.at("contact", id)
	b.want(b.post(at+"/erase"), http.StatusSeeOther)
	h.beside(`insert into submission select * from kept`)
	h.beside(`insert into session_key select * from kept_keys`)
	for _, where := range []string{"beside its tombstone", "without its tombstone"} {
		w := words(b.want(b.get(at), http.StatusGone).body)
		if !strings.Contains(w, "Erased, and put back") || !strings.Contains(w, ref) || strings.Contains(w, "the answer") {
			t.Errorf("put back %s:\n%s", where, w)
		}
		if where == "beside its tombstone" {
			h.tamper(`delete from tombstone`)
		}
	}
	b.want(b.post(at+"/state", "to", "done"), http.StatusGone)
	report, err := h.desk.Store.VerifyAudit(t.Context())
	if err != nil || len(report.Findings) == 0 {
		t.Errorf("verification finds nothing: %v", err)
	}
}

// covers CR05, CR07
func TestTamperedFiles(t *testing.T) {
	for name, do := range map[string]func(*clinic, int64){
		"a byte changed": func(h *clinic, id int64) {
			h.tamper(`update chunk set data = cast(substr(data, 1, 2000) || x'00ff' || substr(data, 2003) as blob) where id = (select max(id) from chunk where id < (select max(upload) + 4096 from file))`)
		},
		"cut": func(h *clinic, id int64) {
			h.tamper(`delete from chunk where id = (select max(id) from chunk where id < (select max(upload) + 4096 from file))`)
		},
		"the files swapped": func(h *clinic, id int64) {
			h.tamper(`update file set n = n + 10 where submission = ?`, id)
			h.tamper(`update file set n = 11 - n where submission = ?`, id)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newClinic(t)
			id, _ := h.send("new-patient", maria,
				upload{"one.pdf", "application/pdf", []byte("%PDF-1.4 the first file " + strings.Repeat("x", 600_000))},
				upload{"two.pdf", "application/pdf", []byte("%PDF-1.4 the second file " + strings.Repeat("y", 900_000))})
			b := h.reader("dana")
			at := h.at("new-patient", id)
			b.want(b.get(at+"/files/0"), http.StatusOK)
			b.want(b.get(at+"/files/1"), http.StatusOK)
			do(h, id)
			refused := 0
			for _, n := range []string{"0", "1"} {
				a := b.get(at + "/files/" + n)
				if a.StatusCode == http.StatusOK {
					continue // the one that was left alone
				}
				refused++
				b.want(a, http.StatusUnprocessableEntity)
				if strings.Contains(a.body, "%PDF") || a.Header.Get("Content-Disposition") != "" {
					t.Errorf("bytes of file %s went out", n)
				}
			}
			if refused == 0 {
				t.Error("nothing was noticed")
			}
		})
	}
}

// A file that is gone is told where the answers are read, not only where its link leads.
// covers CR07
func TestFileGone(t *testing.T) {
	h := newClinic(t)
	id, _ := h.send("new-patient", maria,
		upload{"one.pdf", "application/pdf", []byte("%PDF-1.4 the first file")},
		upload{"two.pdf", "application/pdf", []byte("%PDF-1.4 the second file")})
	b := h.reader("dana")
	at := h.at("new-patient", id)
	b.want(b.get(at), http.StatusOK)
	h.tamper(`delete from session_key where message = (select upload from file where n = 1)`)
	h.tamper(`delete from file where n = 1`)
	for _, path := range []string{at, at + "/files/0", at + "/files/1"} {
		w := words(b.want(b.get(path), http.StatusUnprocessableEntity).body)
		if !strings.Contains(w, "its number of files is another") || !strings.Contains(w, "Tell whoever runs Sealform") || strings.Contains(w, "Alvarez") {
			t.Errorf("%s says:\n%s", path, w)
		}
	}
}

// A message sealed to the reader, but by nobody we know, is not shown.
// covers CR05, LK10
func TestUnsigned(t *testing.T) {
	h := newClinic(t)
	own := h.signer
	h.signer, _ = privatetest.Signer(t)
	id, _ := h.contact("forged")
	h.signer = own
	b := h.reader("dana")
	a := b.want(b.get(h.at("contact", id)), http.StatusUnprocessableEntity)
	if w := words(a.body); !strings.Contains(w, "does not carry this service’s signature") || strings.Contains(w, "forged") {
		t.Errorf("it says:\n%s", w)
	}
}
