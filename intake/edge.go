package intake

import (
	"net/http"
	"time"

	"sealform/internal/body"
	"sealform/internal/web"
)

// program is how events name us.
const program = "intake"

// around puts the edge around the routes, and gives every answer its time.
func (in *intake) around(routes http.Handler) http.Handler {
	edge := in.edge.Around(routes)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(body.Patience)) // not every connection in a test knows one
		edge.ServeHTTP(w, r)
	})
}

// showFailed answers where the program failed, under an id that the log has too.
func (in *intake) showFailed(w http.ResponseWriter, _ *http.Request, id string) {
	in.show(w, http.StatusInternalServerError, in.failed(id))
}

// wrongName answers requests for names that are not ours.
func (in *intake) wrongName(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Connection", "close")
	in.refuse(w, "", wrongHost, nil)
}

// show writes a page, or the one rendered at the start where even that fails.
func (in *intake) show(w http.ResponseWriter, status int, page web.Shown) {
	if err := web.Show(w, status, page); err != nil {
		in.Events.Trouble("page", "render")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write(in.broken) // the connection may be what failed
	}
}
