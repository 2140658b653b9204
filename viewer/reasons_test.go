package viewer

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"sealform/internal/mail"
	"sealform/internal/store"
	pages "sealform/templates/staff"
)

// Every code that can be stored has words of its own, and none of them quotes the code.
func TestEveryCodeHasWords(t *testing.T) {
	for c, all := range map[store.Channel][]string{store.Mail: mailCodes(), store.Receipt: append(mailCodes(), outboxCodes(t)...), store.Webhook: hookCodes(t)} {
		for _, code := range all {
			r := reasonOf(c, code)
			if r == nil || r.Said == "" || r.Do == "" || strings.Contains(r.Said, "no words for") {
				t.Errorf("%s %q: %+v", c, code, r)
			}
		}
	}
	for _, c := range channels {
		for code := range anywhere {
			if r := reasonOf(c, code); strings.Contains(r.Said, "no words for") {
				t.Errorf("%s %q: %+v", c, code, r)
			}
		}
	}
	if reasonOf(store.Mail, "") != nil || reasonOf(store.Mail, "ok") != nil {
		t.Error("there is nothing to explain")
	}
	if r := reasonOf(store.Mail, "of-a-newer-version"); r == nil || !strings.Contains(r.Said, "of-a-newer-version") {
		t.Error("an unknown code is not said")
	}
}

// The words are sentences, and blame nobody.
func TestReasonsAreSentences(t *testing.T) {
	sentence := regexp.MustCompile(`^[A-Z“].*\.$`)
	var all []pages.Reason
	for _, table := range []map[string]pages.Reason{anywhere, atVisitor, atRelay, atHook} {
		for _, r := range table {
			all = append(all, r)
		}
	}
	for _, b := range begins {
		all = append(all, b.Reason)
	}
	for _, r := range all {
		for _, s := range []string{r.Said, r.Do} {
			if !sentence.MatchString(s) || strings.ContainsAny(s, `"'!`) || strings.Contains(strings.ToLower(s), "error") {
				t.Errorf("%q", s)
			}
		}
	}
}

// What is refused of a receipt is no fault of the clinic's mailboxes, and what ended leaves nothing to do.
func TestReasonsOfWhatEnded(t *testing.T) {
	h := newClinic(t)
	says := func(j store.Job, want string) {
		t.Helper()
		if why := h.pages.whyOf(&j); why == nil || !strings.Contains(why.Said+" "+why.Do, want) {
			t.Errorf("%+v\n%+v\nlacks %q", j, why, want)
		}
	}
	for _, code := range mailCodes() {
		says(store.Job{Channel: store.Receipt, State: store.Aside, LastError: code}, noReceipt)
	}
	says(store.Job{Channel: store.Receipt, State: store.Aside, LastError: "permanent_550"}, "The visitor’s mail server")
	says(store.Job{Channel: store.Webhook, State: store.Dead, LastError: "answered_404", About: `{"test":true}`}, "It was a test")
	says(store.Job{Channel: store.Notice, State: store.Dead, LastError: "not_configured"}, "no longer names this address")
	for _, state := range jobStates {
		says(store.Job{Channel: store.Mail, State: state, LastError: "refused", Changed: true}, "changed in the database")
	}
}

// mailCodes are those of package mail, and of the kinds that end in a number some.
func mailCodes() []string {
	var all []string
	for _, c := range mail.Codes() {
		if !strings.HasSuffix(string(c), "_") {
			all = append(all, string(c))
			continue
		}
		for _, n := range []string{"421", "450", "451", "452", "454", "455", "499", "500", "501", "502", "503", "504", "521", "530", "535", "550", "551", "552", "553", "554", "555", "599"} {
			if (n[0] == '4') == strings.HasPrefix(string(c), "temporary") {
				all = append(all, string(c)+n)
			}
		}
	}
	return all
}

// outboxCodes are those of attempts that call nobody.
func outboxCodes(t *testing.T) []string {
	t.Helper()
	src, err := os.ReadFile(filepath.Join("..", "internal", "outbox", "attempt.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, m := range regexp.MustCompile(`mail\.Code = "([a-z_]+)"`).FindAllStringSubmatch(string(src), -1) {
		if m[1] != "ok" {
			all = append(all, m[1])
		}
	}
	if len(all) < 4 {
		t.Fatalf("only %d codes are found in the source", len(all))
	}
	return all
}

// hookCodes are those that the sources behind webhooks write down, and some of the kind that ends in a number.
func hookCodes(t *testing.T) []string {
	t.Helper()
	all := []string{
		"answered_100", "answered_400", "answered_401", "answered_403", "answered_404", "answered_410", "answered_429", "answered_500",
		"answered_503",
	}
	numbered := len(all)
	written := regexp.MustCompile(`outward\.Error\{Code: "([a-z_]+)"|[^.]\bError\{Code: "([a-z_]+)"`)
	for _, folder := range []string{"outward", "webhook", "outbox"} {
		names, err := filepath.Glob(filepath.Join("..", "internal", folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range written.FindAllStringSubmatch(string(src), -1) {
				all = append(all, m[1]+m[2])
			}
		}
	}
	if len(all) < numbered+8 {
		t.Fatalf("only %d codes are found in the sources", len(all)-numbered)
	}
	return all
}
