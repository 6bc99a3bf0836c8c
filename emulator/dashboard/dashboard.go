package dashboard

import (
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/idpctl/idpctl/emulator/fault"
)

// Path is where the dashboard is.
const Path = "/_emulator/"

// Source is an emulator that can be looked into.
type Source interface {
	// Overview says what the emulator holds, with at most so many rows in a
	// table and so many mails.
	Overview(most int) Overview
}

// Overview is what an emulator holds. Its texts may be anything that somebody
// wrote into the emulator.
type Overview struct {
	// Service is the name of what is emulated, as in "Keycloak".
	Service string
	Tables  []Table
	// Mails are the last ones, oldest first; Sent is how many there were in all.
	Mails []Mail
	Sent  int
}

// Table are the objects of one kind.
type Table struct {
	// Title names them, as in "Users".
	Title   string
	Columns []string
	Rows    [][]string
	// Total is how many there are, listed or not.
	Total int
	// Note is a sentence about them; may be empty.
	Note string
}

// Mail is one that would have been sent.
type Mail struct {
	// Time is zero where the emulator does not know it.
	Time        time.Time
	To, Subject string
	// Link that the mail asks its reader to follow; may be empty. It is as good as
	// a password, and not shown.
	Link string
}

// Options say how a dashboard is made.
type Options struct {
	// Mutating tells requests that change something; nil is [fault.Mutates].
	Mutating func(*http.Request) bool
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// Limits of what is kept and shown.
const (
	// kept is how many requests are remembered.
	kept = 100
	// listed is how many rows a table has, and how many mails.
	listed = 100
)

// Handler is an emulator with its dashboard, an [http.Handler]. It may be used
// concurrently.
type Handler struct {
	source Source
	faults *fault.Injector
	pages  http.Handler
	now    func() time.Time
	log    ring

	mu    sync.Mutex
	added []added
	last  int
}

// New puts a dashboard in front of an emulator.
func New(emulator interface {
	Source
	http.Handler
}, opts Options) *Handler {
	h := &Handler{source: emulator, faults: fault.New(emulator), now: opts.Now}
	h.faults.Uncounted = true
	if opts.Mutating != nil {
		h.faults.Mutating = opts.Mutating
	}
	if h.now == nil {
		h.now = time.Now
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path+"{$}", h.show)
	mux.HandleFunc("GET "+Path+"mail/{n}", h.openMail)
	mux.HandleFunc("POST "+Path+"faults", h.addFault)
	mux.HandleFunc("POST "+Path+"faults/clear", h.clearFaults)
	mux.HandleFunc("/", notFound)
	own := http.NewCrossOriginProtection()
	own.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusForbidden, "Another page sent this form. Faults are set on the dashboard itself.")
	}))
	h.pages = own.Handler(mux)
	return h
}

// ServeHTTP answers requests for the dashboard, and passes on the others.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case !strings.HasPrefix(r.URL.Path, Path) && r.URL.Path+"/" != Path:
		h.record(w, r)
	case !loopback(r.Host):
		elsewhere(w)
	case r.URL.Path+"/" == Path:
		http.Redirect(w, r, Path, http.StatusFound)
	default:
		h.pages.ServeHTTP(w, r)
	}
}

// loopback reports whether a Host header is a name of this machine that nobody
// else can give an address.
func loopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	ip := net.ParseIP(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// openMail leads to where the link of a mail leads.
func (h *Handler) openMail(w http.ResponseWriter, r *http.Request) {
	o := h.source.Overview(listed)
	n, err := strconv.Atoi(r.PathValue("n"))
	at := n - (o.Sent - len(o.Mails)) - 1
	if err != nil || at < 0 || at >= len(o.Mails) || o.Mails[at].Link == "" {
		refuse(w, http.StatusNotFound, "There is no such mail, or it is too old to be shown.")
		return
	}
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Location", o.Mails[at].Link)
	w.WriteHeader(http.StatusFound) // without a body: it would have the link
}

func notFound(w http.ResponseWriter, _ *http.Request) {
	refuse(w, http.StatusNotFound, "There is no such page.")
}

// Add puts a row into the table, unless it is full, and counts it.
func (t *Table) Add(most int, row ...string) {
	if t.Total++; len(t.Rows) < most {
		t.Rows = append(t.Rows, row)
	}
}

// YesNo is how a table writes a truth.
func YesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
