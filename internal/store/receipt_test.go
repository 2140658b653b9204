package store

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"sealform/internal/sealedaddress"
)

// At most three receipts a day go to an address; nobody is told of the fourth. covers B8 PK06
func TestReceipts(t *testing.T) {
	c := newClock()
	cfg := config(t, c)
	handles := []*Store{openStore(t, cfg), openStore(t, cfg)}
	x := newSealer(t)
	receive := func(mark byte, want int) {
		t.Helper()
		for i := range 5 {
			sub := x.submission(t, "contact", []byte("answers"))
			sub.Receipt = &sealedaddress.Address{Sealed: []byte{mark, byte(i)}, Marks: []sealedaddress.Mark{{MAC: [32]byte{mark}, Most: 3}}}
			put(t, handles[i%2], sub)
		}
		jobs, _ := claimed(t, handles[0])
		if len(jobs) != want {
			t.Errorf("%d receipts, want %d", len(jobs), want)
		}
		for _, j := range jobs {
			if j.Channel != Receipt || j.To != "" || j.Reference == "" || j.Sealed[0] != mark {
				t.Errorf("%+v", j)
			}
			if err := handles[0].Sent(t.Context(), j.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	receive(1, 3)
	receive(1, 0)
	c.add(23 * time.Hour) // whatever the day
	receive(1, 0)
	receive(2, 3) // another address
	c.add(time.Hour)
	receive(1, 3)
	receive(2, 0)
	c.add(49 * time.Hour)
	if err := handles[0].Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := count(t, handles[0], "receipt"); n != 0 {
		t.Errorf("%d marks are left", n)
	}
}

// A receipt that one mark holds back counts for none, and those of one commit count for each other. covers B8
func TestReceiptsByEachMark(t *testing.T) {
	c := newClock()
	s := openStore(t, config(t, c))
	x := newSealer(t)
	c.add(400 * 24 * time.Hour) // a clock that was ahead
	receive := func(address byte) int {
		t.Helper()
		sub := x.submission(t, "contact", []byte("answers"))
		sub.Receipt = &sealedaddress.Address{Sealed: []byte{1}, Marks: []sealedaddress.Mark{
			{MAC: [32]byte{address}, Most: 3}, {MAC: [32]byte{255}, Most: 5},
		}}
		put(t, s, sub)
		jobs, _ := claimed(t, s)
		for _, j := range jobs {
			if err := s.Sent(t.Context(), j.ID); err != nil {
				t.Fatal(err)
			}
		}
		return len(jobs)
	}
	for range 5 {
		receive(9)
	}
	c.add(-400 * 24 * time.Hour)
	var got []int
	for _, address := range []byte{1, 1, 1, 1, 2, 2, 2, 3} {
		got = append(got, receive(address))
	}
	if want := []int{1, 1, 1, 0, 1, 1, 0, 0}; !slices.Equal(got, want) {
		t.Errorf("receipts %v, want %v", got, want)
	}
	if n := count(t, s, "receipt where mark = x'02"+strings.Repeat("00", 31)+"' and n = 3"); n != 0 {
		t.Error("one that did not go out was counted")
	}
}

// A repeat of the same page counts once. covers B8
func TestRepeatIsNoSecondReceipt(t *testing.T) {
	s, _ := newStore(t)
	x := newSealer(t)
	sub := x.submission(t, "contact", []byte("answers"))
	sub.Receipt = &sealedaddress.Address{Sealed: []byte("sealed"), Marks: []sealedaddress.Mark{{MAC: [32]byte{1}, Most: 3}}}
	put(t, s, sub)
	for range 5 {
		if kept, err := s.Put(t.Context(), again(t, x, sub)); err != nil || !kept.Repeat {
			t.Fatal(kept, err)
		}
	}
	if jobs, _ := claimed(t, s); len(jobs) != 1 {
		t.Errorf("%d receipts", len(jobs))
	}
}

// A visitor's address is gone once its receipt is sent, or the submission erased. covers LK07
func TestAddressesAreWiped(t *testing.T) {
	cfg := config(t, newClock())
	s := openStore(t, cfg)
	x := newSealer(t)
	var ids []int64
	mark := func(i int) []byte { return bytes.Repeat([]byte{0xA0 + byte(i), 0x5E}, 30) }
	for i := range 4 {
		sub := x.submission(t, "contact", []byte("answers"))
		sub.Receipt = &sealedaddress.Address{Sealed: mark(i), Marks: []sealedaddress.Mark{{MAC: [32]byte{byte(i)}, Most: 3}}}
		put(t, s, sub)
		ids = append(ids, sub.ID)
	}
	jobs, lease := claimed(t, s)
	sent, dead, waits, stays := jobs[0], jobs[1], jobs[2], jobs[3]
	if err := s.Sent(t.Context(), sent.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.GiveUp(t.Context(), dead.ID, lease, "refused"); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids[1:3] {
		if err := s.Delete(t.Context(), id, "asked for", staff("erased")); err != nil {
			t.Fatal(err)
		}
	}
	for _, j := range []Job{sent, dead} {
		if err := s.RetryNow(t.Context(), j.ID); !errors.Is(err, ErrDamaged) {
			t.Errorf("a receipt without its address: %v", err)
		}
		if got, _ := stateOf(t, s, j.ID); got.Sealed != nil {
			t.Error("the address is still there")
		}
	}
	if err := s.Sent(t.Context(), waits.ID); err != nil { // by a worker that was about to send it
		t.Error(err)
	}
	if got, _ := stateOf(t, s, stays.ID); !bytes.Equal(got.Sealed, mark(3)) {
		t.Errorf("the one that waits: %+v", got)
	}
	counted(t, s, 1, 1, 1)
	if err := s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(cfg.Path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		if got, want := bytes.Contains(b, mark(i)), i == 3; got != want {
			t.Errorf("address %d is in the database: %v, want %v", i, got, want)
		}
	}
}
