package e2e

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"text/template"
	"time"

	"sealform/internal/demo/ca"
)

// postOffice is a real Postfix, which takes mail by submission (STARTTLS and a password), and a real Dovecot, which keeps
// it and hands it out over IMAP. Both have configurations of their own, on loopback, in a folder that ends with the test.
type postOffice struct {
	t                      *testing.T
	Dir                    string
	Submission, LMTP, IMAP int // ports
	SASL                   int
	Size                   int64 // Postfix's message_size_limit
	Quota                  string
	ca                     *ca.CA
	dovecot                *exec.Cmd
}

const (
	mailDomain   = "riverside.example"
	mailPassword = "long-words-for-the-post-office"
)

// openPostOffice starts both. Postfix's master wants to be root.
func openPostOffice(t *testing.T, differ ...func(*postOffice)) *postOffice {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("Postfix can only be started by root: run the tests as root, such as in a container")
	}
	// A short path that other accounts may enter: Postfix's sockets lie below it, and run under accounts of their own.
	dir, err := os.MkdirTemp("", "post-")
	if err != nil {
		t.Fatal(err)
	}
	o := &postOffice{t: t, Dir: dir, Size: 40 << 20, Quota: "1G"}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	for _, d := range differ {
		d(o)
	}
	for _, port := range []*int{&o.Submission, &o.LMTP, &o.IMAP, &o.SASL} {
		*port = freePort(t)
	}
	o.lay()
	o.startDovecot()
	o.startPostfix()
	return o
}

// freePort gives a port below those that the system picks by itself, so that nobody takes it while its server is away.
func freePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		port := 20_000 + (os.Getpid()*100+int(ports.Add(1)))%12_000
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
		if err == nil {
			defer l.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}

// ports counts what freePort gave out.
var ports atomic.Int32

// lay makes the folders with the owners that the two want, the certificate, and the configurations.
func (o *postOffice) lay() {
	o.t.Helper()
	if err := os.Chmod(o.Dir, 0o755); err != nil {
		o.t.Fatal(err)
	}
	for name, owner := range map[string]string{"postfix": "", "queue": "", "data": "postfix", "run": "", "mail": "mail", "tls": ""} {
		path := filepath.Join(o.Dir, name)
		if err := os.Mkdir(path, 0o755); err != nil {
			o.t.Fatal(err)
		}
		o.own(path, owner)
	}
	var err error
	if o.ca, err = ca.Open(filepath.Join(o.Dir, "tls"), time.Now()); err != nil {
		o.t.Fatal(err)
	}
	for name, text := range map[string]string{"postfix/main.cf": postfixMain, "postfix/master.cf": postfixMaster, "dovecot.conf": dovecotConf} {
		o.configure(name, text)
	}
}

func (o *postOffice) own(path, owner string) {
	o.t.Helper()
	if owner == "" {
		return
	}
	u, err := user.Lookup(owner)
	if err != nil {
		o.t.Fatal(err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(path, uid, gid); err != nil {
		o.t.Fatal(err)
	}
}

func (o *postOffice) configure(name, text string) {
	o.t.Helper()
	var b bytes.Buffer
	if err := template.Must(template.New(name).Parse(text)).Execute(&b, o); err != nil {
		o.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(o.Dir, name), b.Bytes(), 0o644); err != nil {
		o.t.Fatal(err)
	}
}

func (o *postOffice) startDovecot() {
	o.t.Helper()
	o.dovecot = exec.Command("/usr/sbin/dovecot", "-F", "-c", filepath.Join(o.Dir, "dovecot.conf"))
	if err := o.dovecot.Start(); err != nil {
		o.t.Fatalf("starting Dovecot (scripts/setup-tests installs it): %v", err)
	}
	o.t.Cleanup(func() {
		_ = o.dovecot.Process.Signal(syscall.SIGTERM)
		_ = o.dovecot.Wait()
	})
	o.listens(o.LMTP)
	o.listens(o.IMAP)
}

// reloadDovecot takes up a changed configuration.
func (o *postOffice) reloadDovecot() {
	o.t.Helper()
	if err := o.dovecot.Process.Signal(syscall.SIGHUP); err != nil {
		o.t.Fatal(err)
	}
	time.Sleep(time.Second) // it says nothing when it is done
}

// startPostfix starts it; stopPostfix may have stopped it before.
func (o *postOffice) startPostfix() {
	o.t.Helper()
	o.postfix("start")
	o.t.Cleanup(o.stopPostfix)
	o.listens(o.Submission)
}

func (o *postOffice) stopPostfix() {
	_ = exec.Command("/usr/sbin/postfix", "-c", filepath.Join(o.Dir, "postfix"), "stop").Run() // it may be stopped already
}

func (o *postOffice) postfix(verb string) {
	o.t.Helper()
	cmd := exec.Command("/usr/sbin/postfix", "-c", filepath.Join(o.Dir, "postfix"), verb)
	if out, err := cmd.CombinedOutput(); err != nil {
		log, _ := os.ReadFile(filepath.Join(o.Dir, "postfix.log"))
		o.t.Fatalf("postfix %s (scripts/setup-tests installs it): %v\n%s\n%s", verb, err, out, log)
	}
}

func (o *postOffice) listens(port int) {
	o.t.Helper()
	for range 200 {
		c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
		if err == nil {
			_ = c.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	o.t.Fatalf("nobody listens on port %d\n%s", port, o.logs())
}

// logs is what both said.
func (o *postOffice) logs() string {
	var all strings.Builder
	for _, name := range []string{"postfix.log", "dovecot.log"} {
		b, err := os.ReadFile(filepath.Join(o.Dir, name))
		if err != nil {
			b = []byte(err.Error())
		}
		fmt.Fprintf(&all, "%s:\n%s\n", name, b[max(0, len(b)-6000):])
	}
	return all.String()
}

// fetch waits until the mailbox holds so many messages and gives all of them, as IMAP hands them out.
func (o *postOffice) fetch(who string, want int) [][]byte {
	o.t.Helper()
	for range 300 {
		if got := o.mailbox(who); len(got) >= want {
			return got
		}
		time.Sleep(200 * time.Millisecond)
	}
	o.t.Fatalf("fewer than %d messages came for %s within a minute\n%s", want, who, o.logs())
	return nil
}

// mailbox reads the inbox of a person by IMAP (RFC 9051): sign in, select, fetch each.
func (o *postOffice) mailbox(who string) [][]byte {
	o.t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(o.ca.Certificate)
	c, err := tls.Dial("tcp", fmt.Sprintf("localhost:%d", o.IMAP), &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12})
	if err != nil {
		o.t.Fatalf("IMAP: %v\n%s", err, o.logs())
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		o.t.Fatal(err)
	}
	i := &imap{t: o.t, c: c, r: bufio.NewReaderSize(c, 1<<20)}
	i.line()
	i.command(fmt.Sprintf("LOGIN %s@%s %q", who, mailDomain, mailPassword))
	n := 0
	for _, l := range i.command("EXAMINE INBOX") {
		if count, ok := strings.CutSuffix(l, " EXISTS"); ok {
			n, _ = strconv.Atoi(strings.TrimPrefix(count, "* "))
		}
	}
	var all [][]byte
	for k := 1; k <= n; k++ {
		all = append(all, i.message(k))
	}
	i.command("LOGOUT")
	return all
}

const postfixMain = `compatibility_level = 3.7
queue_directory = {{.Dir}}/queue
data_directory = {{.Dir}}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.riverside.example
mydestination =
mynetworks =
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = riverside.example
virtual_transport = lmtp:inet:127.0.0.1:{{.LMTP}}
lmtp_destination_recipient_limit = 1
smtpd_peername_lookup = no
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_tls_cert_file = {{.Dir}}/tls/server.pem
smtpd_tls_key_file = {{.Dir}}/tls/server.key
smtpd_tls_received_header = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{{.SASL}}
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
smtpd_relay_restrictions = permit_sasl_authenticated, reject
message_size_limit = {{.Size}}
bounce_size_limit = 1
maillog_file = {{.Dir}}/postfix.log
maillog_file_prefixes = {{.Dir}}
`

const postfixMaster = `127.0.0.1:{{.Submission}} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`

const dovecotConf = `base_dir = {{.Dir}}/run
state_dir = {{.Dir}}/run
log_path = {{.Dir}}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = required
ssl_cert = <{{.Dir}}/tls/server.pem
ssl_key = <{{.Dir}}/tls/server.key
mail_location = maildir:{{.Dir}}/mail/%n
first_valid_uid = 1
auth_mechanisms = plain
mail_plugins = $mail_plugins quota
plugin {
  quota = count:User quota
  quota_rule = *:storage={{.Quota}}
  quota_vsizes = yes
}
passdb {
  driver = static
  args = password=long-words-for-the-post-office
}
userdb {
  driver = static
  args = uid=mail gid=mail home={{.Dir}}/mail/%n
}
service imap-login {
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    address = 127.0.0.1
    port = {{.IMAP}}
    ssl = yes
  }
}
service lmtp {
  inet_listener lmtp {
    address = 127.0.0.1
    port = {{.LMTP}}
  }
}
service auth {
  inet_listener sasl {
    address = 127.0.0.1
    port = {{.SASL}}
  }
}
`
