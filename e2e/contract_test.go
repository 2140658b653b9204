package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
)

// What other people's scripts rely on, as literal lists. The tests of this file know the binary, its JSON and HTTP,
// and no package of ours. A list here stays as it is or grows: nothing in one is renamed or dropped unless an issue
// says so. The program may always do more than a list says.

// contractFlags are the flags of each command.
var contractFlags = map[string]string{
	"demo":                "--dir --json --intake-addr --viewer-addr --site-addr",
	"init":                "--dir --name --host --staff-host --zone",
	"serve":               "--config --role " + contractSettings,
	"forms check":         "--config --format",
	"keys generate":       "--config --name --for --draw",
	"keys import":         "--config --name --for",
	"keys export":         "--config --out --public",
	"keys list":           "--config",
	"keys remove":         "--config --yes",
	"keys signing":        "--config --all",
	"keys fetch":          "--config --name --fingerprint --yes",
	"keys smime":          "--config --make --authority",
	"keys rotate-signing": "--config",
	"user add":            "--config --email",
	"user reset":          "--config --email",
	"user disable":        "--config --email --undo",
	"user list":           "--config",
	"open":                "--key --signer --save",
	"export":              "--config --dir --anyway",
	"audit verify":        "--config",
	"outbox list":         "--config --json --state --most",
	"outbox show":         "--config --json",
	"outbox retry":        "--config --dead --yes",
	"outbox aside":        "--config",
	"webhooks list":       "--config",
	"webhooks secret":     "--config",
	"webhooks test":       "--config",
	"mail check":          "--json --resolver --port --https-port --ca --hello",
	"mail headers":        "--json",
	"health":              "--config --ready --role " + contractSettings,
	"version":             "",
}

// contractSettings are the settings that serve and health take as flags.
const contractSettings = "--accent --alarms-to --data --forms --intake-address --intake-hosts --log --mail-bounces --mail-ca " +
	"--mail-dkim-domain --mail-dkim-key --mail-dkim-selector --mail-from --mail-hello --mail-in-doubt --mail-keep --mail-pins " +
	"--mail-relay --mail-security --mail-smime-key --mail-username --name --notices-subject --notices-text --outward-allow " +
	"--secrets --service --tls-acme-ca --tls-acme-directory --tls-cert --tls-email --tls-key --tls-mode --tls-plain " +
	"--tls-proxies --viewer-address --viewer-hosts --zone"

func TestContractFlags(t *testing.T) {
	whole(t)
	for command, flags := range contractFlags {
		code, help := runContract(t, nil, append(strings.Fields(command), "--help")...)
		if code != 0 {
			t.Errorf("sealform %s --help ends with %d\n%s", command, code, help)
		}
		taken := regexp.MustCompile(`(?m)^ +(--[a-z-]+)`).FindAllStringSubmatch(help, -1)
		for _, flag := range strings.Fields(flags) {
			if !slices.ContainsFunc(taken, func(m []string) bool { return m[1] == flag }) {
				t.Errorf("sealform %s takes no %s", command, flag)
			}
		}
	}
}

// TestContractExitCodes: 0 done, 1 refused or failed, 2 wrongly called.
func TestContractExitCodes(t *testing.T) {
	whole(t)
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("form: bad\ntitel: Bad\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want int
		args []string
	}{
		{0, []string{"version"}},
		{0, []string{"--help"}},
		{0, []string{"help", "serve"}},
		{1, []string{"forms", "check", bad}},
		{1, []string{"forms", "check", "--format", "json", bad}},
		{1, []string{"forms", "check", "--format", "github", bad}},
		{1, []string{"serve", "--config", "absent.yaml"}},
		{1, []string{"health", "--config", "absent.yaml"}},
		{1, []string{"audit", "verify", "--config", "absent.yaml"}},
		{1, []string{"mail", "headers", "absent.eml"}},
		{2, []string{"unheard-of"}},
		{2, []string{"user"}},
		{2, []string{"user", "add"}},
		{2, []string{"version", "--unheard-of"}},
		{2, []string{"mail", "headers"}},
		{2, []string{"export"}},
	} {
		if code, out := runContract(t, nil, c.args...); code != c.want {
			t.Errorf("sealform %s ends with %d, want %d\n%s", strings.Join(c.args, " "), code, c.want, out)
		}
	}
}

func TestContractInit(t *testing.T) {
	whole(t)
	dir := filepath.Join(t.TempDir(), "service")
	if code, out := runContract(t, nil, "init", "--dir", dir); code != 0 {
		t.Fatalf("sealform init ends with %d\n%s", code, out)
	}
	wantFiles(t, dir, "data", "forms/contact.yaml", "keys", "sealform.yaml", "secrets/root.key", "secrets/signing.key")
}

// TestContractDemo: the line of demo --json, the folder of --dir, the forms' pages, the receipt, the outbox.
func TestContractDemo(t *testing.T) {
	whole(t)
	d := start(t, filepath.Join(t.TempDir(), "demo"))
	out, err := os.ReadFile(d.out)
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := bytes.Cut(out, []byte("\n"))
	wantShape(t, "demo --json", line, "intake string", "viewer string", "site string", "ca string", "dir string", "mail string",
		"account.email string", "account.password string", "account.totp_secret string",
		"key.fingerprint string", "key.password string", "key.public string", "key.private string", "key.signer string")
	wantFiles(t, d.folder, "ca/ca.pem", "data/sealform.db", "data/audit.head", "export/key.private.asc", "export/key.pub.asc",
		"export/signer.pub.asc", "forms/contact.yaml", "forms/new-patient.yaml", "keys/front-desk.asc", "mail", "sealform.yaml",
		"secrets/root.key", "secrets/signing.key")

	v := d.visitor()
	wantControls(t, v, "contact", "_token name email phone message")
	wantControls(t, v, "new-patient", "_token full_name birth.day birth.month birth.year phone email reach reason medicines "+
		"medicine_list conditions height first_visit card privacy")
	page, err := v.open("new-patient")
	if err != nil {
		t.Fatal(err)
	}
	p := page.fill(func(name string) string { return "answer to " + name })
	a, err := v.do(http.MethodPost, p.path, p.kind, p.body)
	if err != nil || a.status != http.StatusSeeOther {
		t.Fatalf("sending the form: %v\n%s", err, show(a))
	}
	receipt, err := v.do(http.MethodGet, a.header.Get("Location"), "", nil)
	if err != nil || receipt.status != http.StatusOK {
		t.Fatalf("the receipt: %v\n%s", err, show(receipt))
	}
	ref := regexp.MustCompile(`>([0-9A-Z]{3}-[0-9A-Z]{3})<`).FindSubmatch(receipt.body)
	if ref == nil {
		t.Fatalf("the receipt shows no reference such as R7K-4Q2\n%s", receipt.body)
	}
	wantOutbox(t, filepath.Join(d.folder, "sealform.yaml"), string(ref[1]))
	d.stop() // wants exit code 0
}

// wantOutbox reads the mail of a submission in the outbox, by --config and by SEALFORM_CONFIG.
func wantOutbox(t *testing.T, config, ref string) {
	t.Helper()
	job := []string{
		"id string", "state string", "channel string", "form string", "reference string", "number number", "to string",
		"message_id string", "made string", "attempts number", "size number",
	}
	var list []byte
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		code, out := runContract(t, nil, "outbox", "list", "--json", "--state", "all", "--config", config)
		if code != 0 {
			t.Fatalf("sealform outbox list ends with %d\n%s", code, out)
		}
		list = []byte(out)
		if bytes.Contains(list, []byte(`"sent"`)) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the mail was not sent within 20 s\n%s", out)
		}
	}
	var jobs []struct{ ID, Channel, Reference string }
	if err := json.Unmarshal(list, &jobs); err != nil {
		t.Fatalf("outbox list --json: %v\n%s", err, list)
	}
	at := slices.IndexFunc(jobs, func(j struct{ ID, Channel, Reference string }) bool {
		return j.Channel == "mail" && j.Reference == ref
	})
	if at < 0 {
		t.Fatalf("outbox list --json has no mail of %s\n%s", ref, list)
	}
	wantShape(t, "outbox list --json", list, prefixed("["+strconv.Itoa(at)+"].", append(job, "ended string"))...)

	code, out := runContract(t, []string{"SEALFORM_CONFIG=" + config}, "outbox", "show", "--json", jobs[at].ID)
	if code != 0 {
		t.Fatalf("sealform outbox show ends with %d\n%s", code, out)
	}
	wantShape(t, "outbox show --json", []byte(out), append(job, "ended string", "log[].at string", "log[].code string")...)
}

func TestContractFormsCheck(t *testing.T) {
	whole(t)
	dir := t.TempDir()
	for name, src := range map[string]string{
		"good.yaml": "form: good\ntitle: Good\ncontact: Call us.\nseal: { to: [desk] }\ndeliver: { store: { keep: 30d } }\n" +
			"fields:\n  - { id: name, type: name, label: Your name }\n",
		"bad.yaml": "form: bad\ntitel: Bad\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(src), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	top := []string{"errors number", "warnings number", "faults list"}
	code, out := runContract(t, nil, "forms", "check", "--format", "json", filepath.Join(dir, "good.yaml"))
	if code != 0 {
		t.Errorf("a good form ends with %d\n%s", code, out)
	}
	wantShape(t, "forms check --format json", []byte(out), top...)
	_, out = runContract(t, nil, "forms", "check", "--format", "json", filepath.Join(dir, "bad.yaml"))
	wantShape(t, "forms check --format json", []byte(out), append(top, "faults[].file string", "faults[].line number", "faults[].column number",
		"faults[].width number", "faults[].severity string", "faults[].message string", "faults[].mend string")...)
	_, out = runContract(t, nil, "forms", "check", "--format", "github", filepath.Join(dir, "bad.yaml"))
	if !regexp.MustCompile(`(?m)^::error file=\S+bad\.yaml,line=2,col=1,endColumn=6::`).MatchString(out) {
		t.Errorf("forms check --format github:\n%s", out)
	}
}

func TestContractMail(t *testing.T) {
	whole(t)
	message := filepath.Join(t.TempDir(), "came.eml")
	if err := os.WriteFile(message, []byte("Received: from a.example (a.example [192.0.2.1]) by b.example with ESMTPS (version=TLS1_3); "+
		"Tue, 1 Dec 2026 12:00:00 +0000\r\nFrom: dana@a.example\r\n\r\nHello\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out := runContract(t, nil, "mail", "headers", "--json", message)
	if code != 0 {
		t.Errorf("mail headers ends with %d\n%s", code, out)
	}
	wantShape(t, "mail headers --json", []byte(out), "verdict string", "hops[].from string", "hops[].by string", "hops[].tls string",
		"hops[].version string")

	shut := strconv.Itoa(freePort(t)) // nothing listens there
	_, out = runContract(t, nil, "mail", "check", "--json", "--resolver", nameServer(t), "--port", shut, "--https-port", shut, "riverside.example")
	wantShape(t, "mail check --json", []byte(out), "domain string", "dnssec bool", "mta_sts string", "dane string", "tls_rpt list", "verdict string",
		"mx[].host string", "mx[].preference number", "mx[].starttls bool", "mx[].version text", "mx[].cipher text", "mx[].certificate text",
		"mx[].dane string")
}

// nameServer answers that riverside.example has one MX, this machine, and nothing else.
func nameServer(t *testing.T) string {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	records := map[string]string{
		"riverside.example. MX":   "riverside.example. 60 IN MX 10 mx.riverside.example.",
		"mx.riverside.example. A": "mx.riverside.example. 60 IN A 127.0.0.1",
	}
	server := &dns.Server{PacketConn: socket, Handler: dns.HandlerFunc(func(w dns.ResponseWriter, asked *dns.Msg) {
		answer := new(dns.Msg).SetReply(asked)
		q := asked.Question[0]
		if r, ok := records[strings.ToLower(q.Name)+" "+dns.TypeToString[q.Qtype]]; ok {
			rr, err := dns.NewRR(r)
			if err != nil {
				t.Error(err)
			}
			answer.Answer = append(answer.Answer, rr)
		}
		if err := w.WriteMsg(answer); err != nil {
			t.Error(err)
		}
	})}
	ended := make(chan error, 1)
	go func() { ended <- server.ActivateAndServe() }()
	t.Cleanup(func() {
		socket.Close()
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	return socket.LocalAddr().String()
}
