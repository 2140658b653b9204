package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"path/filepath"
	"strings"
	"time"
)

// upload prints the rate of one large upload, how much the server's memory grows by it, and how long small submissions
// take meanwhile.
func (b *bench) upload(ctx context.Context) error {
	h, err := buildClinic(filepath.Join(b.dir, "upload"))
	if err != nil {
		return err
	}
	p, err := b.serve(ctx, h)
	if err != nil {
		return err
	}
	defer p.stop()
	if _, err := b.load(ctx, append(h.loadArgs(p.url, "kept"), "-c", "4", "-d", "2s", "-rate", "200")...); err != nil {
		return err
	}
	tokens, err := mint(filepath.Join(h.dir, "secrets"), service, "files", h.revisions["files"], 16)
	if err != nil {
		return err
	}
	for i, mib := range []int64{25, 100} {
		alone, rss, err := measureUpload(ctx, p, tokens[2*i], mib)
		if err != nil {
			return err
		}
		small := make(chan result, 1)
		failed := make(chan error, 1)
		go func() {
			r, err := b.load(ctx, append(h.loadArgs(p.url, "kept"), "-c", "4", "-d", "3s", "-rate", "200")...)
			small <- r
			failed <- err
		}()
		time.Sleep(700 * time.Millisecond) // the load is minting and shaking hands
		beside, _, err := measureUpload(ctx, p, tokens[2*i+1], mib)
		if err != nil {
			return err
		}
		r := <-small
		if err := <-failed; err != nil {
			return err
		}
		fmt.Printf("upload  %dMiB rate=%.0fMiB/s rss_growth=%.1fMiB beside_200/s: rate=%.0fMiB/s small_p50=%.1fms small_p99=%.1fms small_max=%.1fms\n",
			mib, alone, rss, beside, r.P50, r.P99, r.Max)
	}
	return nil
}

// measureUpload posts one file and gives MiB a second and the growth of the server's memory at its highest.
func measureUpload(ctx context.Context, p *process, token string, mib int64) (rate, growth float64, err error) {
	before := p.rss()
	done := make(chan struct{})
	peak := make(chan float64, 1)
	go func() { peak <- p.highest(done) }()
	t := time.Now()
	err = post(ctx, p.url+"/f/files", token, mib<<20)
	took := time.Since(t).Seconds()
	close(done)
	return float64(mib) / took, <-peak - before, err
}

// post sends the form as a browser does, the file made up while it is sent.
func post(ctx context.Context, url, token string, size int64) error {
	r, w := io.Pipe()
	m := multipart.NewWriter(w)
	go func() { _ = w.CloseWithError(writeForm(m, token, size)) }()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, r)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", m.FormDataContentType())
	resp, err := client(1).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusSeeOther {
		return fmt.Errorf("an upload of %d bytes was answered %d", size, resp.StatusCode)
	}
	return nil
}

func writeForm(m *multipart.Writer, token string, size int64) error {
	if err := m.WriteField("_token", token); err != nil {
		return err
	}
	for _, f := range fields {
		v := strings.Repeat("lorem ipsum ", 3)
		switch f {
		case "email":
			v = "maria.alvarez@patients.example"
		case "phone":
			v = "+1 555 010 0142"
		}
		if err := m.WriteField(f, v); err != nil {
			return err
		}
	}
	part, err := m.CreateFormFile("scan", "scan.pdf")
	if err != nil {
		return err
	}
	block := make([]byte, 64<<10)
	if _, err := rand.Read(block); err != nil {
		return err
	}
	if _, err := io.CopyN(part, &endless{block: block}, size); err != nil {
		return err
	}
	return m.Close()
}

// endless repeats a block; drawing 100 MiB at random would measure the drawing.
type endless struct {
	block []byte
	rest  bytes.Reader
}

func (e *endless) Read(p []byte) (int, error) {
	if e.rest.Len() == 0 {
		e.rest.Reset(e.block)
	}
	return e.rest.Read(p)
}
