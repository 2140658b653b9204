package notice_test

import (
	"fmt"
	"mime"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"sealform/internal/notice"
)

const link = "https://staff.riverside.example/go/AbCdEf"

func TestArrived(t *testing.T) {
	one := notice.Words{Clinic: "Riverside"}.Arrived(1, link)
	if one.Subject() != "Something new has come in" {
		t.Errorf("subject %q", one.Subject())
	}
	if want := "Something new has come in. Open it here:\n\n" + link + "\n\n"; !strings.HasPrefix(one.Text(), want) {
		t.Errorf("text %q", one.Text())
	}
	many := notice.Words{}.Arrived(12, link)
	if !strings.Contains(many.Text(), "12 new submissions") || !strings.Contains(many.Text(), link) {
		t.Errorf("text %q", many.Text())
	}
	if none := (notice.Words{}).Arrived(1, "").Text(); !strings.Contains(none, "the inbox of the staff pages") {
		t.Errorf("without a link: %q", none)
	}
}

func TestArrivedInTheOperatorsWords(t *testing.T) {
	w := notice.Words{Clinic: "Praxis {link} Öz", Subject: "{clinic}: {count} neu", Text: "Neu: {count}\nbei {clinic}\n{link}"}
	l := w.Arrived(2, link)
	if got := decoded(t, l.Subject()); got != "Praxis {link} Öz: 2 neu" {
		t.Errorf("subject %q", got)
	}
	if want := "Neu: 2\nbei Praxis {link} Öz\n" + link + "\n"; l.Text() != want {
		t.Errorf("text %q, want %q", l.Text(), want)
	}
}

// covers ML11
func TestDigestNamesTheNumbers(t *testing.T) {
	l := notice.Words{}.Digest("21 November 2026", []notice.Series{
		{Name: "series=1f0c9a2b", Mailed: true, First: 12, Last: 14, Waiting: 2, Dead: 1},
		{Name: "series=00000001", First: 7, Last: 7},
		{Name: "series=00000002"},
		{Name: "series=00000003", First: 5, Last: 4},
	}, link)
	for _, want := range []string{
		"21 November 2026", "series=1f0c9a2b: 3 came in, numbers 12 to 14.\n    2 mails still wait to go out.\n    1 mail could not be sent",
		"series=00000001: 1 came in, number 7.", "series=00000002: nothing came in.", "series=00000003: nothing came in.",
		"sealform outbox list", "sealform outbox retry", "no gap", link,
	} {
		if !strings.Contains(l.Text(), want) {
			t.Errorf("%q is missing in\n%s", want, l.Text())
		}
	}
}

func TestAlarms(t *testing.T) {
	for _, c := range []struct {
		alarm notice.Alarm
		want  string
	}{
		{notice.Alarm{Matter: notice.QueueOld, Count: 3}, "3 messages wait to go out"},
		{notice.Alarm{Matter: notice.QueueOld, Count: 1}, "1 message waits to go out"},
		{notice.Alarm{Matter: notice.QueueOld}, "has gone out since"},
		{notice.Alarm{Matter: notice.DeadLetter, Count: 1}, "1 message could not be sent in five days, and"},
		{notice.Alarm{Matter: notice.DeadLetter}, "none is left"},
		{notice.Alarm{Matter: notice.KeyEnds, Count: 30, Name: "keys/desk.asc"}, "keys/desk.asc ends in 30 days"},
		{notice.Alarm{Matter: notice.KeyEnds, Count: 1, Name: "a@b.example"}, "a@b.example ends in 1 day."},
		{notice.Alarm{Matter: notice.KeyEnds, Name: "keys/desk.asc"}, "keys/desk.asc has ended"},
		{notice.Alarm{Matter: notice.TooLarge, Count: 2}, "2 messages are larger"},
		{notice.Alarm{Matter: notice.TooLarge}, "have gone out since"},
		{notice.Alarm{Matter: "another"}, "deliveries"},
	} {
		l := notice.Words{Clinic: "Riverside"}.Alarm(c.alarm, link)
		if flat := strings.Join(strings.Fields(l.Text()), " "); !strings.Contains(flat, c.want) || !strings.Contains(flat, link) {
			t.Errorf("%+v: %s", c.alarm, l.Text())
		}
		if l.Subject() == "" || strings.Contains(l.Subject(), "Riverside") {
			t.Errorf("%+v: subject %q", c.alarm, l.Subject())
		}
	}
}

// covers B8
func TestReceiptHoldsReferenceAndFixedWordsAlone(t *testing.T) {
	l := notice.Receipt("Riverside Family Clinic", "K7M2QX", "We call back within one working day.")
	if l.Subject() != "Your reference K7M2QX" {
		t.Errorf("subject %q", l.Subject())
	}
	for _, want := range []string{"K7M2QX", "We call back within one working day.", "Riverside Family Clinic", "Nothing that you wrote is in this mail", "Please do not answer this mail"} {
		if !strings.Contains(l.Text(), want) {
			t.Errorf("%q is missing in\n%s", want, l.Text())
		}
	}
	if l := notice.Receipt("", "look at http://evil.example", ""); strings.Contains(l.Subject()+l.Text(), "evil") {
		t.Errorf("what is no reference was written: %q %q", l.Subject(), l.Text())
	}
}

// Whoever has nothing mailed is not asked to look for it in a mailbox.
func TestDigestOfWhatIsKeptAlone(t *testing.T) {
	l := notice.Words{}.Digest("21 November 2026", []notice.Series{{Name: "series=1f0c9a2b", First: 12, Last: 14}}, link)
	text := strings.Join(strings.Fields(l.Text()), " ")
	if strings.Contains(text, "mailbox") || strings.Contains(text, "outbox retry") || !strings.Contains(text, "3 came in, numbers 12 to 14. Is as much in the inbox of the staff pages?") {
		t.Error(text)
	}
}

func TestAClosedForm(t *testing.T) {
	for count, want := range map[int64][2]string{
		0: {"A form was closed", "There is nothing to do."}, 1: {"A form is closed", "1 form is closed"}, 2: {"A form is closed", "2 forms are closed"},
	} {
		l := notice.Words{}.Alarm(notice.Alarm{Matter: notice.FormClosed, Count: count}, link)
		if l.Subject() != want[0] || !strings.Contains(strings.Join(strings.Fields(l.Text()), " "), want[1]) {
			t.Errorf("%d: %s\n%s", count, l.Subject(), l.Text())
		}
	}
}

// covers PK04: the subjects that show on a locked phone name neither the clinic nor a form.
func TestSubjectsAreNeutral(t *testing.T) {
	w := notice.Words{Clinic: "Riverside Fertility"}
	for _, l := range []notice.Letter{
		w.Arrived(1, link), w.Arrived(5, link), w.TooLarge("K7M2QX", link), notice.Receipt(w.Clinic, "K7M2QX", "Fixed."),
		w.Digest("21 November 2026", []notice.Series{{Name: "series=1f0c9a2b", First: 1, Last: 3}}, link),
	} {
		if strings.Contains(l.Subject(), "Riverside") {
			t.Errorf("subject %q", l.Subject())
		}
	}
}

// covers ML01: nothing that anybody configures can add a header, end a line in a way of its own, or make one too long.
func TestLettersAreClean(t *testing.T) {
	hostile := []string{
		"", "a\r\nBcc: x@evil.example", "a\rb", "a\n.\nb", "nul\x00bell\a", "\u2028line\u2029paragraph\u0085next", "=?utf-8?q?=0d=0aBcc:?=",
		"\u202eright to left\u2066", "\xff\xfe broken", strings.Repeat("word ", 300), strings.Repeat("x", 3000), strings.Repeat("ü", 3000),
		"\t tabs \v and \f feeds", "emoji 👩‍⚕️ stays", strings.Repeat("\n", 50), strings.Repeat(" ", 500) + "far in",
	}
	for _, h := range hostile {
		w := notice.Words{Clinic: h, Subject: h + "{clinic}", Text: h + "\n{clinic}\n{link}"}
		for i, l := range []notice.Letter{
			w.Arrived(1, h), notice.Words{Clinic: h}.Arrived(2, h), w.TooLarge(h, h), notice.Receipt(h, h, h),
			w.Digest(h, []notice.Series{{Name: h, First: 1, Last: 2, Waiting: 1, Dead: 1}}, h),
			w.Alarm(notice.Alarm{Matter: notice.KeyEnds, Count: 3, Name: h}, h), w.Alarm(notice.Alarm{Matter: notice.QueueOld, Count: 3}, h),
		} {
			if err := clean(l); err != nil {
				t.Errorf("letter %d from %.40q: %v", i, h, err)
			}
		}
	}
}

func clean(l notice.Letter) error {
	for _, r := range l.Subject() {
		if r < ' ' || r > '~' {
			return fmt.Errorf("%U in the subject %q", r, l.Subject())
		}
	}
	if len(l.Subject()) > 998-len("Subject: ") {
		return fmt.Errorf("a subject of %d bytes", len(l.Subject()))
	}
	if !utf8.ValidString(l.Text()) || !strings.HasSuffix(l.Text(), "\n") {
		return fmt.Errorf("text %q", l.Text())
	}
	for line := range strings.SplitSeq(l.Text(), "\n") {
		if n := utf8.RuneCountInString(line); n > 200 || len(line) > 990 {
			return fmt.Errorf("a line of %d characters, %d bytes", n, len(line))
		}
		for _, r := range line {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
				return fmt.Errorf("%U in %q", r, line)
			}
		}
	}
	return nil
}

func decoded(t *testing.T, subject string) string {
	t.Helper()
	s, err := new(mime.WordDecoder).DecodeHeader(subject)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func FuzzLetters(f *testing.F) {
	f.Add("Riverside", "Neu: {count} {link}", "K7M2QX")
	f.Add("a\r\nBcc: x", "\x00{clinic}", "=?utf-8?b?DQo=?=")
	f.Fuzz(func(t *testing.T, clinic, words, other string) {
		w := notice.Words{Clinic: clinic, Subject: words, Text: words}
		for i, l := range []notice.Letter{w.Arrived(3, other), notice.Receipt(clinic, other, words), w.Alarm(notice.Alarm{Matter: notice.KeyEnds, Name: other}, link)} {
			if err := clean(l); err != nil {
				t.Errorf("letter %d: %v", i, err)
			}
		}
	})
}
