// Package server is the running process: what `sealform serve` opens, listens on and does in the background until it is
// told to end.
//
// Run opens what the roles need, the listeners too, serves, and ends what is under way. Open tells every fault of
// configuration, secrets, forms, keys, TLS and mail together; with any of them nothing has been started or changed. A process
// runs one role or several (Intake, Viewer, Deliver); with all of them what intake keeps goes straight to the outbox.
//
// One file a subject: programs.go makes the handlers of the roles, listen.go the listeners and their bounds,
// certificates.go and acme.go what they speak, outbox.go and relay.go what goes out, person.go looks up a person's key for
// internal/readers, check.go holds forms and configuration against each other, background.go is the hourly work.
//
// Commands that need a part of it open that part: OpenStore, FormSources, SMIMESigner. The package prints nothing and reads
// neither flags nor variables; what it has to say is an error or an event.
package server

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"sealform/forms"
	"sealform/forms/file"
	"sealform/internal/config"
	"sealform/internal/event"
	"sealform/internal/hint"
	"sealform/internal/mail"
	"sealform/internal/outbox"
	"sealform/internal/outward"
	"sealform/internal/readers"
	"sealform/internal/sealedaddress"
	"sealform/internal/secrets"
	"sealform/internal/store"
	"sealform/keys"
	"sealform/keys/smime"
)

// Roles that a process can run.
const (
	Intake  = "intake"
	Viewer  = "viewer"
	Deliver = "deliver"
)

// Roles are all of them.
func Roles() []string { return []string{Intake, Viewer, Deliver} }

// Options are the configuration, roles, clock and log of a process.
type Options struct {
	Config  *config.Config
	Faults  error // those that reading the configuration found, to be told with the others; nil: none
	Roles   []string
	Events  *event.Log
	Now     func() time.Time
	Outward outward.Config // how webhooks are called; the zero one but for tests
	Version string         // for the log

	MinFree  int64 // bytes that must stay free on the disk; 0: the store's own rule
	AnyOwner bool  // open the database of another secrets folder too
}

// Server is a configured service, opened and not yet listening.
type Server struct {
	config    *config.Config
	roles     []string
	events    *event.Log
	now       func() time.Time
	outward   outward.Config
	version   string
	secrets   *secrets.Secrets
	signer    *keys.Signer
	verifiers *keys.Verifiers
	smime     *smime.Signer      // nil: no address has a certificate
	receipts  *sealedaddress.Box // addresses that receipts go to
	forms     []*forms.Form
	readers   *readers.Set
	store     *store.Store
	pair      *filePair      // of the listeners' TLS; nil: the mode is not files, or no listener is opened
	roots     *x509.CertPool // of the ACME authority's own TLS; nil: those of the system
	size      *relaySize
	relay     *mail.Relay    // nil: this process sends no mail
	outbox    *outbox.Outbox // nil: this process delivers nothing
}

// Open opens what the roles need. Close it.
func Open(ctx context.Context, o Options) (*Server, error) {
	s := &Server{config: o.Config, roles: o.Roles, events: o.Events, now: o.Now, outward: o.Outward, version: o.Version}
	c := o.Config
	faults := config.Faults{o.Faults, s.openSecrets(), s.openSMIME(), s.openTLS(), s.openRelay()}
	faults = append(faults, c.Writable()...)
	s.readers = readers.New(readers.Config{
		Groups: c.Groups, Recipients: c.Recipients, Signer: s.signer, SMIME: s.smime, Now: o.Now, Events: o.Events,
	})
	faults = append(faults, s.readers.ReadRecipients()...)
	var formFaults error
	s.forms, formFaults = ReadForms(c.Forms)
	faults = append(append(faults, formFaults), s.readers.ReadGroups()...)
	if formFaults == nil {
		faults = append(faults, s.checkForms()...)
	}
	if err := faults.AsError(); err != nil {
		return nil, config.Mend(err)
	}
	var err error
	if s.store, err = OpenStore(ctx, o, s.secrets); err != nil {
		return nil, err
	}
	if err := s.openStored(ctx); err != nil {
		return nil, errors.Join(err, s.store.Close())
	}
	return s, nil
}

// openStored opens what needs the store.
func (s *Server) openStored(ctx context.Context) error {
	if err := config.Faults(s.readers.ReadPersons(ctx, s.personKey)).AsError(); err != nil {
		return err
	}
	if err := s.saveRevisions(ctx); err != nil {
		return err
	}
	if s.store.Room() != nil {
		s.events.Trouble("store", "full")
	}
	if len(UnusedRecipients(s.config, s.forms)) > 0 {
		s.events.Trouble("recipients", "mailed_by_no_form") // which, `keys list` shows
	}
	var err error
	if s.size, err = newRelaySize(ctx, s.store, s.events); err != nil {
		return err
	}
	return s.openOutbox()
}

func (s *Server) runs(role string) bool { return slices.Contains(s.roles, role) }

func (s *Server) openSecrets() error {
	var err error
	s.secrets, err = secrets.Load(s.config.Secrets, s.config.Service)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("secrets: %s is not whole: put its copy back, or set where it is", s.config.Secrets)
	}
	if err != nil {
		return fmt.Errorf("secrets: %w", err)
	}
	if s.signer, err = keys.ParseSigner(s.secrets.Signing()); err != nil {
		return fmt.Errorf("reading the signing key: %w", err)
	}
	// The signing key in force and those before it.
	if s.verifiers, err = keys.ParseVerifiers(append([][]byte{s.signer.Certificate()}, s.secrets.Retired()...)...); err != nil {
		return fmt.Errorf("reading the signing keys: %w", err)
	}
	s.receipts, err = sealedaddress.New(s.secrets.Key("receipt addresses"), s.secrets.Key("receipt marks"), s.now)
	return err
}

// OpenStore opens the database with the keys that its MACs need. Commands that only touch the store call it alone; the
// configuration, the clock, MinFree and AnyOwner are what it looks at.
func OpenStore(ctx context.Context, o Options, s *secrets.Secrets) (*store.Store, error) {
	c := o.Config
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, fmt.Errorf("making the data folder: %w", err)
	}
	st, err := store.Open(ctx, store.Config{
		Path:     filepath.Join(c.Data, "sealform.db"),
		HeadFile: filepath.Join(c.Data, "audit.head"),
		Service:  c.Service,
		LeafKey:  s.Key("leaf"),
		AuditKey: s.Key("audit"),
		Now:      o.Now,
		MinFree:  o.MinFree,
		AnyOwner: o.AnyOwner,
	})
	if err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	return st, nil
}

// ReadForms reads the forms of a folder.
func ReadForms(dir string) ([]*forms.Form, error) {
	sources, err := FormSources(dir)
	if err != nil {
		return nil, err
	}
	all, _, err := file.ParseAll(sources)
	return all, err
}

// FormSources reads every form file of a folder.
func FormSources(dir string) (map[string][]byte, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return nil, fmt.Errorf("listing the form files: %w", err)
	}
	if len(names) == 0 {
		return nil, hint.Add(fmt.Errorf("there are no form files in %s", dir), "`sealform init`, or set forms: in sealform.yaml")
	}
	return ReadSources(names)
}

// ReadSources reads form files, by their paths.
func ReadSources(paths []string) (map[string][]byte, error) {
	sources := map[string][]byte{}
	for _, path := range paths {
		b, err := os.ReadFile(path) // #nosec G304 -- the operator's form files
		if err != nil {
			return nil, fmt.Errorf("reading a form file: %w", err)
		}
		sources[path] = b
	}
	return sources, nil
}

// saveRevisions keeps the questions that are in force, so that answers to them can be shown for as long as they are kept.
func (s *Server) saveRevisions(ctx context.Context) error {
	for _, f := range s.forms {
		if err := s.store.SaveRevision(ctx, f.ID, f.Revision, f.Questions()); err != nil {
			return fmt.Errorf("keeping the questions of form %q: %w", f.ID, err)
		}
	}
	return nil
}

// Forms are those that are served, in the order of their ids.
func (s *Server) Forms() []*forms.Form { return s.forms }

// Delivers says whether this process works off the outbox.
func (s *Server) Delivers() bool { return s.outbox != nil }

// Mails says whether this process sends mail.
func (s *Server) Mails() bool { return s.relay != nil }

// Close ends it. Run does so by itself.
func (s *Server) Close() error {
	if s.relay != nil {
		s.relay.Close()
	}
	return s.store.Close()
}
