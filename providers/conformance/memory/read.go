package memory

import (
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// page returns the objects of a kind in a parent from first on, at most limit.
func (s *server) page(kind, parent string, first, limit int) []resource.Object {
	all := s.visible(kind, parent, true)
	if first >= len(all) {
		return nil
	}
	return all[first:min(first+limit, len(all))]
}

// filter returns the objects of a kind in a parent that fit the arguments of a
// plural data block; those that are null ask for nothing.
func (s *server) filter(kind, parent string, args cty.Value, first, limit int) []resource.Object {
	var members cty.Value
	if team := resource.Attr(args, "team"); !team.IsNull() {
		members = cty.SetValEmpty(cty.String)
		for _, t := range s.visible("team", parent, true) {
			if t.ID == team.AsString() {
				members = t.Attr("members")
			}
		}
	}
	enabled := resource.Attr(args, "enabled")
	all := slices.DeleteFunc(s.visible(kind, parent, true), func(o resource.Object) bool {
		return !enabled.IsNull() && !o.Attr("enabled").RawEquals(enabled) ||
			members != cty.NilVal && members.HasElement(cty.StringVal(o.ID)).False()
	})
	if first >= len(all) {
		return nil
	}
	return all[first:min(first+limit, len(all))]
}

// find returns the objects of a kind in a parent that have one of the ids, or
// one of the keys.
func (s *server) find(kind, parent string, q providers.Query) []resource.Object {
	all := s.visible(kind, parent, q.Quick)
	if kind == "site" {
		for i, o := range all {
			all[i] = asked(o, q.Keys)
		}
	}
	return slices.DeleteFunc(all, func(o resource.Object) bool {
		return !slices.Contains(q.IDs, o.ID) &&
			!slices.ContainsFunc(q.Keys, func(k map[string]string) bool { return matches(o, k) }) &&
			(o.UpsertKey == "" || !slices.Contains(q.UpsertKeys, o.UpsertKey)) &&
			(o.Marker == "" || !slices.Contains(q.Markers, o.Marker))
	})
}

// deleted returns the deleted objects of a kind in a parent that have one of the
// ids or markers.
func (s *server) deleted(kind, parent string, q providers.Query) []resource.Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, _ := kindNamed(kind)
	var out []resource.Object
	for _, r := range s.records {
		st := r.last()
		if r.now() != nil || !k.Restores || st.Kind != kind || st.Parent != s.home(k.Parent, parent) {
			continue
		}
		if slices.Contains(q.IDs, st.ID) || st.Marker != "" && slices.Contains(q.Markers, st.Marker) {
			out = append(out, st.Object)
		}
	}
	return out
}

// asked is the site by the name that it was asked for by.
func asked(o resource.Object, keys []map[string]string) resource.Object {
	for _, key := range keys {
		if name := key["name"]; name == otherName && nameIs(o, mainName) {
			o.Attrs = with(o.Attrs, "name", cty.StringVal(name))
		}
	}
	return o
}

// The names of the site.
const (
	mainName  = "main"
	otherName = "hq"
)

// home is the first name of the home that goes by a name.
func (s *server) home(kind, name string) string {
	if kind == "site" && name == otherName {
		return mainName
	}
	return name
}

func nameIs(o resource.Object, name string) bool {
	return o.Attr("name").RawEquals(cty.StringVal(name))
}

// with is an object value with one attribute replaced.
func with(attrs cty.Value, name string, v cty.Value) cty.Value {
	values := attrs.AsValueMap()
	values[name] = v
	return cty.ObjectVal(values)
}

// visible returns what a read sees: the state of as long ago as the lag is, and for
// one that the index answers as long ago as that is behind.
func (s *server) visible(kind, parent string, index bool) []resource.Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	until := s.opts.Now()
	if s.reads++; !s.opts.Alternate || s.reads%2 == 1 {
		until = until.Add(-s.opts.Lag)
	}
	if index && kind == "person" {
		until = until.Add(-s.opts.Index)
	}
	k, _ := kindNamed(kind)
	home := s.home(k.Parent, parent)
	open := map[string]bool{}
	var out []resource.Object
	for _, r := range s.records {
		st := r.at(until)
		if st == nil {
			continue
		}
		if st.Kind == "space" && st.Object.Attr("open").True() {
			open[nameOf(*st)] = true
		}
		if st.Kind != kind || st.Parent != home {
			continue
		}
		o := st.Object
		if home != parent { // it says what it was asked for in
			o.Attrs = with(o.Attrs, k.Parent, cty.StringVal(parent))
		}
		out = append(out, o)
	}
	for i := range out {
		if kind == "person" && open[parent] && out[i].Attr("email_verified").False() {
			out[i].Doubts = map[string]string{"": "its e-mail address is not verified and anybody may register in the space"}
		}
	}
	return out
}

// one returns an object as it is now, for the answer to a write.
func (s *server) one(kind, id string) *resource.Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, st := s.record(kind, id); st != nil {
		o := st.Object
		return &o
	}
	return nil
}

// clock is the server's time.
func (s *server) clock() time.Time { return s.opts.Now() }

// brief leaves only the id and the key of an object.
func brief(k resource.Kind, o resource.Object) resource.Object {
	values := map[string]cty.Value{}
	for name, typ := range k.Type().AttributeTypes() {
		values[name] = cty.NullVal(typ)
		if name == "id" || name == k.Parent || slices.Contains(k.Key, name) {
			values[name] = o.Attr(name)
		}
	}
	o.Attrs = cty.ObjectVal(values)
	return o
}

// without is an object value with some attributes null.
func without(attrs cty.Value, names []string) cty.Value {
	values := attrs.AsValueMap()
	for _, name := range names {
		values[name] = cty.NullVal(values[name].Type())
	}
	return cty.ObjectVal(values)
}
