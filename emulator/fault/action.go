package fault

import (
	"bytes"
	"maps"
	"net/http"
	"strconv"
	"time"
)

// Status answers with a status of its own; the request does not reach the
// server. header may be nil; without a Content-Type it is application/json.
func Status(code int, body string, header http.Header) Action {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			maps.Copy(w.Header(), header)
			w.WriteHeader(code)
			_, _ = w.Write([]byte(body))
		})
	}
}

// HTML answers 200 with a page, as a captive portal or the sign-in page of a
// gateway does where JSON was expected. The request does not reach the server.
func HTML() Action {
	return Status(http.StatusOK, "<!DOCTYPE html>\n<html lang=\"en\"><head><title>Sign in</title></head>"+
		"<body><h1>Sign in to the network</h1></body></html>\n",
		http.Header{"Content-Type": {"text/html; charset=utf-8"}})
}

// DropBefore closes the connection without an answer; the request does not
// reach the server.
func DropBefore() Action {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { drop() })
	}
}

// CommitThenDrop lets the server do the request, and closes the connection
// instead of giving back the answer.
func CommitThenDrop() Action {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			hold(next, r)
			drop()
		})
	}
}

// Delay waits before the request is passed on, or until the client gives up.
func Delay(d time.Duration) Action {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			timer := time.NewTimer(d)
			defer timer.Stop()
			select {
			case <-timer.C:
				next.ServeHTTP(w, r)
			case <-r.Context().Done():
				drop()
			}
		})
	}
}

// Truncate gives back only the first n bytes of the answer's body, announced
// with its full length, and closes the connection. A body that is not longer
// goes back whole.
func Truncate(n int) Action {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a := hold(next, r)
			whole := a.body.Len()
			if whole <= n {
				a.send(w)
				return
			}
			a.header.Set("Content-Length", strconv.Itoa(whole))
			a.body.Truncate(n)
			a.send(w)
			_ = http.NewResponseController(w).Flush()
			drop()
		})
	}
}

// Before calls f with the number of the mutating request before the request is
// passed on, and passes it on when f returns.
func Before(f func(n int)) Action {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			f(Mutation(r))
			next.ServeHTTP(w, r)
		})
	}
}

// After calls f with the number of the mutating request when the server has
// done it and answered, and gives the answer back when f returns.
func After(f func(n int)) Action {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a := hold(next, r)
			f(Mutation(r))
			a.send(w)
		})
	}
}

// drop ends the handler so that net/http closes the connection (HTTP/1.1) or
// resets the stream (HTTP/2) without completing the answer.
func drop() { panic(http.ErrAbortHandler) }

// answer is an answer that is held back.
type answer struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

// hold lets next answer r and keeps the answer.
func hold(next http.Handler, r *http.Request) *answer {
	a := &answer{header: http.Header{}}
	next.ServeHTTP(a, r)
	return a
}

// send gives the answer to the client.
func (a *answer) send(w http.ResponseWriter) {
	maps.Copy(w.Header(), a.header)
	if a.code == 0 {
		a.code = http.StatusOK
	}
	w.WriteHeader(a.code)
	_, _ = w.Write(a.body.Bytes())
}

// Header implements [http.ResponseWriter].
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements [http.ResponseWriter].
func (a *answer) WriteHeader(code int) {
	if a.code == 0 && code >= 200 {
		a.code = code
	}
}

// Write implements [http.ResponseWriter].
func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}
