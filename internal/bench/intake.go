package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
)

// figure is one run of one server.
type figure struct {
	result
	cpu float64 // µs of the server's processor time a request
}

// intake prints the product against the floor at three concurrencies, store only, then the product with mail beside.
func (b *bench) intake(ctx context.Context) error {
	h, err := buildClinic(filepath.Join(b.dir, "intake"))
	if err != nil {
		return err
	}
	product, err := b.serve(ctx, h)
	if err != nil {
		return err
	}
	defer product.stop()
	floor, err := b.floor(ctx, filepath.Join(b.dir, "floor"))
	if err != nil {
		return err
	}
	defer floor.stop()
	for _, form := range []string{"kept", "both"} {
		for _, c := range []int{1, 8, 32} {
			if err := b.pair(ctx, h, product, floor, form, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// pair runs product and floor in turn and prints the medians; the ratio is the median of the pairs' own ratios.
func (b *bench) pair(ctx context.Context, h *clinic, product, floor *process, form string, c int) error {
	var ps, fs []figure
	var ratios []float64
	for range b.runs {
		p, err := b.one(ctx, product, c, h.loadArgs(product.url, form)...)
		if err != nil {
			return err
		}
		f, err := b.one(ctx, floor, c, "-url", floor.url)
		if err != nil {
			return err
		}
		ps, fs, ratios = append(ps, p), append(fs, f), append(ratios, p.PerSecond/f.PerSecond)
	}
	name := "intake"
	if form == "both" {
		name = "intake+mail"
	}
	mid := func(all []figure, of func(figure) float64) float64 {
		var v []float64
		for _, f := range all {
			v = append(v, of(f))
		}
		return median(v)
	}
	rate := func(f figure) float64 { return f.PerSecond }
	cpu := func(f figure) float64 { return f.cpu }
	p99 := func(f figure) float64 { return f.P99 }
	fmt.Printf("%s c=%d product=%.0f/s floor=%.0f/s ratio=%.2f cpu=%.0fµs floor_cpu=%.0fµs p99=%.1fms floor_p99=%.1fms\n",
		name, c, mid(ps, rate), mid(fs, rate), median(ratios), mid(ps, cpu), mid(fs, cpu), mid(ps, p99), mid(fs, p99))
	return nil
}

func (b *bench) one(ctx context.Context, p *process, c int, args ...string) (figure, error) {
	before := p.cpu()
	r, err := b.load(ctx, append(args, "-c", strconv.Itoa(c), "-d", b.length.String())...)
	if err != nil {
		return figure{}, err
	}
	return figure{r, float64((p.cpu() - before).Microseconds()) / float64(r.N)}, nil
}
