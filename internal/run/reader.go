package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/idpctl/idpctl/apply"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// place is where objects of one kind live: one query goes to each.
type place struct {
	provider, kind, parent string
	// alone names the data block whose query may not be joined with others.
	alone string
}

// identity names one live object.
type identity struct{ provider, kind, id string }

// reader collects what a step of a run needs to know, and reads it with one
// query a place.
type reader struct {
	conns *connections
	want  map[place]*providers.Query
	// omit names the attributes that nobody asks for but a data block; whole
	// are the places of which one does.
	omit  func(provider, kind string) []string
	whole map[place]bool
	// expect tells what of a place was written a moment ago and is asked for.
	expect   func(place, providers.Query) []apply.Expected
	patience func(context.Context) apply.Patience
	// strict: no answer of a search index will do. recorded are the objects of the
	// state that a query asks for, which may be other than an index has them.
	strict   bool
	recorded func(place, providers.Query) []recorded
}

// lookedUp is the place of what single data blocks look up: they want it as it is.
const lookedUp = "looked up"

func (p *planner) newReader() *reader {
	return &reader{
		conns: p.run.conns, want: map[place]*providers.Query{}, omit: p.omit, whole: map[place]bool{},
		expect: p.expect, patience: p.run.patience, strict: p.run.opts.Strict, recorded: p.recorded,
	}
}

func (r *reader) query(p place) *providers.Query {
	q, ok := r.want[p]
	if !ok {
		q = &providers.Query{Kind: p.kind, Parent: p.parent}
		r.want[p] = q
	}
	return q
}

func (r *reader) id(p place, id string) {
	q := r.query(p)
	q.IDs = append(q.IDs, id)
}

func (r *reader) key(p place, key map[string]string) {
	q := r.query(p)
	q.Keys = append(q.Keys, key)
}

func (r *reader) upsertKey(p place, key string) {
	q := r.query(p)
	q.UpsertKeys = append(q.UpsertKeys, key)
}

func (r *reader) marker(p place, marker string) {
	q := r.query(p)
	q.Markers = append(q.Markers, marker, resource.MarkerOf(marker, resource.Adopted))
}

// read sends the queries, all places at once, and returns what was found.
func (r *reader) read(ctx context.Context) (map[place][]resource.Object, diag.Diagnostics) {
	places := make([]place, 0, len(r.want))
	for p := range r.want {
		places = append(places, p)
	}
	slices.SortFunc(places, func(a, b place) int {
		return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
	})
	objects, told := make([][]resource.Object, len(places)), make([]diag.Diagnostics, len(places))
	errs := make([]error, len(places))
	var group errgroup.Group
	for i, p := range places {
		group.Go(func() error {
			objects[i], told[i], errs[i] = r.list(ctx, p, *r.want[p])
			return nil
		})
	}
	_ = group.Wait() // the functions report by diagnostics
	var diags diag.Diagnostics
	found := make(map[place][]resource.Object, len(places))
	down, said := map[string]bool{}, map[string]bool{}
	for i, p := range places {
		found[p], diags = objects[i], appendNew(diags, told[i])
		if errs[i] == nil {
			continue
		}
		// A server that does not work fails every query, and is told once.
		if serverDown(errs[i]) {
			if down[p.provider] {
				continue
			}
			down[p.provider] = true
		}
		text := p.provider + " " + cause(errs[i])
		if said[text] {
			continue
		}
		said[text] = true
		diags = appendNew(diags, diag.Diagnostics{r.conns.diagnose(p.provider, errs[i], "reading "+kindPhrase(p))})
	}
	return found, diags
}

// serverDown reports whether an error is about the server as a whole, and not
// about what it was asked for.
func serverDown(err error) bool {
	switch providers.ClassOf(err) {
	case providers.Forbidden, providers.NotFound, providers.Conflict, providers.Invalid:
		return false
	}
	return true
}

// cause is the same for errors with one remedy: what all queries need first fails
// all of them in the same words, and several may lack one permission.
func cause(err error) string {
	var e *providers.Error
	if errors.As(err, &e) && e.Class == providers.Forbidden && e.Hint != "" {
		return e.Hint
	}
	return err.Error()
}

// appendNew appends what is not there yet: one refused password fails every
// query, and is told once.
func appendNew(diags, more diag.Diagnostics) diag.Diagnostics {
	for _, d := range more {
		if !slices.Contains(diags, d) {
			diags = append(diags, d)
		}
	}
	return diags
}

func (r *reader) list(ctx context.Context, p place, q providers.Query) ([]resource.Object, diag.Diagnostics, error) {
	conn, diags := r.conns.get(ctx, p.provider)
	if diags.HasErrors() {
		return nil, diags, nil
	}
	q.IDs = dedupe(q.IDs)
	if !r.whole[p] {
		q.Omit = r.omit(p.provider, p.kind)
	}
	var expected []apply.Expected
	if conn.Lag() > 0 && !q.Deleted {
		expected = r.expect(p, q)
	}
	if kind, ok := r.conns.kind(p.provider, p.kind); ok {
		q.Quick = !r.strict && p.alone != lookedUp && !kind.AdoptOnly && providers.SearchLag(conn) > 0
	}
	objects, err := r.patience(ctx).List(ctx, conn, q, expected)
	if err == nil && q.Quick {
		objects, err = r.confirm(ctx, conn, p, q, objects)
	}
	return objects, diags, err
}

func dedupe(ids []string) []string {
	slices.Sort(ids)
	return slices.Compact(ids)
}

func kindPhrase(p place) string {
	if p.parent == "" {
		return p.kind
	}
	return fmt.Sprintf("%s of %q", p.kind, p.parent)
}

// diagnose turns a provider's error into a diagnostic that points at the
// provider block, as most are about the connection, and at the argument that the
// error names if the block has it.
func (c *connections) diagnose(provider string, err error, doing string) diag.Diagnostic {
	d := diag.Diagnostic{Summary: "Identity provider request failed", Detail: err.Error(), Subject: c.ranges[provider]}
	var e *providers.Error
	if !errors.As(err, &e) {
		return d
	}
	d.Summary, d.Detail = e.Summary, sentence(e.Hint)
	if at, ok := c.attrRanges[provider][e.Attribute]; ok {
		d.Subject = at
	}
	// What was being read matters where the answer depends on it.
	if doing != "" && e.Class != providers.Unreachable && e.Class != providers.Unauthenticated {
		d.Detail = strings.TrimSpace(fmt.Sprintf("While %s. %s", doing, sentence(e.Hint)))
	}
	return d
}

// sentence ends a hint in a full stop.
func sentence(s string) string {
	if s == "" || strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}
