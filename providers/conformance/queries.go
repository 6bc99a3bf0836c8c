package conformance

import (
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// checkQueries: every way to ask finds the same objects, and no others.
func (r *run) checkQueries(k resource.Kind) {
	home := r.home(k)
	things := []*thing{
		r.thing(k, home, r.full(k, home, r.next())),
		r.thing(k, home, r.minimal(k, home, r.next())),
		r.thing(k, home, r.minimal(k, home, r.next())),
	}
	var ids []string
	for _, x := range things {
		r.create(x)
		ids = append(ids, x.id)
	}
	all := byID(r.list(providers.Query{Kind: k.Name, Parent: home, All: true}))
	same := func(found []resource.Object) {
		for _, o := range found {
			if was, ok := all[o.ID]; ok && !equalObjects(was, o) {
				r.errorf("one query returns %s, and all of them %s", show(o.Attrs), show(was.Attrs))
			}
		}
	}
	for _, id := range ids {
		if _, ok := all[id]; !ok {
			r.errorf("List of all misses an object")
		}
		same(r.finds(k, home, providers.Query{IDs: []string{id}}, id))
	}
	same(r.finds(k, home, providers.Query{IDs: ids}, ids...))
	same(r.finds(k, home, providers.Query{IDs: append(slices.Clone(ids), ids...)}, ids...))
	r.finds(k, home, providers.Query{IDs: []string{uuid.NewString()}})
	r.finds(k, home, providers.Query{}) // asks for nothing

	r.try("by key", func() {
		for _, names := range k.Identities() {
			var keys []map[string]string
			for _, id := range ids {
				if key, ok := keyOf(names, all[id]); ok {
					keys = append(keys, key)
					same(r.finds(k, home, providers.Query{Keys: []map[string]string{key}}, id))
				}
			}
			if len(keys) == len(ids) {
				same(r.finds(k, home, providers.Query{Keys: keys}, ids...))
				same(r.finds(k, home, providers.Query{Keys: keys[:2], IDs: ids[1:]}, ids...))
			}
		}
		for _, names := range k.Lookup {
			if key, ok := keyOf(names, all[ids[0]]); ok && !slices.Equal(names, []string{"id"}) {
				q := providers.Query{Kind: k.Name, Parent: home, Keys: []map[string]string{key}}
				if _, found := byID(r.list(q))[ids[0]]; !found {
					r.errorf("List of %s does not find what the look-up by %s means", describe(q), list(names))
				}
			}
		}
	})
	r.try("by all and more", func() {
		found := r.list(providers.Query{Kind: k.Name, Parent: home, All: true, IDs: ids})
		if len(found) != len(all) {
			r.errorf("List of all and some ids finds %d objects, not %d", len(found), len(all))
		}
	})
	r.try("what only resembles a key", func() { r.resembling(k, home, all[ids[0]]) })
	r.try("in brief", func() { r.brief(k, home, all, ids) })
	r.try("without what is omitted", func() { r.omitted(k, home, all, ids) })
	if k.Parent != "" {
		r.try("in another parent", func() {
			q := providers.Query{IDs: ids}
			for _, id := range ids {
				if key, ok := keyOf(k.Key, all[id]); ok {
					q.Keys = append(q.Keys, key)
				}
			}
			if other := r.home(k); other != home {
				r.finds(k, other, q)
			}
		})
	}
}

// resembling asks for keys that an object does not have, but nearly.
func (r *run) resembling(k resource.Kind, home string, o resource.Object) {
	for _, names := range k.Identities() {
		key, ok := keyOf(names, o)
		if !ok {
			continue
		}
		for _, name := range names {
			a, _ := k.Attribute(name)
			v := key[name]
			if a.Ref != nil || len(v) < 4 {
				continue
			}
			for _, near := range []string{
				v[:len(v)-1], v[1:], v[:3] + "*", "*", "%", v + " ", v + "%20", v + "&exact=false", `"` + v + `"`, v + "*",
				"' or '1'='1", "*)(objectClass=*", "../" + v, v + "/../" + v, v + "?x=1", v + "#",
			} {
				if a.Normalize == resource.Lower && near != strings.ToLower(strings.TrimSpace(near)) {
					continue // keys are asked for in their normal form
				}
				asked := maps.Clone(key)
				asked[name] = near
				r.finds(k, home, providers.Query{Keys: []map[string]string{asked}})
			}
		}
	}
	for _, id := range []string{"*", "%", "..", "a b", "../" + o.ID, o.ID + "?x=1", o.ID + "/..", o.ID[:len(o.ID)-1], "' or '1'='1"} {
		r.finds(k, home, providers.Query{IDs: []string{id}})
	}
}

// omitted: what a query omits may be null, and nothing else differs.
func (r *run) omitted(k resource.Kind, home string, all map[string]resource.Object, ids []string) {
	var omit []string
	for _, a := range k.Attributes {
		if a.Partial {
			omit = append(omit, a.Name)
		}
	}
	for i := range omit {
		for _, q := range []providers.Query{{All: true, Omit: omit}, {IDs: ids, Omit: omit[i : i+1]}} {
			q.Kind, q.Parent = k.Name, home
			found := byID(r.list(q))
			for id, was := range all {
				o, ok := found[id]
				if !ok && (q.All || slices.Contains(ids, id)) {
					r.errorf("List of %s misses an object", describe(q))
				}
				if !ok {
					continue
				}
				vals := o.Attrs.AsValueMap()
				for _, name := range q.Omit {
					if vals[name].IsNull() {
						vals[name] = was.Attr(name)
					}
				}
				o.Attrs = cty.ObjectVal(vals)
				if !o.Attrs.RawEquals(was.Attrs) || o.Marker != was.Marker || o.Builtin != was.Builtin || !o.Created.Equal(was.Created) || !maps.Equal(o.Doubts, was.Doubts) {
					r.errorf("List of %s returns %s, not %s", describe(q), show(o.Attrs), show(was.Attrs))
				}
			}
		}
	}
}

func (r *run) brief(k resource.Kind, home string, all map[string]resource.Object, ids []string) {
	for _, q := range []providers.Query{{All: true}, {IDs: ids}} {
		q.Kind, q.Parent, q.Brief = k.Name, home, true
		found := byID(r.list(q))
		if q.All && len(found) != len(all) || !q.All && len(found) != len(ids) {
			r.errorf("List of %s finds %d objects", describe(q), len(found))
		}
		for id, o := range found {
			was, ok := all[id]
			key, _ := keyOf(k.Key, o)
			wanted, _ := keyOf(k.Key, was)
			if !ok || !maps.Equal(key, wanted) || o.Builtin != was.Builtin || o.Marker != was.Marker {
				r.errorf("List of %s returns the key %v, builtin %t and marker %q, not %v, %t and %q",
					describe(q), key, o.Builtin, o.Marker, wanted, was.Builtin, was.Marker)
			}
		}
	}
}

// checkFilters: the arguments of the plural data block choose among all.
func (r *run) checkFilters(k resource.Kind) {
	if k.Plural == "" {
		return
	}
	home := r.home(k)
	x := r.thing(k, home, r.full(k, home, r.next()))
	y := r.thing(k, home, r.minimal(k, home, r.next()))
	r.create(x)
	r.create(y)
	all := byID(r.list(providers.Query{Kind: k.Name, Parent: home, All: true}))
	ask := func(args map[string]cty.Value) map[string]resource.Object {
		full := map[string]cty.Value{}
		for _, f := range k.Filters {
			full[f.Name] = cty.NullVal(f.Type)
			if f.Name == k.Parent {
				full[f.Name] = cty.StringVal(home)
			}
		}
		maps.Copy(full, args)
		found := byID(r.list(providers.Query{Kind: k.Name, Parent: home, Filters: cty.ObjectVal(full)}))
		for id, o := range found {
			if was, ok := all[id]; !ok || !equalObjects(was, o) {
				r.errorf("a filter returns %s, and all of them %s", show(o.Attrs), show(was.Attrs))
			}
		}
		return found
	}
	r.try("no argument", func() {
		if found := ask(nil); len(found) != len(all) {
			r.errorf("found %d objects of %d", len(found), len(all))
		}
	})
	for _, f := range k.Filters {
		if f.Name == k.Parent {
			continue
		}
		r.try(f.Name, func() { r.filter(k, home, f, x, all, ask) })
	}
}

func (r *run) filter(k resource.Kind, home string, f resource.Attribute, x *thing, all map[string]resource.Object, ask func(map[string]cty.Value) map[string]resource.Object) {
	exactly := func(v cty.Value, is func(resource.Object) bool) {
		found := ask(map[string]cty.Value{f.Name: v})
		for id, o := range all {
			if _, got := found[id]; got != is(o) {
				r.errorf("%s: found is %t of %s", show(v), got, show(o.Attrs))
			}
		}
	}
	a, known := k.Attribute(f.Name)
	switch {
	case f.Ref != nil:
		if group, members, ok := r.collects(f.Ref, k); ok {
			g := r.thing(group, home, r.minimal(group, home, r.next()))
			g.want[members] = cty.SetVal([]cty.Value{cty.StringVal(x.id)})
			live := r.create(g)
			exactly(live.Attr(f.Ref.Attr), func(o resource.Object) bool { return o.ID == x.id })
			exactly(cty.StringVal(r.ref(f.Ref, home, r.next())), func(resource.Object) bool { return false })
		}
		exactly(cty.StringVal(uuid.NewString()), func(resource.Object) bool { return false })
	case known && a.Type.Equals(f.Type):
		for _, v := range []cty.Value{all[x.id].Attr(f.Name), r.another(k.Name, a, home, all[x.id].Attr(f.Name))} {
			exactly(v, func(o resource.Object) bool { return o.Attr(f.Name).RawEquals(v) })
		}
	case known && f.Type.Equals(cty.Map(cty.String)) && a.Type.IsMapType() && a.Type.ElementType().IsListType():
		for key, values := range all[x.id].Attr(f.Name).AsValueMap() {
			v := values.AsValueSlice()[0]
			exactly(cty.MapVal(map[string]cty.Value{key: v}), func(o resource.Object) bool {
				have, ok := o.Attr(f.Name).AsValueMap()[key]
				return ok && slices.ContainsFunc(have.AsValueSlice(), func(e cty.Value) bool { return e.RawEquals(v) })
			})
		}
	case f.Type == cty.String:
		key, ok := keyOf(k.Key, all[x.id])
		if !ok {
			return
		}
		for _, part := range key {
			if found := ask(map[string]cty.Value{f.Name: cty.StringVal(part)}); part != "" && found[x.id].ID == "" {
				r.errorf("%q does not find the object whose key it is", part)
			}
		}
		nobody := ask(map[string]cty.Value{f.Name: cty.StringVal(strings.ToLower(r.canary) + "-nobody")})
		if len(nobody) > 0 {
			r.errorf("a text that is nowhere finds %d objects", len(nobody))
		}
	}
}

// collects finds the kind that a filter refers to and its attribute that holds
// objects of a kind, such as a group and its members.
func (r *run) collects(ref *resource.Ref, k resource.Kind) (resource.Kind, string, bool) {
	for _, name := range ref.Kinds {
		group, ok := r.info.Kind(name)
		if !ok {
			continue
		}
		for _, a := range group.Attributes {
			if a.Ref != nil && a.Ref.Attr == "id" && a.Type.IsSetType() && slices.Contains(a.Ref.Kinds, k.Name) {
				return group, a.Name, true
			}
		}
	}
	return resource.Kind{}, "", false
}

// checkPages: around the size of a page no object is lost or doubled.
func (r *run) checkPages(k resource.Kind) {
	page := r.h.Pages[k.Name]
	if page == 0 {
		return
	}
	home := r.home(k)
	own := len(r.list(providers.Query{Kind: k.Name, Parent: home, All: true}))
	var ids []string
	var keys []map[string]string
	for _, total := range []int{page - 1, page, page + 1, 2*page + 1} {
		var ops []providers.Operation
		var more []*thing
		for range total - own - len(ids) {
			x := r.thing(k, home, r.minimal(k, home, r.next()))
			more = append(more, x)
			ops = append(ops, x.operation(r.plan(x, nil)))
		}
		for i, res := range r.apply(r.ctx, ops...) {
			if res.Err != nil {
				r.fatalf("creating %d objects: %v", len(ops), res.Err)
			}
			more[i].id = res.ID
			ids = append(ids, res.ID)
			if k.Parent == "" {
				r.made = append(r.made, more[i])
			}
		}
		all := r.list(providers.Query{Kind: k.Name, Parent: home, All: true})
		if k.Parent != "" && len(all) != own+len(ids) {
			r.errorf("List of all finds %d objects of %d", len(all), own+len(ids))
		}
		keys = keys[:0]
		have := byID(all)
		for _, id := range ids {
			o, ok := have[id]
			if !ok {
				r.fatalf("List of all misses one of %d objects", own+len(ids))
			}
			if key, ok := keyOf(k.Key, o); ok {
				keys = append(keys, key)
			}
		}
		r.finds(k, home, providers.Query{IDs: ids}, ids...)
		r.finds(k, home, providers.Query{IDs: ids, Brief: true}, ids...)
		if len(k.Key) > 0 {
			r.finds(k, home, providers.Query{Keys: keys}, ids...)
		}
		if brief := r.list(providers.Query{Kind: k.Name, Parent: home, All: true, Brief: true}); len(brief) != len(all) {
			r.errorf("List of all in brief finds %d objects of %d", len(brief), len(all))
		}
	}
}

// checkAbsentParent: where there is no parent, there is nothing, and no error.
func (r *run) checkAbsentParent(k resource.Kind) {
	if k.Parent == "" {
		q := providers.Query{IDs: []string{uuid.NewString()}}
		for _, name := range k.Key {
			q.Keys = append(q.Keys, map[string]string{name: r.prefix + "-absent"})
		}
		r.finds(k, "", q)
		return
	}
	home := r.home(k)
	x := r.thing(k, home, r.full(k, home, r.next()))
	live := r.create(x)
	nowhere := r.absent(home)
	queries := []providers.Query{{All: true}, {All: true, Brief: true}, {IDs: []string{x.id}}}
	for _, names := range k.Identities() {
		if key, ok := keyOf(names, live); ok {
			queries = append(queries, providers.Query{Keys: []map[string]string{key}})
		}
	}
	if k.UpsertKey {
		queries = append(queries, providers.Query{UpsertKeys: []string{live.UpsertKey}})
	}
	if len(k.Key) == 0 {
		queries = append(queries, providers.Query{Markers: []string{live.Marker}})
	}
	if k.Plural != "" {
		args := map[string]cty.Value{}
		for _, f := range k.Filters {
			args[f.Name] = cty.NullVal(f.Type)
			if f.Name == k.Parent {
				args[f.Name] = cty.StringVal(nowhere)
			}
		}
		queries = append(queries, providers.Query{Filters: cty.ObjectVal(args)})
	}
	for _, q := range queries {
		r.finds(k, nowhere, q)
	}
}
