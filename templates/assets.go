package templates

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed static
var static embed.FS

// File is a style sheet, script or picture, ready to be sent. The zero File has no address and is never served.
type File struct {
	Address string // /assets/base.1f2e3d4c5b6a7988.css: its hash is in it, so a browser may keep it for ever
	body    []byte
}

// newFile puts the hash of body into name: base.css becomes base.1f2e3d4c5b6a7988.css.
func newFile(folder, name string, body []byte) File {
	sum := sha256.Sum256(body)
	ext := path.Ext(name)
	return File{folder + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:8]) + ext, body}
}

// Serve answers a request for the file's address; any other it leaves to the caller, and is false.
func (f File) Serve(w http.ResponseWriter, r *http.Request) bool {
	if f.Address == "" || r.URL.Path != f.Address {
		return false
	}
	h := w.Header()
	h.Set("Content-Type", kind(f.Address))
	h.Set("Cache-Control", forever)
	h.Set("Content-Length", strconv.Itoa(len(f.body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(f.body) // a browser that went away is nobody's fault
	}
	return true
}

// forever is the Cache-Control of what is named by its hash.
const forever = "public, max-age=31536000, immutable"

// byName and byAddress hold the files of static/ and of the folders in it; no two have the same name.
var byName, byAddress = load()

// Asset gives the address of a file of static/ by its name without folders; the address has its hash. A name that does not exist panics:
// pages are parsed and shown by tests, so that is found there.
func Asset(name string) string {
	a, ok := byName[name]
	if !ok {
		panic("templates: no asset " + name)
	}
	return a.Address
}

// ServeAsset answers a request for an address that Asset gave; any other it leaves to the caller, and is false.
func ServeAsset(w http.ResponseWriter, r *http.Request) bool {
	return byAddress[r.URL.Path].Serve(w, r)
}

// Assets serves what Asset names, under /assets/, and nothing else: no listing, no other version.
func Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ServeAsset(w, r) {
			http.Error(w, "Not found", http.StatusNotFound)
		}
	})
}

func load() (names, addresses map[string]File) {
	names, addresses = map[string]File{}, map[string]File{}
	err := fs.WalkDir(static, "static", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := static.ReadFile(file)
		name := path.Base(file)
		f := newFile("/assets/", name, body)
		names[name], addresses[f.Address] = f, f
		return err
	})
	if err != nil {
		panic(err) // static is part of the program
	}
	return names, addresses
}

// kind names the content type; the host's mime tables are not asked, as they differ between hosts.
func kind(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml; charset=utf-8"
	case ".png":
		return "image/png"
	}
	return "application/octet-stream"
}
