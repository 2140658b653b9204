package keys_test

import (
	"bytes"
	"encoding/gob" //nolint:depguard // to see that it has nothing to encode
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	texttemplate "text/template"

	"sealform/keys"
)

const secret = "CANARY-secret"

// inside holds secrets as other packages' structs do, exported or not.
type inside struct {
	Password  keys.Password
	Plaintext keys.Plaintext
	password  keys.Password
	plaintext keys.Plaintext
	pointer   *keys.Plaintext
	any       any
	list      []keys.Password
	named     map[string]keys.Plaintext
}

func secrets() map[string]any {
	pw, pt := keys.NewPassword([]byte(secret)), keys.NewPlaintext([]byte(secret))
	s := inside{pw, pt, pw, pt, &pt, pw, []keys.Password{pw}, map[string]keys.Plaintext{"x": pt}}
	return map[string]any{
		"password": pw, "plaintext": pt, "password pointer": &pw, "plaintext pointer": &pt,
		"struct": s, "struct pointer": &s, "slice": []any{pw, pt}, "map": map[string]any{"a": pw, "b": &pt},
		"error": fmt.Errorf("with %v and %w", pw, errors.Join(fmt.Errorf("%s %q %x %d", pt, pt, pt, pt))),
	}
}

// TestNothingPrintsSecrets tries every way that has leaked secrets elsewhere.
// covers CR12
func TestNothingPrintsSecrets(t *testing.T) {
	for name, v := range secrets() {
		t.Run(name, func(t *testing.T) {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%q", "%d", "%p", "%t", "%T", "%10.3v", "%c", "%!"} {
				clean(t, "fmt "+verb, fmt.Appendf(nil, verb, v))
			}
			clean(t, "fmt.Sprintln", []byte(fmt.Sprintln(v, &v)))
			b, err := json.Marshal(v)
			clean(t, "json", append(b, fmt.Sprint(err)...))
			b, err = xml.Marshal(v)
			clean(t, "xml", append(b, fmt.Sprint(err)...))
			var out bytes.Buffer
			err = gob.NewEncoder(&out).Encode(v)
			clean(t, "gob", append(bytes.Clone(out.Bytes()), fmt.Sprint(err)...))
			for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
				slog.New(h).Info("message", "value", v, slog.Group("group", "value", v))
			}
			clean(t, "slog", out.Bytes())
			page := template.Must(template.New("").Parse(`<p title="{{.}}">{{.}}</p><script>var x = {{.}}</script><a href="/?q={{.}}">{{printf "%s %v" . .}}</a>`))
			err = page.Execute(&out, v)
			clean(t, "html/template", append(bytes.Clone(out.Bytes()), fmt.Sprint(err)...))
			text := texttemplate.Must(texttemplate.New("").Parse(`{{.}} {{printf "%#v" .}} {{js .}} {{html .}} {{print .}}`))
			err = text.Execute(&out, v)
			clean(t, "text/template", append(bytes.Clone(out.Bytes()), fmt.Sprint(err)...))
			clean(t, "reflect", []byte(reflect.ValueOf(v).String()))
		})
	}
}

func clean(t *testing.T, how string, out []byte) {
	t.Helper()
	for _, form := range []string{
		secret, fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret),
		"67 65 78 65 82 89", "67,65,78,65,82,89",
		"Q0FOQVJZ", // base64 of CANARY
	} {
		if bytes.Contains(out, []byte(form)) {
			t.Errorf("%s shows the secret: %.200q", how, out)
		}
	}
}

func TestSecretsAreNotEncoded(t *testing.T) {
	for name, v := range map[string]any{"password": keys.NewPassword([]byte(secret)), "plaintext": keys.NewPlaintext([]byte(secret))} {
		if b, err := json.Marshal(v); err == nil {
			t.Errorf("%s becomes JSON: %s", name, b)
		}
		if b, err := json.Marshal(map[string]any{"x": v}); err == nil {
			t.Errorf("%s in a map becomes JSON: %s", name, b)
		}
		if err := gob.NewEncoder(&bytes.Buffer{}).Encode(v); err == nil {
			t.Errorf("%s becomes gob", name)
		}
		if got := fmt.Sprintf("%v %s %+v %x", v, v, v, v); strings.Contains(got, "0x") || !strings.HasPrefix(got, "["+name+"]") {
			t.Errorf("%s prints as %s", name, got)
		}
	}
}

// TestReveal: a password is a copy, a plaintext is taken over; both can be overwritten.
func TestReveal(t *testing.T) {
	b := []byte(secret)
	pw, pt := keys.NewPassword(b), keys.NewPlaintext(bytes.Clone(b))
	clear(b)
	if string(pw.Reveal()) != secret || string(pt.Reveal()) != secret {
		t.Error("the bytes are not there")
	}
	pw.Wipe()
	pt.Wipe()
	if bytes.ContainsFunc(pw.Reveal(), func(r rune) bool { return r != 0 }) || bytes.ContainsFunc(pt.Reveal(), func(r rune) bool { return r != 0 }) {
		t.Error("the bytes are still there")
	}
	var none keys.Password
	var nothing keys.Plaintext
	none.Wipe()
	nothing.Wipe()
	if none.Reveal() != nil || nothing.Reveal() != nil {
		t.Error("zero values have bytes")
	}
}
