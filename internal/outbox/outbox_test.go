package outbox

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"sealform/internal/event"
	"sealform/internal/mail"
)

func TestSendsAndForgets(t *testing.T) {
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	to := newSink(nil)
	o, stop := run(t, Config{Store: s, Now: c.now, Carriers: Carriers{Send: to.send}})
	id := put(t, s, c, 700_000) // several chunks
	o.Nudge()
	to.wait(t, 1)
	idle(t, s, 0)
	stop()
	if _, taken := to.got(); !slices.Equal(taken, []string{id}) {
		t.Errorf("sent %v, want %s", taken, id)
	}
}

func TestPollsWithoutNudge(t *testing.T) {
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	to := newSink(nil)
	_, stop := run(t, Config{Store: s, Now: c.now, Carriers: Carriers{Send: to.send}, Limits: Limits{Poll: 20 * time.Millisecond}})
	put(t, s, c, 10)
	to.wait(t, 1)
	idle(t, s, 0)
	stop()
}

// covers R09: whatever the relay says, the job waits its turn, keeps its Message-ID, and goes out in the end.
func TestNeverGivesUp(t *testing.T) {
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	codes := []mail.Code{
		mail.Refused, "temporary_451", mail.BadCertificate, "permanent_550", mail.TooLarge, mail.Timeout, mail.CutAfterData,
	}
	to := newSink(func(n int) error {
		if n < len(codes) {
			return &mail.Error{Code: codes[n], Step: "test"}
		}
		return nil
	})
	ended := make(ends, 100)
	o, stop := run(t, Config{Store: s, Now: c.now, Events: event.New(ended), Carriers: Carriers{Send: to.send}})
	id := put(t, s, c, 10)
	minutes := []int{1, 5, 15, 30, 60, 60, 60}
	o.Nudge()
	for i, code := range codes {
		ended.want(t, i+1, code)
		c.add(time.Duration(minutes[i]*48)*time.Second - time.Second) // four fifths: no jitter makes it due before this
		o.Nudge()
		time.Sleep(30 * time.Millisecond)
		if tried, _ := to.got(); len(tried) != i+1 {
			t.Fatalf("tried again after %d attempts, too early", i+1)
		}
		c.add(time.Duration(minutes[i]*24)*time.Second + 2*time.Second) // six fifths: none makes it due later than this
		o.Nudge()
	}
	ended.want(t, len(codes)+1, "ok")
	idle(t, s, 0)
	stop()
	tried, taken := to.got()
	for _, m := range tried {
		if m != id {
			t.Errorf("message id %s became %s", id, m)
		}
	}
	if !slices.Equal(taken, []string{id}) {
		t.Errorf("taken %v", taken)
	}
}

// covers R10
func TestLeaseOfADeadProcessRunsOut(t *testing.T) {
	c := newClock()
	dir := t.TempDir()
	s := openStore(t, dir, c)
	id := put(t, s, c, 10)
	if jobs, err := s.Claim(t.Context(), one, 1, c.now().Add(20*time.Minute)); err != nil || len(jobs) != 1 {
		t.Fatal(jobs, err)
	}
	closeStore(t, s) // whoever claimed it is gone
	s = openStore(t, dir, c)
	defer closeStore(t, s)
	to := newSink(nil)
	o, stop := run(t, Config{Store: s, Now: c.now, Carriers: Carriers{Send: to.send}})
	o.Nudge()
	time.Sleep(50 * time.Millisecond)
	if tried, _ := to.got(); len(tried) > 0 {
		t.Error("a leased job was sent by a second process")
	}
	c.add(21 * time.Minute)
	o.Nudge()
	to.wait(t, 1)
	idle(t, s, 0)
	stop()
	if _, taken := to.got(); !slices.Equal(taken, []string{id}) {
		t.Errorf("taken %v, want %s", taken, id)
	}
}

// The clock passes many leases while one attempt is under way; another process looks all the time and gets nothing.
// covers R10
func TestALongAttemptKeepsItsLease(t *testing.T) {
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	put(t, s, c, 10)
	began, finish := make(chan struct{}), make(chan struct{})
	o, stop := run(t, Config{Store: s, Now: c.now, Carriers: Carriers{Send: func(context.Context, *mail.Message) error {
		close(began)
		<-finish
		return nil
	}}, Limits: Limits{Lease: 90 * time.Millisecond}})
	o.Nudge()
	<-began
	for range 8 {
		time.Sleep(60 * time.Millisecond) // two renewals of the lease by the machine's clock
		if jobs, err := s.Claim(t.Context(), one, 1, c.now().Add(time.Minute)); err != nil || len(jobs) > 0 {
			t.Fatalf("a job under way was given to another: %v, %v", jobs, err)
		}
		c.add(50 * time.Millisecond)
	}
	close(finish)
	idle(t, s, 0)
	stop()
}

func TestStoppingGivesAnAttemptTimeAndThenCutsIt(t *testing.T) {
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	began := make(chan struct{})
	o, stop := run(t, Config{Store: s, Now: c.now, Carriers: Carriers{Send: func(ctx context.Context, _ *mail.Message) error {
		close(began)
		<-ctx.Done()
		if !errors.Is(ctx.Err(), context.Canceled) {
			t.Errorf("ended by %v", ctx.Err())
		}
		return &mail.Error{Code: mail.Stopped, Step: "data"}
	}}, Limits: Limits{Grace: 50 * time.Millisecond}})
	put(t, s, c, 10)
	o.Nudge()
	<-began
	stop()
	jobs, err := s.Claim(t.Context(), one, 1, c.now().Add(time.Minute))
	if err != nil || len(jobs) != 1 || jobs[0].LastError != string(mail.Stopped) {
		t.Errorf("the job is not due at once: %+v, %v", jobs, err)
	}
}

func TestStoppingLetsAnAttemptFinish(t *testing.T) {
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	began, finish := make(chan struct{}), make(chan struct{})
	o, stop := run(t, Config{Store: s, Now: c.now, Carriers: Carriers{Send: func(context.Context, *mail.Message) error {
		close(began)
		<-finish
		return nil
	}}})
	put(t, s, c, 10)
	o.Nudge()
	<-began
	time.AfterFunc(50*time.Millisecond, func() { close(finish) })
	stop()
	idle(t, s, 0)
}

func TestSeveralAtOnceEachOnce(t *testing.T) {
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	var want []string
	for range 60 {
		want = append(want, put(t, s, c, 10))
	}
	to := newSink(nil)
	_, stop1 := run(t, Config{Store: s, Now: c.now, Carriers: Carriers{Send: to.send}})
	_, stop2 := run(t, Config{Store: s, Now: c.now, Carriers: Carriers{Send: to.send}}) // as a second process would
	to.wait(t, len(want))
	idle(t, s, 0)
	stop1()
	stop2()
	_, taken := to.got()
	slices.Sort(taken)
	slices.Sort(want)
	if !slices.Equal(taken, want) {
		t.Errorf("%d sent, want %d", len(taken), len(want))
	}
}

func TestDelays(t *testing.T) {
	for before, want := range []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, time.Hour, time.Hour} {
		differ := map[time.Duration]bool{}
		for range 200 {
			d := delay(before)
			if d < want*8/10 || d > want*12/10 {
				t.Fatalf("after %d: %v", before, d)
			}
			differ[d] = true
		}
		if len(differ) < 100 {
			t.Errorf("after %d: only %d different delays", before, len(differ))
		}
	}
}

// Mail that does not get out is told of while the queue is busy too, not only when it rests.
func TestABusyQueueWarns(t *testing.T) {
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	put(t, s, c, 10)
	c.add(2 * time.Hour)
	warned, began := make(troubles, 10), make(chan struct{})
	_, stop := run(t, Config{Store: s, Now: c.now, Events: event.New(warned), Carriers: Carriers{Send: func(ctx context.Context, _ *mail.Message) error {
		close(began)
		<-ctx.Done()
		return &mail.Error{Code: mail.Stopped, Step: "data"}
	}}, Limits: Limits{Workers: 1, Grace: time.Millisecond}})
	<-began
	select {
	case code := <-warned:
		if code != "waiting_over_an_hour" {
			t.Errorf("told %q", code)
		}
	case <-time.After(20 * time.Second):
		t.Error("nothing was told")
	}
	stop()
}

// An attempt that outlived its lease does not free the job that another process has since.
// covers R10
func TestLateAttemptLeavesTheJobToItsHolder(t *testing.T) {
	c := newClock()
	s := openStore(t, t.TempDir(), c)
	defer closeStore(t, s)
	put(t, s, c, 10)
	began, finish := make(chan struct{}), make(chan struct{})
	o, stop := run(t, Config{Store: s, Now: c.now, Carriers: Carriers{Send: func(context.Context, *mail.Message) error {
		close(began)
		<-finish
		return &mail.Error{Code: mail.Refused, Step: "data"}
	}}, Limits: Limits{Lease: time.Hour}})
	o.Nudge()
	<-began
	c.add(2 * time.Hour)                                                   // as if the machine had slept
	jobs, err := s.Claim(t.Context(), one, 1, c.now().Add(20*time.Minute)) // no longer than a lease can be meant
	if err != nil || len(jobs) != 1 {
		t.Fatal(jobs, err)
	}
	close(finish)
	stop()
	c.add(10 * time.Minute) // any retry is due by now
	if again, err := s.Claim(t.Context(), one, 1, c.now().Add(time.Minute)); err != nil || len(again) > 0 {
		t.Errorf("the job was taken from its holder: %v, %v", again, err)
	}
}
