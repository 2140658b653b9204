package viewer

import (
	"context"
	"fmt"
	"hash/maphash"
	"net/netip"
	"sync"
	"time"

	"sealform/internal/limit"
	"sealform/internal/token"
	"sealform/internal/web"
	"sealform/keys"
	"sealform/templates"
)

// How long a session lasts: without use, and in all.
const (
	SessionIdle     = 15 * time.Minute
	SessionAbsolute = 12 * time.Hour
)

// The limits of signing in and of guessing (docs/threat-model.md AU03–AU09).
const (
	codeTime   = 5 * time.Minute // from the password to the code
	codeTries  = 5
	touchEvery = time.Minute

	kdfRunning = 2
	kdfQueue   = 8
	kdfWait    = 5 * time.Second
	shortWait  = 2 * time.Second // a wait up to this is sat out instead of being refused

	alarmAfter = 10 // wrong key passwords in a row
)

// signInGrowth ends at a day, not never: with a guess a day the hundred tries of NIST SP 800-63B-4 §3.2.2 are all there
// is in practice, and a browser that its owner has signed in with before is not held up by it.
var (
	signInGrowth = limit.Growth{First: time.Second, Most: 15 * time.Minute, Last: 100, Final: 24 * time.Hour}
	unlockGrowth = limit.Growth{Free: 4, First: 30 * time.Second, Most: time.Hour}
)

// desk is the code that may act.
type desk struct {
	Config
	forms     map[string]Served // those that are kept
	order     []string          // their ids as configured
	every     []Served          // with those that are only mailed
	paths     *Paths
	pages     *token.Maker // of lists
	jobs      *token.Maker // of deliveries
	peers     web.Peers
	gate      *limit.Gate
	addresses *limit.Buckets[netip.Prefix] // failed sign-ins
	strangers *limit.Waits[[32]byte]       // failed sign-ins for an e-mail (its SHA-256) that has no account
	devices   *limit.Buckets[string]       // failed sign-ins from a browser that signed in before
	codes     *limit.Buckets[[32]byte]     // wrong codes of a half signed-in session
	turns     [64]sync.Mutex               // one attempt at a time for an account or a key
	turnSeed  maphash.Seed
	revisions sync.Map // of earlier questions, see Desk.questions
	brand     brand
	noHash    string // what an unknown e-mail's password is held against
	compare   func(keys.Password, string) (bool, error)
	pause     func(context.Context, time.Duration) error
}

// brand is the sheet with the clinic's colours.
type brand struct {
	address string
	sheet   []byte
}

func newDesk(c Config) (*desk, error) {
	if err := c.faults(); err != nil {
		return nil, err
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Zone == nil {
		c.Zone = time.UTC
	}
	if c.SignInFailures == 0 {
		c.SignInFailures = 10
	}
	d := &desk{
		Config: c, forms: map[string]Served{}, every: c.Forms,
		peers:     web.Peers{Proxies: c.Proxies},
		gate:      limit.NewGate(kdfRunning, kdfQueue, kdfWait),
		addresses: limit.NewBuckets[netip.Prefix](c.SignInFailures, time.Hour, 10_000, c.Now),
		strangers: limit.NewWaits[[32]byte](signInGrowth, 10_000, c.Now),
		devices:   limit.NewBuckets[string](10, time.Hour, 10_000, c.Now),
		codes:     limit.NewBuckets[[32]byte](codeTries, codeTime, 10_000, c.Now),
		turnSeed:  maphash.MakeSeed(),
		noHash:    nobody(passwordCost),
		compare:   matches,
		pause:     pause,
	}
	if sheet := templates.BrandSheet(c.Accent); len(sheet) > 0 {
		d.brand = brand{"/" + templates.HashedName("brand.css", sheet), sheet}
	}
	return d, d.serve(c.Forms)
}

// serve takes the forms in, in their order. Of what a form only mails, there is nothing but the deliveries here.
func (d *desk) serve(all []Served) (err error) {
	if d.pages, err = token.New(d.Key("viewer-urls"), d.Service, d.Now); err != nil {
		return fmt.Errorf("the key of the viewer's addresses: %w", err)
	}
	if d.jobs, err = token.New(d.Key("viewer-deliveries"), d.Service, d.Now); err != nil {
		return fmt.Errorf("the key of the deliveries' addresses: %w", err)
	}
	for _, f := range all {
		if f.Form.Store != nil {
			d.forms[f.Form.ID] = f
			d.order = append(d.order, f.Form.ID)
		}
	}
	d.paths, err = NewPaths(d.Service, d.order, d.Key)
	return err
}

// turn waits for the one attempt at a time that an account or a key has. Without it, guesses sent side by
// side would all be judged by the same count of failures.
func (d *desk) turn(name string) (done func()) {
	m := &d.turns[maphash.String(d.turnSeed, name)%uint64(len(d.turns))]
	m.Lock()
	return m.Unlock
}

// pause waits, or ends with the request.
func pause(ctx context.Context, long time.Duration) error {
	t := time.NewTimer(long)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
