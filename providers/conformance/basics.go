package conformance

import (
	"maps"
	"reflect"
	"slices"
	"sync"

	"github.com/google/uuid"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// checkInfo: the description of the provider makes sense by itself.
func (r *run) checkInfo() {
	info := r.info
	if again := r.target.Provider.Info(); !reflect.DeepEqual(again, info) {
		r.errorf("Info is not the same at every call")
	}
	if info.Type == "" || info.Name == "" || info.IdentityProvider == "" || info.SubjectClaim == "" {
		r.errorf("the type, the name, the AppInstance's identityProvider or the subject claim is empty")
	}
	if info.Doc == "" || info.Example == "" {
		r.errorf("the provider has no documentation or no example")
	}
	seen := map[string]bool{}
	for _, k := range info.Kinds {
		r.try(k.Name, func() { r.checkKind(k) })
		for _, name := range []string{k.Name, k.Plural} {
			if name != "" && seen[name] {
				r.errorf("two kinds are called %s", name)
			}
			seen[name] = true
		}
	}
	r.checkAttributes("provider", info.Config)
	for name, types := range map[string][]cty.Type{
		info.FromBlock.IdentityProvider: {cty.String}, info.FromBlock.SubjectClaim: {cty.String},
		info.FromBlock.Scopes: {cty.List(cty.String), cty.Set(cty.String)}, info.FromBlock.Origins: {cty.List(cty.String), cty.Set(cty.String)},
	} {
		if name != "" && !slices.ContainsFunc(info.Config, func(a resource.Attribute) bool {
			return a.Name == name && slices.ContainsFunc(types, a.Type.Equals)
		}) {
			r.errorf("FromBlock names %s, which Config has not, or of another type", name)
		}
	}
	for name := range info.Env {
		if !slices.ContainsFunc(info.Config, func(a resource.Attribute) bool { return a.Name == name }) {
			r.errorf("Env names %s, which Config has not", name)
		}
	}
}

func (r *run) checkKind(k resource.Kind) {
	if k.Name == "" || k.Doc == "" || k.Example == "" {
		r.errorf("its name, documentation or example is empty")
	}
	named := func(what string, names ...string) {
		for _, name := range names {
			if a, ok := k.Attribute(name); name != "" && (!ok || a.WriteOnly) {
				r.errorf("%s names %q, which is no attribute that can be read", what, name)
			}
		}
	}
	named("Key", k.Key...)
	named("Parent", k.Parent)
	for _, names := range append(slices.Clone(k.Unique), k.Lookup...) {
		named("Unique or Lookup", names...)
	}
	if len(k.Key) == 0 && !k.Marked {
		r.errorf("it has neither a key nor a marker by which its objects are found again")
	}
	switch empty := slices.ContainsFunc(k.Lookup, func(names []string) bool { return len(names) == 0 }); {
	case k.Given && (!k.DataOnly || len(k.Key) != 1 || len(k.Lookup) != 1 || !slices.Equal(k.Lookup[0], k.Key)):
		r.errorf("it is given, and not data only, or its key is not one attribute and the only way to name it")
	case k.DataOnly && len(k.Lookup) == 0:
		r.errorf("it is data only, and there is no data block of it")
	case k.DataOnly && (k.AdoptOnly || k.ChosenID || k.UpsertKey || k.Restores || k.Marked || k.Credential != nil || len(k.Contains) > 0):
		r.errorf("it is data only, and says how it is managed")
	case empty && len(k.Lookup) > 1:
		r.errorf("it is the only one of its kind, and found in other ways besides")
	}
	if k.UpsertKey && k.ChosenID {
		r.errorf("it has both a chosen id and an upsert key")
	}
	for name, f := range k.Foreign {
		if _, own := k.Attribute(name); own || f.Of == "" {
			r.errorf("%q is called foreign, and is its own or of nobody", name)
		}
	}
	for _, name := range slices.Concat(k.Key, slices.Concat(k.Unique...), slices.Concat(k.Lookup...)) {
		if a, ok := k.Attribute(name); ok && a.Type != cty.String {
			r.errorf("%s is of a key, and no string", name)
		}
	}
	for _, name := range k.Contains {
		if inner, ok := r.info.Kind(name); !ok || inner.Parent == "" {
			r.errorf("it contains %s, which is no kind with a parent", name)
		}
	}
	if k.Parent != "" {
		if a, _ := k.Attribute(k.Parent); a.Ref == nil || !a.Required || !a.ForceNew {
			r.errorf("its parent attribute is not a required reference that forces replacement")
		}
	}
	if a, ok := k.Attribute(k.Enabled); k.Enabled != "" && (!ok || a.Type != cty.Bool) {
		r.errorf("Enabled names %s, which is no bool attribute", k.Enabled)
	}
	if c := k.Credential; c != nil {
		for name, typ := range map[string]cty.Type{c.Password: cty.String, c.Generate: cty.Bool, c.Invite: cty.Bool} {
			a, ok := k.Attribute(name)
			if name != "" && (!ok || a.Type != typ || !a.OnCreate) {
				r.errorf("Credential names %s, which is no on-create attribute of the type %s", name, typ.FriendlyName())
			}
		}
		if a, ok := k.Attribute(c.Password); ok && (!a.WriteOnly || !a.Sensitive) {
			r.errorf("the password %s is not write-only and sensitive", a.Name)
		}
	}
	r.checkAttributes(k.Name, k.Attributes)
	r.checkAttributes(k.Name+" filter", k.Filters)
}

func (r *run) checkAttributes(of string, attrs []resource.Attribute) {
	find := func(name string) (resource.Attribute, bool) {
		i := slices.IndexFunc(attrs, func(a resource.Attribute) bool { return a.Name == name })
		if i < 0 {
			return resource.Attribute{}, false
		}
		return attrs[i], true
	}
	seen := map[string]bool{"id": true}
	for _, a := range attrs {
		bad := func(format string, args ...any) { r.errorf(of+"."+a.Name+" "+format, args...) }
		if seen[a.Name] {
			bad("is there twice, or is id")
		}
		seen[a.Name] = true
		version, hasVersion := find(a.Version)
		exclusive, hasExclusive := find(a.Exclusive)
		_, hasSource := find(a.DefaultFrom)
		typ := typeOf(a)
		switch {
		case a.Doc == "":
			bad("has no documentation")
		case a.Block == nil && a.Type == cty.NilType:
			bad("has no type")
		case a.Required && (a.Computed || a.Default != cty.NilVal || a.DefaultFrom != ""):
			bad("is required, and has a value without being set")
		case len(a.Always) > 0 && !typ.Equals(cty.Set(cty.String)):
			bad("always has elements, and is no set of strings")
		case a.Default != cty.NilVal && a.Default.IsNull():
			bad("has a default that is null; leave it out")
		case a.Default != cty.NilVal && !a.Default.Type().Equals(typ):
			bad("has a default of the type %s, not %s", a.Default.Type().FriendlyName(), typ.FriendlyName())
		case a.Computed && a.Default != cty.NilVal:
			bad("is computed and has a default: only one can hold when it is not set")
		case a.WriteOnly && (a.Computed || a.Local || a.ForceNew):
			bad("is write-only, and cannot be computed, local or force replacement")
		case a.Trigger && !a.Local:
			bad("is a trigger, and not local")
		case a.WriteOnly && !a.Sensitive:
			bad("is write-only and not sensitive")
		case a.Version != "" && (!hasVersion || !version.Local || version.Type != cty.Number || !a.WriteOnly):
			bad("has the version %s, which is no local number, or is not write-only", a.Version)
		case len(a.MadeOf) > 0 && (!a.Optional || !a.Computed || slices.ContainsFunc(a.MadeOf, func(name string) bool { _, there := find(name); return !there })):
			bad("is made of what there is not, or not left to the server")
		case a.Initial != cty.NilVal && (!a.Optional || !a.Computed || !a.Initial.Type().Equals(typ) || a.Initial.IsNull()):
			bad("begins with a value, and is not left to the server, or of another type")
		case a.DefaultFrom == resource.FromServer && !(a.Optional && a.Computed):
			bad("leaves its default to the server and is not Optional and Computed")
		case a.DefaultFrom != "" && a.DefaultFrom != resource.FromLabel && a.DefaultFrom != resource.FromServer && !hasSource:
			bad("takes its default from %s, which there is not", a.DefaultFrom)
		case a.Partial && !(typ.IsSetType() || typ.IsMapType()):
			bad("is partial, and neither a set nor a map")
		case a.Exclusive != "" && (!a.Partial || !hasExclusive || !exclusive.Local || exclusive.Type != cty.Bool):
			bad("is made exclusive by %s, which is no local bool, or is not partial", a.Exclusive)
		case a.Ref != nil && !slices.ContainsFunc(a.Ref.Kinds, func(name string) bool { _, ok := r.info.Kind(name); return ok }):
			bad("refers to %v, of which there is none", a.Ref.Kinds)
		case a.Ref != nil && typ != cty.String && !typ.Equals(cty.Set(cty.String)) && !typ.Equals(cty.List(cty.String)):
			bad("is a reference that carries %s", typ.FriendlyName())
		case a.Check.HasRange && a.Check.Min > a.Check.Max:
			bad("has a range that is empty")
		}
		if a.Block != nil {
			r.checkAttributes(of+"."+a.Name, a.Block)
		}
	}
}

// checkConnection: it may be used concurrently, and knows the server's clock.
func (r *run) checkConnection() {
	var wg sync.WaitGroup
	var mu sync.Mutex
	for _, k := range r.info.Kinds {
		if k.Parent != "" {
			continue
		}
		for range 4 {
			wg.Go(func() {
				_, err := r.conn.List(r.ctx, providers.Query{Kind: k.Name, All: true, Brief: true})
				if err != nil {
					mu.Lock()
					defer mu.Unlock()
					r.errorf("concurrent List of %s: %v", k.Name, err)
				}
			})
		}
	}
	wg.Wait()
	if lag := r.conn.Lag(); lag < 0 || lag != r.conn.Lag() {
		r.errorf("the lag of the connection is %s, and not the same at each call", lag)
	}
	if r.conn.ServerTime().IsZero() {
		r.errorf("ServerTime is zero after the first answer")
	}
	if err := r.connect().Close(); err != nil {
		r.errorf("closing a connection that was not used: %v", err)
	}
	r.apply(r.ctx) // nothing to do
}

// checkAdopted: what cannot be created is there, can be changed and changed
// back, and is not deleted.
func (r *run) checkAdopted(k resource.Kind) {
	all := r.list(providers.Query{Kind: k.Name, Parent: r.home(k), All: true})
	if len(all) == 0 {
		r.fatalf("the target has none")
	}
	was := all[0]
	x := &thing{kind: k, id: was.ID, marker: was.Marker, want: was.Attrs.AsValueMap(), prior: was.Attrs}
	if k.Parent != "" {
		x.parent = was.Attr(k.Parent).AsString()
	}
	if key, ok := keyOf(k.Key, was); ok {
		r.finds(k, x.parent, providers.Query{Keys: []map[string]string{key}}, was.ID)
	}
	r.finds(k, x.parent, providers.Query{IDs: []string{was.ID}}, was.ID)
	r.askedBy(k, x.parent, was)
	for _, a := range r.varied(k) {
		if a.ForceNew || a.Block != nil {
			continue
		}
		r.try(a.Name, func() {
			r.change(x, a, func(want map[string]cty.Value) {
				r.vary(want, k.Name, a, x.parent, want[a.Name])
			})
			if was.Attr(a.Name).IsNull() && a.Computed {
				return // nobody can say what it was
			}
			r.change(x, a, func(want map[string]cty.Value) { want[a.Name] = was.Attr(a.Name) })
		})
	}
	r.try("creating", func() {
		op := x.operation(r.plan(x, &was))
		op.Verb, op.ID, op.Before = providers.Create, "", cty.NullVal(k.Type())
		if res := r.apply(r.ctx, op)[0]; res.Err == nil {
			r.errorf("no error")
		}
	})
	r.try("deleting", func() {
		if err := r.remove(x); err == nil {
			r.errorf("no error")
		}
		r.finds(k, x.parent, providers.Query{IDs: []string{was.ID}}, was.ID)
	})
	r.finds(k, x.parent, providers.Query{IDs: []string{uuid.NewString()}})
}

// askedBy: what goes by several names answers with the one that it was asked by,
// also when it is asked for by its id as well.
func (r *run) askedBy(k resource.Kind, parent string, was resource.Object) {
	keys := r.h.Names[k.Name]
	if key, ok := keyOf(k.Key, was); ok {
		keys = append(slices.Clone(keys), key)
	}
	for _, key := range keys {
		for _, ids := range [][]string{nil, {was.ID}} {
			q := providers.Query{IDs: ids, Keys: []map[string]string{key}}
			for _, o := range r.finds(k, parent, q, was.ID) {
				if got, _ := keyOf(k.Key, o); !maps.Equal(got, key) {
					r.errorf("List of %s returns it as %v", describe(q), got)
				}
			}
		}
	}
}
