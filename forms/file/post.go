package file

import (
	"fmt"

	"sealform/forms"
	"sealform/internal/text"
	"sealform/internal/yamltree"
)

// checkSendable refuses a form whose answers could be more than one post may hold. The fault stands at the field
// that is one too many; list has the fields as they are written.
func checkSendable(f *forms.Form, list []*yamltree.Mapping) {
	var before forms.LargestPost
	for i, x := range f.Fields {
		now := before.And(x.LargestPost())
		if before.Answers <= forms.MaxAnswers && now.Answers > forms.MaxAnswers {
			list[i].Fault(heaviest(x), fmt.Sprintf("from here on the form could be sent with more than %d answers", forms.MaxAnswers),
				"Make two forms of it, or ask less: a date counts as three answers, choices as one for each option.")
		}
		if before.Files <= forms.MaxFiles && now.Files > forms.MaxFiles {
			list[i].Fault("max_files", fmt.Sprintf("from here on the form takes more than %d files in all", forms.MaxFiles), "Lower max_files here or above.")
		}
		if before.Multipart() <= forms.MaxText && now.Multipart() > forms.MaxText {
			list[i].Fault(heaviest(x), "from here on the longest answers come to more than "+text.Size(forms.MaxText),
				`Lower "max" of the long answers, or make two forms of it.`)
		}
		before = now
	}
}

// checkUploads holds what the page says of single files against what is taken of all together.
func checkUploads(f *forms.Form, m *yamltree.Mapping, list []*yamltree.Mapping) {
	var all int64
	for i, x := range f.Fields {
		if x.Type != forms.FileType {
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
func heaviest(f *forms.Field) string {
	switch {
	case f.Type == forms.Choices:
		return "options"
	case f.Max != nil:
		return "max"
	}
	return "type"
}
