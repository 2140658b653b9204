package forms

import (
	"fmt"
	"unicode/utf8"

	"sealform/internal/text"
	"sealform/internal/yamltree"
)

// What one post may hold. The door that reads posts keeps to these, and a form that could need more is refused when
// its file is read: nobody may fill in a form that cannot be sent.
const (
	MaxAnswers = 200      // names with a value: three of a date, one of each option that is ticked
	MaxFiles   = 10       // of all file fields together
	MaxText    = 1 << 20  // bytes of a body beside its files; of all names and values together
	MaxName    = 128      // bytes of a name: an id is at most 64, and a part's ending follows
	MaxValue   = 64 << 10 // bytes of one value
)

// What a post costs beside names and values, as browsers write it.
const (
	partCost  = 160     // bytes around one part of a multipart body, its name not counted: a boundary is at most 70
	pairCost  = 2       // & and =
	tokenCost = 512     // bytes of the page's token, its name and what stands around it
	fileCost  = 3 << 10 // bytes of one file's header: 255 characters of name, in quotes
)

// worst is the most that a visitor can send who fills in everything.
type worst struct {
	answers, files int
	name, value    int64 // bytes of all names and values
}

func (f *Field) worst() worst {
	if f.Type == FileType {
		return worst{files: f.MaxFiles}
	}
	var w worst
	for _, part := range f.Parts() {
		w.name += int64(len(part))
		w.answers++
	}
	switch f.Type {
	case Choices:
		w = worst{answers: len(f.Options), name: int64(len(f.Options) * len(f.ID))}
		for _, o := range f.Options {
			w.value += int64(len(o.Value))
		}
	case Choice, YesNo, Consent:
		for _, o := range f.Options {
			w.value = max(w.value, int64(len(o.Value)))
		}
	case Date, Number: // digits, perhaps of another script, or a month's name
		w.value = int64(w.answers) * 64
	case Text, LongText, Name, Email, Phone:
		w.value = int64(f.most()) * utf8.UTFMax
	case FileType:
	}
	return w
}

func (w worst) and(x worst) worst {
	return worst{w.answers + x.answers, w.files + x.files, w.name + x.name, w.value + x.value}
}

// multipart is the size of the largest body of that kind, without what is in its files.
func (w worst) multipart() int64 {
	return tokenCost + w.name + w.value + int64(w.answers)*partCost + int64(w.files)*fileCost
}

// urlencoded is the size of the largest body of that kind, where a byte may become three.
func (w worst) urlencoded() int64 {
	return tokenCost + 3*(w.name+w.value) + int64(w.answers)*pairCost
}

// Multipart says whether the form is to be posted as multipart/form-data: because it asks for files, or because its
// longest answers would not fit otherwise.
func (f *Form) Multipart() bool {
	var all worst
	for _, x := range f.Fields {
		if x.Type == FileType {
			return true
		}
		all = all.and(x.worst())
	}
	return all.urlencoded() > MaxText
}

// checkSendable refuses a form whose answers could be more than one post may hold. The fault stands at the field
// that is one too many; list has the fields as they are written.
func (f *Form) checkSendable(list []*yamltree.Mapping) {
	var before worst
	for i, x := range f.Fields {
		now := before.and(x.worst())
		if before.answers <= MaxAnswers && now.answers > MaxAnswers {
			list[i].Fault(x.heaviest(), fmt.Sprintf("from here on the form could be sent with more than %d answers", MaxAnswers),
				"Make two forms of it, or ask less: a date counts as three answers, choices as one for each option.")
		}
		if before.files <= MaxFiles && now.files > MaxFiles {
			list[i].Fault("max_files", fmt.Sprintf("from here on the form takes more than %d files in all", MaxFiles), "Lower max_files here or above.")
		}
		if before.multipart() <= MaxText && now.multipart() > MaxText {
			list[i].Fault(x.heaviest(), "from here on the longest answers come to more than "+text.Size(MaxText),
				`Lower "max" of the long answers, or make two forms of it.`)
		}
		before = now
	}
}

// checkUploads holds what the page says of single files against what is taken of all together.
func (f *Form) checkUploads(m *yamltree.Mapping, list []*yamltree.Mapping) {
	var all int64
	for i, x := range f.Fields {
		if x.Type != FileType {
			continue
		}
		all += int64(x.MaxFiles) * x.MaxSize
		if x.MaxSize > f.Limits.TotalUpload {
			list[i].Fault("max_size", fmt.Sprintf("a file of field %q may be larger (%s) than all files together (%s)", x.ID, text.Size(x.MaxSize), text.Size(f.Limits.TotalUpload)),
				"Lower its max_size, or raise total_upload under limits.")
		}
	}
	if all > f.Limits.TotalUpload {
		m.Warn("fields", fmt.Sprintf("files of the size that is offered come to %s, and %s are taken", text.Size(all), text.Size(f.Limits.TotalUpload)),
			"Lower max_size or max_files, or raise total_upload under limits.")
	}
}

// heaviest names the setting that makes a field's answers many or long.
func (f *Field) heaviest() string {
	switch {
	case f.Type == Choices:
		return "options"
	case f.Max != nil:
		return "max"
	}
	return "type"
}
