package forms

import (
	"strings"
	"time"
)

// Check turns an entry into Answers or says what must be mended. now bounds dates. Exactly one of the two is nil.
func (f *Form) Check(e *Entry, now time.Time) (*Answers, *Rejected) {
	all, files, stray := f.sort(e)
	var problems []Problem
	for i, x := range f.Fields {
		if p, bad := x.check(&all[i], now); bad {
			problems = append(problems, p)
		}
	}
	if stray {
		problems = append(problems, Problem{Code: "unknown_field", Message: "One of the files does not belong to a question of this form. Take it out and send again"})
	}
	if len(problems) > 0 {
		return nil, &Rejected{e, problems}
	}
	return &Answers{f, e.Pairs, files}, nil
}

// sort lays what was posted beside the questions: tidied for checking, files in the order of the questions. stray
// says that a file came under a name that asks for none.
func (f *Form) sort(e *Entry) (all []given, files []File, stray bool) {
	all = make([]given, len(f.Fields))
	for _, p := range e.Pairs {
		if at, ok := f.posted[p.Name]; ok {
			all[at.field].add(f.Fields[at.field].Type, at.part, strings.TrimSpace(string(p.Value)))
		}
	}
	if len(e.Files) == 0 {
		return all, nil, false
	}
	taken := 0
	for i, x := range f.Fields {
		if x.Type != FileType {
			continue
		}
		for _, u := range e.Files {
			if u.Field == x.ID {
				all[i].files = append(all[i].files, u)
			}
		}
		files = append(files, all[i].files...)
		taken += len(all[i].files)
	}
	return all, files, taken != len(e.Files)
}

func (g *given) add(t Type, part int, v string) {
	switch {
	case v == "":
	case t != Date:
		g.values = append(g.values, v)
	case g.parts[part] == "":
		g.parts[part] = v
	}
}
