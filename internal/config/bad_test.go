package config_test

import (
	"testing"

	"sealform/internal/config"
	"sealform/internal/server/servertest"
)

// TestBadConfigurations reads each testdata/bad/*.yaml and wants the words of the .txt beside it, all faults together. What
// is wrong with the files that the configuration names is tried in internal/server.
// covers LK08
func TestBadConfigurations(t *testing.T) {
	servertest.Bad(t, "../server/testdata/given", func(_ *testing.T, over config.Over) error {
		_, err := config.Read(config.FileName, over)
		return config.Mend(err)
	})
}
