package main

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"sealform/forms/record"
	"sealform/internal/mail"
	"sealform/internal/outbox"
	"sealform/internal/store"
	"sealform/keys"
)

// mail prints how many messages of 2 KB a second are sealed, kept and handed to a mail server in another process; what a
// row of the outbox costs inside the commit; and how the memory grows by mailing 20 MB.
func (b *bench) mail(ctx context.Context) error {
	h, err := buildClinic(filepath.Join(b.dir, "mail"))
	if err != nil {
		return err
	}
	s, err := b.sink(ctx, h)
	if err != nil {
		return err
	}
	defer s.stop()
	for range b.runs {
		if err := b.mailed(ctx, h, s); err != nil {
			return err
		}
	}
	if err := b.enqueued(ctx, h); err != nil {
		return err
	}
	return b.attachment(ctx, h, s)
}

// post office of the measurement: a store and what seals for it.
type postal struct {
	*store.Store
	to *keys.Recipients
	by *keys.Signer
}

func (b *bench) postal(ctx context.Context, h *clinic, name string) (*postal, error) {
	dir := filepath.Join(h.dir, name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return h.postal(ctx, store.Config{
		Path: filepath.Join(dir, "sealform.db"), HeadFile: filepath.Join(dir, "audit.head"), Service: service,
		LeafKey: make([]byte, 32), AuditKey: make([]byte, 32), Now: time.Now, MinFree: 1,
	})
}

func (h *clinic) postal(ctx context.Context, c store.Config) (*postal, error) {
	st, err := store.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	cert, err := keys.ParseCertificate(h.locked.Certificate(), time.Now())
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	to, err := keys.NewRecipients(cert)
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	by, _, err := keys.NewSigner(service, time.Now())
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return &postal{st, to, by}, nil
}

// submission is one of a mailed form, its mail of 2 KB sealed when it is put.
func (p *postal) submission(mailed bool, hooks ...string) (*record.Submission, error) {
	var drawn [24]byte
	_, _ = rand.Read(drawn[:]) // never fails
	ref, err := record.NewReference(rand.Reader)
	if err != nil {
		return nil, err
	}
	s := &record.Submission{
		ID: int64(binary.BigEndian.Uint64(drawn[:]) >> 1), Form: "both", Reference: ref, Received: time.Now(), Token: [16]byte(drawn[8:]), Webhooks: hooks,
	}
	if !mailed {
		s.Stored = true
		s.Answers, err = p.to.Seal(keys.NewPlaintext(make([]byte, 2048)), p.by, time.Now())
		return s, err
	}
	body, err := p.to.SealStream(p.by, time.Now(), func(w io.Writer) error {
		_, err := w.Write(make([]byte, 2048))
		return err
	})
	s.Mails = []record.Mail{{To: "desk@bench.example", MessageID: fmt.Sprintf("%x@bench.example", drawn[:16]), Body: body}}
	return s, err
}

// mailed seals and puts with several hands while the outbox sends, and counts until the sink has all.
func (b *bench) mailed(ctx context.Context, h *clinic, s *sink) error {
	p, err := b.postal(ctx, h, "mailed")
	if err != nil {
		return err
	}
	defer p.Close()
	defer os.RemoveAll(filepath.Join(h.dir, "mailed"))
	roots := x509.NewCertPool()
	ca, err := os.ReadFile(filepath.Join(h.dir, "tls", "ca.pem")) // #nosec G304 -- made by us
	if err != nil || !roots.AppendCertsFromPEM(ca) {
		return fmt.Errorf("reading the authority: %w", err)
	}
	relay, err := mail.NewRelay(mail.RelayConfig{Address: s.address, Mode: mail.StartTLS, Roots: roots})
	if err != nil {
		return err
	}
	defer relay.Close()
	box := outbox.New(outbox.Config{Store: p.Store, Carriers: outbox.Carriers{Send: relay.Send}, Messages: outbox.Messages{From: "forms@bench.example"}})
	running, stop := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() { box.Run(running) })
	defer func() { stop(); done.Wait() }()

	n := int64(b.length.Seconds() * 600)
	before, began := s.taken.Load(), time.Now()
	if err := p.fill(ctx, n, box.Nudge); err != nil {
		return err
	}
	kept := time.Since(began)
	if err := s.await(before + n); err != nil {
		return err
	}
	fmt.Printf("mail    2KB sealed, kept and handed over: %.0f/s (%d messages; all kept after %.1fs)\n", float64(n)/time.Since(began).Seconds(), n, kept.Seconds())
	return nil
}

// fill puts n mailed submissions with eight hands.
func (p *postal) fill(ctx context.Context, n int64, each func()) error {
	var left atomic.Int64
	left.Store(n)
	failed := make(chan error, 8)
	for range 8 {
		go func() {
			for left.Add(-1) >= 0 {
				s, err := p.submission(true)
				if err == nil {
					_, err = p.Put(ctx, s)
				}
				if err != nil {
					failed <- err
					return
				}
				each()
			}
			failed <- nil
		}()
	}
	var err error
	for range 8 {
		err = errors.Join(err, <-failed)
	}
	return err
}

// enqueued compares commits with and without rows of the outbox, by CPU time, turn by turn: one row and eight.
func (b *bench) enqueued(ctx context.Context, h *clinic) error {
	p, err := b.postal(ctx, h, "enqueued")
	if err != nil {
		return err
	}
	defer p.Close()
	const each = 400
	for _, rows := range []int{1, 8} {
		var hooks []string
		for i := range rows {
			hooks = append(hooks, "hook-"+strconv.Itoa(i))
		}
		var costs []float64
		for range 2*b.runs + 1 {
			without, err := p.cost(ctx, each)
			if err != nil {
				return err
			}
			with, err := p.cost(ctx, each, hooks...)
			if err != nil {
				return err
			}
			costs = append(costs, float64((with-without).Microseconds())/float64(each*rows))
		}
		fmt.Printf("mail    a row of the outbox inside the commit, %d in each: %.1fµs CPU\n", rows, median(costs))
	}
	return nil
}

// cost is the CPU time of this process for so many commits, sealing left out.
func (p *postal) cost(ctx context.Context, n int, hooks ...string) (time.Duration, error) {
	all := make([]*record.Submission, n)
	for i := range all {
		var err error
		if all[i], err = p.submission(false, hooks...); err != nil {
			return 0, err
		}
	}
	runtime.GC()
	before := ownCPU()
	for _, s := range all {
		if _, err := p.Put(ctx, s); err != nil {
			return 0, err
		}
	}
	return ownCPU() - before, nil
}

// attachment posts 20 MB to a form that is mailed only and watches the service's memory until the sink has it.
func (b *bench) attachment(ctx context.Context, h *clinic, s *sink) error {
	if err := h.mailTo(s.address); err != nil {
		return err
	}
	p, err := b.serve(ctx, h, "deliver")
	if err != nil {
		return err
	}
	defer p.stop()
	if _, err := b.load(ctx, append(h.loadArgs(p.url, "both"), "-c", "4", "-d", "2s", "-rate", "100")...); err != nil {
		return err
	}
	time.Sleep(2 * time.Second) // what the load left is on its way
	tokens, err := mint(filepath.Join(h.dir, "secrets"), service, "scans", h.revisions["scans"], 3)
	if err != nil {
		return err
	}
	var grown []float64
	for _, token := range tokens {
		before, had := p.rss(), s.taken.Load()
		highest := make(chan float64, 1)
		stop := make(chan struct{})
		go func() { highest <- p.highest(stop) }()
		if err := post(ctx, p.url+"/f/scans", token, 20e6); err != nil {
			return err
		}
		err := s.await(had + 1)
		close(stop)
		grown = append(grown, <-highest-before)
		if err != nil {
			return err
		}
	}
	fmt.Printf("mail    20MB attachment posted, sealed and handed over: rss_growth=%.1fMiB (of %.1fMiB; runs %s)\n", median(grown), p.rss(), strings.Trim(fmt.Sprintf("%.1f", grown), "[]"))
	return nil
}

// mailTo adds a form that mails files, and names the relay.
func (h *clinic) mailTo(relay string) error {
	if err := h.form("scans", "{mail: {to: [desk@bench.example]}}"); err != nil {
		return err
	}
	path := filepath.Join(h.dir, "sealform.yaml")
	src, err := os.ReadFile(path) // #nosec G304 -- made by us
	if err != nil {
		return err
	}
	src = []byte(strings.Replace(string(src), `relay: "localhost:9"`, fmt.Sprintf("relay: %q, ca: tls/ca.pem", relay), 1))
	return os.WriteFile(path, src, 0o600) // #nosec G703 -- made by us
}
