// Package templates is what all pages that people see share: parsing and rendering, style sheets and scripts, and the
// clinic's colours. The pages themselves are in public, staff and demo, by who looks at them.
//
// A page is a struct with a Render method. Its template is html/template, embedded,
// parsed once when the program starts, and rendered whole into memory before a byte
// goes out, so that a failing page never leaves half of itself behind.
//
// There is no inline style and no inline script anywhere: the pages are made for a
// Content-Security-Policy that has neither. Style sheets and scripts are linked under
// names that carry their hash (see Asset) and may be cached for ever; pages may not.
// Every page works without scripts.
//
// Nothing here decides anything: pages show what they are given, and html/template
// escapes it. template.HTML, template.JS and their kin are not used.
package templates

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"strings"
)

// Page is anything that can be shown. Render writes the whole page or nothing.
type Page interface {
	Render(w io.Writer) error
}

// Set holds the pages for one kind of reader, by the name of each page's file.
type Set map[string]*template.Template

// Parse reads a set of pages out of sources: frame.html holds what every page has, and is executed; each other file defines
// the blocks of one page: its "heading", its "content", and what else the frame calls. Blocks of form.html may stand in
// files named form_….html. It runs when the program starts: a fault panics there.
func Parse(sources fs.FS) Set {
	frame := template.New("frame.html").Funcs(template.FuncMap{"asset": Asset}).Option("missingkey=error")
	template.Must(frame.ParseFS(sources, "frame.html"))
	files, err := fs.Glob(sources, "*.html")
	if err != nil {
		panic(err) // sources are part of the program
	}
	set := Set{}
	for _, file := range files {
		name, _, _ := strings.Cut(strings.TrimSuffix(file, ".html"), "_")
		page := name + ".html"
		if page == "frame.html" {
			continue
		}
		if set[page] == nil {
			set[page] = template.Must(frame.Clone())
		}
		template.Must(set[page].ParseFS(sources, file))
	}
	return set
}

// Render executes a page's file into memory and then writes it at once. What a page shows may be what a
// visitor wrote, so the memory is wiped afterwards.
func (s Set) Render(w io.Writer, file string, page any) error {
	var b bytes.Buffer
	b.Grow(16 << 10)
	defer func() { clear(b.Bytes()) }()
	if err := s[file].Execute(&b, page); err != nil {
		return fmt.Errorf("rendering %s: %w", file, err)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("writing %s: %w", file, err)
	}
	return nil
}
