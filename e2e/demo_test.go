package e2e

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// ready is the line that demo --json prints.
type ready struct {
	Intake, Viewer, Site string
	CA, Dir, Mail        string
	Account              struct {
		Email, Password string
		TOTPSecret      string `json:"totp_secret"`
	}
	Key struct {
		Fingerprint, Password   string
		Public, Private, Signer string
	}
}

// demo is one run of the program.
type demo struct {
	ready
	t      *testing.T
	cmd    *exec.Cmd
	ended  chan struct{} // closed when the process is gone
	err    error         // then: what Wait said
	line   chan []byte   // the ready line
	folder string        // what was given as --dir
	within string        // in front of the paths it names, where it sees another file system than we do
	tmp    string        // the process's TMPDIR
	out    string        // file with its standard output
	log    string        // file with its standard error
}

// start runs the demo on folder, which may hold an earlier run's data, and waits until it is ready. wrap, if any,
// is a command that runs it, such as strace.
func start(t *testing.T, folder string, wrap ...string) *demo {
	t.Helper()
	d := launch(t, folder, wrap...)
	d.await()
	return d
}

// launch starts it and does not wait.
func launch(t *testing.T, folder string, wrap ...string) *demo {
	t.Helper()
	return launchAs(t, folder, append(wrap, program, "demo", "--json", "--dir", folder,
		"--intake-addr", "127.0.0.1:0", "--viewer-addr", "127.0.0.1:0", "--site-addr", "127.0.0.1:0"))
}

// launchAs starts it by a whole command line.
func launchAs(t *testing.T, folder string, args []string, env ...string) *demo {
	t.Helper()
	side := t.TempDir()
	d := &demo{
		t: t, ended: make(chan struct{}), line: make(chan []byte, 1), folder: folder,
		tmp: filepath.Join(side, "tmp"), out: filepath.Join(side, "stdout"), log: filepath.Join(side, "stderr"),
	}
	if err := os.Mkdir(d.tmp, 0o700); err != nil {
		t.Fatal(err)
	}
	d.cmd = exec.Command(args[0], args[1:]...)
	d.cmd.Env = append(append(os.Environ(), env...), "TMPDIR="+d.tmp, "HOME="+side)
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // signals go to it and to what wraps it
	stderr := create(t, d.log)
	d.cmd.Stderr = stderr
	d.cmd.Stdout = &firstLine{copy: create(t, d.out), line: d.line}
	if err := d.cmd.Start(); err != nil {
		t.Fatalf("starting the program: %v", err)
	}
	go func() {
		d.err = d.cmd.Wait()
		close(d.ended)
	}()
	t.Cleanup(d.cleanup)
	return d
}

// await reads the line, or fails with what the program said instead.
func (d *demo) await() {
	d.t.Helper()
	select {
	case l := <-d.line:
		if err := json.Unmarshal(l, &d.ready); err != nil {
			d.t.Fatalf("the ready line is not the JSON we know: %v\n%s", err, l)
		}
	case <-d.ended:
		d.t.Fatalf("the program ended before it was ready: %v\n%s", d.err, d.tail())
	case <-time.After(60 * time.Second):
		d.t.Fatalf("the program was not ready within a minute\n%s", d.tail())
	}
}

// stop asks the program to end, as Ctrl-C does, and wants exit code 0.
func (d *demo) stop() {
	d.t.Helper()
	d.signal(syscall.SIGINT)
	select {
	case <-d.ended:
	case <-time.After(40 * time.Second):
		d.t.Fatalf("the program did not end within 40 s of SIGINT\n%s", d.tail())
	}
	if d.err != nil {
		d.t.Fatalf("after SIGINT the program ended with %v\n%s", d.err, d.tail())
	}
}

// kill ends it as a power cut of the process would.
func (d *demo) kill() {
	d.t.Helper()
	d.signal(syscall.SIGKILL)
	<-d.ended
}

func (d *demo) signal(s syscall.Signal) {
	d.t.Helper()
	if err := syscall.Kill(-d.cmd.Process.Pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		d.t.Fatalf("sending %v: %v", s, err)
	}
}

// cleanup ends what a failed test left running, and shows the log of a failed test.
func (d *demo) cleanup() {
	select {
	case <-d.ended:
	default:
		d.signal(syscall.SIGKILL)
		<-d.ended
	}
	if d.t.Failed() {
		d.t.Logf("end of the program's log:\n%s", d.tail())
	}
}

// tail gives the end of what the program said on standard error.
func (d *demo) tail() []byte {
	b, err := os.ReadFile(d.log)
	if err != nil {
		return []byte(err.Error())
	}
	return b[max(0, len(b)-4000):]
}

// pool trusts the demo's own authority and nobody else.
func (d *demo) pool() *x509.CertPool {
	d.t.Helper()
	pem, err := os.ReadFile(d.within + d.CA)
	if err != nil {
		d.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		d.t.Fatalf("%s holds no certificate", d.CA)
	}
	return pool
}

// tls is how the tests' clients check the demo's certificates.
func (d *demo) tls() *tls.Config { return &tls.Config{RootCAs: d.pool(), MinVersion: tls.VersionTLS12} }

// staff is the viewer's address as people type it: its own host name.
func (d *demo) staff() string {
	d.t.Helper()
	u, err := url.Parse(d.Viewer)
	if err != nil {
		d.t.Fatal(err)
	}
	return "https://staff.localhost:" + u.Port()
}

// firstLine copies what it gets to a file and hands over the first line.
type firstLine struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	sent bool
	copy io.Writer
	line chan []byte
}

func (f *firstLine) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.sent {
		f.buf.Write(p)
		if l, err := bufio.NewReader(bytes.NewReader(f.buf.Bytes())).ReadBytes('\n'); err == nil {
			f.sent = true
			f.line <- l
		}
	}
	return f.copy.Write(p)
}

// create makes a file that is closed after the test.
func create(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}
