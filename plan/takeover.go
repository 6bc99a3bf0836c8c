package plan

import (
	"fmt"
	"strings"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// CheckTakeovers refuses updates of which one takes what only one object may
// have (a key, an e-mail) from another that gives it up in the same plan: the
// server sees one after the other, and would refuse the first or both. kind
// describes the kinds of the providers.
func CheckTakeovers(changes []*Change, kind func(provider, kind string) (resource.Kind, bool)) diag.Diagnostics {
	type slot struct{ provider, kind, parent, set, value string }
	holders := map[slot]*Change{}
	visit := func(do func(c *Change, set []string, before, after slot)) {
		for _, c := range changes {
			k, ok := kind(c.Provider, c.Kind)
			if !ok || c.Action != Update || c.Address.Mode == resource.Data {
				continue
			}
			for _, set := range append([][]string{k.Key}, k.Unique...) {
				had, ok1 := KeyOf(set, c.Before)
				gets, ok2 := KeyOf(set, c.After)
				if !ok1 || !ok2 || len(set) == 0 {
					continue
				}
				at := slot{c.Provider, c.Kind, c.Parent, strings.Join(set, ","), ""}
				before, after := at, at
				for _, name := range set {
					before.value += had[name] + "\x00"
					after.value += gets[name] + "\x00"
				}
				if before != after {
					do(c, set, before, after)
				}
			}
		}
	}
	visit(func(c *Change, _ []string, before, _ slot) { holders[before] = c })
	var diags diag.Diagnostics
	visit(func(c *Change, set []string, _, after slot) {
		holder, taken := holders[after]
		if !taken || holder == c {
			return
		}
		what := strings.Join(set, " and ")
		rng := c.Range
		if c.Desired != nil {
			rng = c.Desired.AttrRange(set[len(set)-1])
		}
		diags = append(diags, diag.Diagnostic{
			Summary: "Exchange of " + what, Subject: rng, Address: c.Address.String(),
			Detail: fmt.Sprintf("%s would get the %s that %s has now and gives up in the same plan. No two may have it at once, and the server sees the changes in any order. Change %s first, to something that nobody has, and apply; then make this change.",
				c.Address, what, holder.Address, holder.Address),
		})
	})
	return diags
}
