package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"time"

	"sealform/forms/file"

	"sealform/forms"
	"sealform/internal/config"
	"sealform/internal/event"
	"sealform/internal/hint"
	"sealform/internal/mail"
	"sealform/internal/outbox"
	"sealform/internal/outward"
	"sealform/internal/secrets"
	"sealform/internal/store"
	"sealform/internal/text"
	"sealform/keys"
	"sealform/keys/smime"
)

// house is a configured service with its doors still shut: secrets, forms with their readers, store.
type house struct {
	cfg       *config.Config
	now       func() time.Time
	events    *event.Log
	secrets   *secrets.Secrets
	signer    *keys.Signer
	verifiers *keys.Verifiers
	forms     []*forms.Form
	readers   map[string]*readers
	store     *store.Store
	pair      *filePair      // nil: TLS is not by files, or no listener is opened
	acmeRoots *x509.CertPool // nil: those of the system
	smime     *smime.Signer  // nil: no address has a certificate
	mailed    map[string]*recipient
	endings   []ending
	relaySize relaySize
	shut      shut
	relay     *mail.Relay // nil: this process sends no mail
	calls     *outward.Client
	outbox    *outbox.Outbox // likewise
}

// openHouse opens what the roles need and tells every fault of configuration, secrets, forms, keys, TLS and mail
// together. faults are those that reading the configuration has found, nil for none.
func (p *program) openHouse(ctx context.Context, c *config.Config, faults error, roles []string, events *event.Log) (*house, error) {
	h := &house{cfg: c, now: p.now, events: events, calls: p.calls(c), readers: map[string]*readers{}}
	all := config.Faults{faults, h.openSecrets(), h.openSMIME(), h.openTLS(roles), h.openMail(roles)}
	all = append(all, c.Writable()...)
	groups, keyFaults := h.openGroups()
	all = append(all, h.openRecipients()...)
	formFaults := h.openForms()
	all = append(append(all, formFaults), keyFaults...)
	if formFaults == nil {
		all = append(append(all, h.openReaders(groups)...), h.checkRecipients()...)
	}
	if err := all.AsError(); err != nil {
		return nil, config.Mend(err)
	}
	var err error
	if h.store, err = openStore(ctx, c, h.secrets, storeOptions{now: p.now, minFree: p.minFree}); err != nil {
		return nil, err
	}
	if err := h.openPersons(ctx); err != nil {
		return nil, errors.Join(err, h.store.Close())
	}
	if err := h.saveRevisions(ctx); err != nil {
		return nil, errors.Join(err, h.store.Close())
	}
	if h.store.Room() != nil {
		h.events.Trouble("store", "full")
	}
	if len(mailedByNone(c, h.forms)) > 0 {
		h.events.Trouble("recipients", "mailed_by_no_form") // which, `keys list` shows
	}
	if err := h.openOutbox(ctx, roles); err != nil {
		return nil, errors.Join(err, h.store.Close())
	}
	return h, nil
}

func (h *house) openSecrets() error {
	var err error
	h.secrets, err = secrets.Load(h.cfg.Secrets, h.cfg.Service)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("secrets: %s is not whole: put its copy back, or set where it is", h.cfg.Secrets)
	}
	if err != nil {
		return fmt.Errorf("secrets: %w", err)
	}
	if h.signer, err = keys.ParseSigner(h.secrets.Signing()); err != nil {
		return fmt.Errorf("reading the signing key: %w", err)
	}
	h.verifiers, err = verifiers(h.secrets, h.signer)
	return err
}

// verifiers are the signing key in force and those before it.
func verifiers(s *secrets.Secrets, signer *keys.Signer) (*keys.Verifiers, error) {
	v, err := keys.ParseVerifiers(append([][]byte{signer.Certificate()}, s.Retired()...)...)
	if err != nil {
		return nil, fmt.Errorf("reading the signing keys: %w", err)
	}
	return v, nil
}

// storeOptions are what a command asks of the database beside what the configuration says.
type storeOptions struct {
	now      func() time.Time
	anyOwner bool  // open the database of another secrets folder too
	minFree  int64 // bytes that must stay free on the disk; 0: the store's own rule
}

// openStore opens the database with the keys that its MACs need. Commands that only touch the store call it alone.
func openStore(ctx context.Context, c *config.Config, s *secrets.Secrets, o storeOptions) (*store.Store, error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("making the data folder: %w", err)
	}
	st, err := store.Open(ctx, store.Config{
		Path:     filepath.Join(c.Data, "sealform.db"),
		HeadFile: filepath.Join(c.Data, "audit.head"),
		Service:  c.Service,
		LeafKey:  s.Key("leaf"),
		AuditKey: s.Key("audit"),
		Now:      o.now,
		MinFree:  o.minFree,
		AnyOwner: o.anyOwner,
	})
	if err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	return st, nil
}

func (h *house) openForms() error {
	sources, err := formSources(h.cfg.Forms)
	if err != nil {
		return err
	}
	h.forms, _, err = file.ParseAll(sources)
	return err
}

// formSources reads every form file of a folder.
func formSources(dir string) (map[string][]byte, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("listing the form files: %w", err)
	}
	if len(names) == 0 {
		return nil, hint.Add(fmt.Errorf("there are no form files in %s", dir), "`sealform init`, or set forms: in sealform.yaml")
	}
	sources := map[string][]byte{}
	for _, n := range names {
		b, err := os.ReadFile(n) // #nosec G304 -- the operator's form files
		if err != nil {
			return nil, fmt.Errorf("reading a form file: %w", err)
		}
		sources[n] = b
	}
	return sources, nil
}

// openGroups reads the key files of every group.
func (h *house) openGroups() (map[string]*group, []error) {
	groups := map[string]*group{}
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(h.cfg.Groups)) {
		g, errs := loadGroup(name, h.cfg.Groups[name], h.now)
		faults = append(faults, errs...)
		groups[name] = g
	}
	return groups, faults
}

// openReaders finds each form's readers. A form whose group has a fault has that fault told already.
func (h *house) openReaders(groups map[string]*group) []error {
	var faults []error
	for _, f := range h.forms {
		faults = append(faults, h.checkDelivery(f)...)
		var mine []*group
		whole := true
		for _, name := range f.To {
			g, ok := groups[name]
			if !ok {
				faults = append(faults, fmt.Errorf("form %q is sealed to group %q, which is not in groups%s", f.ID, name, orRather(name, h.cfg.Groups)))
			}
			whole = whole && ok && g.whole()
			mine = append(mine, g)
		}
		if !whole {
			continue // the readers would be too few
		}
		r, err := newReaders(f.ID, mine, h.signer, h.events)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		r.mailed = h.mailedBy(f)
		for _, g := range mine {
			h.endings = append(h.endings, g.endings()...)
		}
		h.readers[f.ID] = r
	}
	return faults
}

func orRather[V any](name string, known map[string]V) string {
	if near := text.Closest(name, slices.Sorted(maps.Keys(known))); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

func sortedKeys[V any](m map[string]V) []string {
	var ks []string
	for k := range m {
		ks = append(ks, k)
	}
	sort.Strings(ks)
	return ks
}

// saveRevisions keeps the questions that are in force, so that answers to them can be shown for as long as they are kept.
func (h *house) saveRevisions(ctx context.Context) error {
	for _, f := range h.forms {
		if err := h.store.SaveRevision(ctx, f.ID, f.Revision, f.Questions()); err != nil {
			return fmt.Errorf("keeping the questions of form %q: %w", f.ID, err)
		}
	}
	return nil
}

// older gives a form's earlier revisions; one whose hash does not fit is left out, so a post that names it gets the
// form anew.
func (h *house) older(ctx context.Context, f *forms.Form) (map[forms.Revision]*forms.Form, error) {
	kept, err := h.store.Revisions(ctx, f.ID)
	if err != nil {
		return nil, fmt.Errorf("reading the earlier questions of form %q: %w", f.ID, err)
	}
	all := map[forms.Revision]*forms.Form{}
	for rev, questions := range kept {
		if rev == f.Revision {
			continue
		}
		old, err := forms.ParseQuestions(f.ID, questions, rev)
		if err != nil {
			h.events.Trouble("revisions", "revision_damaged")
			continue
		}
		all[rev] = old
	}
	return all, nil
}

// fingerprints of those whom a form is sealed to now.
func (h *house) fingerprints(form string) []keys.Fingerprint {
	return slices.Clone(h.readers[form].store.Fingerprints())
}

// close comes after everything that runs here has ended.
func (h *house) close() error {
	if h.relay != nil {
		h.relay.Close()
	}
	return h.store.Close()
}
