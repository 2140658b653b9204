package server

import (
	"errors"
	"os"
	"testing"
	"time"

	"sealform/internal/config"
	"sealform/internal/event"
	"sealform/internal/server/servertest"
)

// TestBadConfigurations opens the service on each testdata/bad/*.yaml and wants the words of the .txt beside it, all faults
// together, and nothing started. What is wrong with the configuration alone is tried in internal/config.
// covers LK08, CR02
func TestBadConfigurations(t *testing.T) {
	servertest.Bad(t, "testdata/given", func(t *testing.T, over config.Over) error {
		c, faults := config.Read(config.FileName, over)
		if c == nil {
			return config.Mend(faults)
		}
		s, err := Open(t.Context(), Options{
			Config: c, Faults: faults, Roles: Roles(), Events: event.Nothing(), Now: func() time.Time { return servertest.BadTime },
		})
		if err == nil {
			err = errors.Join(err, s.Close())
		}
		if _, err := os.Stat("data/sealform.db"); err == nil {
			t.Error("a database was made")
		}
		return err
	})
}
