package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"sealform/internal/config"
	"sealform/internal/demo/ca"
	"sealform/internal/server"
)

// patience is how long a test waits for what must happen. It is reached only by a test that fails.
const patience = 60 * time.Second

// The clinic's account and key.
const (
	clinicEmail       = "dana@riverside.example"
	clinicPassword    = "a long account password"
	clinicKeyPassword = "a long key password"
)

func clinic(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: clinic")
	}
	ts.Check(ts.Exec("sealform", "init", "--dir", "clinic", "--name", "Riverside Family Clinic", "--host", "localhost", "--staff-host", "staff.localhost"))
	ts.Check(ts.Chdir("clinic"))
	certificate(ts, false, []string{"tls"})
	linesInto(ts, false, []string{"account.txt", clinicPassword})
	linesInto(ts, false, []string{"key.txt", clinicKeyPassword})
	ts.Setenv("SECOND_FACTOR", secondFactorLine.FindString(piped(ts, "account.txt", "user", "add", "--email", clinicEmail)))
	piped(ts, "key.txt", "keys", "generate", "--name", "front-desk", "--for", clinicEmail)
	ts.Setenv("SEALFORM_INTAKE_ADDRESS", "127.0.0.1:0")
	ts.Setenv("SEALFORM_VIEWER_ADDRESS", "127.0.0.1:0")
	ts.Setenv("SEALFORM_VIEWER_HOSTS", "staff.localhost")
	ts.Setenv("SEALFORM_TLS_CERT", "tls/server.pem")
	ts.Setenv("SEALFORM_TLS_KEY", "tls/server.key")
}

var secondFactorLine = regexp.MustCompile(`\b[A-Z2-7]{32}\b`)

// piped runs the program with a file as its standard input, and gives what it says.
func piped(ts *testscript.TestScript, file string, args ...string) string {
	cmd := process(ts, args...)
	cmd.Stdin = strings.NewReader(ts.ReadFile(file))
	out, err := cmd.CombinedOutput()
	if err != nil {
		ts.Fatalf("%v: %v\n%s", args, err, out)
	}
	return string(out)
}

// process is a process of the program in the script's folder and with the script's settings.
func process(ts *testscript.TestScript, args ...string) *exec.Cmd {
	path, err := exec.LookPath("sealform")
	ts.Check(err)
	cmd := exec.CommandContext(context.Background(), path, args...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = []string{"HOME=/nowhere", "PATH=" + ts.Getenv("PATH"), "GOCOVERDIR=" + ts.Getenv("GOCOVERDIR"), "GORACE=" + noWait}
	for _, s := range config.Settings {
		for _, name := range []string{s.Variable(), s.Variable() + "_FILE"} {
			if v := ts.Getenv(name); v != "" {
				cmd.Env = append(cmd.Env, name+"="+v)
			}
		}
	}
	return cmd
}

// certificate makes an authority and a certificate for localhost and staff.localhost in a folder.
func certificate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: certificate DIR")
	}
	_, err := ca.Open(ts.MkAbs(args[0]), time.Now())
	ts.Check(err)
}

// service is one running process.
type service struct {
	cmd   *exec.Cmd
	said  *said
	ended chan struct{}
	err   error // how, once it has ended
}

// said is what a process has written so far.
type said struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

var (
	runningMu sync.Mutex
	running   = map[string]*service{} // by folder and name
)

func runningKey(ts *testscript.TestScript, name string) string {
	return filepath.Join(ts.Getenv("WORK"), name)
}

func up(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: up NAME ARGS…")
	}
	s := &service{cmd: process(ts, append([]string{"serve"}, args[1:]...)...), said: &said{}, ended: make(chan struct{})}
	s.cmd.Stderr, s.cmd.Stdout = s.said, s.said
	ts.Check(s.cmd.Start())
	go func() { s.err = s.cmd.Wait(); close(s.ended) }()
	ts.Defer(func() {
		_ = s.cmd.Process.Kill() // it has ended already unless the script failed
		<-s.ended
	})
	for _, role := range rolesOf(args[1:]) {
		ts.Setenv(args[0]+"_"+role, s.started(ts, role))
	}
	runningMu.Lock()
	running[runningKey(ts, args[0])] = s
	runningMu.Unlock()
}

// rolesOf are those that the arguments name; the two that always listen otherwise.
func rolesOf(args []string) []string {
	var roles []string
	for i, a := range args {
		if a == "--role" && i+1 < len(args) {
			roles = append(roles, args[i+1])
		}
	}
	if len(roles) == 0 {
		roles = []string{server.Intake, server.Viewer}
	}
	if slices.Contains(args, "--tls-plain") {
		roles = append(roles, "plain")
	}
	return roles
}

// started waits until a role answers, and gives its address.
func (s *service) started(ts *testscript.TestScript, role string) string {
	line := regexp.MustCompile(`msg=started role=` + role + ` address=(\S+)`)
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if m := line.FindStringSubmatch(s.said.String()); m != nil {
			return m[1]
		}
		select {
		case <-s.ended:
			ts.Fatalf("serve ended early: %v\n%s", s.err, s.said)
		default:
		}
	}
	ts.Fatalf("%s did not start\n%s", role, s.said)
	return ""
}

func down(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: down NAME")
	}
	runningMu.Lock()
	s := running[runningKey(ts, args[0])]
	runningMu.Unlock()
	if s == nil {
		ts.Fatalf("%s is not up", args[0])
	}
	ts.Check(s.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-s.ended:
		if s.err != nil {
			ts.Fatalf("after SIGTERM it ended with %v\n%s", s.err, s.said)
		}
	case <-time.After(patience):
		ts.Fatalf("it did not end after SIGTERM\n%s", s.said)
	}
	if !strings.Contains(s.said.String(), "msg=stopped") {
		ts.Fatalf("it does not say that it stopped:\n%s", s.said)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".log"), []byte(s.said.String()), 0o600))
}
