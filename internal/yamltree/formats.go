package yamltree

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// faultJSON is a fault as editors read it.
type faultJSON struct {
	File     string `json:"file"`
	Line     int    `json:"line"`   // from 1; 0: the file as a whole
	Column   int    `json:"column"` // in characters, from 1
	Width    int    `json:"width"`  // characters that the mark covers
	Severity string `json:"severity"`
	Message  string `json:"message"`
	Mend     string `json:"mend"`
}

func (x *Fault) severity() string {
	if x.Warning {
		return "warning"
	}
	return "error"
}

// WriteJSON writes one object: {"errors": 1, "warnings": 0, "faults": [{"file", "line", "column", "width",
// "severity": "error" or "warning", "message", "mend"}]}. Without faults the list is empty.
func (f Faults) WriteJSON(w io.Writer) error {
	out := struct {
		Errors   int         `json:"errors"`
		Warnings int         `json:"warnings"`
		Faults   []faultJSON `json:"faults"`
	}{Faults: []faultJSON{}}
	for i := range f {
		x := &f[i]
		if x.Warning {
			out.Warnings++
		} else {
			out.Errors++
		}
		out.Faults = append(out.Faults, faultJSON{x.File, x.Line, x.Column, x.Width, x.severity(), x.Message, x.Mend})
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(out); err != nil {
		return fmt.Errorf("writing faults: %w", err)
	}
	return nil
}

// A workflow command ends at its line's end, and a property at : or ,.
var (
	commandText     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	commandProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// WriteGitHub writes each fault as a workflow command of GitHub Actions, which shows it beside its line:
// "::error file=forms/contact.yaml,line=5,col=3::message. Mend."
func (f Faults) WriteGitHub(w io.Writer) error {
	for i := range f {
		x := &f[i]
		place := "file=" + commandProperty.Replace(x.File)
		if x.Line > 0 {
			place += fmt.Sprintf(",line=%d,col=%d,endColumn=%d", x.Line, x.Column, x.Column+max(x.Width, 1))
		}
		if _, err := fmt.Fprintf(w, "::%s %s::%s\n", x.severity(), place, commandText.Replace(x.Message+". "+x.Mend)); err != nil {
			return fmt.Errorf("writing faults: %w", err)
		}
	}
	return nil
}
