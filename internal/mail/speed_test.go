package mail

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/emersion/go-smtp"

	"sealform/internal/demo/ca"
)

// forgetful takes every message and keeps none: what is measured is the sending.
type forgetful struct{}

func (forgetful) NewSession(*smtp.Conn) (smtp.Session, error) { return forgetful{}, nil }
func (forgetful) Mail(string, *smtp.MailOptions) error        { return nil }
func (forgetful) Rcpt(string, *smtp.RcptOptions) error        { return nil }
func (forgetful) Reset()                                      {}
func (forgetful) Logout() error                               { return nil }

func (forgetful) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	return err
}

func sink(b *testing.B, ca *ca.CA) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := smtp.NewServer(forgetful{})
	server.Domain = "localhost"
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{ca.Server}, MinVersion: tls.VersionTLS12}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	b.Cleanup(func() {
		if err := errors.Join(server.Close(), <-done); err != nil {
			b.Error(err)
		}
	})
	return l.Addr().String()
}

// BenchmarkSend hands messages of 2 KB to a relay in the same process, one after the other and several at once.
func BenchmarkSend(b *testing.B) {
	ca := authority(b)
	m := letter(b, 2048)
	key, err := rsaKey()
	if err != nil {
		b.Fatal(err)
	}
	for name, change := range map[string]func(*RelayConfig){
		"plain": nil,
		"dkim":  func(c *RelayConfig) { c.DKIM = &DKIM{"clinic.example", "2026", key} },
	} {
		addr := sink(b, ca)
		b.Run(name, func(b *testing.B) {
			r := relay(b, addr, ca, change)
			b.ReportAllocs()
			for b.Loop() {
				if err := r.Send(b.Context(), m); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"-at-once", func(b *testing.B) {
			r := relay(b, addr, ca, change)
			b.SetParallelism(2)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := r.Send(b.Context(), m); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

func BenchmarkWriteTo(b *testing.B) {
	m := letter(b, 2048)
	var out bytes.Buffer
	b.ReportAllocs()
	for b.Loop() {
		out.Reset()
		if _, err := m.WriteTo(&out); err != nil {
			b.Fatal(err)
		}
	}
}
