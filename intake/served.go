package intake

import (
	"errors"
	"maps"
	"time"

	"github.com/labstack/echo/v4"

	"sealform/forms"
	"sealform/forms/record"
	"sealform/templates"
	"sealform/templates/public"
)

// served is a form as it is shown: with its colours and what its body may hold.
type served struct {
	Served
	frame    public.Frame
	sheet    templates.File   // the clinic's colours
	maxFiles map[string]int64 // fields that take files, and the most bytes of each file
}

func newServed(f Served) (*served, error) {
	if f.Form == nil || f.Readers == nil {
		return nil, errors.New("a form without questions or readers")
	}
	sheet := templates.BrandSheet("/f/"+f.Form.ID+"/brand/", f.Form.Brand.Accent)
	s := &served{Served: f, maxFiles: map[string]int64{}, sheet: sheet, frame: public.Frame{Clinic: f.Form.Brand.Name, Sheet: sheet.Address}}
	for older := range maps.Values(f.Older) {
		s.addFiles(older)
	}
	s.addFiles(f.Form) // last: today's limits rule
	return s, nil
}

func (s *served) addFiles(f *forms.Form) {
	for _, field := range f.Fields {
		if field.Type == forms.FileType {
			s.maxFiles[field.ID] = field.MaxSize
			if field.MaxSize <= 0 {
				s.maxFiles[field.ID] = s.Form.Limits.TotalUpload
			}
		}
	}
}

// errClosed: the form takes no answers now.
var errClosed = errors.New("form closed")

// readers gives the keys to seal to, as they are good at now. Any doubt about them closes the form; what it
// is, Readers has told, once and not at each visit.
func (s *served) readers(now time.Time) (*record.Readers, error) {
	if s.Form.Access.Closed {
		return nil, errClosed
	}
	r, err := s.Readers()
	if err != nil || r == nil || r.Store == nil {
		return nil, errClosed
	}
	if s.Form.Store == nil && len(r.Mails) == 0 {
		return nil, errClosed // nobody would ever read the answers
	}
	if err := r.Usable(now); err != nil {
		return nil, errClosed
	}
	return r, nil
}

// revision finds the questions that a page was made from.
func (s *served) revision(r forms.Revision) *forms.Form {
	if r == s.Form.Revision {
		return s.Form
	}
	return s.Older[r]
}

// asShown puts questions, perhaps of an older revision, under today’s title and words; nil are today’s questions.
func (s *served) asShown(questions *forms.Form) *forms.Form {
	if questions == nil || questions == s.Form {
		return s.Form
	}
	today := *s.Form
	today.Fields, today.Revision = questions.Fields, questions.Revision
	return &today
}

// of gives a handler the form that a request names.
func (in *intake) of(handle func(echo.Context, *served) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		s, ok := in.forms[c.Param("form")]
		if !ok {
			return echo.ErrNotFound
		}
		return handle(c, s)
	}
}

// brandSheet serves the colours of one form.
func (in *intake) brandSheet(c echo.Context, s *served) error {
	return found(s.sheet.Serve(c.Response(), c.Request()))
}
