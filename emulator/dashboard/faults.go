package dashboard

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/idpctl/idpctl/emulator/fault"
)

// choice is one of a list on the form.
type choice struct {
	Value, Label string
	Selected     bool
}

// kind is a fault that the form offers.
type kind struct {
	choice
	do func() fault.Action
}

// kinds are the faults that the form offers.
func kinds() []kind {
	status := func(code int, retryAfter string) func() fault.Action {
		return func() fault.Action {
			header := http.Header{}
			if retryAfter != "" {
				header.Set("Retry-After", retryAfter)
			}
			return fault.Status(code, fmt.Sprintf(`{"error":%q}`, http.StatusText(code)), header)
		}
	}
	return []kind{
		{choice{Value: "503", Label: "Answer 503, retry after 1 s"}, status(http.StatusServiceUnavailable, "1")},
		{choice{Value: "429", Label: "Answer 429, retry after 1 s"}, status(http.StatusTooManyRequests, "1")},
		{choice{Value: "500", Label: "Answer 500"}, status(http.StatusInternalServerError, "")},
		{choice{Value: "403", Label: "Answer 403"}, status(http.StatusForbidden, "")},
		{choice{Value: "drop", Label: "Close the connection, do nothing"}, fault.DropBefore},
		{choice{Value: "lost", Label: "Do it, and lose the answer"}, fault.CommitThenDrop},
		{choice{Value: "cut", Label: "Cut the answer after 20 bytes"}, func() fault.Action { return fault.Truncate(20) }},
		{choice{Value: "slow", Label: "Wait for 5 s first"}, func() fault.Action { return fault.Delay(5 * time.Second) }},
		{choice{Value: "html", Label: "Answer with a web page"}, fault.HTML},
	}
}

// scopes say which requests a fault is for.
func scopes() []choice {
	return []choice{{Value: "changes", Label: "that change something"}, {Value: "reads", Label: "that only read"}, {Value: "all", Label: "of every kind"}}
}

// Limits of the form.
const (
	mostFaults  = 20
	mostTimes   = 1_000_000
	longestPart = 200
)

// added is a fault that the form added.
type added struct {
	name   string
	remove func()
}

// faultForm is what somebody wrote into the form, and what is wrong with it.
type faultForm struct {
	Kind, Scope, Part, Times   string
	PartError, TimesError, All string
}

// Kinds are the choices, with the one that was taken.
func (f faultForm) Kinds() []choice {
	var list []choice
	for _, k := range kinds() {
		list = append(list, k.choice)
	}
	return selected(list, f.Kind)
}

// Scopes are the choices, with the one that was taken.
func (f faultForm) Scopes() []choice { return selected(scopes(), f.Scope) }

func selected(list []choice, value string) []choice {
	for i := range list {
		list[i].Selected = list[i].Value == value
	}
	return list
}

// rule reads the form; false if something is wrong, which the form says then.
func (f *faultForm) rule() (fault.Rule, bool) {
	k := slices.IndexFunc(kinds(), func(k kind) bool { return k.Value == f.Kind })
	s := slices.IndexFunc(scopes(), func(s choice) bool { return s.Value == f.Scope })
	times, err := strconv.Atoi(f.Times)
	if f.Times == "" {
		times, err = 0, nil
	}
	if k < 0 || s < 0 {
		f.All = "The form is not complete: choose what happens and to which requests."
	}
	if err != nil || times < 0 || times > mostTimes {
		f.TimesError = fmt.Sprintf("Write a whole number up to %d, or nothing for every time.", mostTimes)
	}
	if f.TimesError == "" && len(f.Part) > longestPart {
		f.PartError = fmt.Sprintf("Write at most %d characters.", longestPart)
	}
	if f.All+f.TimesError+f.PartError != "" {
		return fault.Rule{}, false
	}
	r := fault.Rule{Name: kinds()[k].Label + ", requests " + scopes()[s].Label, Times: times,
		Mutating: f.Scope == "changes", Reading: f.Scope == "reads", Do: kinds()[k].do()}
	if f.Part != "" {
		r.Path = regexp.MustCompile(regexp.QuoteMeta(f.Part))
		r.Name += " and have " + f.Part + " in their path"
	}
	return r, true
}

// addFault is the form.
func (h *Handler) addFault(w http.ResponseWriter, r *http.Request) {
	form, ok := posted(w, r)
	if !ok {
		return
	}
	f := faultForm{Kind: form("kind"), Scope: form("scope"), Part: strings.TrimSpace(form("part")), Times: strings.TrimSpace(form("times"))}
	rule, ok := f.rule()
	if ok && !h.add(rule) {
		ok, f.All = false, fmt.Sprintf("There are %d faults already. Remove one first.", mostFaults)
	}
	if !ok {
		h.page(w, http.StatusUnprocessableEntity, f, 0)
		return
	}
	http.Redirect(w, r, Path+"#faults", http.StatusSeeOther)
}

// add puts a rule to work, unless there are too many.
func (h *Handler) add(rule fault.Rule) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.added) >= mostFaults {
		return false
	}
	h.last++
	rule.Name = strconv.Itoa(h.last) + " " + rule.Name
	h.added = append(h.added, added{rule.Name, h.faults.Add(rule)})
	return true
}

// clearFaults removes one fault, or all without a number.
func (h *Handler) clearFaults(w http.ResponseWriter, r *http.Request) {
	form, ok := posted(w, r)
	if !ok {
		return
	}
	number := form("n")
	h.mu.Lock()
	h.added = slices.DeleteFunc(h.added, func(a added) bool {
		if number != "" && !strings.HasPrefix(a.name, number+" ") {
			return false
		}
		a.remove()
		return true
	})
	h.mu.Unlock()
	http.Redirect(w, r, Path+"#faults", http.StatusSeeOther)
}

// posted reads a form of this package.
func posted(w http.ResponseWriter, r *http.Request) (value func(string) string, ok bool) {
	r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
	if err := r.ParseForm(); err != nil {
		refuse(w, http.StatusBadRequest, "The form could not be read.")
		return nil, false
	}
	return r.PostForm.Get, true
}

// active is a fault as the page shows it.
type active struct{ Number, Text, Left string }

// activeFaults are those at work and those that have done their work.
func (h *Handler) activeFaults() []active {
	var list []active
	for _, s := range h.faults.Rules() {
		a := active{Left: fmt.Sprintf("every time, %d so far", s.Used)}
		if s.Times > 0 {
			a.Left = fmt.Sprintf("%d of %d done", s.Used, s.Times)
		}
		a.Number, a.Text, _ = strings.Cut(s.Name, " ")
		list = append(list, a)
	}
	return list
}
