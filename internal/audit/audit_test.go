package audit

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func chain(t testing.TB) *Chain {
	t.Helper()
	c, err := NewChain(bytes.Repeat([]byte{5}, KeySize), "clinic")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// record is n good entries and their head.
func record(c *Chain, n int) ([]Entry, Head) {
	var prev [32]byte
	var all []Entry
	for i := range n {
		e := Entry{
			Seq: int64(i + 1), At: time.UnixMilli(1_790_000_000_000 + int64(i)).UTC(),
			Who: "dana@clinic.example", From: "192.0.2.7", Act: ActOpened, About: []string{"R7K-4Q2", "R7K-4Q3"},
		}
		if i == 0 {
			e.Act, e.About = ActStoreMade, []string{"clinic"}
		}
		e.MAC = c.Sign(prev, e)
		prev = e.MAC
		all = append(all, e)
	}
	return all, Head{Count: int64(n), MAC: prev}
}

func walk(c *Chain, head Head, all []Entry) []string {
	w := c.Walk(head)
	for _, e := range all {
		w.Next(e)
	}
	return w.End()
}

// covers LK10
func TestWalk(t *testing.T) {
	c := chain(t)
	for name, test := range map[string]struct {
		change func(all []Entry, h *Head) []Entry
		want   string // the first finding
	}{
		"untouched":         {func(all []Entry, _ *Head) []Entry { return all }, ""},
		"head behind":       {func(all []Entry, h *Head) []Entry { h.Count, h.MAC = 17, all[16].MAC; return all }, ""},
		"who changed":       {func(all []Entry, _ *Head) []Entry { all[16].Who = "eve"; return all }, "entry 17 was changed"},
		"from changed":      {func(all []Entry, _ *Head) []Entry { all[16].From = ""; return all }, "entry 17 was changed"},
		"act changed":       {func(all []Entry, _ *Head) []Entry { all[16].Act = ActSignedIn; return all }, "entry 17 was changed"},
		"time changed":      {func(all []Entry, _ *Head) []Entry { all[16].At = all[15].At; return all }, "entry 17 was changed"},
		"about changed":     {func(all []Entry, _ *Head) []Entry { all[16].About = []string{"R7K-4Q2R7K-4Q3"}; return all }, "entry 17 was changed"},
		"MAC changed":       {func(all []Entry, _ *Head) []Entry { all[16].MAC[0]++; return all }, "entry 17 was changed"},
		"first missing":     {func(all []Entry, _ *Head) []Entry { return all[1:] }, "entry 1 is missing"},
		"one missing":       {func(all []Entry, _ *Head) []Entry { return slices.Delete(all, 16, 17) }, "entry 17 is missing"},
		"three missing":     {func(all []Entry, _ *Head) []Entry { return slices.Delete(all, 16, 19) }, "entries 17 to 19 are missing"},
		"moved up":          {func(all []Entry, _ *Head) []Entry { return renumber(slices.Delete(all, 16, 17)) }, "entry 17 was changed"},
		"swapped":           {func(all []Entry, _ *Head) []Entry { all[16], all[17] = all[17], all[16]; return renumber(all) }, "entry 17 was changed"},
		"doubled":           {func(all []Entry, _ *Head) []Entry { return slices.Insert(all, 17, all[16]) }, "entry 17 comes twice"},
		"tail cut":          {func(all []Entry, _ *Head) []Entry { return all[:40] }, "the record ends at entry 40, but 43 were written"},
		"all cut":           {func([]Entry, *Head) []Entry { return nil }, "the record ends at entry 0, but 43 were written"},
		"emptied, head too": {func(_ []Entry, h *Head) []Entry { *h = Head{}; return nil }, "the record is empty: even its first entry, that the store was made, is gone"},
		"begun anew":        {func(_ []Entry, h *Head) []Entry { *h = Head{}; return []Entry{lost(c, h, HeadMissing)} }, "entry 1 does not say that the store was made: the record was begun anew"},
		"other head":        {func(all []Entry, h *Head) []Entry { h.MAC[0]++; return all }, "entry 43 is not the one that was written: the head file names another"},
		"forged":            {func(all []Entry, _ *Head) []Entry { return append(all, forged(all, 44)) }, "entry 44 was changed"},
		"cut, went on":      {func(all []Entry, h *Head) []Entry { return append(all[:40], lost(c, h, HeadAhead)) }, "the record ends at entry 40, but 43 were written"},
		"head was lost":     {func(all []Entry, h *Head) []Entry { return append(all, lost(c, h, HeadMissing)) }, "when entry 44 was written, the head file was missing"},
		"head was wrong":    {func(all []Entry, h *Head) []Entry { return append(all, lost(c, h, HeadDamaged)) }, "when entry 44 was written, the head file was damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			all, head := record(c, 43)
			got := walk(c, head, test.change(all, &head))
			if test.want == "" && len(got) != 0 || test.want != "" && (len(got) == 0 || got[0] != test.want) {
				t.Errorf("got %q, want first %q", got, test.want)
			}
		})
	}
}

func renumber(all []Entry) []Entry {
	for i := range all {
		all[i].Seq = int64(i + 1)
	}
	return all
}

// forged is an entry by someone without the key.
func forged(all []Entry, seq int64) Entry {
	other, _ := NewChain(make([]byte, KeySize), "clinic")
	e := Entry{Seq: seq, Who: "eve", Act: ActOpened}
	e.MAC = other.Sign(all[len(all)-1].MAC, e)
	return e
}

// lost is what the store appends when it finds the head wrong.
func lost(c *Chain, h *Head, how string) Entry {
	e := Entry{Seq: h.Count + 1, Who: Self, Act: ActHeadLost, About: []string{how}}
	e.MAC = c.Sign(h.MAC, e)
	return e
}

func TestFindingsAreBounded(t *testing.T) {
	c := chain(t)
	all, head := record(c, 1000)
	for i := range all {
		all[i].Who = "eve"
	}
	if got := walk(c, head, all); len(got) != most {
		t.Errorf("%d findings", len(got))
	}
}

// No two entries encode alike, whatever stands in them.
func TestSignCoversLengths(t *testing.T) {
	c := chain(t)
	alike := []Entry{
		{Who: "ab", From: "c"},
		{Who: "a", From: "bc"},
		{Who: "abc"},
		{Who: "ab", Act: "c"},
		{Who: "ab", About: []string{"c"}},
		{Who: "ab", About: []string{"c", ""}},
		{Who: "ab", About: []string{"", "c"}},
	}
	seen := map[[32]byte]int{}
	for i, e := range alike {
		mac := c.Sign([32]byte{}, e)
		if j, ok := seen[mac]; ok {
			t.Errorf("entries %d and %d have one MAC", i, j)
		}
		seen[mac] = i
	}
	other, err := NewChain(bytes.Repeat([]byte{5}, KeySize), "law office")
	if err != nil {
		t.Fatal(err)
	}
	if c.Sign([32]byte{}, alike[0]) == other.Sign([32]byte{}, alike[0]) {
		t.Error("the MAC does not cover the service")
	}
}

func TestHead(t *testing.T) {
	c := chain(t)
	_, want := record(c, 3)
	line := c.EncodeHead(want)
	got, err := c.ParseHead(line)
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	other, err := NewChain(bytes.Repeat([]byte{5}, KeySize), "law office")
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{
		"empty": nil, "of another service": other.EncodeHead(want), "cut": line[:len(line)-9],
		"count changed": bytes.Replace(line, []byte(" 3 "), []byte(" 2 "), 1),
		"count below 0": bytes.Replace(line, []byte(" 3 "), []byte(" -3 "), 1),
		"MAC not hex":   bytes.Replace(line, line[len(headKind)+3:len(headKind)+5], []byte("zz"), 1),
	} {
		if _, err := c.ParseHead(bad); !errors.Is(err, ErrHead) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeyLength(t *testing.T) {
	if _, err := NewChain(make([]byte, 16), "clinic"); err == nil {
		t.Error("a short key was taken")
	}
}

func FuzzParseHead(f *testing.F) {
	c := chain(f)
	_, h := record(c, 3)
	f.Add(c.EncodeHead(h))
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := c.ParseHead(b); err == nil && !bytes.Equal(b, c.EncodeHead(got)) {
			t.Errorf("%q was taken for %+v", b, got)
		}
	})
}
