package intake

import (
	"net/http"
	"time"

	"sealform/internal/web"
)

// program is how events name us.
const program = "intake"

// around puts the edge around the routes, and gives every answer its time.
func (in *intake) around(hosts web.Hosts, routes http.Handler) http.Handler {
	edge := web.Edge{
		Program: program, Hosts: hosts, Peers: in.peers, Events: in.Events, Ready: in.Ready, WrongName: in.wrongName,
		Failed: func(w http.ResponseWriter, _ *http.Request, id string) {
			in.show(w, http.StatusInternalServerError, in.failed(id))
		},
	}.Around(routes)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(patience)) // not every connection in a test knows one
		edge.ServeHTTP(w, r)
	})
}

// wrongName answers requests for names that are not ours.
func (in *intake) wrongName(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Connection", "close")
	in.Events.Refused(program, "", http.StatusMisdirectedRequest, "host")
	in.show(w, http.StatusMisdirectedRequest, message(nil, http.StatusMisdirectedRequest))
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
