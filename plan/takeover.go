package plan

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// CheckTakeovers refuses changes of which one takes what only one object may
// have (a key, an e-mail) from another that gives it up in the same plan: the
// server sees one after the other, deletions last, and would refuse the first or
// both. kind describes the kinds of the providers.
func CheckTakeovers(changes []*Change, kind func(provider, kind string) (resource.Kind, bool)) diag.Diagnostics {
	holders := map[slot]*Change{} // of what they have and do not keep
	visit := func(do func(c *Change, k resource.Kind, set []string, before slot)) {
		for _, c := range changes {
			k, ok := kind(c.Provider, c.Kind)
			if !ok || c.Action == NoOp || c.Action == Forget || c.Address.Mode == resource.Data {
				continue
			}
			for _, set := range k.Identities() {
				do(c, k, set, c.slot(k, set, c.Before))
			}
		}
	}
	visit(func(c *Change, k resource.Kind, set []string, before slot) {
		if before != (slot{}) && before != c.slot(k, set, c.After) {
			holders[before] = c
		}
	})
	var diags diag.Diagnostics
	if len(holders) == 0 {
		return nil
	}
	visit(func(c *Change, k resource.Kind, set []string, before slot) {
		after := c.slot(k, set, c.After)
		holder, taken := holders[after]
		if !taken || holder == c || after == before {
			return
		}
		what := strings.Join(set, " and ")
		rng := c.Range
		if c.Desired != nil {
			rng = c.Desired.AttrRange(set[len(set)-1])
		}
		d := diag.Diagnostic{
			Summary: "Exchange of " + what, Subject: rng, Address: c.Address.String(),
			Detail: fmt.Sprintf("%s would get the %s that %s has now and gives up in the same plan. No two may have it at once, and the server sees the changes in any order. If it is only that blocks exchanged their labels, or that a list with count lost an element, put the labels back, or use for_each. Else change %s first, to something that nobody has, and apply; then make this change.",
				c.Address, what, holder.Address, holder.Address),
		}
		if holder.Action == Delete {
			d.Detail = fmt.Sprintf("%s would get the %s of %s, which the same plan deletes. No two may have it at once, and deletions come last. Remove %s first and apply; then make this change.",
				c.Address, what, holder.Address, holder.Address)
		}
		diags = append(diags, d)
	})
	return diags
}

// slot is what only one object may have: the value of a set of attributes, in
// one home.
type slot struct{ provider, kind, parent, set, value string }

// slot is the one that a change's object takes with attrs; the zero slot if
// they do not say.
func (c *Change) slot(k resource.Kind, set []string, attrs cty.Value) slot {
	key, ok := KeyOf(set, attrs)
	if !ok || len(set) == 0 {
		return slot{}
	}
	s := slot{provider: c.Provider, kind: c.Kind, set: strings.Join(set, ",")}
	if k.Parent != "" {
		home, ok := KeyOf([]string{k.Parent}, attrs)
		if !ok {
			return slot{}
		}
		s.parent = home[k.Parent]
	}
	for _, name := range set {
		s.value += key[name] + "\x00"
	}
	return s
}
