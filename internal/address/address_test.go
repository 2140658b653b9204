package address

import (
	"strings"
	"testing"
)

// covers ML02: what relays have been fooled with is no address here.
func TestCheck(t *testing.T) {
	for _, good := range []string{
		"a@b.example", "first.last@clinic.example", "o'brien@clinic.example", "sean+forms@sub.clinic.example", "r&d@clinic.example", "#1@clinic.example",
		"x_y-z=~@1.example", "a@xn--bcher-kva.example", strings.Repeat("a", 64) + "@b.example", "a@" + strings.Repeat("b", 63) + ".example",
	} {
		if err := Check(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "a", "@b.example", "a@", "a@b", "a@localhost", "a@@b.example", "a@b@c.example", ".a@b.example", "a.@b.example", "a..b@c.example",
		`"a b"@c.example`, `"a@x> ORCPT=rfc822;y"@c.example`, "a b@c.example", "a@c.example ", " a@c.example", "<a@c.example>", "A <a@c.example>",
		"a@c.example,b@c.example", "a@c.example;b@c.example", "a\r\nRCPT TO:<b@c.example>@d.example", "a@c.example\r\n", "a@c.example\n", "a\x00@c.example",
		"a%b@c.example", "c.example!a@b.example", "a|b@c.example", "a`b@c.example", "{a}@b.example", "a$b@c.example", "a*@b.example", "a/b=c@d.example", "a?@b.example",
		"a@[127.0.0.1]", "a@127.0.0.1", "a@b.0x7f", "a@[IPv6:::1]", "a@-b.example", "a@b-.example", "a@b..example", "a@b.example.", "a@.example", "a@b_c.example",
		"jörg@c.example", "a@bücher.example", "a\u2028@c.example", "a@c.example\u200b", "ａ@c.example",
		strings.Repeat("a", 65) + "@b.example", "a@" + strings.Repeat("b", 64) + ".example", "a@" + strings.Repeat("b.", 126) + "example",
	} {
		if Check(bad) == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestSplit(t *testing.T) {
	if before, domain, err := Split("Dana@Clinic.example"); err != nil || before != "Dana" || domain != "Clinic.example" {
		t.Errorf("%q %q %v", before, domain, err)
	}
}
