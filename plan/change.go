package plan

import (
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// Action is what an apply would do with an object.
type Action string

const (
	// NoOp: nothing.
	NoOp Action = "no-op"
	// Create: make a new object.
	Create Action = "create"
	// Update: change it in place.
	Update Action = "update"
	// Replace: delete it and make a new one in its place.
	Replace Action = "replace"
	// Delete: remove it from the identity provider.
	Delete Action = "delete"
	// Forget: remove it from the state only.
	Forget Action = "forget"
	// Read: look it up during apply, as what to look for is not known yet.
	Read Action = "read"
)

// Prior is what the state says of an object.
type Prior struct {
	Address  resource.Address
	Provider string
	Kind     string
	// Parent is the value of the kind's parent attribute.
	Parent string
	ID     string
	Origin resource.Origin
	// Written is the last write, by the server's clock.
	Written time.Time
	// Attrs are of the kind's type; nil if they are not known. Null attributes
	// are not recorded.
	Attrs *resource.Recorded
	// Sensitive names attributes whose value was sensitive when it was applied.
	Sensitive []string
	// Owned holds, for partial attributes, the elements that idpctl added.
	Owned     map[string]cty.Value
	DependsOn []resource.Address

	OnDestroy    string
	ForceDestroy bool
	// Undelivered: a first password or invitation was made, and nobody is
	// known to have got it.
	Undelivered bool
}

// Change is what would happen to one object.
type Change struct {
	Address  resource.Address
	Kind     string
	Provider string
	// Parent is the value of the kind's parent attribute (a realm's name);
	// empty if there is none or it is not known yet.
	Parent string
	Action Action
	// ID of the existing object; empty when there is none.
	ID string
	// Layer is the object's place in the order of the run, from 0: everything
	// that it refers to has a lower one.
	Layer int

	// OnlyNamed: the object cannot be created or deleted through the API, and
	// nothing of it changes: to adopt it is to say which one is meant.
	OnlyNamed bool
	// Adopt: the object exists and comes under management by this apply.
	Adopt bool
	// Reclaim: likewise, and its marker says that it is this configuration's.
	Reclaim bool
	// MovedFrom is the address that the state knows the object by, if it is
	// another one.
	MovedFrom resource.Address
	// Recreate: the state knows the object, but it is gone.
	Recreate bool
	// Restore is the id of a deleted object that a creation brings back. Strange:
	// idpctl is not known to have made it, so that to bring it back is to adopt it.
	Restore string
	Strange bool
	// WithParent: it is deleted by the deletion of its parent, without a
	// request of its own; or replaced because the parent is.
	WithParent bool
	// Home is the address of the parent whose deletion takes it along.
	Home resource.Address
	// Deliver: its first password or invitation is made anew, since the last
	// one is not known to have arrived.
	Deliver bool
	// Reason explains an action that is not obvious, as a clause.
	Reason string

	// Before is the live object, After what it will be; both conform to the
	// kind's type, null where there is none. Partial attributes hold what is
	// managed. After has unknown values for what is known after apply, no
	// write-only values, and marks on what is sensitive.
	Before, After cty.Value
	// Attributes lists the differences, in the order of the kind.
	Attributes []AttrChange

	Origin    resource.Origin
	Owned     map[string]cty.Value
	DependsOn []resource.Address
	Range     diag.Range
	// Desired is the configuration's wish; nil for Delete and Forget.
	Desired *resource.Desired
	// Prior is the state's record; nil if there is none.
	Prior *Prior
	// Live is the object that was compared with; nil if there is none.
	Live *resource.Object
	// Marker that the object shall carry.
	Marker string
}

// IsChange reports whether an apply has anything to do for it.
func (c *Change) IsChange() bool {
	return c.Action != NoOp && c.Action != Read || c.Adopt || c.Deliver || c.MovedFrom != (resource.Address{})
}

// AttrChange is one difference.
type AttrChange struct {
	// Path is the attribute's name; parts of a nested block are joined by dots.
	Path string
	// Before and After are the values, marked if sensitive; null for none.
	Before, After cty.Value
	// Replaces: this difference forces a replacement.
	Replaces bool
	// Drift: the configuration did not change; the object did.
	Drift bool
	// WriteOnly: the value will be sent; it is not part of the plan.
	WriteOnly bool
	// Local: concerns the state only.
	Local bool
	// Trigger: of a Local one, it asks the provider to do something all the same.
	Trigger bool
}

// Top is the name of the attribute of the kind that the change is in.
func (a AttrChange) Top() string {
	for i := range len(a.Path) {
		if a.Path[i] == '.' {
			return a.Path[:i]
		}
	}
	return a.Path
}
