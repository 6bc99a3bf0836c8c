package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// Input is everything that decides what happens to one object.
type Input struct {
	Kind resource.Kind
	// Desired is the configuration's wish; nil if it has none any more.
	Desired *resource.Desired
	// Prior is the state's record; nil if there is none.
	Prior *Prior
	// Live is the object with the prior's id; nil if it does not exist.
	Live *resource.Object
	// Matches are the objects found without the state: by the id that the
	// configuration names, by key, by an attribute that is unique, or by marker.
	Matches []resource.Object
	// Deleted are objects in the bin that have the key, or without one the id of the
	// prior or the marker; one of them is restored, that of the prior first.
	Deleted []resource.Object
	// Gone are the ids of what idpctl deleted not long ago.
	Gone map[string]bool
	// Marker is what the object's marker is when it is this configuration's.
	Marker string
	// ParentReplaced: the parent will be replaced, and everything in it goes.
	ParentReplaced bool
	// RenamedFrom is an address that the configuration no longer has, whose
	// object is this one.
	RenamedFrom resource.Address
}

// Resource plans one object of the configuration. Errors point at the block
// or the attribute concerned.
func Resource(in Input) (*Change, diag.Diagnostics) {
	d := in.Desired
	c := &Change{
		Address: d.Address, Kind: in.Kind.Name, Provider: d.Provider,
		Parent: knownString(resource.Attr(d.Attrs, in.Kind.Parent)),
		Origin: resource.Created, DependsOn: d.DependsOn, Range: d.Range,
		Desired: d, Prior: in.Prior, Marker: in.Marker, MovedFrom: in.RenamedFrom,
	}
	live := in.Live
	if in.Prior != nil {
		c.Origin, c.Owned = in.Prior.Origin, in.Prior.Owned
		c.Deliver = in.Prior.Undelivered
	}
	if in.Prior == nil || live == nil {
		match, diags := in.match(c)
		if diags.HasErrors() {
			return nil, diags
		}
		live = match
		if match != nil && in.Prior != nil && match.ID == in.Prior.ID {
			// One list lacked it and the next has it: it was there all the time.
			c.Adopt, c.Reclaim, c.Origin, c.Owned = false, false, in.Prior.Origin, in.Prior.Owned
		}
		c.Recreate = in.Prior != nil && live == nil
		c.Deliver = c.Deliver && live != nil && !c.Adopt
	}
	if live == nil {
		c.Origin = resource.Created
		c.restore(in)
	}
	c.Marker = resource.MarkerOf(in.Marker, c.Origin)
	if live == nil || in.ParentReplaced {
		c.plan(in, nil)
		c.Action = Create
		if in.Kind.AdoptOnly {
			return nil, c.errorf("Object not found", "%s cannot be created through the API: it must exist, and none was found.", c.Address)
		}
		if live != nil {
			c.Action, c.ID, c.Live, c.WithParent = Replace, live.ID, live, true
			c.Before = in.masked(live.Attrs)
			c.Reason = "because what it is part of is replaced"
			return c, in.guard(c, nil)
		}
		return c, nil
	}
	c.ID, c.Live = live.ID, live
	if id := knownString(resource.Attr(d.Attrs, "id")); id != "" && id != live.ID {
		return nil, diag.Diagnostics{{
			Summary: "Another id", Subject: d.AttrRange("id"), Address: d.Address.String(),
			Detail: fmt.Sprintf("%s has the id %s, and the configuration names %q. Leave id out to keep it. To manage that one instead, give the block another label.", d.Address, live.ID, id),
		}}
	}
	if !c.Adopt && !c.Deliver && in.settled(live) {
		c.Action, c.Before, c.After = NoOp, live.Attrs, live.Attrs
		return c, nil
	}
	c.plan(in, live)
	c.OnlyNamed = in.Kind.AdoptOnly && len(c.Attributes) == 0
	forced := forcing(c.Attributes)
	switch {
	case len(forced) > 0 && len(in.Kind.Contains) > 0 && onlyDrift(c.Attributes):
		return nil, in.movedThere(c)
	case len(forced) > 0:
		c.Action = Replace
		c.Reason = "because " + strings.Join(forced, " and ") + " cannot be changed in place"
		c.plan(in, nil)
		c.Before = in.masked(live.Attrs)
		c.Attributes = mergeForced(c, in.Kind, c.Before)
		if in.Prior != nil && !c.Adopt {
			if diags := in.holders(c); diags.HasErrors() { // else it would be deleted for nothing
				return nil, diags
			}
		}
		return c, in.guard(c, forced)
	case len(c.Attributes) > 0 || c.Deliver:
		c.Action = Update
		if in.Prior != nil && !c.Adopt {
			return c, in.holders(c)
		}
	default:
		c.Action = NoOp
	}
	return c, nil
}

// restore has a creation bring back the deleted object with the key.
func (c *Change) restore(in Input) {
	for _, o := range in.Deleted {
		was := in.Prior != nil && in.Prior.ID == o.ID
		marked := resource.CarriesMarker(o.Marker, in.Marker)
		same := was || marked
		if len(in.Kind.Key) > 0 {
			same = SameKey(in.Kind.Key, in.Desired.Attrs, o.Attrs)
		}
		if !same || c.Restore != "" && !was {
			continue
		}
		c.Restore = o.ID
		c.Reason = "it was deleted, and comes back with the id " + o.ID
		c.Origin, c.Strange = resource.Created, !was && !marked && !in.Gone[o.ID]
		switch {
		case was:
			c.Origin = in.Prior.Origin
		case marked:
			_, c.Origin = resource.SplitMarker(o.Marker)
		case c.Strange:
			c.Origin = resource.Adopted
			c.Reason += ", as it was; idpctl is not known to have made it"
		}
	}
}

// plan compares the attributes against live, nil for none.
func (c *Change) plan(in Input, live *resource.Object) {
	d := &differ{exists: live != nil, ignore: map[string]bool{}, owned: c.Owned}
	d.written = func(path string) bool { _, ok := in.Desired.AttrRanges[path]; return ok }
	if in.Prior != nil {
		d.secret = map[string]bool{}
		for _, name := range in.Prior.Sensitive {
			d.secret[name] = true
		}
	}
	for _, name := range in.Desired.IgnoreChanges {
		d.ignore[name] = live != nil
	}
	none := cty.NullVal(cty.DynamicPseudoType)
	before, prior := none, none
	if live != nil {
		before = live.Attrs
		if in.Prior != nil && in.Prior.Attrs != nil && !c.Adopt {
			prior, d.hasPrior = in.Prior.Attrs.Value(), true
		}
	}
	b, a := d.object("", in.Kind.Attributes, in.wish(live), before, prior)
	if live == nil {
		a["id"] = cty.UnknownVal(cty.String)
		c.Before = cty.NullVal(in.Kind.Type())
	} else {
		b["id"], a["id"] = cty.StringVal(live.ID), cty.StringVal(live.ID)
		c.Before = cty.ObjectVal(b)
		if keyChanges(in.Kind, d.changes) {
			for _, attr := range in.Kind.Attributes {
				if attr.Computed && !attr.Optional {
					a[attr.Name] = cty.UnknownVal(attr.Type)
				}
			}
		}
	}
	c.After, c.Attributes = cty.ObjectVal(a), d.changes
}

// wish is what the configuration wants of an object; live is nil for a new one.
// An attribute that it does not write, and that is taken from another one, is
// so when the object is made: an e-mail that changes later does not rename the
// user, which not every server allows.
func (in Input) wish(live *resource.Object) cty.Value {
	d := in.Desired
	if live == nil || d.Attrs.IsNull() {
		return d.Attrs
	}
	var kept map[string]cty.Value
	for _, name := range d.Derived {
		has := resource.Attr(live.Attrs, name)
		if has.IsNull() || Same(has, resource.Attr(d.Attrs, name)) {
			continue
		}
		if kept == nil {
			kept = d.Attrs.AsValueMap()
		}
		kept[name] = has
	}
	if kept == nil {
		return d.Attrs
	}
	return cty.ObjectVal(kept)
}

// keyChanges reports whether the object gets another natural key, on which
// computed attributes (a realm's endpoints) may depend.
func keyChanges(k resource.Kind, changes []AttrChange) bool {
	for _, c := range changes {
		for _, name := range k.Key {
			if c.Path == name {
				return true
			}
		}
	}
	return false
}

func forcing(changes []AttrChange) []string {
	var names []string
	for _, c := range changes {
		if c.Replaces {
			names = append(names, c.Path)
		}
	}
	return names
}

// onlyDrift reports whether nobody but the server changed what forces a
// replacement.
func onlyDrift(changes []AttrChange) bool {
	return !slices.ContainsFunc(changes, func(a AttrChange) bool { return a.Replaces && !a.Drift })
}

// movedThere refuses to replace a home, with all that is in it, because somebody
// changed at the server what cannot be changed back in place.
func (in Input) movedThere(c *Change) diag.Diagnostics {
	i := slices.IndexFunc(c.Attributes, func(a AttrChange) bool { return a.Replaces })
	a := c.Attributes[i]
	name := a.Top()
	return diag.Diagnostics{{
		Summary: "Changed at the identity provider", Subject: in.Desired.AttrRange(name), Address: c.Address.String(),
		Detail: fmt.Sprintf("The %s of %s (id %s) is %q there now, and was %q after the last apply. It cannot be put back without deleting the %s and all that is in it. Change it back there, or write %s = %q.",
			name, c.Address, c.ID, knownString(unmark(a.Before)), knownString(unmark(a.After)), in.Kind.Name, name, knownString(unmark(a.Before))),
	}}
}

func unmark(v cty.Value) cty.Value {
	v, _ = v.Unmark()
	return v
}

// mergeForced lists, for a replacement, the differences between the live
// object and the new one, with those that force it marked.
func mergeForced(c *Change, kind resource.Kind, live cty.Value) []AttrChange {
	var out []AttrChange
	for _, a := range c.Attributes {
		if !a.WriteOnly && !strings.Contains(a.Path, ".") {
			a.Before = resource.Attr(live, a.Path)
			if resource.IsSensitive(a.After) && !resource.IsSensitive(a.Before) {
				a.Before = a.Before.Mark(resource.Sensitive)
			}
			if Same(a.Before, a.After) {
				continue
			}
			attr, _ := kind.Attribute(a.Path)
			a.Replaces = attr.ForceNew && a.After.IsKnown()
		}
		out = append(out, a)
	}
	return out
}

func (in Input) masked(live cty.Value) cty.Value { return mask(in.Kind, in.Prior, live) }

// mask marks what is sensitive by its kind, or was when it was applied.
func mask(kind resource.Kind, prior *Prior, live cty.Value) cty.Value {
	if live.IsNull() {
		return live
	}
	vals := live.AsValueMap()
	for _, a := range kind.Attributes {
		switch {
		case a.Sensitive || prior != nil && slices.Contains(prior.Sensitive, a.Name):
			vals[a.Name] = vals[a.Name].Mark(resource.Sensitive)
		case a.Block != nil:
			vals[a.Name] = markBlock(a.Block, vals[a.Name])
		}
	}
	return cty.ObjectVal(vals)
}

// guard refuses to destroy, for a replacement, what must not be destroyed.
func (in Input) guard(c *Change, forced []string) diag.Diagnostics {
	what := "what it is part of is replaced"
	rng := in.Desired.Range
	if len(forced) > 0 {
		what = fmt.Sprintf("%s cannot be changed in place", strings.Join(forced, " and "))
		rng = in.Desired.AttrRange(forced[0])
	}
	switch {
	case in.Desired.PreventDestroy:
		return diag.Diagnostics{{
			Summary: "Instance cannot be destroyed", Subject: rng, Address: c.Address.String(),
			Detail: fmt.Sprintf("%s would be replaced, as %s, but its lifecycle has prevent_destroy = true. Take the change back, or remove prevent_destroy first.", c.Address, what),
		}}
	case c.Origin == resource.Adopted && in.Desired.OnDestroy != "delete":
		return diag.Diagnostics{{
			Summary: "Adopted object would be replaced", Subject: rng, Address: c.Address.String(),
			Detail: fmt.Sprintf("%s was not made by idpctl, and would be deleted and made anew, as %s. Give it the value that the object has, or set on_destroy = \"delete\" to let idpctl delete it.", c.Address, what),
		}}
	}
	return nil
}

func (c *Change) errorf(summary, format string, args ...any) diag.Diagnostics {
	return diag.Diagnostics{{
		Summary: summary, Subject: c.Range, Address: c.Address.String(),
		Detail: fmt.Sprintf(format, args...),
	}}
}

func knownString(v cty.Value) string {
	v, _ = v.Unmark()
	if v.IsNull() || !v.IsKnown() || v.Type() != cty.String {
		return ""
	}
	return v.AsString()
}
