package config

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// data evaluates a data block. Attrs of one that finds a single object has the
// kind's type: what is searched by is set, the rest unknown. Of one that finds
// many it is what the block yields, see [PluralType].
func (be *bodyEval) data(b *block, found *candidate, d *resource.Desired) {
	kind := found.kind
	spec := b.spec(kind)
	vals := be.body(spec, b.content, "")
	if b.plural {
		be.defaults(spec, vals, b.content, "")
		args := map[string]cty.Value{}
		for _, a := range kind.Filters {
			args[a.Name] = vals[a.Name]
		}
		d.Args = cty.ObjectVal(args)
		vals[kind.Plural] = cty.UnknownVal(cty.Map(objectType(kind)))
		vals[addressAttr] = cty.StringVal(be.addr.String())
		vals[providerAttr] = cty.StringVal(d.Provider)
		d.Attrs = cty.ObjectVal(vals)
		return
	}
	for _, a := range spec {
		if a.Name == kind.Parent && a.Required && isUnset(vals[a.Name]) && !be.lax {
			be.missing(a, b.content, "")
			vals[a.Name] = cty.UnknownVal(a.Type)
		}
	}
	if kind.Given {
		be.given(b, found, vals, d)
		return
	}
	args := map[string]cty.Value{}
	for _, name := range be.lookup(b, kind, vals) {
		args[name] = vals[name]
	}
	d.Args = cty.ObjectVal(args)
	all := map[string]cty.Value{}
	for _, a := range found.all {
		v, given := vals[a.Name]
		switch {
		case given && !isUnset(v):
			all[a.Name] = v
		case a.WriteOnly || a.Local || a.OnCreate:
			all[a.Name] = cty.NullVal(attributeType(a))
		default:
			all[a.Name] = conform(a, cty.DynamicVal, true)
		}
	}
	d.Attrs = cty.ObjectVal(all)
}

// given is the object of a data block that says itself what it is. Attrs is all of
// it, and Args what names it.
func (be *bodyEval) given(b *block, found *candidate, vals map[string]cty.Value, d *resource.Desired) {
	kind := found.kind
	be.defaults(b.spec(kind), vals, b.content, "")
	all, args := map[string]cty.Value{}, map[string]cty.Value{}
	for _, a := range found.all {
		if v, ok := vals[a.Name]; ok {
			all[a.Name] = v
		} else {
			all[a.Name] = cty.NullVal(attributeType(a))
		}
	}
	for _, name := range kind.Key {
		args[name] = all[name]
		all["id"] = all[name]
	}
	be.keysNotEmpty(b, kind, all, d)
	d.Args, d.Attrs = cty.ObjectVal(args), cty.ObjectVal(all)
}

// lookup is the set of attributes by which a data block finds its object.
// Exactly one set must be given; a lone name may be taken from the label.
func (be *bodyEval) lookup(b *block, kind resource.Kind, vals map[string]cty.Value) []string {
	if len(slices.Concat(kind.Lookup...)) == 0 {
		return nil // it is the only one
	}
	given := func(name string) bool { return b.content.args[name] != nil && !isUnset(vals[name]) }
	var choices []string
	anyGiven := false
	var sets [][]string
	for _, set := range kind.Lookup {
		choices = append(choices, list(set, "with"))
		full := true
		for _, name := range set {
			full = full && given(name)
			anyGiven = anyGiven || given(name)
		}
		if full {
			sets = append(sets, set)
		}
	}
	if !anyGiven {
		for _, set := range kind.Lookup {
			if len(set) != 1 {
				continue
			}
			if a, ok := kind.Attribute(set[0]); ok && a.DefaultFrom == resource.FromLabel && !b.repeated() {
				be.labelDefault(a, vals, b.content)
				return set
			}
		}
	}
	// A larger set wins over one that is a part of it.
	full := slices.Clone(sets)
	sets = slices.DeleteFunc(sets, func(s []string) bool {
		return slices.ContainsFunc(full, func(o []string) bool {
			return len(o) > len(s) && !slices.ContainsFunc(s, func(n string) bool { return !slices.Contains(o, n) })
		})
	})
	if len(sets) == 1 {
		surplus := slices.ContainsFunc(slices.Concat(kind.Lookup...), func(n string) bool { return given(n) && !slices.Contains(sets[0], n) })
		if !surplus {
			return sets[0]
		}
	}
	if be.lax {
		return nil // the kind is a guess, and another one may be found in other ways
	}
	be.e.report.errorAt(be.addr, b.rng, "Invalid combination of arguments",
		"A %s block finds its %s by exactly one of %s; %s.", b.headline(), b.kindName, list(choices, "or"), be.givenNames(kind, given))
	return nil
}

func (be *bodyEval) givenNames(kind resource.Kind, given func(string) bool) string {
	var have []string
	for _, name := range slices.Concat(kind.Lookup...) {
		if given(name) && !slices.Contains(have, name) {
			have = append(have, name)
		}
	}
	if len(have) == 0 {
		return "none is set"
	}
	verb := "are"
	if len(have) == 1 {
		verb = "is"
	}
	return list(have, "and") + " " + verb + " set"
}
