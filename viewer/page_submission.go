package viewer

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"sealform/forms"
	"sealform/forms/record"
	"sealform/internal/staff"
	"sealform/internal/store"
	"sealform/internal/text"
	"sealform/internal/web"
	pages "sealform/templates/staff"
)

func (h *handlers) getSubmission(c echo.Context, who staff.Staff) error {
	o, err := h.desk.Open(c.Request().Context(), who, c.Param("sid"))
	if err != nil {
		return err
	}
	p := h.submissionPage(o)
	p.Frame = h.personFrame(c.Request().Context(), who, p.Address)
	if p.Lock != nil { // the page leaves by itself when the key has locked, scripts or not
		c.Response().Header().Set("Refresh", strconv.Itoa(p.Lock.Seconds()+2)+"; url=/inbox")
	}
	return web.Show(c.Response(), http.StatusOK, p)
}

func (h *handlers) submissionPage(o *opened) pages.SubmissionPage {
	address := h.desk.paths.submission(o.sub.Form, o.sub.ID)
	p := pages.SubmissionPage{
		Reference: o.sub.Reference, Form: o.served.Form.Title,
		State: stateNames[o.sub.State], Address: address, Received: h.when(o.sub.Received),
		Facts: h.facts(o), Notes: notes(o), Sections: sections(o.reading.Answers),
	}
	for _, a := range o.reading.Extra {
		p.Extra = append(p.Extra, answer(a))
	}
	for i, f := range o.reading.Files {
		p.Files = append(p.Files, pages.File{
			Label: f.Label, Name: plainly(f.Name), Size: text.Size(f.Size), Address: fmt.Sprintf("%s/files/%d", address, i),
		})
	}
	return p
}

var ways = map[string]string{
	"page": "Your forms page", "iframe": "A frame in your site", "plain": "A plain form in your site",
	"api": "The API", "staff": "Staff",
}

func (h *handlers) facts(o *opened) []pages.Fact {
	r := o.reading.Record
	facts := []pages.Fact{}
	add := func(label, text string) { facts = append(facts, pages.Fact{Label: label, Text: text}) }
	if way, ok := ways[r.Path]; ok {
		add("Came through", way)
	}
	if r.Follows != "" {
		add("Corrects", r.Follows)
	}
	add("Can be opened by", people(o.keys, o.sub.Readers))
	if s := o.served.Form.Store; s != nil && s.Keep > 0 {
		add("Erases itself", o.sub.Received.Add(s.Keep).In(h.desk.Zone).Format("2 January 2006"))
	}
	return facts
}

func notes(o *opened) []string {
	if o.sub.Revision == o.served.Form.Revision {
		return nil
	}
	return []string{"The form has changed since. You see the questions as they were asked then."}
}

// sections puts answers under the headings of their questions.
func sections(all []record.Answered) []pages.Section {
	var out []pages.Section
	for _, a := range all {
		title := ""
		if a.Field != nil {
			title = a.Field.Section
		}
		if len(out) == 0 || title != "" {
			out = append(out, pages.Section{Title: title})
		}
		if a.Field != nil && a.Field.Type == forms.FileType && len(a.Values) > 0 {
			continue // listed with the files
		}
		last := &out[len(out)-1]
		last.Answers = append(last.Answers, answer(a))
	}
	return slices.DeleteFunc(out, func(s pages.Section) bool { return len(s.Answers) == 0 })
}

func answer(a record.Answered) pages.Answer {
	out := pages.Answer{Label: a.Label}
	for _, v := range a.Values {
		value := plainly(v.Text)
		value.Raw = v.Raw
		out.Values = append(out.Values, value)
	}
	return out
}

var statesByName = map[string]store.State{"new": store.New, "open": store.Opened, "done": store.Done, "spam": store.Spam}

func (h *handlers) postState(c echo.Context, who staff.Staff, f *fields) error {
	to, ok := statesByName[f.text("to")]
	if !ok {
		return errBody
	}
	return done(c, h.desk.SetState(c.Request().Context(), who, c.Param("sid"), to), "/inbox")
}

func (h *handlers) getErase(c echo.Context, who staff.Staff) error {
	sub, served, err := h.desk.find(c.Request().Context(), who, c.Param("sid"))
	if err != nil {
		return err
	}
	address := h.desk.paths.submission(sub.Form, sub.ID)
	return web.Show(c.Response(), http.StatusOK, pages.ErasePage{
		Frame: h.personFrame(c.Request().Context(), who, address+"/erase"), Reference: sub.Reference, Form: served.Form.Title,
		Received: h.when(sub.Received), Files: sub.Files, Address: address,
	})
}

func (h *handlers) postErase(c echo.Context, who staff.Staff) error {
	return done(c, h.desk.Erase(c.Request().Context(), who, c.Param("sid")), "/inbox")
}
