package main

import (
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sealform": func() { os.Exit(mainCode()) }})
}

// TestScripts runs testdata/script: what people type, and what they are told. Besides the program the scripts know
//
//	refused CODE ARGS…      the program must end with this exit code
//	take NAME PATTERN       a variable from the output just seen
//	lines FILE LINE…        writes a file, for what is typed or piped in
//	clinic                  a service in ./clinic, with an account, a key and a certificate; and goes there
//	up NAME ARGS…           `sealform serve ARGS`, until down NAME; $NAME_intake and $NAME_viewer are its addresses
//	send ADDRESS FORM …     fills a form in, and leaves $REFERENCE
//	staff-sees ADDRESS REFERENCE TEXT   a colleague signs in, unlocks, opens it and reads this (twice in a script at most)
//	mailbox DIR             a mail server; $MAILBOX is its address
//	delivered DIR N         waits for N mails
//	gnupg                   a gpg of its own
//	damage FILE COPY        a copy with one letter changed
//	certificate DIR         an authority and a certificate for localhost and staff.localhost
//	copy-folder FROM TO     replaces TO
//	sleep DURATION
//	eventually PATTERN ARGS…  runs the program until its output matches
//	recorded ACT PATTERN    the record's last entry is an operator's of this act, and what it is about matches
//	database SQL            changes the database behind the program's back
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"refused": refused, "eventually": eventually, "recorded": recorded, "take": take, "lines": linesInto,
			"clinic": clinic, "up": up, "down": down, "send": send, "staff-sees": staffSees, "database": database, "copy-folder": copyFolder, "sleep": sleep,
			"mailbox": mailServer, "delivered": delivered, "gnupg": gnupg, "certificate": certificate, "damage": damage,
		},
		RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("GORACE", noWait)
			return nil
		},
	})
}

// noWait: a program built with the race detector sleeps for a second before it ends, and a script starts many.
const noWait = "atexit_sleep_ms=0"

func refused(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: refused CODE ARGS…")
	}
	err := ts.Exec("sealform", args[1:]...)
	var ended *exec.ExitError
	if !errors.As(err, &ended) {
		ts.Fatalf("it was not refused: %v", err)
	}
	if got := strconv.Itoa(ended.ExitCode()); got != args[0] {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
}

func eventually(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: eventually PATTERN ARGS…")
	}
	want := regexp.MustCompile("(?m)" + args[0])
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		ts.Check(ts.Exec("sealform", args[1:]...))
		out := ts.ReadFile("stdout")
		if want.MatchString(out) {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("it does not come to match %s:\n%s", args[0], out)
		}
	}
}

func take(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: take NAME PATTERN")
	}
	m := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(m) != 2 {
		ts.Fatalf("the output does not match %s", args[1])
	}
	ts.Setenv(args[0], m[1])
}

func linesInto(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: lines FILE LINE…")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.Join(args[1:], "\n")+"\n"), 0o600))
}
