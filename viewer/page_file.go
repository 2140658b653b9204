package viewer

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"sealform/forms/record"
	"sealform/internal/staff"
)

func (h *handlers) getFile(c echo.Context, who staff.Staff) error {
	n, err := strconv.Atoi(c.Param("n"))
	if err != nil {
		return errNotFound
	}
	return h.desk.File(c.Request().Context(), who, c.Param("sid"), n, func(f record.ReadFile) io.Writer {
		download(c.Response(), f)
		return c.Response()
	})
}

// download sets the headers under which whatever a visitor sent is saved and never shown: no type of its own, no
// sniffing, and, should a browser show it all the same, an origin of its own with nothing allowed.
func download(w *echo.Response, f record.ReadFile) {
	name := record.DownloadName(f.Name)
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Length", strconv.FormatInt(f.Size, 10))
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s"; filename*=UTF-8''%s`, ascii(name), extended(name)))
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	w.WriteHeader(http.StatusOK)
}

// ascii is the name for what does not read filename* (RFC 6266 §4.3).
func ascii(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' || r == '%' {
			return '_'
		}
		return r
	}, name)
}

// extended is the name as RFC 8187 §3.2.1 writes it.
func extended(name string) string { return strings.ReplaceAll(url.QueryEscape(name), "+", "%20") }
