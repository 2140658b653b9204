package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sealform/internal/demo/ca"
)

// clinic is a service set up by its commands, as an operator does, beside a mail relay.
type clinic struct {
	t      *testing.T
	dir    string
	relay  int    // port
	factor string // the secret of the account's second factor
	run    *demo  // while it serves
}

const (
	clinicAccount  = "dana@" + mailDomain
	clinicPassword = "correct words for dana"
)

// newClinic makes a service beside a real post office.
func newClinic(t *testing.T, o *postOffice) *clinic {
	t.Helper()
	ca, err := os.ReadFile(filepath.Join(o.Dir, "tls", "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return newClinicBeside(t, o.Submission, string(ca))
}

// newClinicBeside makes one whose relay is at that port of this machine; authority is what vouches for it, in PEM.
func newClinicBeside(t *testing.T, relay int, authority string) *clinic {
	t.Helper()
	c := &clinic{t: t, dir: filepath.Join(t.TempDir(), "clinic"), relay: relay}
	c.sealform("", "init", "--dir", c.dir, "--name", "Riverside Family Clinic", "--host", "localhost", "--staff-host", "staff.localhost")
	if _, err := ca.Open(c.path("tls"), time.Now()); err != nil {
		t.Fatal(err)
	}
	_, said, _ := strings.Cut(c.sealform(clinicPassword+"\n", "user", "add", "--email", clinicAccount), "authenticator app, or open the address in it:\n")
	c.factor, _, _ = strings.Cut(strings.TrimSpace(said), "\n")
	c.sealform("", "keys", "generate", "--name", "front-desk", "--for", clinicAccount, "--draw")
	c.put("relay-password", mailPassword, 0o600)
	c.put("relay-ca.pem", authority, 0o644)
	return c
}

func (c *clinic) path(parts ...string) string {
	return filepath.Join(append([]string{c.dir}, parts...)...)
}

func (c *clinic) put(name, text string, mode os.FileMode) {
	c.t.Helper()
	if err := os.WriteFile(c.path(name), []byte(text), mode); err != nil {
		c.t.Fatal(err)
	}
}

func (c *clinic) read(path string) []byte {
	c.t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		c.t.Fatal(err)
	}
	return b
}

// mailed is the part of sealform.yaml that names the relay.
func (c *clinic) mailed() string {
	return fmt.Sprintf("mail:\n  from: forms@%s\n  relay: localhost:%d\n  ca: relay-ca.pem\n  username: forms@%s\n",
		mailDomain, c.relay, mailDomain)
}

// configure writes sealform.yaml anew: its own part, and what the test adds.
func (c *clinic) configure(more string) {
	c.t.Helper()
	src := string(c.read(c.path("sealform.yaml")))
	own, _, _ := strings.Cut(src, "\n# mail:")
	c.put("sealform.yaml", own+"\n# mail:\n"+more, 0o600)
}

// form writes a form file of a question of each kind that matters here: text, an address, a file.
func (c *clinic) form(id, deliver string) {
	c.t.Helper()
	c.put("forms/"+id+".yaml", "form: "+id+"\ntitle: New patient form\ncontact: Call 555-0142.\nseal: { to: [front-desk] }\ndeliver:\n"+deliver+
		"fields:\n  - { id: full_name, type: name, label: Full name }\n  - { id: email, type: email, label: Email address, optional: true }\n"+
		"  - { id: reason, type: longtext, label: What would you like help with?, max: 4000 }\n"+
		"  - { id: card, type: file, label: Photo of your card, optional: true, accept: [jpg, pdf], max_files: 2 }\n", 0o600)
}

// env is the environment of the program's commands.
func (c *clinic) env() []string {
	env := append(os.Environ(), "HOME="+c.t.TempDir())
	if _, err := os.Stat(c.path("relay-password")); err == nil {
		env = append(env, "SEALFORM_MAIL_PASSWORD_FILE="+c.path("relay-password"))
	}
	return env
}

// sealform runs a command with in on its standard input and wants it to go well.
func (c *clinic) sealform(in string, args ...string) string {
	c.t.Helper()
	out, err := c.try(in, args...)
	if err != nil {
		c.t.Fatalf("sealform %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (c *clinic) try(in string, args ...string) (string, error) {
	c.t.Helper()
	if args[0] != "init" {
		args = append(args, "--config", c.path("sealform.yaml"))
	}
	cmd := exec.Command(program, args...)
	cmd.Env, cmd.Stdin = c.env(), strings.NewReader(in)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// serve starts the service and waits until both listeners are open.
func (c *clinic) serve(flags ...string) {
	c.t.Helper()
	intake, staff := freePort(c.t), freePort(c.t)
	c.run = launchAs(c.t, c.dir, append([]string{
		program, "serve", "--config", c.path("sealform.yaml"),
		"--intake-address", fmt.Sprintf("127.0.0.1:%d", intake), "--intake-hosts", fmt.Sprintf("localhost:%d", intake),
		"--viewer-address", fmt.Sprintf("127.0.0.1:%d", staff), "--viewer-hosts", fmt.Sprintf("staff.localhost:%d", staff),
		"--tls-cert", "tls/server.pem", "--tls-key", "tls/server.key",
	}, flags...), c.env()...)
	c.run.CA = c.path("tls", "ca.pem")
	c.run.Account.Email, c.run.Account.Password, c.run.Account.TOTPSecret = clinicAccount, clinicPassword, c.factor
	c.run.Intake, c.run.Viewer = fmt.Sprintf("https://localhost:%d", intake), fmt.Sprintf("https://staff.localhost:%d", staff)
	for range 600 {
		if said := c.read(c.run.log); bytes.Contains(said, []byte("role=intake")) && bytes.Contains(said, []byte("role=viewer")) {
			return
		}
		select {
		case <-c.run.ended:
			c.t.Fatalf("serve ended: %v\n%s", c.run.err, c.run.tail())
		default:
			time.Sleep(50 * time.Millisecond)
		}
	}
	c.t.Fatalf("serve did not open its listeners\n%s", c.run.tail())
}

// send fills the form in as a visitor does and gives the reference.
func (c *clinic) send(form string, say func(string) string, files ...upload) string {
	c.t.Helper()
	v := c.run.visitor()
	page, err := v.open(form)
	if err != nil {
		c.t.Fatal(err)
	}
	for i := range files {
		if files[i].field == "" {
			files[i].field = page.fileField(c.t)
		}
	}
	ref, _, err := v.send(page.fill(say, files...))
	if err != nil || ref == "" {
		c.t.Fatalf("the form was not taken: %v %q\n%s", err, ref, c.run.tail())
	}
	return ref
}

// outboxLine is what `sealform outbox list --json` says of one.
type outboxLine struct {
	ID, State, Reference, To string
	MessageID                string `json:"message_id"`
	LastError                string `json:"last_error"`
	Attempts                 int
}

func (c *clinic) jobs() []outboxLine {
	c.t.Helper()
	var all []outboxLine
	list := c.sealform("", "outbox", "list", "--state", "all", "--json", "--most", "1000")
	if err := json.Unmarshal([]byte(list), &all); err != nil {
		c.t.Fatal(fmt.Errorf("%w\n%s", err, list))
	}
	return all
}

// job is that of a submission that has one.
func (c *clinic) job(ref string) outboxLine {
	c.t.Helper()
	for _, j := range c.jobs() {
		if j.Reference == ref {
			return j
		}
	}
	c.t.Fatalf("the outbox does not know %s", ref)
	return outboxLine{}
}

// command runs another program and wants it to go well; out is its standard output.
func command(t *testing.T, dir string, in []byte, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(tool(t, args[0]), args[1:]...)
	var out, said bytes.Buffer
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, bytes.NewReader(in), &out, &said
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, said.Bytes())
	}
	return out.Bytes()
}

func execIn(dir, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	return cmd
}
