package config

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMailedAddresses: wherever the configuration names an address that is mailed, or that mails, it is one plain address
// or a fault at its place.
// covers ML01, ML02
func TestMailedAddresses(t *testing.T) {
	bad := []string{
		"a", "@b.example", "a@", "a@b@c.example", ".a@b.example", "a.@b.example", "a..b@c.example", "a@b.example.", "a@-b.example", "a@b..example",
		"a@[127.0.0.1]", "a@[::1]", "a b@c.example", "<a@b.example>", "Desk <a@b.example>", "a@b.example (desk)", "a@b.example, c@d.example", "a@b.example;c@d.example",
		"a@b.example\r\nBcc: c@d.example", "a@b.example\nBcc: c@d.example", "a@b.example\r\nRCPT TO:<c@d.example>", "a\r\n@b.example", "a@b.exa\u2028mple",
		`"a@x> ORCPT=rfc822;y"@z.example`, `"a b"@c.example`, `"a"@c.example`, `a\@b@c.example`, "a@b.example> SIZE=1", "=?utf-8?q?a?=\t@b.example",
		"ä@b.example", "a@bücher.example", strings.Repeat("a", 65) + "@b.example", "a@" + strings.Repeat("b", 64) + ".example", "a@" + strings.Repeat("b.", 130) + "example",
	}
	good := []string{"a@b.example", "front.desk+forms@clinic.example", "o'brien@clinic.example", "x@xn--bcher-kva.example"}
	places := map[string]string{
		"mail.from":    "mail: { relay: \"localhost:25\", from: %s }\n",
		"mail.bounces": "mail: { relay: \"localhost:25\", from: forms@b.example, bounces: %s }\n",
		"alarms.to":    "mail: { relay: \"localhost:25\", from: forms@b.example }\nalarms: { to: [ops@b.example, %s] }\n",
		"recipients":   "recipients:\n  ? %s\n  : { key: keys/a.asc }\n",
	}
	for place, text := range places {
		for _, address := range bad {
			if err := configured(t, text, address); err == nil || !strings.Contains(err.Error(), FileName+":") {
				t.Errorf("%s: %q: %v", place, address, err)
			}
		}
		for _, address := range good {
			if err := configured(t, text, address); err != nil {
				t.Errorf("%s: %q: %v", place, address, err)
			}
		}
	}
}

// configured reads a configuration that has an address in that text.
func configured(t *testing.T, text, address string) error {
	t.Helper()
	quoted, err := json.Marshal(address)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), FileName)
	src := "service: sf-bad\nintake: { hosts: [localhost] }\nviewer: { hosts: [staff.localhost] }\ntls: { cert: a, key: b }\n" + fmt.Sprintf(text, quoted)
	if err := os.WriteFile(path, []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Read(path, Over{})
	return err
}
