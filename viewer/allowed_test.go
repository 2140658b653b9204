package viewer

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Every route with an object in it, asked by one who may not, answers as if there were no such object.
// covers AU01
func TestForeignLooksLikeMissing(t *testing.T) {
	h := newClinic(t)
	id, _ := h.send("new-patient", maria, upload{"card.jpg", "image/jpeg", []byte("\xff\xd8\xff photo")})
	sam := h.reader("sam") // holds no key of new-patient
	missing := "/s/AAAAAAAAAAAAAAAAAAAAAA"
	objects := 0
	for _, r := range h.pages.routes() {
		switch {
		case strings.Contains(r.path, ":name"), strings.Contains(r.path, "/go/"): // nobody's: TestHookTest, TestGoTellsNothing
			continue
		case strings.Contains(r.path, ":sid"), strings.Contains(r.path, ":job"):
			objects++
		case strings.Contains(r.path, ":"):
			t.Errorf("%s %s: no place in this matrix", r.method, r.path)
			continue
		default:
			continue
		}
		form := url.Values(nil)
		if !safe(r.method) {
			form = url.Values{"to": {"done"}}
		}
		before := len(h.acts())
		foreign := sam.do(r.method, h.fill(r, id), form)
		none := sam.do(r.method, strings.NewReplacer(
			h.at("new-patient", id), missing, h.mailOf(id), "/deliveries/"+missing[len("/s/"):],
		).Replace(h.fill(r, id)), form)
		if foreign.StatusCode != http.StatusNotFound || none.StatusCode != http.StatusNotFound || words(foreign.body) != words(none.body) {
			t.Errorf("%s %s: foreign %d, missing %d", r.method, r.path, foreign.StatusCode, none.StatusCode)
		}
		if len(h.acts()) != before {
			t.Errorf("%s %s: left an entry", r.method, r.path)
		}
	}
	if h.nudges.Load() != 0 {
		t.Error("a foreign delivery was hurried")
	}
	if objects < 8 {
		t.Errorf("only %d routes with an object", objects)
	}
	if body := sam.get("/inbox").body; strings.Contains(body, "New patient") {
		t.Error("the inbox shows a form that is not theirs")
	}
	sam.want(sam.get("/inbox?form=new-patient"), http.StatusNotFound)
	sam.want(sam.get("/inbox?form=none"), http.StatusNotFound)
	if n := h.count(`select count(*) from submission`); n != 1 {
		t.Error("it was erased")
	}
}

// An address is good for its form alone, and cannot be counted through.
// covers AU02
func TestAddressesCannotBeMadeUp(t *testing.T) {
	h := newClinic(t)
	id, _ := h.contact("hello")
	b := h.reader("dana")
	at := h.at("contact", id)
	if len(at) != len("/s/")+22 || strings.Contains(at, "1099") {
		t.Errorf("address %s", at)
	}
	for _, made := range []string{"/s/1099512676352", "/s/" + h.desk.pages.SealID(id), h.at("new-patient", id), at[:len(at)-1] + "A", strings.ToLower(at)} {
		if made != at {
			b.want(b.get(made), http.StatusNotFound)
		}
	}
}

func TestNobodyWithoutAKey(t *testing.T) {
	h := newClinic(t)
	h.tamper(`delete from locked_key where account = ?`, h.accounts["sam"])
	b := h.as("sam")
	for _, path := range []string{"/inbox", "/unlock", "/deliveries"} {
		if w := words(b.want(b.get(path), http.StatusForbidden).body); !strings.Contains(w, "You hold no key yet") {
			t.Errorf("%s:\n%s", path, w)
		}
	}
}

func TestEmptyInbox(t *testing.T) {
	h := newClinic(t)
	b := h.as("dana")
	if w := words(b.want(b.get("/inbox"), http.StatusOK).body); !strings.Contains(w, "No submissions yet") {
		t.Errorf("an empty inbox:\n%s", w)
	}
	if w := words(b.want(b.get("/inbox?form=contact"), http.StatusOK).body); !strings.Contains(w, "“Contact us”") {
		t.Errorf("an empty form:\n%s", w)
	}
}

func TestConfigFaultsComeTogether(t *testing.T) {
	_, err := New(Config{})
	if err == nil {
		t.Fatal("an empty configuration is taken")
	}
	for _, want := range []string{"service id", "name of the clinic", "host names", "store", "vault", "signing keys", "root secret", "log"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not named in: %v", want, err)
		}
	}
}
