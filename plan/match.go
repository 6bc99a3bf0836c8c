package plan

import (
	"fmt"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// match decides which of the objects that were found without the state is the
// one that the configuration means, if any. It sets the change's Adopt or
// Reclaim. An object of which that is doubtful is an error, never a guess.
func (in Input) match(c *Change) (*resource.Object, diag.Diagnostics) {
	d := in.Desired
	if id := knownString(resource.Attr(d.Attrs, "id")); id != "" {
		for i, o := range in.Matches {
			if o.ID == id {
				return in.adopt(c, &in.Matches[i]), nil
			}
		}
		return nil, diag.Diagnostics{{
			Summary: "Object to adopt not found", Subject: d.AttrRange("id"), Address: d.Address.String(),
			Detail: fmt.Sprintf("There is no %s with the id %q. Leave id out to have one created.", in.Kind.Name, id),
		}}
	}
	if len(in.Kind.Key) == 0 {
		return in.matchKeyless(c)
	}
	var keyed []*resource.Object
	for i := range in.Matches {
		if o := &in.Matches[i]; SameKey(in.Kind.Key, d.Attrs, o.Attrs) {
			keyed = append(keyed, o)
		}
	}
	if len(keyed) > 1 {
		return nil, in.several(keyed)
	}
	if len(keyed) == 1 {
		return in.matchBy(c, keyed[0], in.Kind.Key)
	}
	for i := range in.Matches {
		o := &in.Matches[i]
		for _, unique := range in.Kind.Unique {
			if SameKey(unique, d.Attrs, o.Attrs) {
				if why := o.Doubt(unique...); why != "" {
					return nil, in.refuse("Another object is in the way", o, unique,
						fmt.Sprintf("has %s, and no two may share it. It may be somebody else's: %s. If it is the right one, name its id in the block; if not, remove or rename it.",
							describe(in.Kind.Key, o.Attrs), why))
				}
				return nil, in.refuse("Another object is in the way", o, unique,
					fmt.Sprintf("has %s, and no two may share it. To adopt that one, name its id in the block or give it the same %s.",
						describe(in.Kind.Key, o.Attrs), strings.Join(in.Kind.Key, " and ")))
			}
		}
	}
	return nil, nil
}

// several is the error about objects that all have the key (see
// [resource.Kind.LooseKey]).
func (in Input) several(objects []*resource.Object) diag.Diagnostics {
	var each []string
	for _, o := range objects {
		s := o.ID
		if !o.Created.IsZero() {
			s += " (created " + o.Created.UTC().Format(time.DateOnly) + ")"
		}
		each = append(each, s)
	}
	return diag.Diagnostics{{
		Summary: "Several objects match", Subject: in.Desired.AttrRange(in.Kind.Key[len(in.Kind.Key)-1]), Address: in.Desired.Address.String(),
		Detail: fmt.Sprintf("%d objects of the kind %s have %s: those with the ids %s. Name the id of the right one in the block.",
			len(objects), in.Kind.Name, describe(in.Kind.Key, in.Desired.Attrs), strings.Join(each, ", ")),
	}}
}

// matchBy takes an object that was found by attributes which no two share, if
// nothing speaks against it.
func (in Input) matchBy(c *Change, o *resource.Object, names []string) (*resource.Object, diag.Diagnostics) {
	switch {
	case resource.CarriesMarker(o.Marker, in.Marker):
		c.Reclaim = true
		return in.adopt(c, o), nil
	case o.Marker != "":
		return nil, in.refuse("Object belongs to another configuration", o, names,
			"carries the marker of another idpctl configuration or address. If it shall belong to this one, name its id in the block.")
	case in.doubt(o, names) != "":
		return nil, in.refuse("Doubtful match", o, names,
			"may be somebody else's: "+in.doubt(o, names)+". If it is the right one, name its id in the block; if not, remove or rename it.")
	}
	return in.adopt(c, o), nil
}

// matchKeyless decides for a kind without a natural key. What the configuration
// writes that no two share names the object; else the marker does, and nothing
// that people could choose alike.
func (in Input) matchKeyless(c *Change) (*resource.Object, diag.Diagnostics) {
	d := in.Desired
	for _, unique := range in.Kind.Unique {
		for i := range in.Matches {
			if o := &in.Matches[i]; d.Writes(unique) && SameKey(unique, d.Attrs, o.Attrs) {
				return in.matchBy(c, o, unique)
			}
		}
	}
	var marked []*resource.Object
	for i := range in.Matches {
		if o := &in.Matches[i]; resource.CarriesMarker(o.Marker, in.Marker) {
			marked = append(marked, o)
		}
	}
	switch len(marked) {
	case 0:
		return nil, nil
	case 1:
		c.Reclaim = true
		return in.adopt(c, marked[0]), nil
	}
	ids := make([]string, len(marked))
	for i, o := range marked {
		ids[i] = o.ID
	}
	return nil, diag.Diagnostics{{
		Summary: "Several objects carry the marker", Subject: d.Range, Address: d.Address.String(),
		Detail: fmt.Sprintf("%d objects of the kind %s say that they are %s: those with the ids %s. Somebody has copied one. Name the id of the right one in the block, and remove the others or their marker.",
			len(marked), in.Kind.Name, d.Address, strings.Join(ids, ", ")),
	}}
}

// holders refuses a change to what another object has, and no two may share.
func (in Input) holders(c *Change) diag.Diagnostics {
	for i := range in.Matches {
		o := &in.Matches[i]
		for _, set := range in.Kind.Identities() {
			if o.ID == c.ID || !SameKey(set, c.After, o.Attrs) || SameKey(set, c.Before, o.Attrs) {
				continue
			}
			return in.refuse("Another object is in the way", o, set,
				fmt.Sprintf("exists already, and no two may share it. Choose another for %s, or remove or rename that one.", in.Desired.Address))
		}
	}
	return nil
}

// doubt tells why an object that was found by some attributes may be another
// one. Where only that attribute is doubtful (a user name that is somebody's
// e-mail), another one that no two share settles it.
func (in Input) doubt(o *resource.Object, names []string) string {
	why := o.Doubt(names...)
	if why == "" || o.Doubt() != "" {
		return why
	}
	for _, unique := range in.Kind.Unique {
		if SameKey(unique, in.Desired.Attrs, o.Attrs) && o.Doubt(unique...) == "" {
			return ""
		}
	}
	return why
}

func (in Input) adopt(c *Change, o *resource.Object) *resource.Object {
	c.Adopt = true
	c.Recreate = false
	c.Origin = resource.Adopted
	if c.Reclaim {
		_, c.Origin = resource.SplitMarker(o.Marker)
	}
	c.Owned = nil
	return o
}

func (in Input) refuse(summary string, o *resource.Object, key []string, why string) diag.Diagnostics {
	made := ""
	if !o.Created.IsZero() {
		made = ", created " + o.Created.UTC().Format(time.RFC3339)
	}
	return diag.Diagnostics{{
		Summary: summary, Subject: in.Desired.AttrRange(key[0]), Address: in.Desired.Address.String(),
		Detail: fmt.Sprintf("The %s with %s (id %s%s) %s", in.Kind.Name, describe(key, o.Attrs), o.ID, made, why),
	}}
}

func describe(key []string, attrs cty.Value) string {
	parts := make([]string, 0, len(key))
	for _, name := range key {
		if s := knownString(resource.Attr(attrs, name)); s != "" {
			parts = append(parts, fmt.Sprintf("%s %q", name, s))
		}
	}
	return strings.Join(parts, " and ")
}

// KeyOf returns the values of the named attributes as a query key, or false if
// one is unknown, or if all are unset.
func KeyOf(names []string, attrs cty.Value) (map[string]string, bool) {
	key, set := map[string]string{}, false
	for _, name := range names {
		v, _ := resource.Attr(attrs, name).Unmark()
		if !v.IsKnown() {
			return nil, false
		}
		key[name] = knownString(v)
		set = set || key[name] != ""
	}
	return key, set
}

// SameKey reports whether [KeyOf] finds a key in both, and the same one.
func SameKey(names []string, a, b cty.Value) bool {
	set := false
	for _, name := range names {
		av, _ := resource.Attr(a, name).Unmark()
		bv, _ := resource.Attr(b, name).Unmark()
		if !av.IsKnown() || !bv.IsKnown() {
			return false
		}
		key := knownString(av)
		if key != knownString(bv) {
			return false
		}
		set = set || key != ""
	}
	return set
}
