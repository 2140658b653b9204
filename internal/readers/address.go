package readers

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"sealform/internal/config"
	"sealform/keys"
)

// addressKey is the key of one mailed address, as the service was started with it.
type addressKey struct {
	*watch
	address string
	of      config.Recipient

	mu   sync.Mutex
	seal keys.Sealer // as good as the last look
	ends keyEnd
}

// keyEnd is when a key ends, as far as that is known at that time, and whether that is for a revocation list alone; zero:
// never.
type keyEnd func(at time.Time) (end time.Time, list bool)

// newAddressKey is the key of an address before it is read: it closes each form that is mailed to the address.
func newAddressKey(c *Config, address string) *addressKey {
	k := &addressKey{watch: newWatch(c.Now, func(time.Time) error { return errUnread }), address: address, of: c.Recipients[address]}
	k.watch.err = errUnread
	k.ends = func(time.Time) (end time.Time, list bool) { return end, false }
	return k
}

// sealer gives the sealer of the address as its key is now, or an error that closes the form.
func (k *addressKey) sealer() (keys.Sealer, error) {
	if err := k.check(); err != nil {
		return nil, fmt.Errorf("the key of a mailed address: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.seal == nil {
		return nil, errUnread
	}
	return k.seal, nil
}

func (k *addressKey) set(s keys.Sealer, e keyEnd) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.seal, k.ends = s, e
}

// end is when the key ends; zero: never. It looks first, as nobody else may have since the list was renewed.
func (k *addressKey) end(at time.Time) (name string, end time.Time) {
	_ = k.check() // told where the form is looked at; the end is that of what was last good
	k.mu.Lock()
	defer k.mu.Unlock()
	end, list := k.ends(at)
	if list {
		return k.address + " (its revocation list)", end
	}
	return k.address, end
}

// ReadRecipients reads the keys of single addresses from their files and tells every fault of them; those of persons come
// with ReadPersons.
func (s *Set) ReadRecipients() []error {
	return s.readAddresses(func(k *addressKey) error {
		switch {
		case k.of.Key != "":
			return k.readFile(&s.config)
		case k.of.Certificate != "":
			return k.readCertificate(&s.config)
		}
		return nil // a person's, or told when the configuration was read
	})
}

// ReadPersons looks up the keys of those recipients whose key is the one that they have here, now and at each later look,
// and tells every fault of them.
func (s *Set) ReadPersons(ctx context.Context, look PersonKey) []error {
	return s.readAddresses(func(k *addressKey) error {
		if !k.of.Person {
			return nil
		}
		return k.readPerson(ctx, &s.config, look)
	})
}

// readAddresses reads the keys of all addresses and gathers the faults. An address whose key has one stays closed.
func (s *Set) readAddresses(read func(*addressKey) error) (faults []error) {
	if s.config.Signer == nil {
		return nil // told already
	}
	for _, address := range slices.Sorted(maps.Keys(s.addresses)) {
		if err := read(s.addresses[address]); err != nil {
			faults = append(faults, fmt.Errorf("recipient %s: %w", address, err))
		}
	}
	return faults
}

func (k *addressKey) readFile(c *Config) error {
	f, err := readKey(k.of.Key, c.Now())
	if err != nil {
		return err
	}
	return k.pinKey(c, f.cert, f.unchanged)
}

// readPerson pins the person's certificate. Whoever can write the database can swap it there: the fingerprint in
// sealform.yaml says which it must be, and it must stay as it was at the start.
func (k *addressKey) readPerson(ctx context.Context, c *Config, look PersonKey) error {
	cert, err := look(ctx, k.address, keys.Fingerprint(k.of.Fingerprint))
	if err != nil {
		return err
	}
	return k.pinKey(c, cert, func() error {
		ctx, cancel := context.WithTimeout(context.Background(), lookTime)
		defer cancel()
		now, err := look(ctx, k.address, keys.Fingerprint(k.of.Fingerprint))
		if err == nil && now.Hash() != cert.Hash() {
			err = errKeyChanged
		}
		return err
	})
}

// pinKey takes an OpenPGP certificate for the address; unchanged says whether its source still has it.
func (k *addressKey) pinKey(c *Config, cert *keys.Certificate, unchanged func() error) error {
	if want := k.of.Fingerprint; want != "" && want != string(cert.Fingerprint()) {
		return fmt.Errorf("the key has the fingerprint %s, not the one in sealform.yaml", cert.Fingerprint())
	}
	s, err := k.openPGP(c.Signer, cert)
	if err != nil {
		return err
	}
	k.set(s, func(time.Time) (time.Time, bool) { return cert.Expires(), false })
	k.watch = newWatch(c.Now, func(at time.Time) error {
		if err := unchanged(); err != nil {
			return err
		}
		return cert.Usable(at)
	})
	return nil
}

func (k *addressKey) openPGP(by *keys.Signer, cert *keys.Certificate) (keys.Sealer, error) {
	if k.of.Modern {
		return keys.NewModern(by, cert)
	}
	to, err := keys.NewRecipients(cert)
	if err != nil {
		return nil, err
	}
	return to.By(by), nil
}
