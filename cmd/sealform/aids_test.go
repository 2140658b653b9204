package main

import (
	"database/sql"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"sealform/internal/audit"
	"sealform/internal/demo/ca"
	"sealform/internal/demo/postbox"
)

// database runs SQL on the service's database, as somebody would who got at the file.
func database(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: database SQL")
	}
	db, err := sql.Open("sqlite", ts.MkAbs("data/sealform.db"))
	ts.Check(err)
	defer db.Close()
	r, err := db.Exec(args[0])
	ts.Check(err)
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		ts.Fatalf("nothing was changed: %d rows, %v", n, err)
	}
}

// recorded looks at the last entry of the record.
func recorded(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: recorded ACT PATTERN")
	}
	db, err := sql.Open("sqlite", ts.MkAbs("data/sealform.db"))
	ts.Check(err)
	defer db.Close()
	var who, act, about string
	ts.Check(db.QueryRow("select who, act, about from audit order by n desc limit 1").Scan(&who, &act, &about))
	if who != audit.Operator || act != args[0] || !regexp.MustCompile(args[1]).MatchString(about) {
		ts.Fatalf("the last entry is %s %s %s", who, act, about)
	}
}

// mailServer takes mail for localhost into a folder.
func mailServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: mailbox DIR")
	}
	ca, err := ca.Open(ts.MkAbs("tls"), time.Now())
	ts.Check(err)
	box, err := postbox.New(postbox.Config{Dir: ts.MkAbs(args[0]), Certificate: ca.Server})
	ts.Check(err)
	ln, err := net.Listen("tcp", "localhost:0")
	ts.Check(err)
	served := make(chan error, 1)
	go func() { served <- box.Serve(ln) }()
	ts.Defer(func() { _ = box.Close(); <-served })
	_, port, err := net.SplitHostPort(ln.Addr().String())
	ts.Check(err)
	ts.Setenv("MAILBOX", net.JoinHostPort("localhost", port))
}

// delivered waits for so many mails, and names the last one mailed.eml.
func delivered(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: delivered DIR N")
	}
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	var names []string
	for end := time.Now().Add(patience); len(names) != want; time.Sleep(20 * time.Millisecond) {
		if names, err = postbox.List(ts.MkAbs(args[0])); err != nil {
			ts.Fatalf("looking for mail: %v", err)
		}
		if time.Now().After(end) {
			ts.Fatalf("%d mails, want %d", len(names), want)
		}
	}
	copyFile(ts, filepath.Join(args[0], names[0]), "mailed.eml")
}

func copyFile(ts *testscript.TestScript, from, to string) {
	f, err := os.Open(ts.MkAbs(from))
	ts.Check(err)
	defer f.Close()
	g, err := os.Create(ts.MkAbs(to))
	ts.Check(err)
	_, err = io.Copy(g, f)
	ts.Check(err)
	ts.Check(g.Close())
}

// gnupg gives gpg a home of its own, whose path is short enough for its sockets, and ends its agent afterwards.
func gnupg(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: gnupg")
	}
	if _, err := exec.LookPath("gpg"); err != nil {
		ts.Fatalf("gpg is missing; scripts/setup-tests installs it")
	}
	home, err := os.MkdirTemp("", "gpg-")
	ts.Check(err)
	ts.Setenv("GNUPGHOME", home)
	ts.Defer(func() {
		_ = exec.Command("gpgconf", "--homedir", home, "--kill", "all").Run() // none may be running
		_ = os.RemoveAll(home)
	})
}

// damage copies a message with one letter in its middle changed.
func damage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: damage FILE COPY")
	}
	b := []byte(ts.ReadFile(args[0]))
	middle := len(b) / 2
	for b[middle] == '\n' {
		middle++
	}
	if b[middle] == 'A' {
		b[middle] = 'B'
	} else {
		b[middle] = 'A'
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b, 0o600))
}

func copyFolder(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: copy-folder FROM TO")
	}
	ts.Check(os.RemoveAll(ts.MkAbs(args[1])))
	ts.Check(os.CopyFS(ts.MkAbs(args[1]), os.DirFS(ts.MkAbs(args[0]))))
}

func sleep(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: sleep DURATION")
	}
	d, err := time.ParseDuration(args[0])
	ts.Check(err)
	time.Sleep(d)
}
