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
)

// Page is anything that can be shown. Render writes the whole page or nothing.
type Page interface {
	Render(w io.Writer) error
}

// Parse reads a page's templates out of sources: the frame, frame.html, which is executed, and the files that define the
// blocks it calls. It runs when the program starts: a fault panics there.
func Parse(sources fs.FS, files ...string) *template.Template {
	t := template.New("frame.html").Funcs(template.FuncMap{"asset": Asset}).Option("missingkey=error")
	return template.Must(t.ParseFS(sources, append([]string{"frame.html"}, files...)...))
}

// Render executes t into memory and then writes it at once. What a page shows may be what a
// visitor wrote, so the memory is wiped afterwards.
func Render(w io.Writer, t *template.Template, page any) error {
	var b bytes.Buffer
	b.Grow(16 << 10)
	defer func() { clear(b.Bytes()) }()
	if err := t.Execute(&b, page); err != nil {
		return fmt.Errorf("rendering %s: %w", t.Name(), err)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("writing %s: %w", t.Name(), err)
	}
	return nil
}
