package resource

import (
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/diag"
)

// Object is one object as the identity provider holds it.
type Object struct {
	Kind string
	// ID is the provider's id: what tokens carry for a user.
	ID string
	// Attrs conforms to the kind's [Kind.Type]: wholly known, without marks;
	// write-only, local and on-create attributes are null.
	Attrs cty.Value
	// Created is when the object was made, by the server's clock; zero if the
	// server does not tell.
	Created time.Time
	// Marker is idpctl's marker on the object (see [MarkerFor]); empty if none.
	Marker string
	// UpsertKey is the key that the object was created with (see
	// [Kind.UpsertKey]); empty if there is none, or if the answer did not tell.
	UpsertKey string
	// Doubts says why a match of this object by an attribute must not be
	// trusted, by the attribute's name, as a clause: "its e-mail is not verified
	// and the realm allows self-registration". Under the empty name stands what
	// makes every match doubtful.
	Doubts map[string]string
	// Builtin: the provider made it itself and it goes with its parent; it is
	// never counted as somebody's.
	Builtin bool
}

// Doubt returns why a match of the object by the named attributes must not be
// trusted; empty if it may be.
func (o Object) Doubt(names ...string) string {
	for _, name := range names {
		if why := o.Doubts[name]; why != "" {
			return why
		}
	}
	return o.Doubts[""]
}

// Attr returns an attribute, or a null value where the object has none.
func (o Object) Attr(name string) cty.Value { return Attr(o.Attrs, name) }

// Attr returns an attribute of an object value, or a null value if v is null,
// unknown or has none of that name.
func Attr(v cty.Value, name string) cty.Value {
	if v == cty.NilVal || v.IsNull() || !v.IsKnown() || !v.Type().IsObjectType() {
		return noAttr
	}
	// Asking the type first by its own map is cheaper: names of kinds are
	// normalized already, and this is asked for each attribute of each object.
	if _, ok := v.Type().AttributeTypes()[name]; !ok {
		return noAttr
	}
	return v.GetAttr(name)
}

var noAttr = cty.NullVal(cty.DynamicPseudoType)

// Desired is what a configuration wants of one instance.
type Desired struct {
	Address Address
	// Provider names the provider block: "keycloak", or "keycloak.eu".
	Provider string
	// Attrs conforms to the kind's type, with defaults, normalisation and
	// references resolved: null is unset, unknown is known after apply.
	// Sensitive values carry the mark.
	Attrs cty.Value
	// Parent is the address of the realm or tenant; zero for those themselves.
	Parent Address
	// DependsOn lists every instance or block that this one refers to.
	DependsOn []Address
	// After lists the blocks that depends_on names.
	After []Address

	// Args are the arguments of a data block: the lookup or filter attributes
	// that were set. Null for managed resources.
	Args cty.Value

	PreventDestroy bool
	// IgnoreChanges names attributes of which differences are left alone.
	IgnoreChanges []string
	// OnDestroy is "delete", "release", or "" (delete what was created,
	// release what was adopted).
	OnDestroy string
	// ForceDestroy allows deletion although objects inside are not managed.
	ForceDestroy bool

	// Derived names the attributes that were not written and taken from another
	// attribute (see [Attribute.DefaultFrom]).
	Derived []string

	// Range is the block's header, AttrRanges the attributes' expressions.
	Range      diag.Range
	AttrRanges map[string]diag.Range
}

// Writes reports whether the configuration writes any of these attributes;
// others have their defaults.
func (d *Desired) Writes(names []string) bool {
	for _, name := range names {
		if _, ok := d.AttrRanges[name]; ok {
			return true
		}
	}
	return false
}

// AttrRange is where an attribute was written, or the block if it was not.
func (d Desired) AttrRange(name string) diag.Range {
	if r, ok := d.AttrRanges[name]; ok {
		return r
	}
	return d.Range
}
