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

// asset is one file of static/ or a folder in it, ready to be sent. No two have the same name.
type asset struct {
	address string // /assets/base.1f2e3d4c5b6a7988.css
	kind    string
	body    []byte
}

var byName, byAddress = load()

// Asset gives the address of a file of static/ by its name without folders; the address has its hash. A name that does not exist panics:
// pages are parsed and shown by tests, so that is found there.
func Asset(name string) string {
	a, ok := byName[name]
	if !ok {
		panic("templates: no asset " + name)
	}
	return a.address
}

// HasAsset tells whether something is served at that address.
func HasAsset(address string) bool {
	_, ok := byAddress[address]
	return ok
}

// Assets serves what Asset names, under /assets/, and nothing else: no listing, no other version.
// A browser may keep each for ever, as another content has another name.
func Assets() http.Handler { return http.HandlerFunc(serveAsset) }

func serveAsset(w http.ResponseWriter, r *http.Request) {
	a, ok := byAddress[r.URL.Path]
	if !ok {
		http.Error(w, "Not found", http.StatusNotFound)
		return
	}
	h := w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("Cache-Control", Forever)
	h.Set("Content-Length", strconv.Itoa(len(a.body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.body) // a browser that went away is nobody's fault
	}
}

// Forever is the Cache-Control of what is named by its hash.
const Forever = "public, max-age=31536000, immutable"

// HashedName puts the hash of body into name: base.css becomes base.1f2e3d4c5b6a7988.css.
func HashedName(name string, body []byte) string {
	sum := sha256.Sum256(body)
	ext := path.Ext(name)
	return strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:8]) + ext
}

func load() (names, addresses map[string]*asset) {
	names, addresses = map[string]*asset{}, map[string]*asset{}
	err := fs.WalkDir(static, "static", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := static.ReadFile(file)
		name := path.Base(file)
		a := &asset{address: "/assets/" + HashedName(name, body), kind: kind(name), body: body}
		names[name], addresses[a.address] = a, a
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
