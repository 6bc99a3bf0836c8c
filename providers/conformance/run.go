package conformance

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// run is one check under way.
type run struct {
	t       *testing.T
	h       *Harness
	target  Target
	info    providers.Info
	conn    providers.Conn
	ctx     context.Context
	problem func(string)
	label   []string

	// prefix is in every name that the run makes up, canary in every secret.
	prefix, canary string
	number         int
	refs           map[string]string // values of references, by kind, parent and number
	made           []*thing
	told           map[string]bool // attributes that are known to change by themselves
	waits          atomic.Int32    // how often the provider waited to repeat something
}

func newRun(t *testing.T, h *Harness, target Target, problem func(string)) *run {
	return &run{
		t: t, h: h, target: target, info: target.Provider.Info(), ctx: t.Context(), problem: problem,
		prefix: "cf" + strings.ToLower(rand.Text()[:6]), canary: "Canary" + rand.Text()[:10],
		refs: map[string]string{}, told: map[string]bool{},
	}
}

// stop ends a check after a problem that makes the rest meaningless.
type stop struct{}

// try runs a part of a check; when that stops, what follows still runs.
func (r *run) try(label string, part func()) {
	if label != "" {
		r.label = append(r.label, label)
		defer func(n int) { r.label = r.label[:n] }(len(r.label) - 1)
	}
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(stop); !ok {
				panic(p)
			}
		}
	}()
	part()
}

func (r *run) errorf(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if len(r.label) > 0 {
		text = strings.Join(r.label, ": ") + ": " + text
	}
	r.problem(text)
}

func (r *run) fatalf(format string, args ...any) {
	r.errorf(format, args...)
	panic(stop{})
}

// next is a number that no value of the run was made from.
func (r *run) next() int {
	r.number++
	return r.number
}

// open opens the connection.
func (r *run) open() {
	r.conn = r.connect()
}

func (r *run) connect() providers.Conn {
	cfg := r.target.Config
	cfg.Parallelism = max(cfg.Parallelism, 1)
	cfg.Wait = func(string, time.Duration) { r.waits.Add(1) }
	cfg.Log = func(l providers.RequestLog) {
		if strings.Contains(l.URL, r.canary) || l.Err != nil && strings.Contains(l.Err.Error(), r.canary) {
			r.problem("a secret is in the log of requests: " + l.Method + " " + l.URL)
		}
	}
	conn, err := r.target.Provider.Open(r.ctx, cfg)
	if err != nil {
		r.fatalf("Open: %v", err)
	}
	return conn
}

// close removes what was made, youngest first, and ends the connection.
func (r *run) close() {
	if r.conn == nil {
		return
	}
	if r.target.Faults != nil {
		r.target.Faults.Heal()
	}
	for _, x := range slices.Backward(r.made) {
		if x.id == "" || x.kind.AdoptOnly {
			continue
		}
		// What cannot be removed stays: the check has said what is wrong.
		r.conn.Apply(background(), []providers.Operation{x.deletion()}, func(providers.Result) {})
	}
	if err := r.conn.Close(); err != nil {
		r.errorf("Close: %v", err)
	}
}

// apply applies operations and returns the results by index. It checks what
// holds for every Apply: each result once, no two at a time, fit errors.
func (r *run) apply(ctx context.Context, ops ...providers.Operation) []providers.Result {
	return r.applyWith(ctx, ops, func(providers.Result) {})
}

func (r *run) applyWith(ctx context.Context, ops []providers.Operation, each func(providers.Result)) []providers.Result {
	var (
		results = make([]providers.Result, len(ops))
		times   = make([]int, len(ops))
		mu      sync.Mutex
	)
	r.conn.Apply(ctx, ops, func(res providers.Result) {
		if !mu.TryLock() {
			r.errorf("results are reported concurrently")
			mu.Lock()
		}
		defer mu.Unlock()
		if res.Index < 0 || res.Index >= len(ops) {
			r.errorf("a result has the index %d of %d operations", res.Index, len(ops))
			return
		}
		times[res.Index]++
		results[res.Index] = res
		each(res)
	})
	mu.Lock() // a report after the end of Apply would be a race, and is told below
	defer mu.Unlock()
	for i, n := range times {
		res, op := results[i], ops[i]
		if n != 1 {
			r.errorf("operation %d was reported %d times", i, n)
		}
		r.checkError(res.Err)
		if res.Err == nil && op.Verb != providers.Delete && res.ID == "" {
			r.errorf("%s of a %s was done, and its result has no id", op.Verb, op.Kind)
		}
		kind, _ := r.info.Kind(op.Kind)
		if op.Verb == providers.Create && kind.ChosenID && res.ID != "" && res.ID != op.ID {
			r.errorf("a %s was created with the id %q, not the chosen %q", op.Kind, res.ID, op.ID)
		}
		if res.Object != nil && res.Err == nil {
			r.conforms(*res.Object, op.Kind, false)
			if res.Object.ID != res.ID {
				r.errorf("the object in the result has the id %q, the result %q", res.Object.ID, res.ID)
			}
		}
	}
	r.settle()
	return results
}

// settle waits until reads answer with the new state.
func (r *run) settle() {
	if lag := r.conn.Lag(); lag > 0 {
		time.Sleep(lag)
	}
}

// checkError checks that an error may be shown.
func (r *run) checkError(err error) {
	if err == nil {
		return
	}
	var e *providers.Error
	if !errors.As(err, &e) {
		r.errorf("an error is no *providers.Error: %T %v", err, err)
		return
	}
	text := e.Summary + "\n" + e.Hint + "\n" + e.Attribute
	switch {
	case e.Summary == "":
		r.errorf("an error has no summary: %#v", e)
	case strings.Contains(text, r.canary):
		r.errorf("a secret is in an error")
	case strings.ContainsFunc(e.Summary+e.Hint+e.Attribute, unicode.IsControl):
		r.errorf("a control character is in an error: %q", text)
	}
}

// list asks a query and checks every object of the answer.
func (r *run) list(q providers.Query) []resource.Object {
	found, err := r.tryList(q)
	if err != nil {
		r.fatalf("List of %s: %v", describe(q), err)
	}
	return found
}

func (r *run) tryList(q providers.Query) ([]resource.Object, error) {
	if q.All || q.Filters != cty.NilVal && !q.Filters.IsNull() {
		// What lists may come from an index that is behind.
		time.Sleep(providers.SearchLag(r.conn))
	}
	found, err := r.conn.List(r.ctx, q)
	r.checkError(err)
	seen := map[string]bool{}
	for _, o := range found {
		if seen[o.ID] {
			r.errorf("List of %s returns an object twice", describe(q))
		}
		seen[o.ID] = true
		r.conforms(o, q.Kind, q.Brief)
	}
	return found, err
}

func describe(q providers.Query) string {
	var by []string
	if len(q.IDs) > 0 {
		by = append(by, fmt.Sprintf("%d ids", len(q.IDs)))
	}
	if len(q.Keys) > 0 {
		by = append(by, fmt.Sprintf("%d keys (%v …)", len(q.Keys), q.Keys[0]))
	}
	if len(q.UpsertKeys) > 0 {
		by = append(by, fmt.Sprintf("%d upsert keys", len(q.UpsertKeys)))
	}
	if len(q.Markers) > 0 {
		by = append(by, fmt.Sprintf("%d markers", len(q.Markers)))
	}
	if q.All {
		by = append(by, "all")
	}
	if q.Filters != cty.NilVal {
		by = append(by, "a filter")
	}
	if q.Brief {
		by = append(by, "in brief")
	}
	if len(q.Omit) > 0 {
		by = append(by, "without "+strings.Join(q.Omit, " and "))
	}
	return q.Kind + " by " + strings.Join(by, ", ")
}

// conforms checks the form of an object that the provider returned.
func (r *run) conforms(o resource.Object, kind string, brief bool) {
	k, ok := r.info.Kind(kind)
	switch { // with any of these, nothing that follows would make sense
	case !ok || o.Kind != kind:
		r.fatalf("an object has the kind %q, not %q", o.Kind, kind)
	case o.ID == "":
		r.fatalf("an object has no id")
	case o.Attrs == cty.NilVal || o.Attrs.IsNull() || !o.Attrs.Type().Equals(k.Type()):
		r.fatalf("the attributes of a %s do not have the kind's type: %#v", kind, o.Attrs)
	case o.Attrs.ContainsMarked():
		r.fatalf("a %s has marked attributes", kind)
	case !o.Attrs.IsWhollyKnown():
		r.fatalf("a %s has unknown attributes", kind)
	}
	if !o.Attr("id").RawEquals(cty.StringVal(o.ID)) {
		r.errorf("the attribute id of a %s is %#v, its id %q", kind, o.Attr("id"), o.ID)
	}
	r.hidden(k.Name, k.Attributes, o.Attrs)
	texts := allStrings(o.Attrs)
	if slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(s, r.canary) }) {
		r.errorf("a secret is among the attributes of a %s", kind)
	}
	if o.Marker != "" && slices.ContainsFunc(texts, func(s string) bool { return strings.Contains(s, o.Marker) }) {
		r.errorf("the marker is among the attributes of a %s", kind)
	}
	if o.Marker != "" && !k.Marked {
		r.errorf("a %s has a marker, and its kind has no place for one", kind)
	}
	for _, name := range k.Key {
		if a, _ := k.Attribute(name); brief && a.Ref == nil && o.Attr(name).IsNull() {
			r.errorf("a %s in brief has no %s, which is of its key", kind, name)
		}
	}
}

// hidden checks that what is never read back is null.
func (r *run) hidden(path string, attrs []resource.Attribute, v cty.Value) {
	for _, a := range attrs {
		got := resource.Attr(v, a.Name)
		if (a.WriteOnly || a.Local || a.OnCreate) && !got.IsNull() {
			r.errorf("%s.%s is never read back, and is not null", path, a.Name)
		}
		if a.Block != nil && !got.IsNull() {
			r.hidden(path+"."+a.Name, a.Block, got)
		}
	}
}

// allStrings are all strings in a value, the keys of maps too.
func allStrings(v cty.Value) []string {
	var out []string
	_ = cty.Walk(v, func(p cty.Path, v cty.Value) (bool, error) {
		if len(p) > 0 {
			if step, ok := p[len(p)-1].(cty.IndexStep); ok && step.Key.Type() == cty.String {
				out = append(out, step.Key.AsString())
			}
		}
		if v.Type() == cty.String && v.IsKnown() && !v.IsNull() {
			out = append(out, v.AsString())
		}
		return true, nil // which never fails
	})
	return out
}
