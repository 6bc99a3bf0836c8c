package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// CheckUnique refuses managed instances of one kind and parent that would be
// the same object: with the same natural key, the same unique attributes or
// the same id. Load did this with what it knew; a caller does it again when
// all instances are known.
func (m *Module) CheckUnique(desired []resource.Desired) diag.Diagnostics {
	type object struct{ provider, kind, home, set, key string }
	var r report
	seen := make(map[object]*resource.Desired, len(desired))
	told := map[[2]resource.Address]bool{}
	for i := range desired {
		d := &desired[i]
		p := m.providers[d.Provider]
		if p == nil || d.Address.Mode != resource.Managed {
			continue
		}
		kind, ok := p.info.Kind(d.Address.Kind)
		if !ok {
			continue
		}
		home := uniqueHome(*d, kind)
		for _, set := range slices.Concat([][]string{kind.Key}, kind.Unique, [][]string{{"id"}}) {
			key, ok := uniqueKey(*d, set)
			if !ok || home == "" {
				continue
			}
			full := object{d.Provider, d.Address.Kind, home, strings.Join(set, ","), key}
			first := seen[full]
			if first == nil {
				seen[full] = d
				continue
			}
			pair := [2]resource.Address{first.Address, d.Address}
			if told[pair] {
				continue
			}
			told[pair] = true
			place := d.AttrRange(set[len(set)-1])
			why := "They would be one object: remove one, or change it."
			if slices.ContainsFunc(kind.Unique, func(u []string) bool { return slices.Equal(u, set) }) {
				why = "No two may share it: remove one, or change it."
			}
			r.errorAt(d.Address, place, "Duplicate "+d.Address.Kind, "%s has the same %s%s as %s (%s)%s. %s",
				d.Address, list(set, "and"), shownKey(*d, set), first.Address, first.Range, inHome(*d), why)
		}
	}
	return r.result()
}

// uniqueHome tells the parents of objects apart: by the value that the parent
// attribute has, else by address. It is empty if that is not known.
func uniqueHome(d resource.Desired, kind resource.Kind) string {
	if kind.Parent == "" {
		return "-"
	}
	if v, _ := resource.Attr(d.Attrs, kind.Parent).Unmark(); v.IsKnown() && !v.IsNull() && v.Type() == cty.String {
		return "value " + v.AsString()
	}
	return d.Parent.String()
}

// uniqueKey is the known value of a set of attributes.
func uniqueKey(d resource.Desired, set []string) (string, bool) {
	if len(set) == 1 { // mostly, and mostly a text
		v, _ := resource.Attr(d.Attrs, set[0]).Unmark()
		if v.Type() == cty.String && v.IsKnown() {
			if v.IsNull() {
				return "", false
			}
			return v.AsString(), true
		}
	}
	parts, given := make([]string, 0, len(set)), false
	for _, name := range set {
		v, _ := resource.Attr(d.Attrs, name).Unmark()
		s, err := convert.Convert(v, cty.String)
		if err != nil || !s.IsKnown() {
			return "", false
		}
		if s.IsNull() { // one value like any other, beside what is given
			parts = append(parts, "")
			continue
		}
		parts, given = append(parts, s.AsString()), true
	}
	return strings.Join(parts, "\x00"), given
}

func shownKey(d resource.Desired, set []string) string {
	if len(set) != 1 || resource.IsSensitive(resource.Attr(d.Attrs, set[0])) {
		return ""
	}
	key, _ := uniqueKey(d, set)
	return fmt.Sprintf(" %q", key)
}

func inHome(d resource.Desired) string {
	if d.Parent == (resource.Address{}) {
		return ""
	}
	return " in " + d.Parent.String()
}
