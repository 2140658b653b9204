package intake

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sealform/forms"
	"sealform/internal/body"
	"sealform/internal/spool"
)

const (
	urlencoded = "application/x-www-form-urlencoded"
	boundary   = "----sealform-boundary"
	multi      = "multipart/form-data; boundary=" + boundary
)

// tryRead reads one body as a form with the file field "card" would: at most 3 MB a file, 8 MB together.
func tryRead(t testing.TB, contentType string, posted io.Reader, header ...string) (*post, error) {
	t.Helper()
	s, err := spool.New(spool.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/f/contact?name=evil&_token=evil", posted)
	r.Header.Set("Content-Type", contentType)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	if n, err := strconv.ParseInt(r.Header.Get("Content-Length"), 10, 64); err == nil {
		r.ContentLength = n
	}
	p := &post{spool: s.Request(netip.MustParseAddr("192.0.2.1")), files: map[string]int64{"card": 3_000_000}, totalUpload: 8_000_000, taken: 8_000_000}
	err = p.read(httptest.NewRecorder(), r)
	t.Cleanup(func() {
		if err := p.close(); err != nil {
			t.Error(err)
		}
		if s.Used() != 0 {
			t.Errorf("the spool still holds %d bytes", s.Used())
		}
	})
	return p, err
}

func part(disposition, more, content string) string {
	return "--" + boundary + "\r\nContent-Disposition: " + disposition + "\r\n" + more + "\r\n" + content + "\r\n"
}

const ending = "--" + boundary + "--\r\n"

func pairs(p *post) []string {
	var all []string
	for _, x := range p.entry.Pairs {
		all = append(all, x.Name+"="+string(x.Value))
	}
	return all
}

// covers IN06
func TestAnswersKeepOrderRepeatsAndBytes(t *testing.T) {
	want := []string{"b=1", "a=x y+z", "b=2", "a[]=\xff\x00", "=empty name", "c=", "d=", "_form_id=evil", "p=100%", "q=%zz"}
	for name, c := range map[string]struct{ kind, body string }{
		"urlencoded": {urlencoded, "b=1&a=x+y%2Bz&_token=T&b=2&a%5B%5D=%FF%00&=empty+name&c=&&d&_form_id=evil&p=100%&q=%zz"},
		"with charset": {
			"Application/X-WWW-Form-Urlencoded; charset=UTF-8",
			"_token=T&b=1&a=x+y%2Bz&b=2&a%5B%5D=%FF%00&=empty+name&c=&&d&_form_id=evil&p=100%&q=%zz",
		},
	} {
		p, err := tryRead(t, c.kind, strings.NewReader(c.body))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d := cmp.Diff(want, pairs(p)); d != "" || p.token != "T" {
			t.Errorf("%s: token %q\n%s", name, p.token, d)
		}
	}
	body := part(`form-data; name="b"`, "", "1") + part(`form-data; name="_token"`, "", "T") +
		part(`form-data; name="a"`, "Content-Type: text/plain; charset=utf-8\r\n", "x\r\ny\xff\x00--"+boundary) + part(`form-data; name=b`, "", "2") + ending
	p, err := tryRead(t, multi, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"b=1", "a=x\r\ny\xff\x00--" + boundary, "b=2"}, pairs(p)); d != "" || p.token != "T" {
		t.Errorf("token %q\n%s", p.token, d)
	}
}

// covers IN01, IN11
func TestFilesAreSpooled(t *testing.T) {
	names := map[string]string{
		`../../etc/passwd`: `../../etc/passwd`, `C:\Users\x.jpg`: `C:\Users\x.jpg`, "CON": "CON", `a%22b.png`: `a"b.png`,
		`a\"b.png`: `a"b.png`, "gpj.\u202eexe": "gpj.\u202eexe", "-rf": "-rf", "übung.pdf": "übung.pdf", `line%0D%0Abreak`: "line\r\nbreak",
		"nul\x00l": "", strings.Repeat("n", 4096): strings.Repeat("n", 4096),
	}
	for sent, want := range names {
		content := strings.Repeat("CANARY ", 100_000)
		posted := part(`form-data; name="before"`, "", "1") +
			part(`form-data; name="card"; filename="`+sent+`"`, "Content-Type: image/jpeg\r\n", content) + part(`form-data; name="after"`, "", "2") + ending
		p, err := tryRead(t, multi, strings.NewReader(posted))
		if want == "" { // a NUL in a header is refused by the parser
			if !errors.Is(err, body.ErrMalformed) {
				t.Errorf("%q: %v", sent, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%q: %v", sent, err)
		}
		if len(p.entry.Files) != 1 || len(p.entry.Pairs) != 2 {
			t.Fatalf("%q: %d files, %d answers", sent, len(p.entry.Files), len(p.entry.Pairs))
		}
		f := p.entry.Files[0]
		if f.Field != "card" || f.Name != want || f.Type != "image/jpeg" || f.Size != int64(len(content)) {
			t.Errorf("%q: got field %q, name %q, type %q, size %d", sent, f.Field, f.Name, f.Type, f.Size)
		}
		rd, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(rd); err != nil || string(got) != content {
			t.Errorf("%q: %d bytes came back, %v", sent, len(got), err)
		}
		_ = rd.Close()
	}
}

func TestNoFileChosenIsNoFile(t *testing.T) {
	body := part(`form-data; name="card"; filename=""`, "Content-Type: application/octet-stream\r\n", "") + part(`form-data; name="a"`, "", "1") + ending
	p, err := tryRead(t, multi, strings.NewReader(body))
	if err != nil || len(p.entry.Files) != 0 || len(p.entry.Pairs) != 1 {
		t.Errorf("%d files, %d answers, %v", len(p.entry.Files), len(p.entry.Pairs), err)
	}
}

func TestTooLongAFileKeepsWhatFollows(t *testing.T) {
	body := part(`form-data; name="card"; filename="big.jpg"`, "", strings.Repeat("x", 4_000_000)) +
		part(`form-data; name="stray"; filename="odd.jpg"`, "", "abc") + part(`form-data; name="a"`, "", "1") + ending
	p, err := tryRead(t, multi, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.entry.Files) != 2 || p.entry.Files[0].Size != 4_000_000 || p.entry.Files[1].Field != "stray" || len(p.entry.Pairs) != 1 {
		t.Errorf("%d files, %d answers", len(p.entry.Files), len(p.entry.Pairs))
	}
	if _, err := p.entry.Files[0].Open(); !errors.Is(err, spool.ErrDropped) {
		t.Errorf("its bytes: %v", err)
	}
}

// endless gives a pattern for ever and counts what was taken.
type endless struct {
	head, pattern string
	taken         int64
	at            int
}

func (e *endless) Read(b []byte) (int, error) {
	n := copy(b, e.head)
	e.head = e.head[n:]
	for n < len(b) {
		c := copy(b[n:], e.pattern[e.at:])
		e.at = (e.at + c) % len(e.pattern)
		n += c
	}
	e.taken += int64(n)
	return n, nil
}

// covers IN02, IN03, IN04
func TestOversizeIsRefusedEarly(t *testing.T) {
	file := `form-data; name="card"; filename="a.jpg"`
	for name, c := range map[string]struct {
		kind   string
		body   io.Reader
		header []string
		want   error
		most   int64 // bytes that may be read of an endless body
	}{
		"endless value":           {urlencoded, &endless{head: "a=", pattern: "x"}, nil, body.ErrTooLarge, 1<<20 + 4096},
		"1 M pairs":               {urlencoded, strings.NewReader(strings.Repeat("a=b&", 1_000_000)), nil, body.ErrTooLarge, 0},
		"unique keys":             {urlencoded, strings.NewReader(manyKeys(20_000)), nil, body.ErrTooLarge, 0},
		"201 answers":             {urlencoded, strings.NewReader(strings.Repeat("a=b&", 201)), nil, body.ErrTooLarge, 0},
		"long name":               {urlencoded, strings.NewReader(strings.Repeat("n", 129) + "=1"), nil, body.ErrTooLarge, 0},
		"long value":              {urlencoded, strings.NewReader("a=" + strings.Repeat("v", 64<<10+1)), nil, body.ErrTooLarge, 0},
		"announced":               {urlencoded, http.NoBody, []string{"Content-Length", "2000000"}, body.ErrTooLarge, 0},
		"endless parts":           {multi, &endless{pattern: part(`form-data; name="card"; filename=""`, "", "")}, nil, body.ErrTooLarge, 1 << 20},
		"10 k parts":              {multi, strings.NewReader(strings.Repeat(part(`form-data; name="a"`, "", ""), 10_000)), nil, body.ErrTooLarge, 0},
		"endless header line":     {multi, &endless{head: "--" + boundary + "\r\nContent-Disposition: form-data; name=\"", pattern: "n"}, nil, body.ErrTooLarge, 64 << 10},
		"endless header lines":    {multi, &endless{head: "--" + boundary + "\r\n", pattern: "X-A: b\r\n"}, nil, body.ErrTooLarge, 64 << 10},
		"header of 9 KiB":         {multi, strings.NewReader(part(file, "X-Pad: "+strings.Repeat("p", 9<<10)+"\r\n", "x") + ending), nil, body.ErrTooLarge, 0},
		"endless preamble":        {multi, &endless{pattern: "no boundary here\r\n"}, nil, body.ErrTooLarge, 64 << 10},
		"endless file":            {multi, &endless{head: "--" + boundary + "\r\nContent-Disposition: " + file + "\r\n\r\n", pattern: strings.Repeat("x", 1000)}, nil, body.ErrTooLarge, 9_100_000},
		"endless stray file":      {multi, &endless{head: "--" + boundary + "\r\nContent-Disposition: form-data; name=\"no\"; filename=\"f\"\r\n\r\n", pattern: strings.Repeat("x", 1000)}, nil, body.ErrTooLarge, 9_100_000},
		"251 files":               {multi, strings.NewReader(strings.Repeat(part(file, "", "x"), 251) + ending), nil, body.ErrTooLarge, 0},
		"endless files":           {multi, &endless{pattern: part(file, "", strings.Repeat("x", 1000))}, nil, body.ErrTooLarge, 1 << 20},
		"long part name":          {multi, strings.NewReader(part(`form-data; name="`+strings.Repeat("n", 129)+`"`, "", "x") + ending), nil, body.ErrTooLarge, 0},
		"long part value":         {multi, &endless{head: "--" + boundary + "\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n", pattern: "x"}, nil, body.ErrTooLarge, 128 << 10},
		"answers beside files":    {multi, strings.NewReader(strings.Repeat(part(`form-data; name="a"`, "", strings.Repeat("v", 60<<10)), 20) + ending), nil, body.ErrTooLarge, 0},
		"endless epilogue":        {multi, &endless{head: part(`form-data; name="a"`, "", "1") + ending, pattern: strings.Repeat("x", 1000)}, nil, body.ErrTooLarge, 64 << 10},
		"gzip":                    {urlencoded, &endless{pattern: "\x1f\x8b"}, []string{"Content-Encoding", "gzip"}, body.ErrType, 0},
		"brotli in a second line": {urlencoded, &endless{pattern: "x"}, []string{"Content-Encoding", "identity", "Content-Encoding", "br"}, body.ErrType, 0},
		"zstd in a list":          {multi, &endless{pattern: "x"}, []string{"Content-Encoding", "identity, zstd"}, body.ErrType, 0},
		"json":                    {"application/json", strings.NewReader(`{"a":1}`), nil, body.ErrType, 0},
		"no type":                 {"", strings.NewReader("a=1"), nil, body.ErrType, 0},
		"two types":               {urlencoded, strings.NewReader("a=1"), []string{"Content-Type", multi}, body.ErrType, 0},
		"multipart/mixed":         {"multipart/mixed; boundary=" + boundary, strings.NewReader(part(`form-data; name="a"`, "", "1") + ending), nil, body.ErrType, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := tryRead(t, c.kind, c.body, c.header...)
			runtime.ReadMemStats(&after)
			if !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if e, ok := c.body.(*endless); ok && e.taken > c.most {
				t.Errorf("read %d bytes, want at most %d", e.taken, c.most)
			}
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
				t.Errorf("allocated %d bytes", grown)
			}
		})
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "k%d=&", i)
	}
	return b.String()
}

// covers IN02, IN06
func TestMalformedBodies(t *testing.T) {
	a := `form-data; name="a"`
	for name, c := range map[string]struct{ kind, body string }{
		"no boundary":          {"multipart/form-data", ending},
		"long boundary":        {"multipart/form-data; boundary=" + strings.Repeat("b", 71), ending},
		"empty":                {multi, ""},
		"cut in a part":        {multi, part(a, "", "1")[:70]},
		"cut before the end":   {multi, part(a, "", "1")},
		"no disposition":       {multi, "--" + boundary + "\r\nContent-Type: text/plain\r\n\r\n1\r\n" + ending},
		"two dispositions":     {multi, part(a, "Content-Disposition: form-data; name=\"b\"\r\n", "1") + ending},
		"two types":            {multi, part(a, "Content-Type: a/b\r\nContent-Type: c/d\r\n", "1") + ending},
		"attachment":           {multi, part(`attachment; name="a"`, "", "1") + ending},
		"no name":              {multi, part(`form-data`, "", "1") + ending},
		"empty name":           {multi, part(`form-data; name=""`, "", "1") + ending},
		"two names":            {multi, part(`form-data; name="a"; name="b"`, "", "1") + ending},
		"two file names":       {multi, part(`form-data; name="card"; filename="a"; filename="b"`, "", "1") + ending},
		"filename*":            {multi, part(`form-data; name="card"; filename*=UTF-8''a`, "", "1") + ending},
		"open quote":           {multi, part(`form-data; name="a`, "", "1") + ending},
		"junk behind a quote":  {multi, part(`form-data; name="a"b`, "", "1") + ending},
		"no value":             {multi, part(`form-data; name`, "", "1") + ending},
		"nested":               {multi, part(a, "Content-Type: multipart/mixed; boundary=x\r\n", "--x--") + ending},
		"base64":               {multi, part(a, "Content-Transfer-Encoding: base64\r\n", "MQ==") + ending},
		"quoted-printable":     {multi, part(a, "Content-Transfer-Encoding: quoted-printable\r\n", "=31") + ending},
		"two tokens":           {urlencoded, "_token=a&_token=b"},
		"header without colon": {multi, "--" + boundary + "\r\nwhat is this\r\n\r\n1\r\n" + ending},
	} {
		if _, err := tryRead(t, c.kind, strings.NewReader(c.body)); !errors.Is(err, body.ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A body is whole when its closing boundary has come; cut anywhere before, nothing of it is taken.
// covers R18, IN06
func TestCutBodiesAreRefused(t *testing.T) {
	whole := part(`form-data; name="_token"`, "", "T") + part(`form-data; name="a"`, "", "two\r\nlines --"+boundary) + part(`form-data; name="empty"`, "", "") +
		part(`form-data; name="card"; filename="card.png"`, "Content-Type: image/png\r\n", "\x89PNG\r\n--"+boundary[:9]) +
		part(`form-data; name="card"; filename=""`, "Content-Type: application/octet-stream\r\n", "") + part(`form-data; name="last"`, "", "1") + "--" + boundary + "--"
	for n := range len(whole) {
		for _, tail := range []string{"", "\r\n", "-"} {
			if whole[:n]+tail == whole {
				continue
			}
			if _, err := tryRead(t, multi, strings.NewReader(whole[:n]+tail)); !errors.Is(err, body.ErrMalformed) {
				t.Fatalf("cut after %d bytes of %d, then %q: %v", n, len(whole), tail, err)
			}
		}
	}
	for _, tail := range []string{"", "\r\n", " \t\r\n", "\r\n\r\n", "\r\nepilogue", "\r\n" + strings.Repeat("e", 5000)} {
		p, err := tryRead(t, multi, strings.NewReader(whole+tail))
		if err != nil || len(p.entry.Pairs) != 3 || len(p.entry.Files) != 1 || p.token != "T" {
			t.Errorf("whole, then %.20q: %d answers, %d files, %v", tail, len(p.entry.Pairs), len(p.entry.Files), err)
		}
	}
}

// covers IN13
func TestBodyErrorsHoldNoValue(t *testing.T) {
	for _, c := range []struct{ kind, body string }{
		{urlencoded, "CANARY=" + strings.Repeat("CANARY", 20_000)},
		{multi, part(`CANARY; name="CANARY"`, "CANARY: x\r\n", "CANARY") + ending},
		{multi, "--" + boundary + "\r\nCANARY\r\n\r\n" + ending},
		{"CANARY", "CANARY"},
		{"CANARY/", "CANARY"},
	} {
		_, err := tryRead(t, c.kind, strings.NewReader(c.body))
		if err == nil || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("error %v", err)
		}
	}
}

func FuzzBody(f *testing.F) {
	f.Add(true, []byte("a=1&b=%41&_token=x&c=+"))
	f.Add(false, []byte(part(`form-data; name="a"`, "", "1")+part(`form-data; name="card"; filename="x"`, "Content-Type: image/png\r\n", "abc")+ending))
	f.Add(false, []byte(part(`form-data; name="a"; filename*=x`, "Content-Transfer-Encoding: base64\r\n", "")+ending))
	s, err := spool.New(spool.Config{Dir: f.TempDir()})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, plain bool, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "/f/contact", bytes.NewReader(body))
		r.Header.Set("Content-Type", multi)
		if plain {
			r.Header.Set("Content-Type", urlencoded)
		}
		p := &post{spool: s.Request(netip.Addr{}), files: map[string]int64{"card": 1000}, totalUpload: 5000, taken: 5000}
		err := p.read(httptest.NewRecorder(), r)
		if err == nil {
			check(t, &p.entry, body)
		}
		if err := p.close(); err != nil {
			t.Error(err)
		}
		if s.Used() != 0 {
			t.Fatalf("the spool still holds %d bytes", s.Used())
		}
	})
}

func check(t *testing.T, e *forms.Entry, body []byte) {
	t.Helper()
	total := 0
	for _, p := range e.Pairs {
		total += len(p.Name) + len(p.Value)
		if len(p.Name) > nameLimit || p.Name == tokenName {
			t.Errorf("name %q taken", p.Name)
		}
	}
	if total > len(body) || len(e.Pairs) > fieldLimit || len(e.Files) > fileLimit {
		t.Errorf("%d answers of %d bytes, %d files, from %d bytes", len(e.Pairs), total, len(e.Files), len(body))
	}
}
