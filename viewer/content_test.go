package viewer

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// payloads are what visitors of the bad kind type. Each carries the word zzz, by which it is found.
var payloads = []string{
	`<script>zzz()</script>`, `</script><script>zzz()</script>`, `<img src=x onerror=zzz()>`, `"><svg onload=zzz()>`,
	`'><iframe src=javascript:zzz()>`, `<a href="javascript:zzz()">x</a>`, `{{.zzz}}`, `{{printf "%s" .zzz}}`, `${zzz}`, `<%= zzz %>`,
	`<style>@import 'zzz'</style>`, `<link rel=stylesheet href=//zzz>`, `<base href=//zzz>`, `<meta http-equiv=refresh content="0;url=//zzz">`,
	`<form action=//zzz><input name=x></form>`, `<math><mtext></form><form><mglyph><style></math><img src onerror=zzz()>`,
	`<!--<img src="--><img src=x onerror=zzz()>`, `<![CDATA[<script>zzz()</script>]]>`, `<noscript><p title="</noscript><img src=x onerror=zzz()>">`,
	`<template><script>zzz()</script></template>`, `<details open ontoggle=zzz()>`, `<input autofocus onfocus=zzz()>`, `<video><source onerror=zzz()>`,
	`<object data=//zzz>`, `<embed src=//zzz>`, `&lt;script&gt;zzz()&lt;/script&gt;`, `&#60;script&#62;zzz()`, `\x3cscript\x3ezzz()`,
	`</title><script>zzz()</script>`, `</textarea><script>zzz()</script>`, `</dd></dl><script>zzz()</script>`, "`-zzz()-`", `'-zzz()-'`, `"-zzz()-"`,
	`" autofocus onfocus="zzz()`, `' onmouseover='zzz()`, `x" style="zzz`, `+ADw-script+AD4-zzz()`, `<ſcript>zzz()</ſcript>`, "<scr\x00ipt>zzz()</script>",
	"java\nscript:zzz()", `data:text/html,<script>zzz()</script>`, `//zzz`, `<x zzz>`, `</zzz>`, `<zzz`, `zzz<`, `<svg><a xlink:href=javascript:zzz()>`,
	`<slot name=zzz>`, `<dialog open>zzz`, `<button formaction=//zzz>`, `<img srcset=//zzz>`, `<portal src=//zzz>`, `<marquee onstart=zzz()>`,
}

// What a visitor typed comes out as text: no element or attribute of the page is made of it.
// covers WB01, WB17, IN09
func TestPayloadsAreText(t *testing.T) {
	h := newClinic(t)
	b := h.reader("dana")
	plain := shape(t, h, b, "nothing of the kind")
	for _, p := range payloads {
		if got := shape(t, h, b, p); got != plain {
			t.Errorf("%q changes the page:\n%s\n%s", p, got, plain)
		}
	}
}

// shape sends p in every place there is, opens it, and gives the page's elements and attributes. It wants p as text.
func shape(t *testing.T, h *clinic, b *browser, p string) string {
	t.Helper()
	values := [][2]string{{"name", "n " + p}, {"message", "m " + p}, {"extra" + p, p}}
	id, ref := h.send("contact", values)
	at := h.at("contact", id)
	page := b.want(b.get(at), http.StatusOK).body
	visible := strings.NewReplacer("\x00", "U+0000").Replace(strings.Join(strings.Fields(p), " "))
	if w := strings.Join(strings.Fields(words(page)), " "); !strings.Contains(strings.ReplaceAll(w, " U+0000 ", "U+0000"), visible) {
		t.Errorf("%q is not shown as typed:\n%s", p, w)
	}
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.CommentNode {
			t.Errorf("%q made a comment", p)
		}
		if n.Type != html.ElementNode || n.Data == "span" && class(n) == "unseen" {
			continue
		}
		out.WriteString(n.Data)
		for _, a := range n.Attr {
			if strings.Contains(a.Key+a.Val, "zzz") {
				t.Errorf("%q reached <%s %s>", p, n.Data, a.Key)
			}
			if a.Key != "data-seconds" {
				fmt.Fprintf(&out, "[%s=%s]", a.Key, strings.ReplaceAll(strings.ReplaceAll(a.Val, at, "AT"), ref, "REF"))
			}
		}
	}
	return out.String()
}

func class(n *html.Node) string {
	for _, a := range n.Attr {
		if a.Key == "class" {
			return a.Val
		}
	}
	return ""
}

// File names are a visitor's words as well.
// covers WB01, IN11
func TestPayloadsAsFileNames(t *testing.T) {
	h := newClinic(t)
	b := h.reader("dana")
	for _, p := range payloads {
		id, _ := h.send("new-patient", maria, upload{p + ".pdf", "application/pdf", []byte("%PDF-1.4 x")})
		at := h.at("new-patient", id)
		z := html.NewTokenizer(strings.NewReader(b.want(b.get(at), http.StatusOK).body))
		for z.Next() != html.ErrorToken {
			tok := z.Token()
			if tok.Type == html.TextToken {
				continue
			}
			if strings.Contains(tok.String(), "zzz") {
				t.Errorf("%q reached the markup: %s", p, tok)
			}
		}
		d := b.want(b.get(at+"/files/0"), http.StatusOK).Header.Get("Content-Disposition")
		if !strings.HasPrefix(d, "attachment;") || strings.Count(d, `"`) != 2 {
			t.Errorf("%q: %s", p, d)
		}
	}
}

// covers IN09
func TestHiddenCharactersAreMarked(t *testing.T) {
	h := newClinic(t)
	b := h.reader("dana")
	id, _ := h.contact("pay \u202e100\u202c now\u200b \x07 raw \xff\xfe end\u2028x שלום")
	page := b.want(b.get(h.at("contact", id)), http.StatusOK).body
	for _, r := range []string{"\u202e", "\u202c", "\u200b", "\x07", "\xff", "\u2028"} {
		if strings.Contains(page, r) {
			t.Errorf("%+q is on the page as it is", r)
		}
	}
	w := words(page)
	for _, want := range []string{"U+202E", "U+200B", "U+0007", "FF", "Not text", "שלום"} {
		if !strings.Contains(w, want) {
			t.Errorf("%s is not shown:\n%s", want, w)
		}
	}
}

// An earlier revision is shown with the questions it answered.
func TestOlderRevision(t *testing.T) {
	h := newClinic(t)
	id, _ := h.send("new-patient", maria)
	edited := strings.Replace(patientForm, "label: Full name", "label: Your whole name", 1)
	f := parse(t, "new-patient", edited)
	h.forms["new-patient"] = f
	h.close()
	h.open()
	b := h.reader("dana")
	w := words(b.want(b.get(h.at("new-patient", id)), http.StatusOK).body)
	if !strings.Contains(w, "Full name") || strings.Contains(w, "whole name") || !strings.Contains(w, "The form has changed since") {
		t.Errorf("the page of an older revision:\n%s", w)
	}
	h.tamper(`delete from revision`)
	h.close()
	h.open()
	b = h.reader("dana")
	w = words(b.want(b.get(h.at("new-patient", id)), http.StatusUnprocessableEntity).body)
	if !strings.Contains(w, "questions that it answers are not known") || strings.Contains(w, "Maria") {
		t.Errorf("without its questions:\n%s", w)
	}
}
