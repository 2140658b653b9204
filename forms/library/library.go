// Package library holds the forms we ship: ready to copy, change and use.
//
// Each is an ordinary form file, read by the same parser as an owner's own, and each is loaded by a test. They
// hold no keys and name no real place: groups, addresses and the clinic's name are the demo's, to be replaced.
package library

import (
	"embed"
	"io/fs"
)

//go:embed *.yaml
var files embed.FS

// Names lists the forms, sorted.
func Names() []string {
	found, err := fs.Glob(files, "*.yaml")
	if err != nil {
		return nil // only a malformed pattern, and this one is fixed
	}
	names := make([]string, len(found))
	for i, f := range found {
		names[i] = f[:len(f)-len(".yaml")]
	}
	return names
}

// Source gives the YAML of the form of that name; false if we ship none.
func Source(name string) ([]byte, bool) {
	b, err := files.ReadFile(name + ".yaml")
	return b, err == nil
}

// All gives every form's YAML under its file name, as forms.ParseAll takes them.
func All() map[string][]byte {
	all := map[string][]byte{}
	for _, name := range Names() {
		if b, ok := Source(name); ok {
			all[name+".yaml"] = b
		}
	}
	return all
}
