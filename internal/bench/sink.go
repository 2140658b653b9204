package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/emersion/go-smtp"
)

// runSink is a mail server of its own process that takes everything and keeps nothing. It prints its address, and then, once
// a tenth of a second, how many messages it has.
func runSink(args []string) error {
	set := flag.NewFlagSet("sink", flag.ExitOnError)
	cert := set.String("cert", "", "certificate")
	key := set.String("key", "", "its key")
	if err := set.Parse(args); err != nil {
		return err
	}
	pair, err := tls.LoadX509KeyPair(*cert, *key)
	if err != nil {
		return fmt.Errorf("reading the sink's certificate: %w", err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // lives as long as the process
	if err != nil {
		return fmt.Errorf("opening the sink: %w", err)
	}
	var taken atomic.Int64
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &swallow{&taken}, nil }))
	s.Domain = "localhost"
	s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	s.MaxMessageBytes = 200 << 20
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	fmt.Println("localhost:" + port)
	go func() {
		for range time.Tick(100 * time.Millisecond) {
			if _, err := fmt.Println(taken.Load()); err != nil {
				os.Exit(0) // nobody reads any more
			}
		}
	}()
	if err := s.Serve(ln); !errors.Is(err, smtp.ErrServerClosed) {
		return fmt.Errorf("the sink: %w", err)
	}
	return nil
}

// swallow is one conversation of the sink.
type swallow struct{ taken *atomic.Int64 }

func (*swallow) Reset()                               {}
func (*swallow) Logout() error                        { return nil }
func (*swallow) Mail(string, *smtp.MailOptions) error { return nil }
func (*swallow) Rcpt(string, *smtp.RcptOptions) error { return nil }

func (s *swallow) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	s.taken.Add(1)
	return err
}

// sink is the other process, and how many messages it has taken.
type sink struct {
	*process
	address string
	taken   atomic.Int64
}

func (b *bench) sink(ctx context.Context, h *clinic) (*sink, error) {
	s := &sink{}
	cmd := exec.CommandContext(ctx, b.self, "sink", "-cert", filepath.Join(h.dir, "tls", "server.pem"), "-key", filepath.Join(h.dir, "tls", "server.key")) // #nosec G204 -- this program
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the sink: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the sink: %w", err)
	}
	s.process = &process{cmd: cmd}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		return nil, errors.New("the sink ended before it was ready")
	}
	s.address = lines.Text()
	go func() {
		for lines.Scan() {
			if n, err := strconv.ParseInt(lines.Text(), 10, 64); err == nil {
				s.taken.Store(n)
			}
		}
	}()
	return s, nil
}

// await waits until the sink has that many messages.
func (s *sink) await(n int64) error {
	for range 12_000 {
		if s.taken.Load() >= n {
			return nil
		}
		time.Sleep(5 * time.Millisecond)
	}
	return fmt.Errorf("the sink has %d messages of %d after a minute", s.taken.Load(), n)
}
