package main

import (
	"crypto/sha256"
	"fmt"
	"time"

	"sealform/keys/smime"
)

// mailCertificate is the files that say to whom an address's S/MIME mail is sealed. The certificate and its authorities are
// pinned as they were at the start. The revocation list is not: it is to be replaced by a newer one, and each look
// takes it as it is then.
type mailCertificate struct {
	pins      []pin
	pem, ca   []byte
	list      string // path; "" for none
	relied    bool   // on the list of that hash, which was found good
	reliedSum [32]byte
}

// loadCertificate reads the files and wants them to be good now.
func (r *recipient) loadCertificate(h *house) error {
	c := &mailCertificate{list: r.config.CRL}
	var err error
	if c.pem, err = c.pin(r.config.Certificate); err != nil {
		return err
	}
	if r.config.CA != "" {
		if c.ca, err = c.pin(r.config.CA); err != nil {
			return err
		}
	}
	look := func(at time.Time) error { return r.renew(h, c, at) }
	r.watch = &watch{now: h.now, checked: h.now(), look: look}
	if err := look(h.now()); err != nil {
		return fmt.Errorf("%s: %w", r.config.Certificate, err)
	}
	return nil
}

func (c *mailCertificate) pin(path string) ([]byte, error) {
	p, b, err := pinFile(path)
	c.pins = append(c.pins, p)
	return b, err
}

// renew holds the files against what they were, and the certificate against the list as it is now. A list that was
// not found good is read again at each look: what was known before it must not stand in for it.
func (r *recipient) renew(h *house, c *mailCertificate, at time.Time) error {
	for _, p := range c.pins {
		if err := p.holds(); err != nil {
			return err
		}
	}
	list, err := c.readList()
	if err != nil {
		return err
	}
	sum := sha256.Sum256(list)
	if c.relied && sum == c.reliedSum {
		return r.usable(at)
	}
	c.relied = false
	trust, err := smime.ParseTrust(c.ca, list)
	if err != nil {
		return err
	}
	cert, err := smime.ParseCertificate(c.pem, trust, at)
	if err == nil {
		err = r.named(cert)
	}
	if err != nil || h.smime == nil { // which has been told, and keeps the service from starting
		return err
	}
	s, err := smime.New(h.smime, smime.Profile{GCM: r.config.GCM, OAEP: r.config.OAEP}, cert)
	if err != nil {
		return err
	}
	r.set(s, cert.Ends)
	c.relied, c.reliedSum = true, sum
	return r.usable(at)
}

// named wants a certificate of the address itself: mail programs look for one, and another's file is easily given by mistake.
func (r *recipient) named(cert *smime.Certificate) error {
	if r.config.AnyName || cert.Names(r.address) {
		return nil
	}
	whose := "it names no mail address"
	if all := cert.Emails(); len(all) > 0 {
		whose = fmt.Sprintf("it is of %q", all[0])
	}
	return fmt.Errorf("the certificate does not name %s; %s. Ask its owner for the right one; if it is the right one, write any_name: true", r.address, whose)
}

// usable asks what was found good whether it still is.
func (r *recipient) usable(at time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seal.Usable(at)
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
