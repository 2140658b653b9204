package engine

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// covers R05
func TestNetworkFileSystem(t *testing.T) {
	for magic, refused := range map[uint32]bool{magicNFS: true, magicSMB: true, magicCIFS: true, magicSMB2: true, magic9P: true, 0xef53: false} {
		if err := localType(magic); (err != nil) != refused {
			t.Errorf("%x: %v", magic, err)
		}
	}
}

// covers R05
func TestLibraryVersion(t *testing.T) {
	for version, want := range map[string]bool{"3.51.3": true, "3.54.1": true, "4.0.0": true, "3.51.2": false, "3.9.9": false, "3.51": false, "": false} {
		if got := atLeast(version, 3, 51, 3); got != want {
			t.Errorf("%q: %v", version, got)
		}
	}
	db := newPlace(t).open()
	if err := db.Write(t.Context(), 0, func(s *share) error { return checkLibrary(s.Tx) }); err != nil {
		t.Error(err)
	}
}

// modernc.org/sqlite is generated against one version of modernc.org/libc and may misbehave with another.
func TestLibcIsTheDriversOwn(t *testing.T) {
	list := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Path}} {{.Version}} {{.GoMod}}", "modernc.org/libc", "modernc.org/sqlite")
	list.Env = append(os.Environ(), "GOPROXY=off") // what is needed is on this machine; nothing is to wait for
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	var libc, gomod string
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		switch f[0] {
		case "modernc.org/libc":
			libc = f[1]
		case "modernc.org/sqlite":
			gomod = f[2]
		}
	}
	if want := requirement(t, gomod, "modernc.org/libc"); libc != want || want == "" {
		t.Errorf("go.mod has modernc.org/libc %s; modernc.org/sqlite is made for %s", libc, want)
	}
}

func requirement(t *testing.T, gomod, module string) string {
	f, err := os.Open(gomod)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		words := strings.Fields(strings.TrimPrefix(lines.Text(), "require "))
		if len(words) >= 2 && words[0] == module {
			return words[1]
		}
	}
	return ""
}
