package store

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sealform/internal/audit"
)

// staffed is a store with dana and her key, ito, who left, and a key that was removed.
func staffed(t *testing.T) (*Store, Config, int64) {
	t.Helper()
	c := config(t, newClock())
	s := openStore(t, c)
	dana, ito := addAccount(t, s, "Dana@Clinic.example"), addAccount(t, s, "ito@clinic.example")
	addKeys(t, s, dana)
	if err := s.SetDisabled(t.Context(), ito, true, staff("")); err != nil {
		t.Fatal(err)
	}
	if err := s.SetCredentials(t.Context(), dana, "$argon2id$new", []byte("seed"), staff("")); err != nil {
		t.Fatal(err)
	}
	if err := s.RemoveKey(t.Context(), nobodys, staff("")); err != nil {
		t.Fatal(err)
	}
	return s, c, dana
}

// Accounts and keys are those that the record speaks of.
// covers LK10 AU04
func TestPeopleAreOnRecord(t *testing.T) {
	const key = "key " + string(mine)
	for name, test := range map[string]struct {
		change string
		want   []string
		keys   int // that dana can still use
	}{
		"untouched": {``, nil, 1},
		"enabled":   {`update account set disabled = 0`, []string{"account ito@clinic.example was disabled, but is enabled here"}, 1},
		"disabled":  {`update account set disabled = 1`, []string{"account dana@clinic.example is disabled without an entry in the record"}, 1},
		"password": {
			`update account set password = (select password from account where id = 2)`,
			[]string{"account dana@clinic.example: its password or second factor was changed without an entry in the record"},
			1,
		},
		"as before the reset": {
			`update account set password = '$argon2id$…', totp = cast('sealed' as blob) where id = 1`,
			[]string{"account dana@clinic.example: its password or second factor was changed without an entry in the record"},
			1,
		},
		"second factor": {
			`update account set totp = x'00' where id = 1`,
			[]string{"account dana@clinic.example: its password or second factor was changed without an entry in the record"},
			1,
		},
		"inserted": {
			`insert into account select 9, 'eve@clinic.example', password, totp, 0, 0, 0, 0, created from account where id = 1`,
			[]string{"account eve@clinic.example: no entry of the record made it"},
			1,
		},
		"removed":     {`delete from account where id = 1`, []string{"account dana@clinic.example is missing: the record names it"}, 1},
		"key given":   {`update locked_key set account = 2`, []string{key + " was changed, or given to another account, without an entry in the record"}, 0},
		"key altered": {`update locked_key set locked = x'00'`, []string{key + " was changed, or given to another account, without an entry in the record"}, 0},
		"key removed": {`delete from locked_key`, []string{key + " is missing: the record names it"}, 0},
		"key inserted": {
			`insert into locked_key select zeroblob(20), account, name, created, 0, 0, locked from locked_key`,
			[]string{"key 0000000000000000000000000000000000000000: no entry of the record brought it here"},
			1,
		},
		"key put back": {
			`insert into locked_key select x'ff23456789abcdef0123456789abcdef01234567', account, name, created, 0, 0, locked from locked_key`,
			[]string{"key " + string(nobodys) + " was removed, but is here again"},
			1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, c, dana := staffed(t)
			if test.change != "" {
				tamper(t, s, test.change)
			}
			if diff := cmp.Diff(test.want, findings(t, s)); diff != "" {
				t.Error(diff)
			}
			for _, s := range []*Store{s, openStore(t, c)} {
				if all, err := s.KeysOf(t.Context(), dana); err != nil || len(all) != test.keys {
					t.Errorf("%d keys can be used: %v", len(all), err)
				}
				all, err := s.Accounts(t.Context())
				for _, a := range all {
					if trusted := name == "untouched" && a.ID == dana; trusted && a.Disabled || err != nil {
						t.Errorf("%s is disabled: %v", a.Email, err)
					}
					if a.ID != dana && !a.Disabled {
						t.Errorf("%s is enabled", a.Email)
					}
				}
			}
		})
	}
}

// An entry whose MAC does not fit lets nobody in.
func TestForgedEntry(t *testing.T) {
	s, c, _ := staffed(t)
	tamper(t, s, `insert into audit select n + 1, at, who, peer, 'account-enabled', '["ito@clinic.example"]', mac from audit order by n desc limit 1`)
	tamper(t, s, `update account set disabled = 0`)
	for _, s := range []*Store{s, openStore(t, c)} {
		if a, err := s.Account(t.Context(), "ito@clinic.example"); err != nil || !a.Disabled {
			t.Errorf("%+v %v", a, err)
		}
	}
}

// Enabled again, by the program, a person is in again.
func TestEnabledAgain(t *testing.T) {
	s, c, _ := staffed(t)
	other := openStore(t, c)
	if a, err := other.Account(t.Context(), "ito@clinic.example"); err != nil || !a.Disabled {
		t.Fatalf("%+v %v", a, err)
	}
	if err := s.SetDisabled(t.Context(), 2, false, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	if a, err := other.Account(t.Context(), "ito@clinic.example"); err != nil || a.Disabled {
		t.Errorf("%+v %v", a, err)
	}
	if f := findings(t, s); len(f) != 0 {
		t.Error(f)
	}
}
