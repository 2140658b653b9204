package record

import (
	"testing"
	"time"

	"sealform/forms"
	"sealform/forms/file"
	"sealform/keys"
)

// BenchmarkRecord is what arrival costs before sealing: check, text, record, padding.
func BenchmarkRecord(b *testing.B) {
	f, err := file.Parse("bench.yaml", []byte(benchForm))
	if err != nil {
		b.Fatal(err)
	}
	e := &forms.Entry{}
	for _, p := range [][2]string{
		{"full_name", "María Álvarez"},
		{"birth.day", "27"},
		{"birth.month", "3"},
		{"birth.year", "1957"},
		{"phone", "(555) 010-0142"},
		{"email", "maria@example.com"},
		{"reach", "call"},
		{"reason", "My knee hurts since I fell on Monday. It is worse at night."},
		{"medicines", "unsure"},
		{"conditions", "asthma"},
		{"conditions", "heart"},
		{"height", "165"},
		{"privacy", "yes"},
	} {
		e.Pairs = append(e.Pairs, forms.Pair{Name: p[0], Value: []byte(p[1])})
	}
	now := time.Now()
	signer, _, err := keys.NewSigner("service-1", now)
	if err != nil {
		b.Fatal(err)
	}
	p := &Plan{Service: "service-1", ID: 1, Reference: "R7K-4Q2", Received: now, Lang: "en", Path: "page", Recipients: &keys.Recipients{}, Signer: signer}
	b.Run("check", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, r := f.Check(e, now); r != nil {
				b.Fatal(r.Problems)
			}
		}
	})
	a, _ := f.Check(e, now)
	b.Run("entity", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			b.SetBytes(int64(len(contentOf(a).storeEntity(p))))
		}
	})
	b.Run("mac", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			ContentMAC(a, []byte("nonce"))
		}
	})
}

const benchForm = `form: bench
title: New patient form
contact: Call us.
seal: { to: [front-desk] }
deliver: { store: { keep: 90d } }
fields:
  - { id: full_name, type: name, label: Full name, section: About you }
  - { id: birth, type: date, memorable: true, label: Date of birth, before: today }
  - { id: phone, type: phone, label: Phone number }
  - { id: email, type: email, label: Email address, optional: true }
  - { id: reach, type: choice, label: How may we reach you?, options: { call: Phone call, email: Email } }
  - { id: reason, type: longtext, label: What would you like help with?, max: 2000, section: Your health }
  - { id: medicines, type: choice, label: Do you take any medicines?, options: { yes: "Yes", no: "No", unsure: I am not sure } }
  - { id: list, type: longtext, label: Which medicines?, optional: true }
  - { id: conditions, type: choices, label: Any of these?, options: { asthma: Asthma, heart: Heart disease } }
  - { id: height, type: number, label: Height in centimetres, optional: true, min: 30, max: 260 }
  - { id: card, type: file, label: Photo of your insurance card, optional: true }
  - { id: privacy, type: consent, label: I agree, version: 2026-01, section: Consent }
`
