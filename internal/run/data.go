package run

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/config"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// lookup is one data block, made ready to be read.
type lookup struct {
	desired *resource.Desired
	kind    resource.Kind
	plural  bool
	place   place
	// by holds the attribute and value that single objects are found by.
	by map[string]string
	// deferred: what to look for is known only after apply, or why tells what
	// else it has to wait for.
	deferred bool
	why      string
}

// dataKind is the kind that a data block of a provider reads.
func dataKind(info providers.Info, name string) (kind resource.Kind, plural, ok bool) {
	if kind, ok = info.KindOfPlural(name); ok {
		return kind, true, true
	}
	kind, ok = info.Kind(name)
	return kind, false, ok
}

// lookup turns a data block into a query. Plural ones that filter get a place
// of their own, as their answer is theirs alone.
func (p *planner) lookup(d *resource.Desired, r *reader) lookup {
	info, _ := p.run.conns.info(d.Provider)
	kind, plural, _ := dataKind(info, d.Address.Kind)
	l := lookup{desired: d, kind: kind, plural: plural}
	at, ok := p.place(d, kind)
	args, _ := d.Args.UnmarkDeep()
	if kind.Given { // nobody is asked, so that there is nothing to wait for but its own arguments
		plain, _ := d.Attrs.UnmarkDeep()
		l.place = at
		if l.deferred = !ok || !plain.IsWhollyKnown(); l.deferred {
			l.why = "because what it says is known only after apply"
		}
		return l
	}
	if !ok || !args.IsWhollyKnown() {
		l.deferred, l.why = true, "because what to look for is known only after apply"
		return l
	}
	if c := p.waitsFor(d); c != nil {
		l.deferred, l.why = true, fmt.Sprintf("because its depends_on names %s, which changes", c.Address.Block())
		return l
	}
	l.place = at
	if plural {
		l.place.alone = d.Address.String()
	} else if conn, diags := p.run.conns.get(context.Background(), d.Provider); !diags.HasErrors() && providers.SearchLag(conn) > 0 {
		l.place.alone = lookedUp
	}
	r.whole[l.place] = true
	if plural {
		q := r.query(l.place)
		q.Filters = args
		return l
	}
	l.by = map[string]string{}
	for _, names := range kind.Lookup {
		if key, ok := plan.KeyOf(names, args); ok {
			l.by = key
			break
		}
	}
	if id := l.by["id"]; id != "" {
		r.id(l.place, id)
	} else if len(l.by) > 0 {
		r.key(l.place, l.by)
	} else {
		r.query(l.place).All = true
	}
	return l
}

// read decides what a data block found.
func (p *planner) read(n int, l lookup, objects []resource.Object) diag.Diagnostics {
	d := l.desired
	c := &plan.Change{
		Address: d.Address, Kind: d.Address.Kind, Provider: d.Provider, Parent: l.place.parent, Layer: n,
		Action: plan.NoOp, DependsOn: d.DependsOn, Range: d.Range, Desired: d,
	}
	value, diags := l.resolve(objects)
	diags = append(diags, p.nobodyYet(l)...)
	if l.deferred {
		c.Action, c.Reason = plan.Read, l.why
	}
	c.After, c.Before = value, value
	if id := resource.Attr(value, "id"); !l.plural && id.IsKnown() && !id.IsNull() {
		c.ID = id.AsString()
	}
	p.add(c)
	p.run.eval.Set(d.Address, value)
	if !l.deferred && !l.kind.Given {
		a := answered{lookup: l, ids: make(map[string]bool, len(objects))}
		for _, o := range objects {
			if l.plural || l.matches(o) {
				a.ids[o.ID] = true
			}
		}
		p.answered = append(p.answered, a)
	}
	return diags
}

// nobodyYet refuses to look for a person in what this very plan makes: nobody is in it
// but whom the plan puts there, so that the apply would make half of what it is to and
// end with "Not found". A block that waits for something else of the configuration may
// find what that makes. Other kinds are not meant: a new realm has clients of its own.
func (p *planner) nobodyYet(l lookup) diag.Diagnostics {
	d := l.desired
	parent, ok := p.changes[d.Parent]
	if !ok || !l.deferred || l.plural || l.kind.Given || l.kind.Credential == nil || parent.Action != plan.Create && parent.Action != plan.Replace {
		return nil
	}
	for _, on := range slices.Concat(d.DependsOn, d.After) {
		if on != d.Parent && on != d.Parent.Block() && p.waitsFor(&resource.Desired{After: []resource.Address{on.Block()}}) != nil {
			return nil
		}
	}
	return diag.Diagnostics{{
		Summary: "Nothing can be found yet", Subject: d.Range, Address: d.Address.String(),
		Detail: fmt.Sprintf("This plan creates %[2]s, and no %[1]s can be in it yet. To have the %[1]s created, write the block without data. If another block of this configuration makes them, refer to that one, or name it in depends_on.", l.kind.Name, d.Parent),
	}}
}

// resolve is the value of a data block, given the objects of its place.
func (l lookup) resolve(objects []resource.Object) (cty.Value, diag.Diagnostics) {
	if l.plural {
		return l.resolveMany(objects)
	}
	if l.kind.Given {
		return l.desired.Attrs, nil
	}
	typ := l.kind.Type()
	if l.deferred {
		return cty.UnknownVal(typ), nil
	}
	var found []resource.Object
	for _, o := range objects {
		if l.matches(o) {
			found = append(found, o)
		}
	}
	switch {
	case len(found) == 0:
		return cty.UnknownVal(typ), l.errorf("Not found", "There is no %s with %s%s.%s", l.kind.Name, l.wanted(), inParent(l.place.parent), l.instead())
	case len(found) > 1:
		return cty.UnknownVal(typ), l.errorf("Ambiguous", "%d %ss have %s: %s. Name the id of the one you mean.", len(found), l.kind.Name, l.wanted(), candidates(found))
	case l.doubt(found[0]) != "":
		return cty.UnknownVal(typ), l.errorf("Doubtful match", "The %s with %s (%s) may be somebody else's: %s. If it is the right one, look it up by its id.", l.kind.Name, l.wanted(), candidates(found), l.doubt(found[0]))
	}
	return found[0].Attrs, nil
}

// resolveMany is the value of a plural data block: its arguments, and a map of
// objects by their key.
func (l lookup) resolveMany(objects []resource.Object) (cty.Value, diag.Diagnostics) {
	args, _ := l.desired.Args.Unmark()
	vals := map[string]cty.Value{}
	if args.IsKnown() && !args.IsNull() && args.Type().IsObjectType() {
		vals = args.AsValueMap()
		if vals == nil {
			vals = map[string]cty.Value{}
		}
	}
	if l.deferred {
		vals[l.kind.Plural] = cty.UnknownVal(cty.Map(l.kind.Type()))
		return cty.ObjectVal(vals), nil
	}
	var diags diag.Diagnostics
	found := make([]resource.Object, 0, len(objects))
	for _, o := range objects {
		if o.Doubt() != "" {
			diags = append(diags, l.errorf("Doubtful match", "It finds the %s with %s (%s), who may be somebody else: %s. Narrow the search, or remove that one.",
				l.kind.Name, objectName(l.kind, o), candidates([]resource.Object{o}), o.Doubt())...)
			continue
		}
		found = append(found, o)
	}
	vals[l.kind.Plural] = config.PluralValue(l.kind, found).GetAttr(l.kind.Plural)
	return cty.ObjectVal(vals), diags
}

func (l lookup) matches(o resource.Object) bool {
	for name, want := range l.by {
		if name == "id" {
			if o.ID != want {
				return false
			}
			continue
		}
		v := o.Attr(name)
		if v.IsNull() || v.AsString() != want {
			return false
		}
	}
	return true
}

// doubt tells why what was found may not be what was looked for.
func (l lookup) doubt(o resource.Object) string {
	if l.by["id"] != "" {
		return ""
	}
	return o.Doubt(slices.Sorted(maps.Keys(l.by))...)
}

// instead says what to do about what is not there.
func (l lookup) instead() string {
	if l.desired.Address.Name == usersOutput {
		return " Name one that there is."
	}
	return " A data block looks up what exists already; to have it created, write it without data."
}

func (l lookup) wanted() string {
	var parts []string
	for _, names := range l.kind.Lookup {
		for _, name := range names {
			if v, ok := l.by[name]; ok && v != "" {
				parts = append(parts, fmt.Sprintf("%s %q", name, v))
			}
		}
		if len(parts) > 0 {
			break
		}
	}
	return strings.Join(parts, " and ")
}

func (l lookup) errorf(summary, format string, args ...any) diag.Diagnostics {
	rng := l.desired.Range
	for name := range l.by {
		rng = l.desired.AttrRange(name)
	}
	return diag.Diagnostics{{Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: rng, Address: l.desired.Address.String()}}
}

func inParent(parent string) string {
	if parent == "" {
		return ""
	}
	return fmt.Sprintf(" in %q", parent)
}

func objectName(kind resource.Kind, o resource.Object) string {
	if len(kind.Key) == 0 {
		return "another one" // the id is told beside it
	}
	key, _ := plan.KeyOf(kind.Key, o.Attrs)
	var parts []string
	for _, k := range kind.Key {
		parts = append(parts, fmt.Sprintf("%s %q", k, providers.Clean(key[k], 80)))
	}
	return strings.Join(parts, " and ")
}

func candidates(objects []resource.Object) string {
	var parts []string
	for _, o := range objects {
		s := "id " + providers.Clean(o.ID, 80)
		if !o.Created.IsZero() {
			s += ", created " + o.Created.UTC().Format(time.RFC3339)
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, "; ")
}
