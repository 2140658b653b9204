//go:build unix

package keys_test

import (
	"syscall"
	"testing"
	"time"

	"sealform/keys/private/privatetest"
)

// BenchmarkBulkBeside seals by turns with our data writer and with the library's, both
// signed, and reports how many times as much CPU time the library takes. Unlike two
// separate benchmarks it can be trusted on a busy machine.
func BenchmarkBulkBeside(b *testing.B) {
	dana := privatetest.Key(b, "Dana <dana@clinic.example>", "password")
	to := privatetest.Recipients(b, dana)
	signer, _ := privatetest.Signer(b)
	params := libraryParams(b, dana.Certificate(), true)
	body := random(b, bulk)
	var ours, theirs time.Duration
	rounds := 0
	for b.Loop() {
		start := cpu(b)
		sealBulk(b, to, signer, body)
		middle := cpu(b)
		params.seal(b, body)
		ours, theirs = ours+middle-start, theirs+cpu(b)-middle
		rounds++
	}
	mib := float64(rounds) * bulk / (1 << 20)
	b.ReportMetric(mib/ours.Seconds(), "ours-MiB/s")
	b.ReportMetric(mib/theirs.Seconds(), "library-MiB/s")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "ratio")
}

// cpu is the processor time this process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
