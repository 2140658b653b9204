package forms

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"sealform/internal/text"
)

// EntityMagic begins whatever is sealed here, and no uploaded file may begin so: one sealed for a submission could
// otherwise be put in the place of another's answers.
const EntityMagic = "Sealform: "

// kinds are the extensions a form may accept, with the types that browsers claim for them.
var kinds = map[string][]string{
	"jpg":  {"image/jpeg", "image/jpg", "image/pjpeg"},
	"png":  {"image/png", "image/x-png"},
	"gif":  {"image/gif"},
	"webp": {"image/webp"},
	"heic": {"image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence"},
	"tif":  {"image/tiff"},
	"pdf":  {"application/pdf", "application/x-pdf"},
	"txt":  {"text/plain"},
	"rtf":  {"application/rtf", "text/rtf"},
	"doc":  {"application/msword"},
	"docx": {"application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
	"odt":  {"application/vnd.oasis.opendocument.text"},
	"xls":  {"application/vnd.ms-excel"},
	"xlsx": {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
	"ods":  {"application/vnd.oasis.opendocument.spreadsheet"},
	"csv":  {"text/csv", "application/csv", "application/vnd.ms-excel", "text/plain"},
	"zip":  {"application/zip", "application/x-zip-compressed"},
	"dcm":  {"application/dicom"},
	"mp3":  {"audio/mpeg", "audio/mp3"},
	"m4a":  {"audio/mp4", "audio/x-m4a"},
	"mp4":  {"video/mp4"},
	"mov":  {"video/quicktime"},
}

// spellings are other ways to write an extension.
var spellings = map[string]string{"jpeg": "jpg", "jpe": "jpg", "heif": "heic", "tiff": "tif"}

// active types are never what a form asked for, whatever the name says.
var active = []string{"text/html", "application/xhtml+xml", "image/svg+xml", "text/javascript", "application/javascript", "application/x-msdownload"}

// Extension is the extension of a file's name, in lower case, without the dot and in its usual spelling: "jpg" for
// "photo.JPEG".
func Extension(name string) string {
	ext := strings.ToLower(strings.TrimPrefix(path.Ext(strings.TrimRight(name, " .")), "."))
	if s, ok := spellings[ext]; ok {
		return s
	}
	return ext
}

// liesAbout says whether a browser claims a type that a name with that extension cannot have. No claim, or one that
// we do not know, is no lie.
func liesAbout(ext, claim string) bool {
	claim, _, _ = strings.Cut(strings.ToLower(claim), ";")
	claim = strings.TrimSpace(claim)
	if slices.Contains(kinds[ext], claim) {
		return false
	}
	if slices.Contains(active, claim) {
		return true
	}
	for _, claims := range kinds {
		if slices.Contains(claims, claim) {
			return true
		}
	}
	return false
}

// eachFile applies a test to every file and says which one is wrong.
func eachFile(code string, good func(*Field, *File) bool) func(*Field, string) (test, error) {
	return func(f *Field, _ string) (test, error) {
		return func(g *given, _ time.Time) broken {
			for i := range g.files {
				if !good(f, &g.files[i]) {
					return broken{code: code, nth: i + 1}
				}
			}
			return broken{}
		}, nil
	}
}

// which names a file by its place: its name is the visitor's.
func which(f *Field, b broken) string {
	if f.MaxFiles > 1 {
		return fmt.Sprintf("File %d of “%s”", b.nth, f.Label)
	}
	return fmt.Sprintf("The file for “%s”", f.Label)
}

// saysFile is a message about one file.
func saysFile(text string) func(*Field, string, broken) string {
	return func(f *Field, _ string, b broken) string { return which(f, b) + text }
}

func accepted(f *Field, x *File) bool {
	ext := Extension(x.Name)
	return slices.Contains(f.Accept, ext) && !liesAbout(ext, x.Type)
}

func attrsAccept(f *Field, _, _ string) []Attr {
	var dotted []string
	for _, ext := range f.Accept {
		dotted = append(dotted, "."+ext)
		for other, same := range spellings {
			if same == ext {
				dotted = append(dotted, "."+other)
			}
		}
	}
	slices.Sort(dotted)
	return []Attr{{"accept", strings.Join(dotted, ",")}}
}

func sayAccept(f *Field, _ string, b broken) string {
	names := make([]string, len(f.Accept))
	for i, ext := range f.Accept {
		names[i] = strings.ToUpper(ext)
	}
	list := names[0]
	if n := len(names); n > 1 {
		list = strings.Join(names[:n-1], ", ") + " or " + names[n-1]
	}
	return which(f, b) + " must be a " + list + " file"
}

func sayMaxSize(f *Field, _ string, b broken) string {
	return which(f, b) + " must be " + text.Size(f.MaxSize) + " or smaller"
}

func testMaxFiles(f *Field, _ string) (test, error) {
	return func(g *given, _ time.Time) broken {
		if len(g.files) > f.MaxFiles {
			return broken{code: "file_count"}
		}
		return broken{}
	}, nil
}

func attrsMaxFiles(f *Field, _, _ string) []Attr {
	if f.MaxFiles > 1 {
		return []Attr{{"multiple", "multiple"}}
	}
	return nil
}

func sayMaxFiles(f *Field, _ string, _ broken) string {
	if f.MaxFiles == 1 {
		return fmt.Sprintf("Choose only one file for “%s”", f.Label)
	}
	return fmt.Sprintf("Choose no more than %d files for “%s”", f.MaxFiles, f.Label)
}

// sealedItself says whether the file begins like what the service seals. It is refused here with words, instead of with
// an error at sealing.
func (f *File) sealedItself() bool {
	if f.Open == nil {
		return false
	}
	r, err := f.Open()
	if err != nil {
		return false // sealing will meet it too, and says so
	}
	head := make([]byte, len(EntityMagic))
	_, err = io.ReadFull(r, head)
	return errors.Join(err, r.Close()) == nil && string(head) == EntityMagic
}

// FileKinds are the kinds of file that a form may accept, by extension, sorted.
func FileKinds() []string { return slices.Sorted(maps.Keys(kinds)) }

// FileKind gives the kind that an author's "PDF", ".pdf" or "jpeg" means; known is false for one that no form accepts.
func FileKind(written string) (kind string, known bool) {
	kind = strings.TrimPrefix(strings.ToLower(written), ".")
	kind = cmp.Or(spellings[kind], kind)
	_, known = kinds[kind]
	return kind, known
}
