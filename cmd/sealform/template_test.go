package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"sealform/internal/config"
)

// TestExamplesOfTheConfiguration: what `init` writes as examples, behind #, is right once the # is taken away.
func TestExamplesOfTheConfiguration(t *testing.T) {
	f := newFolder(t, time.Now())
	src, err := os.ReadFile(f.path(config.FileName))
	if err != nil {
		t.Fatal(err)
	}
	own, examples, found := strings.Cut(string(src), "\n# mail:")
	if !found {
		t.Fatalf("no examples:\n%s", src)
	}
	examples = regexp.MustCompile(`(?m)^# `).ReplaceAllString("\n# mail:"+examples, "")
	examples = strings.ReplaceAll(examples, "…", strings.Repeat("0", 40))
	if err := os.WriteFile(f.path(config.FileName), []byte(own+examples), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Read(f.path(config.FileName), config.Over{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Mail.Relay == "" || len(c.Recipients) != 3 || c.Notices.Text == "" || len(c.Alarms) != 1 || len(c.Webhooks) != 1 || len(c.Outward) != 1 {
		t.Errorf("some example is not read: %+v", c)
	}
}
