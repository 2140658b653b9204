package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"sealform/internal/mail/check/checktest"
)

// TestMailScripts runs testdata/mail: `sealform mail` against an internet on this machine, at $RESOLVER, $PORT and
// $HTTPS_PORT, whose authority is in ca.pem. Its domains:
//
//	good.test      two MX hosts, MTA-STS, reports wanted
//	mixed.test     an expired certificate, a host without STARTTLS, one that is away
//	clear.test     no STARTTLS
//	null.test      takes no mail
//	moved.test     an MTA-STS policy that leads elsewhere, and forms whose certificate is another's
func TestMailScripts(t *testing.T) {
	n := checktest.New(t)
	goodTest(n)
	badTests(n)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/mail", Cmds: map[string]func(*testscript.TestScript, bool, []string){"refused": refused},
		RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("GORACE", noWait)
			e.Setenv("RESOLVER", n.Resolver)
			e.Setenv("PORT", strconv.Itoa(n.Port))
			e.Setenv("HTTPS_PORT", strconv.Itoa(n.HTTPSPort))
			return os.WriteFile(filepath.Join(e.WorkDir, "ca.pem"), n.CA, 0o600)
		},
	})
}

func goodTest(n *checktest.Internet) {
	n.Record(
		"good.test. 60 IN MX 20 mx2.good.test.", "good.test. 60 IN MX 10 mx1.good.test.",
		"mx1.good.test. 60 IN A 127.0.0.2", "mx2.good.test. 60 IN A 127.0.0.3",
		`_mta-sts.good.test. 60 IN TXT "v=STSv1; id=1"`, "mta-sts.good.test. 60 IN A 127.0.0.2",
		`_smtp._tls.good.test. 60 IN TXT "v=TLSRPTv1; rua=mailto:tls@good.test"`,
	)
	n.Sign("good.test")
	for address, name := range map[string]string{"127.0.0.2": "mx1.good.test", "127.0.0.3": "mx2.good.test"} {
		n.Mail(address, checktest.MailServer{Certificate: n.Issue(checktest.Wanted{Names: []string{name}})})
	}
	n.Policy("127.0.0.2", n.Issue(checktest.Wanted{Names: []string{"mta-sts.good.test"}}),
		checktest.Text("version: STSv1\nmode: enforce\nmx: *.good.test\nmax_age: 86400\n"))
}

func badTests(n *checktest.Internet) {
	n.Record(
		"mixed.test. 60 IN MX 1 old.mixed.test.", "mixed.test. 60 IN MX 2 plain.mixed.test.", "mixed.test. 60 IN MX 3 away.mixed.test.",
		"old.mixed.test. 60 IN A 127.0.0.4", "plain.mixed.test. 60 IN A 127.0.0.5", "away.mixed.test. 60 IN A 127.0.0.9",
		"clear.test. 60 IN A 127.0.0.5", "null.test. 60 IN MX 0 .", "empty.test. 60 IN TXT x",
		"moved.test. 60 IN MX 1 mx.moved.test.", "mx.moved.test. 60 IN A 127.0.0.3",
		`_mta-sts.moved.test. 60 IN TXT "v=STSv1; id=1"`, "mta-sts.moved.test. 60 IN A 127.0.0.6",
	)
	n.Mail("127.0.0.4", checktest.MailServer{Certificate: n.Issue(checktest.Wanted{Names: []string{"old.mixed.test"}, Shifted: -100 * 24 * time.Hour})})
	n.Mail("127.0.0.5", checktest.MailServer{NoSTARTTLS: true})
	n.Policy("127.0.0.6", n.Issue(checktest.Wanted{Names: []string{"mta-sts.moved.test"}}),
		http.RedirectHandler("/elsewhere", http.StatusFound).ServeHTTP)
}
