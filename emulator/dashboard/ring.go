package dashboard

import (
	"net/http"
	"sync"
	"time"
)

// exchange is a request and how it was answered. What it carried is not kept:
// neither header nor body nor the query of its address, which may have a token.
type exchange struct {
	at           time.Time
	method, path string
	// query: there was one.
	query bool
	// status is 0 if the connection was closed without an answer.
	status int
	took   time.Duration
}

// ring keeps the last exchanges.
type ring struct {
	mu    sync.Mutex
	list  [kept]exchange
	total int
}

func (r *ring) add(e exchange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list[r.total%kept] = e
	r.total++
}

// newest returns what is kept, the newest first, and how many there were in all.
func (r *ring) newest() (list []exchange, total int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := r.total - 1; i >= max(0, r.total-kept); i-- {
		list = append(list, r.list[i%kept])
	}
	return list, r.total
}

// longestPath is how much of a path is kept: memory has a bound.
const longestPath = 300

// record passes a request on, and notes how it went.
func (h *Handler) record(w http.ResponseWriter, r *http.Request) {
	e := exchange{at: h.now(), method: shorten(r.Method, 20), path: shorten(r.URL.Path, longestPath), query: r.URL.RawQuery != ""}
	seen := &watcher{ResponseWriter: w}
	defer func() { // also where the connection is dropped, which is a panic
		e.status, e.took = seen.status, h.now().Sub(e.at)
		if recovered := recover(); recovered != nil {
			e.status = 0
			h.log.add(e)
			panic(recovered)
		}
		if e.status == 0 {
			e.status = http.StatusOK // as net/http answers for a handler that wrote nothing
		}
		h.log.add(e)
	}()
	h.faults.ServeHTTP(seen, r)
}

// shorten keeps the beginning of a text.
func shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}

// watcher sees the status of an answer.
type watcher struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements [http.ResponseWriter].
func (w *watcher) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (w *watcher) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap is for [http.ResponseController].
func (w *watcher) Unwrap() http.ResponseWriter { return w.ResponseWriter }
