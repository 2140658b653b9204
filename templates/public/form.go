package public

import (
	"io"
	"strings"

	"sealform/forms"
)

// FormPage is a form to be filled in: new, or again with what the visitor typed.
type FormPage struct {
	Frame
	Form     *forms.Form
	Uploads  int64           // most bytes of all files together, told where more is offered; 0: not told
	Token    string          // the page's token, posted back
	Entry    *forms.Entry    // what was typed; nil on a new page
	Problems []forms.Problem // what must be mended; one per field, in field order
	Notice   string          // a calm word on top, such as why the page is shown again
	ID       string          // reference id of a failure, "" for none
}

// Render writes the page.
func (p FormPage) Render(w io.Writer) error {
	return pages.Render(w, "form.html", formView{FormPage: p, Questions: questions(p)})
}

// formView is a form page with its questions, as the template sees it.
type formView struct {
	FormPage
	Questions []question
}

// Summary lists the problems, each with the control that it is about.
func (v formView) Summary() []summaryLine {
	var lines []summaryLine
	for _, p := range v.Problems {
		target := p.Field
		for _, q := range v.Questions {
			if q.ID == p.Field {
				target = q.First()
			}
		}
		lines = append(lines, summaryLine{Target: target, Message: p.Message})
	}
	return lines
}

type summaryLine struct{ Target, Message string }

// GoesTo names the readers' groups: "front desk, nurses".
func (v formView) GoesTo() string {
	return strings.ReplaceAll(strings.Join(v.Form.To, ", "), "-", " ")
}
