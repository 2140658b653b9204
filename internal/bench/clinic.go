package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"sealform/forms/file"
	"sealform/internal/demo/ca"
	"sealform/internal/secrets"
	"sealform/keys"
	"sealform/keys/private"
)

const service = "bench.service"

// clinic is a service made for measuring: three forms, two readers, real TLS.
type clinic struct {
	dir       string
	port      string
	revisions map[string]string // base64, by form
	locked    *private.Locked
	password  keys.Password
}

const questions = `
  - {id: name, type: name, label: Your name, section: About you}
  - {id: email, type: email, label: E-mail address}
  - {id: phone, type: phone, label: Phone number}
  - {id: street, type: text, label: Street}
  - {id: city, type: text, label: City}
  - {id: postcode, type: text, label: Postcode}
  - {id: country, type: text, label: Country}
  - {id: subject, type: text, label: What is it about?}
  - {id: message, type: longtext, label: How can we help?, max: 2000}
  - {id: best_time, type: text, label: When may we call?}
  - {id: source, type: text, label: How did you find us?}
  - {id: member, type: text, label: Member number}
`

const fileQuestion = "  - {id: scan, type: file, label: Scan, optional: true, accept: [pdf], max_size: 100MB}\n"

// buildClinic makes the folder as `sealform init`, `keys generate` and an operator with an editor would.
func buildClinic(dir string) (*clinic, error) {
	h := &clinic{dir: dir, revisions: map[string]string{}, password: keys.NewPassword([]byte("bench password, long enough"))}
	for _, d := range []string{"forms", "keys", "data"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			return nil, err
		}
	}
	now := time.Now()
	_, signing, err := keys.NewSigner(service, now)
	if err != nil {
		return nil, err
	}
	if err := secrets.Create(filepath.Join(dir, "secrets"), signing); err != nil {
		return nil, err
	}
	if _, err := ca.Open(filepath.Join(dir, "tls"), now); err != nil {
		return nil, err
	}
	for _, name := range []string{"one", "two"} {
		l, err := private.Generate(name+" <"+name+"@bench.example>", h.password, now)
		if err != nil {
			return nil, err
		}
		h.locked = l
		if err := os.WriteFile(filepath.Join(dir, "keys", name+".asc"), l.Certificate(), 0o600); err != nil {
			return nil, err
		}
	}
	for form, deliver := range map[string]string{
		"kept": "{store: {keep: 365d}}", "both": "{store: {keep: 365d}, mail: {to: [desk@bench.example]}}", "files": "{store: {keep: 365d}}",
	} {
		if err := h.form(form, deliver); err != nil {
			return nil, err
		}
	}
	return h, h.configure()
}

func (h *clinic) form(id, deliver string) error {
	src := fmt.Sprintf("form: %s\ntitle: Measuring\ncontact: Call 555-0142.\nseal: {to: [desk]}\ndeliver: %s\nlimits: {total_upload: 100MB}\nfields:%s", id, deliver, questions)
	if id == "files" || id == "scans" {
		src += fileQuestion
	} else {
		src = strings.Replace(src, "limits: {total_upload: 100MB}\n", "", 1)
	}
	name := filepath.Join(h.dir, "forms", id+".yaml")
	f, err := file.Parse(name, []byte(src))
	if err != nil {
		return err
	}
	h.revisions[id] = base64.StdEncoding.EncodeToString(f.Revision[:])
	return os.WriteFile(name, []byte(src), 0o600)
}

func (h *clinic) configure() error {
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // asks the kernel for a free port
	if err != nil {
		return err
	}
	_, h.port, _ = net.SplitHostPort(ln.Addr().String())
	if err := ln.Close(); err != nil {
		return err
	}
	p, err := strconv.Atoi(h.port)
	if err != nil {
		return err
	}
	src := fmt.Sprintf(`name: Bench
service: %s
intake: {address: "127.0.0.1:%d", hosts: ["127.0.0.1:%d"]}
viewer: {address: "127.0.0.1:0", hosts: [localhost]}
tls: {mode: files, cert: tls/server.pem, key: tls/server.key}
mail: {from: forms@bench.example, relay: "localhost:9"}
groups: {desk: [keys/one.asc, keys/two.asc]}
`, service, p, p)
	return os.WriteFile(filepath.Join(h.dir, "sealform.yaml"), []byte(src), 0o600)
}

// serve starts the product on the folder. Unless told by more roles it does not deliver: the relay is nobody, and what is
// measured is taking in.
func (b *bench) serve(ctx context.Context, h *clinic, more ...string) (*process, error) {
	args := []string{"serve", "--config", filepath.Join(h.dir, "sealform.yaml")}
	for _, role := range append([]string{"intake", "viewer"}, more...) {
		args = append(args, "--role", role)
	}
	p, err := start(ctx, func(c *exec.Cmd) (io.Reader, error) { return c.StderrPipe() },
		func(line string) bool {
			return strings.Contains(line, "msg=started") && strings.Contains(line, "role=viewer")
		},
		b.binary, args...)
	if err != nil {
		return nil, err
	}
	p.url = "https://127.0.0.1:" + h.port
	return p, nil
}

func (b *bench) floor(ctx context.Context, dir string) (*process, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	var url string
	p, err := start(ctx, func(c *exec.Cmd) (io.Reader, error) { return c.StdoutPipe() },
		func(line string) bool { url = line; return strings.HasPrefix(line, "https://") }, b.self, "floor", "-dir", dir)
	if err != nil {
		return nil, err
	}
	p.url = url
	return p, nil
}

// loadArgs are what the load needs to post to a form of the product.
func (h *clinic) loadArgs(url, form string) []string {
	return []string{
		"-url", url + "/f/" + form, "-secrets", filepath.Join(h.dir, "secrets"), "-service", service,
		"-form", form, "-revision", h.revisions[form],
	}
}
