package readers

import (
	"crypto/sha256"
	"fmt"
	"time"

	"sealform/internal/config"
	"sealform/keys/smime"
)

// mailCertificate is the files that say to whom an address's S/MIME mail is sealed. The certificate and its authorities are
// pinned as they were at the start. The revocation list is not: it is to be replaced by a newer one, and each look
// takes it as it is then.
type mailCertificate struct {
	pins      []pin
	pem, ca   []byte
	list      string   // path of the revocation list; "" for none
	relied    bool     // a list was found good at the last look
	reliedSum [32]byte // the SHA-256 of that list
}

// read opens the files of a recipient and pins those that must stay as they are.
func (c *mailCertificate) read(of *config.Recipient) (err error) {
	c.list = of.CRL
	if c.pem, err = c.pin(of.Certificate); err != nil {
		return err
	}
	if of.CA != "" {
		c.ca, err = c.pin(of.CA)
	}
	return err
}

// ReadCertificate reads a recipient's certificate, which must be good now by its authority and revocation list.
func ReadCertificate(of *config.Recipient, now time.Time) (*smime.Certificate, error) {
	c := &mailCertificate{}
	if err := c.read(of); err != nil {
		return nil, err
	}
	list, err := c.readList()
	if err != nil {
		return nil, err
	}
	return c.parse(list, now)
}

func (c *mailCertificate) parse(list []byte, now time.Time) (*smime.Certificate, error) {
	trust, err := smime.ParseTrust(c.ca, list)
	if err != nil {
		return nil, err
	}
	return smime.ParseCertificate(c.pem, trust, now)
}

// readCertificate reads the files and wants them to be good now.
func (k *addressKey) readCertificate(c *Config) error {
	files := &mailCertificate{}
	if err := files.read(&k.of); err != nil {
		return err
	}
	look := func(at time.Time) error { return k.renew(c, files, at) }
	if err := look(c.Now()); err != nil {
		return fmt.Errorf("%s: %w", k.of.Certificate, err)
	}
	k.watch = newWatch(c.Now, look)
	return nil
}

func (c *mailCertificate) pin(path string) ([]byte, error) {
	p, b, err := pinFile(path)
	c.pins = append(c.pins, p)
	return b, err
}

// renew holds the files against what they were, and the certificate against the list as it is now. A list that was
// not found good is read again at each look: what was known before it must not stand in for it.
func (k *addressKey) renew(c *Config, files *mailCertificate, at time.Time) error {
	for _, p := range files.pins {
		if err := p.unchanged(); err != nil {
			return err
		}
	}
	list, err := files.readList()
	if err != nil {
		return err
	}
	sum := sha256.Sum256(list)
	if files.relied && sum == files.reliedSum {
		return k.usable(at)
	}
	files.relied = false
	cert, err := files.parse(list, at)
	if err == nil {
		err = k.named(cert)
	}
	if err != nil || c.SMIME == nil { // that nothing signs is told already, and keeps the service from starting
		return err
	}
	s, err := smime.New(c.SMIME, smime.Profile{GCM: k.of.GCM, OAEP: k.of.OAEP}, cert)
	if err != nil {
		return err
	}
	k.set(s, cert.Ends)
	files.relied, files.reliedSum = true, sum
	return k.usable(at)
}

// named wants a certificate of the address itself: mail programs look for one, and another's file is easily given by mistake.
func (k *addressKey) named(cert *smime.Certificate) error {
	if k.of.AnyName || cert.Names(k.address) {
		return nil
	}
	whose := "it names no mail address"
	if all := cert.Emails(); len(all) > 0 {
		whose = fmt.Sprintf("it is of %q", all[0])
	}
	return fmt.Errorf("the certificate does not name %s; %s. Ask its owner for the right one; if it is the right one, write any_name: true", k.address, whose)
}

// usable asks what was found good whether it still is.
func (k *addressKey) usable(at time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.seal.Usable(at)
}

func (c *mailCertificate) readList() ([]byte, error) {
	if c.list == "" {
		return nil, nil
	}
	b, err := readBounded(c.list, longestList, errLongList)
	if err == nil && len(b) == 0 {
		err = fmt.Errorf("%s is empty", c.list) // which would count as no list at all
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", smime.ErrList, err)
	}
	return b, nil
}
