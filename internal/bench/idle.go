package main

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"time"
)

// idle prints how long `serve` takes from the start of the process to its first answer, on data that exists, and what
// memory it holds then with nobody signed in.
func (b *bench) idle(ctx context.Context) error {
	h, err := buildClinic(filepath.Join(b.dir, "idle"))
	if err != nil {
		return err
	}
	first, err := b.serve(ctx, h)
	if err != nil {
		return err
	}
	if _, err := b.load(ctx, append(h.loadArgs(first.url, "kept"), "-c", "4", "-d", "2s")...); err != nil {
		return err
	}
	first.stop()
	var starts, rsss []float64
	for range max(b.runs, 5) {
		t := time.Now()
		p, err := b.serve(ctx, h)
		if err != nil {
			return err
		}
		if err := answers(ctx, p.url+"/livez"); err != nil {
			return err
		}
		starts = append(starts, time.Since(t).Seconds()*1e3)
		time.Sleep(2 * time.Second)
		rsss = append(rsss, p.rss())
		p.stop()
	}
	fmt.Printf("idle    start=%.0fms rss=%.1fMiB\n", median(starts), median(rsss))
	return nil
}

func answers(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := client(1).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %d", url, resp.StatusCode)
	}
	return nil
}
