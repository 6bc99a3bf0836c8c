package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// Removal is everything that decides what happens to an object that the state
// knows and the configuration does not, or that is to be destroyed.
type Removal struct {
	Kind  resource.Kind
	Prior *Prior
	// Live is the object; nil if it is gone already.
	Live *resource.Object
	// Desired is the block, when one exists: `destroy` of a whole configuration.
	Desired *resource.Desired
	// Parent is the change of the object's parent, if that is removed too, and
	// ParentForced says that it goes with all that is in it (force_destroy).
	Parent       *Change
	ParentForced bool
}

// Remove plans the end of one object: deleted if idpctl made it, released if
// it was adopted, unless on_destroy says otherwise.
func Remove(in Removal) (*Change, diag.Diagnostics) {
	p := in.Prior
	c := &Change{
		Address: p.Address, Kind: p.Kind, Provider: p.Provider, Parent: p.Parent, ID: p.ID,
		Origin: p.Origin, Owned: p.Owned, DependsOn: p.DependsOn, Prior: p,
		Live: in.Live, After: cty.NullVal(in.Kind.Type()), Before: cty.NullVal(in.Kind.Type()),
	}
	onDestroy := p.OnDestroy
	if in.Desired != nil {
		c.Range, onDestroy = in.Desired.Range, in.Desired.OnDestroy
	}
	switch {
	case in.Live == nil:
		c.Action, c.Reason = Forget, "because it no longer exists"
		return c, nil
	case in.Parent != nil && in.Parent.Action == Delete && in.ParentForced && (onDestroy == "release" || p.Origin == resource.Adopted && onDestroy != "delete"):
		// Nothing in it can be left behind.
		c.Action, c.Before = Delete, mask(in.Kind, p, in.Live.Attrs)
		c.Reason = fmt.Sprintf("because %s, which it is in, has force_destroy = true", in.Parent.Address)
	case in.Kind.AdoptOnly:
		c.Action, c.Reason = Forget, "because it can only be released"
	case onDestroy == "release":
		c.Action, c.Reason = Forget, `because on_destroy is "release"`
	case p.Origin == resource.Adopted && onDestroy != "delete":
		c.Action, c.Reason = Forget, "because it was adopted, not created, by idpctl"
	default:
		c.Action = Delete
		c.Before = mask(in.Kind, p, in.Live.Attrs)
		if in.Desired == nil {
			c.Reason = "because it is not in the configuration"
		}
	}
	if in.Desired != nil && in.Desired.PreventDestroy && c.Action == Delete {
		return nil, diag.Diagnostics{{
			Summary: "Instance cannot be destroyed", Subject: in.Desired.Range, Address: p.Address.String(),
			Detail: fmt.Sprintf("%s has prevent_destroy = true. Remove that first, if it shall really go.", p.Address),
		}}
	}
	if in.Parent != nil && in.Parent.Action == Delete && c.Action == Delete {
		c.WithParent, c.Home = true, in.Parent.Address
	}
	return c, nil
}

// Contents are the live objects in a parent that is to be deleted, by kind.
type Contents map[string][]resource.Object

// CheckContents refuses to delete a parent that holds objects which are not
// deleted by this plan themselves, as idpctl does not know them or has only
// adopted them, unless force_destroy is set; it says how many. removed are the ids that the plan deletes.
func CheckContents(c *Change, contents Contents, removed map[string]bool, force bool) diag.Diagnostics {
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(contents)) {
		n := 0
		for _, o := range contents[kind] {
			if !o.Builtin && !removed[o.ID] {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, count(n, kind))
		}
	}
	if len(parts) == 0 {
		return nil
	}
	held := strings.Join(parts, ", ")
	if force {
		also := "and " + held + " that idpctl does not manage with it, by force_destroy"
		c.Reason = strings.TrimPrefix(c.Reason+", "+also, ", ")
		return nil
	}
	return diag.Diagnostics{{
		Summary: "Not empty", Subject: c.Range, Address: c.Address.String(),
		Detail: fmt.Sprintf("%s would be deleted, and with it %s that the plan does not delete: they are somebody else's, adopted, or have on_destroy = \"release\". Move or delete them first, or set force_destroy = true, apply that, and try again.", c.Address, held),
	}}
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
