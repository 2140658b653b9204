package templates

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sealform/internal/colour"
)

func TestAssets(t *testing.T) {
	for name := range byName {
		w := httptest.NewRecorder()
		Assets().ServeHTTP(w, httptest.NewRequest(http.MethodGet, Asset(name), nil))
		if w.Code != http.StatusOK || w.Body.Len() == 0 || w.Header().Get("Cache-Control") != forever || w.Header().Get("Content-Type") == "application/octet-stream" {
			t.Errorf("%s: %d, %v", name, w.Code, w.Header())
		}
		if strings.HasSuffix(name, ".css") && (strings.Contains(w.Body.String(), "url(") || strings.Contains(w.Body.String(), "@import")) {
			t.Errorf("%s loads something", name)
		}
	}
	for _, path := range []string{"/assets/", "/assets/base.css", "/assets/../render.go", "/assets/base.0000000000000000.css"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.Path = path
		Assets().ServeHTTP(w, r)
		if w.Code != http.StatusNotFound || ServeAsset(httptest.NewRecorder(), r) {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestBrandColoursCanBeRead(t *testing.T) {
	for _, accent := range []string{"#0b6e69", "#000000", "#ffffff", "#ffff00", "#ff0000", "#808080", "#00ff88", "#1a237e"} {
		c, ok := colour.Parse(accent)
		if !ok {
			t.Fatal(accent)
		}
		for _, s := range []shades{{colour.White, colour.Black}, {colour.Colour{26, 35, 38}, colour.White}} {
			sheet := s.of(c)
			value := func(name string) colour.Colour {
				_, rest, _ := strings.Cut(sheet, name+": ")
				got, ok := colour.Parse(rest[:7])
				if !ok {
					t.Fatalf("%s in %q", name, sheet)
				}
				return got
			}
			for what, ratio := range map[string]float64{
				"text on the card": colour.Contrast(value("--accent"), s.card), "text on the button": colour.Contrast(value("--accent"), value("--accent-ink")),
				"text on the button under the pointer": colour.Contrast(value("--accent-deep"), value("--accent-ink")), "text on the soft ground": colour.Contrast(value("--accent"), value("--accent-soft")),
			} {
				if ratio < 4.5 {
					t.Errorf("%s on %s: %s %.2f", accent, s.card, what, ratio)
				}
			}
		}
	}
	for _, bad := range []string{"", "red", "#fff", "#12345g", "#0b6e69; } body { display: none", "url(x)"} {
		if b := BrandSheet("/", bad); b.Address != "" {
			t.Errorf("%q: %s", bad, b)
		}
	}
}

// Sealform's own colours, as base.css has them: text 4.5:1, borders and focus 3:1 (WCAG 1.4.3, 1.4.11).
func TestOwnColoursCanBeRead(t *testing.T) {
	light, dark, ok := strings.Cut(string(byName["base.css"].body), "prefers-color-scheme: dark")
	if !ok {
		t.Fatal("no dark colours")
	}
	for scheme, css := range map[string]string{"light": light, "dark": dark} {
		value := func(name string) colour.Colour {
			_, rest, _ := strings.Cut(css, "--"+name+": ")
			c, ok := colour.Parse(rest[:min(7, len(rest))])
			if !ok {
				t.Fatalf("%s: no --%s", scheme, name)
			}
			return c
		}
		for _, x := range []struct {
			front, back string
			least       float64
		}{
			{"ink", "card", 7},
			{"ink", "page", 7},
			{"muted", "card", 4.5},
			{"muted", "page", 4.5},
			{"accent", "card", 4.5},
			{"accent", "page", 4.5},
			{"accent-ink", "accent", 4.5},
			{"accent-ink", "accent-deep", 4.5},
			{"bad", "card", 4.5},
			{"bad", "bad-soft", 4.5},
			{"good", "good-soft", 4.5},
			{"good-ink", "good", 4.5},
			{"ink", "warn-soft", 7},
			{"warn", "card", 3},
			{"line", "card", 3},
			{"line", "page", 3},
			{"focus", "card", 3},
			{"focus", "page", 3},
		} {
			if got := colour.Contrast(value(x.front), value(x.back)); got < x.least {
				t.Errorf("%s: --%s on --%s is %.2f:1, want %.1f", scheme, x.front, x.back, got, x.least)
			}
		}
	}
}
