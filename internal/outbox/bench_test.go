package outbox

import (
	"fmt"
	"testing"
)

// BenchmarkDrain sends sealed messages of 2 KB that wait, over SMTP with TLS to a server in this process; sealing is
// not counted.
func BenchmarkDrain(b *testing.B) {
	for _, workers := range []int{4, 8} {
		b.Run(fmt.Sprint(workers), func(b *testing.B) { drain(b, workers) })
	}
}

func drain(b *testing.B, workers int) {
	c := newClock()
	s := openStore(b, b.TempDir(), c)
	defer closeStore(b, s)
	relay := smtpServer(b, &server{})
	sink := newSink(nil)
	sink.arrived = make(chan struct{}, b.N)
	sink.onward = relay.Send
	for range b.N {
		put(b, s, c, 2000)
	}
	b.ResetTimer()
	_, stop := run(b, Config{Store: s, Now: c.now, Carriers: Carriers{Send: sink.send}, Limits: Limits{Workers: workers}})
	sink.wait(b, b.N)
	idle(b, s, 0)
	b.StopTimer()
	stop()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}
