package secrets

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestCreateAndLoad(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "secrets")
	if err := Create(dir, []byte("signing")); err != nil {
		t.Fatal(err)
	}
	a, err := Load(dir, "svc")
	if err != nil {
		t.Fatal(err)
	}
	b, err := Load(dir, "other")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(a.Key("tokens"), a.Key("audit")) {
		t.Error("two purposes share a key") // covers CR14
	}
	if bytes.Equal(a.Key("tokens"), b.Key("tokens")) {
		t.Error("two services share a key")
	}
	if !bytes.Equal(a.Key("tokens"), a.Key("tokens")) || len(a.Key("tokens")) != 32 {
		t.Error("a key is not stable or not 32 bytes")
	}
	if string(a.Signing()) != "signing" {
		t.Error("the signing key came back changed")
	}
	if err := Create(dir, []byte("again")); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second Create gave %v, want fs.ErrExist", err)
	}
}

// covers LK08
func TestReadableByOthersIsRefused(t *testing.T) {
	for _, name := range []string{"", rootFile, signingFile} {
		dir := filepath.Join(t.TempDir(), "secrets")
		if err := Create(dir, []byte("signing")); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		st, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, st.Mode().Perm()|0o040); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(dir, "svc"); !errors.Is(err, ErrReadable) {
			t.Errorf("group-readable %q: got %v, want ErrReadable", name, err)
		}
	}
}

func TestRotateKeepsTheOldPublicHalf(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "secrets")
	if err := Create(dir, []byte("first")); err != nil {
		t.Fatal(err)
	}
	s, err := Load(dir, "svc")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Rotate([]byte("second"), []byte("public of first"), "AB12"); err != nil {
		t.Fatal(err)
	}
	again, err := Load(dir, "svc")
	if err != nil {
		t.Fatal(err)
	}
	if string(again.Signing()) != "second" || len(again.Retired()) != 1 || string(again.Retired()[0]) != "public of first" {
		t.Errorf("after rotation: signing %q, retired %q", again.Signing(), again.Retired())
	}
	if !bytes.Equal(s.Key("audit"), again.Key("audit")) {
		t.Error("rotating the signing key changed a derived key")
	}
}

// A machine that stops between the steps of a rotation leaves the old key in force, and the next rotation goes through.
func TestRotateAfterOneThatWasCutOff(t *testing.T) {
	for name, left := range map[string]map[string]string{
		"the old key half kept":    {"retired/0001-AB12.asc.next": "publ"},
		"the old key kept":         {"retired/0001-AB12.asc": "public of first"},
		"the new key half made":    {"retired/0001-AB12.asc": "public of first", "signing.key.next": "lo"},
		"the new key not in place": {"retired/0001-AB12.asc": "public of first", "signing.key.next": "lost"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "secrets")
			if err := Create(dir, []byte("first")); err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(filepath.Join(dir, "retired"), 0o700); err != nil {
				t.Fatal(err)
			}
			for file, b := range left {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(b), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s, err := Load(dir, "svc")
			if err != nil || string(s.Signing()) != "first" {
				t.Fatalf("the old key is not in force: %v", err)
			}
			if err := s.Rotate([]byte("second"), []byte("public of first"), "AB12"); err != nil {
				t.Fatal(err)
			}
			again, err := Load(dir, "svc")
			if err != nil {
				t.Fatal(err)
			}
			if string(again.Signing()) != "second" || len(again.Retired()) != 1 || string(again.Retired()[0]) != "public of first" {
				t.Errorf("after the second rotation: signing %q, retired %q", again.Signing(), again.Retired())
			}
			if rest, _ := filepath.Glob(filepath.Join(dir, "*.next")); len(rest) > 0 {
				t.Errorf("left behind: %v", rest)
			}
		})
	}
}
