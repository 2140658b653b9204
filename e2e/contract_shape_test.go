package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// runContract runs a command to its end and gives its exit code and what it said, standard output first.
func runContract(t *testing.T, env []string, args ...string) (int, string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), env...)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("starting sealform %s: %v", strings.Join(args, " "), err)
	}
	if cmd.ProcessState.ExitCode() != 0 {
		out.Write(complaints.Bytes())
	}
	return cmd.ProcessState.ExitCode(), out.String()
}

func wantFiles(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
}

// wantControls: the form's page is at /f/{form}, posts to its own address and has controls of these names.
func wantControls(t *testing.T, v *visitor, form, names string) {
	t.Helper()
	page, err := v.open(form)
	if err != nil {
		t.Fatal(err)
	}
	if page.action != "/f/"+form {
		t.Errorf("%s posts to %s", form, page.action)
	}
	for _, name := range strings.Fields(names) {
		at := slices.IndexFunc(page.controls, func(c control) bool { return c.name == name })
		if at < 0 {
			t.Errorf("%s has no control %s", form, name)
		} else if name == "_token" && (page.controls[at].kind != "hidden" || page.controls[at].value == "") {
			t.Errorf("%s: _token is %+v", form, page.controls[at])
		}
	}
}

func prefixed(prefix string, all []string) []string {
	var out []string
	for _, s := range all {
		out = append(out, prefix+s)
	}
	return out
}

// wantShape looks for each path, such as "faults[].line number": the key line of every element of faults, of which
// there is at least one, is a number. A string holds something, a text may be empty.
func wantShape(t *testing.T, what string, src []byte, paths ...string) {
	t.Helper()
	var v any
	decoder := json.NewDecoder(bytes.NewReader(src))
	if err := decoder.Decode(&v); err != nil {
		t.Fatalf("%s is no JSON: %v\n%s", what, err, src)
	}
	for _, p := range paths {
		path, kind, _ := strings.Cut(p, " ")
		if err := shape(v, strings.FieldsFunc(strings.ReplaceAll(path, "[", ".["), func(r rune) bool { return r == '.' }), kind); err != nil {
			t.Errorf("%s: %s: %v\n%s", what, p, err, src)
		}
	}
}

func shape(v any, path []string, kind string) error {
	if len(path) == 0 {
		return ofKind(v, kind)
	}
	if index, ok := strings.CutPrefix(path[0], "["); ok {
		list, _ := v.([]any)
		if len(list) == 0 {
			return errors.New("an empty list, or none")
		}
		if n, err := strconv.Atoi(strings.TrimSuffix(index, "]")); err == nil {
			list = list[n : n+1]
		}
		for _, e := range list {
			if err := shape(e, path[1:], kind); err != nil {
				return err
			}
		}
		return nil
	}
	object, _ := v.(map[string]any)
	below, ok := object[path[0]]
	if !ok {
		return fmt.Errorf("no key %q", path[0])
	}
	return shape(below, path[1:], kind)
}

func ofKind(v any, kind string) error {
	ok := false
	switch v := v.(type) {
	case string:
		ok = kind == "text" || kind == "string" && v != ""
	case float64:
		ok = kind == "number"
	case bool:
		ok = kind == "bool"
	case []any:
		ok = kind == "list"
	}
	if !ok {
		return fmt.Errorf("%v is no %s", v, kind)
	}
	return nil
}
