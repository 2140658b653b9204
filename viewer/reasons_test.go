package viewer

import (
	"regexp"
	"strings"
	"testing"

	"sealform/internal/mail"
	"sealform/internal/store"
	"sealform/templates"
)

// Every code that can be stored has words of its own, and none of them quotes the code.
func TestEveryCodeHasWords(t *testing.T) {
	for c, all := range map[store.Channel][]string{store.Mail: mailCodes(), store.Receipt: mailCodes(), store.Webhook: hookCodes} {
		for _, code := range all {
			r := reasonOf(c, code)
			if r == nil || r.Said == "" || r.Do == "" || strings.Contains(r.Said, "no words for") {
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
	var all []templates.StaffReason
	for _, table := range []map[string]templates.StaffReason{atRelay, atHook} {
		for _, r := range table {
			all = append(all, r)
		}
	}
	for _, b := range begins {
		all = append(all, b.StaffReason)
	}
	for _, r := range append(all, stalled) {
		for _, s := range []string{r.Said, r.Do} {
			if !sentence.MatchString(s) || strings.ContainsAny(s, `"'!`) || strings.Contains(strings.ToLower(s), "error") {
				t.Errorf("%q", s)
			}
		}
	}
}

// mailCodes are those of package mail, and of the kinds that end in a number some.
func mailCodes() []string {
	var all []string
	for _, c := range mail.Codes() {
		if !strings.HasSuffix(string(c), "-") {
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

// hookCodes are those of packages outward and webhook.
var hookCodes = []string{
	"not-https", "inside", "unknown-host", "refused", "timeout", "stopped", "bad-certificate", "redirect", "too-long",
	"protocol", "unknown-hook", "answered-400", "answered-401", "answered-403", "answered-404", "answered-410", "answered-429",
	"answered-500", "answered-502", "answered-503",
}
