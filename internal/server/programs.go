package server

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"sealform/forms"
	"sealform/forms/record"
	"sealform/intake"
	"sealform/internal/spool"
	"sealform/internal/staff"
	"sealform/internal/token"
	"sealform/keys/private"
	"sealform/viewer"
)

// intake makes the public program; what it keeps goes straight to the outbox where this process delivers too.
func (s *Server) intake(ctx context.Context) (http.Handler, error) {
	tokens, err := token.New(s.secrets.Key("tokens"), s.config.Service, s.now)
	if err != nil {
		return nil, err
	}
	sp, err := spool.New(spool.Config{Dir: filepath.Clean(s.config.Data)})
	if err != nil {
		return nil, err
	}
	var served []intake.Served
	for _, f := range s.forms {
		older, err := s.older(ctx, f)
		if err != nil {
			return nil, err
		}
		served = append(served, intake.Served{Form: f, Older: older, Readers: func() (*record.Readers, error) { return s.readers.Of(f.ID) }})
	}
	return intake.New(intake.Config{
		Service: s.config.Service, Hosts: s.config.Intake.Hosts, Forms: served, Drop: s.store, Kept: s.nudge, Signer: s.signer,
		Tokens: tokens, Spool: sp, Events: s.events, Now: s.now, Zone: s.config.Zone, Proxies: s.config.TLS.Proxies,
		MailFrom: s.config.Mail.From, MailLimit: s.size.stored.Load, Receipt: s.receipts.Seal, Ready: s.ready,
	})
}

// older gives a form's earlier revisions; one whose hash does not fit is left out, so a post that names it gets the
// form anew.
func (s *Server) older(ctx context.Context, f *forms.Form) (map[forms.Revision]*forms.Form, error) {
	kept, err := s.store.Revisions(ctx, f.ID)
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
			s.events.Trouble("revisions", "revision_damaged")
			continue
		}
		all[rev] = old
	}
	return all, nil
}

// ready says whether answers can be taken: there is room, the database answers, and not every form is closed.
func (s *Server) ready() error {
	if err := s.store.Room(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if _, _, err := s.store.Waiting(ctx); err != nil {
		return err
	}
	var last error
	for _, f := range s.forms {
		if _, last = s.readers.Of(f.ID); last == nil {
			return nil
		}
	}
	return last
}

func (s *Server) viewer(context.Context) (http.Handler, error) {
	var served []viewer.Served
	for _, f := range s.forms {
		served = append(served, viewer.Served{Form: f, Readers: s.readers.Fingerprints(f.ID)})
	}
	vault := private.NewVault(private.DefaultIdle, s.now)
	sessions := staff.New(staff.Config{
		Service: s.config.Service, Store: s.store, Locks: vault, Key: s.secrets.Key, Now: s.now, Events: s.events,
	})
	return viewer.New(viewer.Config{
		Service: s.config.Service, Name: s.config.Name, Accent: s.config.Accent, Hosts: s.config.Viewer.Hosts, Store: s.store, Forms: served,
		Sessions: sessions, Vault: vault, Verifiers: s.verifiers, Key: s.secrets.Key,
		Zone: s.config.Zone, Now: s.now, Events: s.events, Proxies: s.config.TLS.Proxies,
		Webhooks: slices.Sorted(maps.Keys(s.config.Webhooks)), Nudge: s.nudge, MailFrom: s.config.Mail.From,
	})
}

// nudge wakes the outbox where this process has it; elsewhere it looks by itself, every few seconds.
func (s *Server) nudge() {
	if s.outbox != nil {
		s.outbox.Nudge()
	}
}
