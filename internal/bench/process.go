package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a server under measurement.
type process struct {
	cmd *exec.Cmd
	url string
}

// start runs a server; ready must tell from its output that it answers.
func start(ctx context.Context, output func(*exec.Cmd) (io.Reader, error), ready func(line string) bool, name string, args ...string) (*process, error) {
	cmd := exec.CommandContext(ctx, name, args...) // #nosec G204 -- our own binaries
	r, err := output(cmd)
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", name, err)
	}
	var said []string
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if ready(lines.Text()) {
			go func() { _, _ = io.Copy(io.Discard, r) }()
			return &process{cmd: cmd}, nil
		}
		said = append(said, lines.Text())
	}
	return nil, fmt.Errorf("%s ended before it was ready: %w\n%s", name, cmd.Wait(), strings.Join(said, "\n"))
}

func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	_ = p.cmd.Wait()
}

// cpu is the processor time that the process has used; Linux counts it in hundredths of a second.
func (p *process) cpu() time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	check(err)
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	var ticks int64
	for _, s := range f[11:13] {
		n, err := strconv.ParseInt(s, 10, 64)
		check(err)
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// rss is the process's resident memory in MiB.
func (p *process) rss() float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	check(err)
	n, err := strconv.ParseInt(strings.Fields(string(b))[1], 10, 64)
	check(err)
	return float64(n) * float64(os.Getpagesize()) / (1 << 20)
}

// highest is the most that rss gives until done.
func (p *process) highest(done <-chan struct{}) float64 {
	most := p.rss()
	for {
		select {
		case <-done:
			return max(most, p.rss())
		case <-time.After(5 * time.Millisecond):
			most = max(most, p.rss())
		}
	}
}

// ownCPU is the processor time of this process.
func ownCPU() time.Duration {
	var u syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// result is what the load saw.
type result struct {
	N, Bad        int
	PerSecond     float64
	P50, P99, Max float64 // ms
}

// load runs the load process against a server.
func (b *bench) load(ctx context.Context, args ...string) (result, error) {
	cmd := exec.CommandContext(ctx, b.self, append([]string{"load"}, args...)...) // #nosec G204 -- this program
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return result{}, fmt.Errorf("running the load: %w", err)
	}
	var r result
	if err := json.Unmarshal(out, &r); err != nil {
		return r, fmt.Errorf("reading the load's result: %w", err)
	}
	if r.Bad > 0 {
		return r, fmt.Errorf("%d of %d requests failed", r.Bad, r.N)
	}
	return r, nil
}
