package run

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
)

// answered is a data block that was read while planning, and what it found.
type answered struct {
	lookup
	ids map[string]bool
}

// waitsFor is a change that a data block is to be read after, as its depends_on
// says; nil if there is none.
func (p *planner) waitsFor(d *resource.Desired) *plan.Change {
	for _, block := range d.After {
		for _, c := range p.order {
			if c.Address.Block() == block && (c.IsChange() || c.Action == plan.Read) {
				return c
			}
		}
	}
	return nil
}

// stale warns of data blocks whose answer this very apply changes: they were
// read before it, so that the next plan finds something else. depends_on has
// them read in their turn.
func (p *planner) stale() diag.Diagnostics {
	var diags diag.Diagnostics
	for _, a := range p.answered {
		var by []string
		for _, c := range p.order {
			if p.changesAnswer(a, c) {
				by = append(by, c.Address.String())
			}
		}
		if len(by) == 0 {
			continue
		}
		const most = 3
		names := strings.Join(by[:min(len(by), most)], ", ")
		if n := len(by) - most; n > 0 {
			names += fmt.Sprintf(" and %d more", n)
		}
		diags = append(diags, diag.Diagnostic{
			Severity: diag.Warning, Summary: "Read before it changes", Subject: a.desired.Range, Address: a.desired.Address.String(),
			Detail: fmt.Sprintf("%s is read now, and this plan changes what it finds: %s. The next plan will show that. To have it read after them, name them in its depends_on; what it finds is then known after apply.",
				a.desired.Address, names),
		})
	}
	return diags
}

// changesAnswer reports whether a change may give a data block another answer.
func (p *planner) changesAnswer(a answered, c *plan.Change) bool {
	if c.Address.Mode == resource.Data || c.Provider != a.desired.Provider {
		return false
	}
	alters := len(c.Attributes) > 0 || c.Action == plan.Delete
	if c.Kind == a.kind.Name && a.ids[c.ID] && c.ID != "" {
		return alters
	}
	if !a.plural {
		return false
	}
	if group, filtered := a.filter(); filtered {
		return c.ID != "" && c.ID == group && alters
	}
	return c.Kind == a.kind.Name && c.Parent == a.place.parent && (alters || c.Action == plan.Create || c.Action == plan.Replace)
}

// filter is the object that a plural data block is narrowed down by, such as
// the group whose members it finds.
func (a answered) filter() (id string, ok bool) {
	args, _ := a.desired.Args.UnmarkDeep()
	for _, f := range a.kind.Filters {
		v := resource.Attr(args, f.Name)
		if f.Ref != nil && f.Name != a.kind.Parent && !v.IsNull() && v.IsKnown() && v.Type() == cty.String {
			return v.AsString(), true
		}
	}
	return "", false
}
