package store

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"sealform/forms/record"
	"sealform/internal/audit"
	"sealform/keys"
)

// recorded is a store with entries and five submissions of one form, the fourth erased, the fifth with two files.
func recorded(t *testing.T) (*Store, Config, []*record.Submission) {
	c := config(t, newClock())
	s := openStore(t, c)
	x := newSealer(t)
	var subs []*record.Submission
	for i := range 5 {
		sub := x.submission(t, "contact", fmt.Append(nil, "answers ", i))
		if i == 4 {
			sub.Files = []keys.SealedStream{x.stream(t, bytesOf(make([]byte, 300<<10))), x.stream(t, bytesOf([]byte("a note")))}
		}
		put(t, s, sub)
		if err := s.Audit(t.Context(), staff(audit.ActOpened, sub.Reference)); err != nil {
			t.Fatal(err)
		}
		subs = append(subs, sub)
	}
	if err := s.Delete(t.Context(), subs[3].ID, "asked for", staff(audit.ActErased)); err != nil {
		t.Fatal(err)
	}
	s.numbers.done.Store(s.numbers.arrived.Load()) // it ends without a last note, as a process that is killed
	return s, c, subs
}

var tamperings = map[string]struct {
	change []string
	want   string // the first finding
}{
	"untouched":                     {nil, ""},
	"entry changed":                 {[]string{`update audit set who = 'eve' where n = 3`}, "entry 3 was changed"},
	"entry's list":                  {[]string{`update audit set about = 'x' where n = 3`}, "entry 3 was changed"},
	"entry removed":                 {[]string{`delete from audit where n = 3`}, "entry 3 is missing"},
	"tail cut":                      {[]string{`delete from audit where n > 4`}, "the record ends at entry 4, but 7 were written"},
	"all cut":                       {[]string{`delete from audit`}, "the record ends at entry 0, but 7 were written"},
	"row removed":                   {[]string{`delete from submission where seq = 2`}, "form contact: number 2 is missing"},
	"rows removed":                  {[]string{`delete from submission where seq in (2, 3)`}, "form contact: numbers 2 to 3 are missing"},
	"last removed":                  {[]string{`delete from submission where seq = 5`}, "form contact: number 5 is missing"},
	"tombstone gone":                {[]string{`delete from tombstone`}, "form contact: number 4 is missing"},
	"data changed":                  {[]string{`update submission set data = x'00' where seq = 2`}, "form contact: number 2, REF, was changed"},
	"number changed":                {[]string{`update submission set seq = 9 where seq = 5`, `update form set seq = 9`}, "form contact: number 9, REF, was changed"},
	"counter alone":                 {[]string{`update form set seq = 4`}, "form contact: number 5 is there, but only 4 were given"},
	"last removed, counter lowered": {[]string{`delete from submission where seq = 5`, `update form set seq = 4`}, "form contact: number 5 is missing"},
	"form removed":                  {[]string{`delete from submission`, `delete from tombstone`, `delete from form`}, "form contact: all that came for it is missing"},
	"data swapped": {[]string{
		`update submission set (data, sealed_hash, leaf) = (select data, sealed_hash, leaf from submission b where b.seq = 5 - submission.seq) where seq in (2, 3)`,
	}, "form contact: number 2, REF, was changed"},
	"moved to another form": {[]string{
		`insert into form (id, name, seq, last, count_new, count_opened, count_done, count_spam) values (9, 'other', 1, 0, 1, 0, 0, 0)`,
		`update submission set form = 9, seq = 1 where seq = 2`,
	}, "form contact: number 2 is missing"},
	"erased unrecorded": {[]string{
		`insert into tombstone select id, form, seq, received, reference, files, 1, 'asked for', revision, files_hash, token, content, sealed_hash, leaf, leaf from submission where seq = 2`,
		`delete from submission where seq = 2`,
	}, "form contact: the tombstone of number 2, REF, was changed"},
	"erased as another was": {[]string{
		`drop index tombstone_reference`,
		`insert into tombstone select s.id, s.form, s.seq, s.received, t.reference, s.files, t.erased, t.why, s.revision, s.files_hash,
			s.token, s.content, s.sealed_hash, s.leaf, t.mac from submission s, tombstone t`,
		`delete from submission`,
	}, "form contact: the tombstone of number 1, REF, was changed"},
	"tombstone's time":       {[]string{`update tombstone set erased = 1`}, "form contact: the tombstone of number 4, REF, was changed"},
	"tombstone's why":        {[]string{`update tombstone set why = 'purged'`}, "form contact: the tombstone of number 4, REF, was changed"},
	"reference":              {[]string{`update submission set reference = 'AAA-AAA' where seq = 2`}, "form contact: number 2, AAA-AAA, was changed"},
	"received":               {[]string{`update submission set received = received - 3600000 where seq = 2`}, "form contact: number 2, REF, was changed"},
	"revision":               {[]string{`update submission set revision = zeroblob(32) where seq = 2`}, "form contact: number 2, REF, was changed"},
	"count of files":         {[]string{`update submission set files = 0 where seq = 5`}, "form contact: number 5, REF, was changed"},
	"hash of data":           {[]string{`update submission set sealed_hash = zeroblob(32) where seq = 2`}, "form contact: number 2, REF, was changed"},
	"session keys":           {[]string{`delete from session_key where message = (select id from submission where seq = 2)`}, "form contact: number 2, REF, has lost its session keys: nobody can open it"},
	"session key changed":    {[]string{`update session_key set packet = cast(packet || x'00' as blob) where message = (select id from submission where seq = 2)`}, "a session key of submission REF was changed"},
	"a reader more":          {[]string{`insert into session_key select message, zeroblob(20), packet, mac from session_key where message = (select id from submission where seq = 2) limit 1`}, "a session key of submission REF was changed"},
	"another's session keys": {[]string{`update session_key set (packet, mac) = (select k.packet, k.mac from session_key k join submission s on s.id = k.message where s.seq = 3 and k.reader = session_key.reader) where message = (select id from submission where seq = 2)`}, "a session key of submission REF was changed"},
	"a file's key changed":   {[]string{`update session_key set packet = x'c10000' where message < 0`}, "a session key of submission REF was changed"},
	"a key of nothing":       {[]string{`insert into session_key values (7, x'01', x'02', x'03')`}, "a session key of what is not here was changed"},
	"a file's keys":          {[]string{`delete from session_key where message < 0`}, "form contact: number 5, REF: its files were changed"},
	"file removed":           {[]string{`delete from file where n = 1`}, "form contact: number 5, REF: its files were changed"},
	"files swapped":          {[]string{`update file set n = n + 10`, `update file set n = 11 - n`}, "form contact: number 5, REF: its files were changed"},
	"file added":             {[]string{`insert into file select (select id from submission where seq = 2), n, upload, chunks, size, hash from file where n = 0`}, "form contact: number 2, REF: its files were changed"},
	"chunks removed":         {[]string{`delete from chunk`}, "form contact: number 5, REF: its files were changed"},
	"chunk emptied":          {[]string{`update chunk set data = zeroblob(length(data)) where id = (select max(id) from chunk)`}, "form contact: number 5, REF: its files were changed"},
	"chunk renumbered":       {[]string{`update chunk set id = id + 1 where id = (select max(id) from chunk)`}, "form contact: number 5, REF: its files were changed"},
	"questions":              {[]string{`update revision set questions = replace(cast(questions as text), 'How can we help', 'What is your PIN')`}, "form contact: the questions of revision XXXX were changed"},
	"no questions":           {[]string{`delete from revision`}, "form contact: the questions that 4 of its submissions answer (revision XXXX) are missing"},
	"rows moved into a tombstone's place": {[]string{
		`delete from tombstone`,
		`update submission set seq = 4 where seq = 5`,
		`update form set seq = 4`,
	}, "form contact: number 4, REF, was changed"},
	"clock removed":  {[]string{`delete from clock`}, "the clock that erasing goes by is missing"},
	"clock set back": {[]string{`update clock set witnessed = witnessed - 1`}, "the clock that erasing goes by stands before the making of the store"},
	"passed for mailed": {[]string{
		`insert into tombstone select id, form, seq, received, reference, files, 1, 'mailed', revision, files_hash, token, content, sealed_hash, leaf, leaf from submission where seq = 2`,
		`delete from submission where seq = 2`,
	}, "form contact: the tombstone of number 2, REF, was changed"},
}

// covers LK10 CR07
func TestVerifyFindsTampering(t *testing.T) {
	for name, test := range tamperings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _, subs := recorded(t)
			if strings.Contains(name, "counter lowered") || name == "form removed" {
				noteTwice(t, s)
			}
			for _, change := range test.change {
				if n := tamperSchema(t, s, change); n == 0 && !strings.HasPrefix(change, "drop") {
					t.Fatal("nothing changed")
				}
			}
			names := []string{hex.EncodeToString(subs[0].Revision[:4]), "XXXX"}
			for _, sub := range subs {
				names = append(names, sub.Reference, "REF")
			}
			got := findings(t, s)
			for i := range got {
				got[i] = strings.NewReplacer(names...).Replace(got[i])
			}
			if test.want == "" && len(got) != 0 || test.want != "" && (len(got) == 0 || got[0] != test.want) {
				t.Errorf("got %q, want first %q", got, test.want)
			}
		})
	}
}
