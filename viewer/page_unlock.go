package viewer

import (
	"context"
	"encoding/base64"
	"net/http"

	"github.com/labstack/echo/v4"

	"sealform/internal/staff"
	"sealform/internal/store"
	"sealform/internal/web"
	"sealform/keys"
	pages "sealform/templates/staff"
)

func (h *handlers) getUnlock(c echo.Context, who staff.Staff) error {
	p, _, err := h.unlockPage(c.Request().Context(), who, "", c.QueryParam("next"))
	if err != nil {
		return err
	}
	return web.Show(c.Response(), http.StatusOK, p)
}

func (h *handlers) postUnlock(c echo.Context, who staff.Staff, f *fields) error {
	p, chosen, err := h.unlockPage(c.Request().Context(), who, f.text("key"), f.text("next"))
	if err != nil {
		return err
	}
	password := keys.NewPassword(f.bytes("password"))
	defer password.Wipe()
	f.wipe()
	token, half, err := h.desk.Unlock(c.Request().Context(), who, chosen, password)
	if err != nil {
		return showProblem(c, err, "Several passwords did not fit, so this key takes none just now.",
			func(words string) web.Shown { p.Problem = words; return p })
	}
	staff.SetCookie(c.Response(), staff.SessionCookie, token, 0)
	staff.SetCookie(c.Response(), staff.KeyCookie, base64.RawURLEncoding.EncodeToString(half), 0)
	return see(c, p.Next)
}

// unlockPage offers the keys that open something here, and gives the one that is chosen, or else the first.
func (h *handlers) unlockPage(ctx context.Context, who staff.Staff, choice, next string) (pages.UnlockPage, keys.Fingerprint, error) {
	p := pages.UnlockPage{Frame: h.personFrame(ctx, who, "/inbox"), Next: safeNext(next)}
	p.Lock = nil // what is asked for here is the password, not staying
	var mine []store.LockedKey
	seen := map[keys.Fingerprint]bool{}
	for _, f := range h.desk.kept {
		for _, k := range who.KeysFor(f.Readers) {
			if !seen[k.Fingerprint] {
				seen[k.Fingerprint], mine = true, append(mine, k)
			}
		}
	}
	if len(mine) == 0 {
		return p, "", errNoKey
	}
	chosen := mine[0].Fingerprint
	if seen[keys.Fingerprint(choice)] {
		chosen = keys.Fingerprint(choice)
	}
	for _, k := range mine {
		p.Keys = append(p.Keys, pages.Key{
			Name: nameOf(mine, k.Fingerprint), Fingerprint: k.Fingerprint.Grouped(),
			Value: string(k.Fingerprint), Chosen: k.Fingerprint == chosen,
		})
	}
	return p, chosen, nil
}

func (h *handlers) postLock(c echo.Context, who staff.Staff) error {
	token, err := h.desk.Lock(c.Request().Context(), who)
	if err != nil {
		return err
	}
	staff.SetCookie(c.Response(), staff.SessionCookie, token, 0)
	staff.DropCookies(c.Response(), staff.KeyCookie)
	c.Response().Header().Set("Clear-Site-Data", `"cache"`)
	return see(c, "/inbox")
}

func (h *handlers) postStay(c echo.Context, who staff.Staff, f *fields) error {
	return done(c, h.desk.Stay(who), safeNext(f.text("next")))
}
