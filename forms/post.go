package forms

import (
	"strconv"
	"unicode/utf8"
)

// The limits of one post. Whatever reads posts keeps to them, and a form that could need more is refused when
// its file is read: nobody may fill in a form that cannot be sent.
const (
	MaxAnswers = 200      // names with a value: three of a date, one of each option that is ticked
	MaxFiles   = 10       // of all file fields together
	MaxText    = 1 << 20  // bytes of a body beside its files; of all names and values together
	MaxName    = 128      // bytes of a name: an id is at most 64, and a part's ending follows
	MaxValue   = 64 << 10 // bytes of one value
)

// DefaultUpload is how many bytes of files one submission may bring where a form does not say.
const DefaultUpload = 25 << 20

// The overhead of a post beside names and values, as browsers write it.
const (
	partCost  = 160     // bytes around one part of a multipart body, its name not counted: a boundary is at most 70
	pairCost  = 2       // & and =
	tokenCost = 512     // bytes of the page's token, its name and what stands around it
	fileCost  = 3 << 10 // bytes of one file's header: 255 characters of name, in quotes
)

// longest is how many characters an answer may have unless the file says otherwise.
var longest = map[Type]int{Text: 500, LongText: 5000, Name: 200, Email: 254, Phone: 50}

// LargestPost is the most that a visitor can send who fills in everything.
type LargestPost struct {
	Answers, Files int
	name, value    int64 // bytes of all names and values
}

// LargestPost is the most that can be sent for this field.
func (f *Field) LargestPost() LargestPost {
	if f.Type == FileType {
		return LargestPost{Files: f.MaxFiles}
	}
	var w LargestPost
	for _, part := range f.Parts() {
		w.name += int64(len(part))
		w.Answers++
	}
	switch f.Type {
	case Choices:
		w = LargestPost{Answers: len(f.Options), name: int64(len(f.Options) * len(f.ID))}
		for _, o := range f.Options {
			w.value += int64(len(o.Value))
		}
	case Choice, YesNo, Consent:
		for _, o := range f.Options {
			w.value = max(w.value, int64(len(o.Value)))
		}
	case Date, Number: // digits, perhaps of another script, or a month's name
		w.value = int64(w.Answers) * 64
	case Text, LongText, Name, Email, Phone:
		w.value = int64(f.MostCharacters()) * utf8.UTFMax
	case FileType:
	}
	return w
}

// MostCharacters is how many characters an answer in words may have.
func (f *Field) MostCharacters() int {
	if f.Max != nil {
		if n, err := strconv.Atoi(string(*f.Max)); err == nil {
			return n
		}
	}
	return longest[f.Type]
}

// And is the sum of two.
func (w LargestPost) And(x LargestPost) LargestPost {
	return LargestPost{w.Answers + x.Answers, w.Files + x.Files, w.name + x.name, w.value + x.value}
}

// Multipart is the size of the largest body of that kind, without what is in its files.
func (w LargestPost) Multipart() int64 {
	return tokenCost + w.name + w.value + int64(w.Answers)*partCost + int64(w.Files)*fileCost
}

// urlencoded is the size of the largest body of that kind, where a byte may become three.
func (w LargestPost) urlencoded() int64 {
	return tokenCost + 3*(w.name+w.value) + int64(w.Answers)*pairCost
}

// Multipart says whether the form is to be posted as multipart/form-data: because it asks for files, or because its
// longest answers would not fit otherwise.
func (f *Form) Multipart() bool {
	var all LargestPost
	for _, x := range f.Fields {
		if x.Type == FileType {
			return true
		}
		all = all.And(x.LargestPost())
	}
	return all.urlencoded() > MaxText
}

// UploadLimit is how many bytes of files one submission may bring: as the file says, and where nothing is kept, what a
// mail can carry of it. That is mailLimit (the relay's SIZE in bytes; 0: not known) divided by 1.9, for base64 inside
// armor, and down to a tenth of a megabyte, which is how people are told.
func (f *Form) UploadLimit(mailLimit int64) int64 {
	if f.Store != nil || mailLimit <= 0 {
		return f.Limits.TotalUpload
	}
	most := mailLimit / 19 * 10
	if tenths := most * 10 >> 20; tenths > 0 {
		most = tenths << 20 / 10
	}
	return min(f.Limits.TotalUpload, most)
}
