package record

import (
	"sealform/forms"
	"sealform/internal/digest"
)

// content is the readable answers, their files and their form, on the way into the seal.
type content struct {
	form  *forms.Form
	pairs []forms.Pair
	files []forms.File // in the order of the form's fields
}

func contentOf(a *forms.Answers) *content {
	pairs, files := a.Disclose()
	return &content{a.Form(), pairs, files}
}

// ContentMAC is HMAC-SHA256(nonce, form, revision, every posted pair and every file's name, type, size and hash),
// each with its length before it, so that no two contents run together to the same bytes.
func ContentMAC(answers *forms.Answers, nonce []byte) [32]byte {
	a := contentOf(answers)
	m := digest.MAC(nonce, "sealform content 1")
	m.Text(a.form.ID)
	m.Bytes(a.form.Revision[:])
	m.Number(int64(len(a.pairs)))
	for _, p := range a.pairs {
		m.Text(p.Name)
		m.Bytes(p.Value)
	}
	m.Number(int64(len(a.files)))
	for i := range a.files {
		f := &a.files[i]
		m.Text(f.Field)
		m.Text(f.Name)
		m.Text(f.Type)
		m.Number(f.Size)
		m.Bytes(f.SHA256[:])
	}
	return [32]byte(m.Sum(nil))
}
