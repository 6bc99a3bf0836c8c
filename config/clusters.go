package config

import (
	"path/filepath"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// ClusterInstance is what the configuration wants of one InfluxDB cluster.
// Values may be unknown, and carry the mark of sensitive ones.
type ClusterInstance struct {
	Address resource.Address
	// Provider is the provider block that client and admins belong to, and
	// Parent their realm or tenant; zero where neither is known or set.
	Provider string
	Parent   resource.Address
	// Client is the client block or data block; nil if none is set.
	Client *ClusterObject
	// Home is that realm or tenant with the attributes of its kind, as far as they
	// are known; [cty.NilVal] if it is not known at all.
	Home cty.Value
	// Admins are the users, in the order in which they were written. If
	// AdminsKnown is false, it is not known yet which users there are.
	Admins      []ClusterObject
	AdminsKnown bool
	// IdentityProvider and JWKSEndpoint are strings: as written, or from the
	// provider and from jwks_uri of the client's realm.
	IdentityProvider, JWKSEndpoint cty.Value
	// Groups: a block user_groups decides on the groups of all admins.
	Groups bool
	// Exclusive: users in the files that are no admins are removed.
	Exclusive bool
	// Targets are the nested blocks.
	Targets   []ClusterTarget
	DependsOn []resource.Address

	Range      diag.Range
	AttrRanges map[string]diag.Range
}

// ClusterObject is a client or user that a cluster refers to.
type ClusterObject struct {
	// Address is that of the instance; of a user that a plural data block
	// found, data.users.team["jane"].
	Address  resource.Address
	Provider string
	Parent   resource.Address
	// Attrs is the object with all attributes of its kind.
	Attrs cty.Value
	// ID, FirstName, LastName and Email are strings from Attrs; null where the
	// kind has no such attribute.
	ID, FirstName, LastName, Email cty.Value
	// Groups are the arguments of the block user_groups that name it: "auditor".
	Groups []string
}

// ClusterTarget is one file or object to write.
type ClusterTarget struct {
	// Address has Target set: cluster.production.appinstance.
	Address resource.Address
	// Attrs conforms to the attributes of the nested block.
	Attrs cty.Value
	// File is the absolute path of the attribute "path", relative to the
	// configuration's folder; empty if it has none or it is unknown.
	File  string
	Range diag.Range
	// AttrRanges are the places of its arguments.
	AttrRanges map[string]diag.Range
}

// The names of the cluster block's arguments that have a meaning here.
const (
	clientAttr    = "client"
	adminsAttr    = "admins"
	idpAttr       = "identity_provider"
	jwksAttr      = "jwks_endpoint"
	exclusiveAttr = "exclusive"
	groupsAttr    = "user_groups"
	pathAttr      = "path"
	nameAttr      = "name"
	namespaceAttr = "namespace"
	profileAttr   = "profile"
	stdoutPath    = "-" // no file, of a profile
)

// Clusters evaluates a cluster block, as [Evaluator.Expand] does others.
func (e *Evaluator) Clusters(addr resource.Address) ([]ClusterInstance, diag.Diagnostics) {
	end := e.begin()
	b := e.m.blocks[addr.Block()]
	if b == nil || b.typ != ClusterBlock {
		e.report.errorf(diag.Range{}, "No such block", "There is no cluster block %s.", addr)
		return nil, end()
	}
	st := e.repeat(b)
	if st.failed && (!e.dry || b.broken || b.inCycle) {
		return nil, end()
	}
	ctx := e.scope(b, b.refs)
	cache := map[*expr]attrValue{}
	if st.open || st.failed {
		probe := &instance{each: cty.DynamicVal, block: b}
		e.evaluateCluster(b, probe, &bodyEval{ctx: e.instanceScope(b, ctx, probe, true), cache: cache})
		return nil, end()
	}
	var out []ClusterInstance
	for _, in := range st.order {
		out = append(out, e.evaluateCluster(b, in, &bodyEval{ctx: e.instanceScope(b, ctx, in, false), cache: cache}))
	}
	e.touch(st)
	return out, end()
}

// ResolveCluster evaluates one instance anew, with what is known by now.
func (e *Evaluator) ResolveCluster(addr resource.Address) (ClusterInstance, diag.Diagnostics) {
	end := e.begin()
	addr.Target = ""
	b, in := e.find(addr)
	if in == nil || b.typ != ClusterBlock {
		e.report.errorf(diag.Range{}, "No such instance", "There is no instance %s.", addr)
		return ClusterInstance{}, end()
	}
	e.refreshEach(b, in)
	c := e.evaluateCluster(b, in, &bodyEval{ctx: e.instanceScope(b, e.scope(b, b.refs), in, false)})
	return c, end()
}

func (e *Evaluator) evaluateCluster(b *block, in *instance, be *bodyEval) ClusterInstance {
	be.e, be.addr, be.what, be.json, be.repeated = e, b.instanceAddress(in), b.headline(), b.json, b.repeated()
	be.targets, be.open, be.ranges = map[string][]target{}, map[string]bool{}, b.argRanges()
	kind := b.candidates[0].kind
	in.found = &b.candidates[0]
	vals := be.body(kind.Attributes, b.content, "")
	be.defaults(kind.Attributes, vals, b.content, "")
	c := ClusterInstance{Address: be.addr, Range: b.rng, AttrRanges: be.ranges, DependsOn: be.dependsOn(b)}
	if ts := be.targets[clientAttr]; len(ts) == 1 {
		client := clusterObject(ts[0])
		c.Client = &client
	}
	c.AdminsKnown = !be.open[adminsAttr]
	for _, t := range be.targets[adminsAttr] {
		c.Admins = append(c.Admins, clusterObject(t))
	}
	be.checkHome(b, &c)
	be.checkAdmins(b, c.Admins)
	be.userGroups(kind, &c)
	if _, in := be.e.find(c.Parent); in != nil {
		c.Home = in.value()
	}
	c.IdentityProvider = be.identityProvider(vals, c)
	c.JWKSEndpoint = be.jwksEndpoint(vals, c)
	if v, marks := resource.Attr(cty.ObjectVal(vals), exclusiveAttr).Unmark(); v.IsKnown() && !v.IsNull() && v.Type() == cty.Bool {
		c.Exclusive = v.True()
		if len(marks) > 0 {
			be.errorf(b.content.args[exclusiveAttr].expr, "Invalid use of a sensitive value", "%q cannot be sensitive: what idpctl does shows it.", exclusiveAttr)
		}
	}
	for name, v := range map[string]cty.Value{idpAttr: c.IdentityProvider, jwksAttr: c.JWKSEndpoint} {
		if resource.IsSensitive(v) {
			place := b.rng
			if arg := b.content.args[name]; arg != nil {
				place = arg.expr.rng
			}
			be.notSensitive(name, place, "it is written to the cluster's files, and plans show it")
		}
	}
	c.Targets = be.clusterTargets(kind, vals)
	in.desired = resource.Desired{Address: c.Address, Provider: c.Provider}
	seen := map[string]cty.Value{idpAttr: c.IdentityProvider, jwksAttr: c.JWKSEndpoint}
	for _, a := range kind.Attributes {
		if _, done := seen[a.Name]; !done && a.Block == nil && a.Ref == nil {
			seen[a.Name] = vals[a.Name]
		}
	}
	in.object = clusterReference(b.referenceType(kind), cty.ObjectVal(seen), c)
	return c
}

func clusterReference(want cty.Type, vals cty.Value, c ClusterInstance) cty.Value {
	out := map[string]cty.Value{}
	for name, typ := range want.AttributeTypes() {
		if out[name] = resource.Attr(vals, name); !out[name].Type().Equals(typ) {
			out[name] = cty.NullVal(typ)
		}
	}
	out[addressAttr], out[providerAttr] = cty.StringVal(c.Address.String()), cty.StringVal(c.Provider)
	return cty.ObjectVal(out)
}

func clusterObject(t target) ClusterObject {
	return ClusterObject{
		Address: t.addr, Provider: t.provider, Parent: t.parent, Attrs: t.object,
		ID: stringAttr(t.object, "id"), FirstName: stringAttr(t.object, "first_name"),
		LastName: stringAttr(t.object, "last_name"), Email: stringAttr(t.object, "email"),
	}
}

func stringAttr(v cty.Value, name string) cty.Value {
	if a := resource.Attr(v, name); a.Type() == cty.String {
		return a
	}
	return cty.NullVal(cty.String)
}

// checkHome sets the cluster's provider and realm, and refuses admins of
// another one.
func (be *bodyEval) checkHome(b *block, c *ClusterInstance) {
	objects := slices.Clone(c.Admins)
	if c.Client != nil {
		objects = append([]ClusterObject{*c.Client}, objects...)
	}
	for _, o := range objects {
		if o.Provider == "" || o.Parent == (resource.Address{}) {
			continue
		}
		if c.Provider == "" {
			c.Provider, c.Parent = o.Provider, o.Parent
			continue
		}
		if be.e.sameHome(c.Provider, c.Parent, o.Provider, o.Parent) {
			continue
		}
		place := b.rng
		if arg := b.content.args[adminsAttr]; arg != nil {
			place = arg.expr.rng
		}
		be.e.report.errorAt(be.addr, place, "Admins of different realms",
			"All admins and the client of a cluster must belong to one realm or tenant: %s belongs to %s of %s, and %s to %s of %s.",
			objects[0].Address, c.Parent, c.Provider, o.Address, o.Parent, o.Provider)
		return
	}
}

// sameHome reports whether two realms or tenants are the same one: by their
// address, or because one is looked up by the natural key of the other.
func (e *Evaluator) sameHome(p1 string, a1 resource.Address, p2 string, a2 resource.Address) bool {
	if p1 != p2 {
		return false
	}
	if a1 == a2 {
		return true
	}
	_, in1 := e.find(a1)
	_, in2 := e.find(a2)
	if in1 == nil || in2 == nil || in1.found == nil {
		return false
	}
	o1, o2 := in1.value(), in2.value()
	for _, name := range append([]string{"id"}, in1.found.kind.Key...) {
		v1, _ := resource.Attr(o1, name).Unmark()
		v2, _ := resource.Attr(o2, name).Unmark()
		if v1.IsKnown() && v2.IsKnown() && !v1.IsNull() && v1.RawEquals(v2) {
			return true
		}
	}
	return false
}

// checkAdmins refuses to name one user twice.
func (be *bodyEval) checkAdmins(b *block, admins []ClusterObject) {
	arg := b.content.args[adminsAttr]
	if arg == nil {
		return
	}
	byID := map[string]resource.Address{}
	for _, a := range admins {
		id, _ := a.ID.Unmark()
		if !id.IsKnown() || id.IsNull() {
			continue
		}
		if first, ok := byID[id.AsString()]; ok {
			be.e.report.errorAt(be.addr, arg.expr.rng, "Duplicate admin", "%s and %s are the same user. Name it once.", first, a.Address)
			continue
		}
		byID[id.AsString()] = a.Address
	}
}

// userGroups notes who is in which group. All of them have to be admins.
func (be *bodyEval) userGroups(kind resource.Kind, c *ClusterInstance) {
	spec, _ := kind.Attribute(groupsAttr)
	_, c.Groups = be.ranges[groupsAttr]
	for _, a := range spec.Block {
		name := groupsAttr + "." + a.Name
		if be.open[name] {
			c.AdminsKnown = false
		}
		for _, t := range be.targets[name] {
			at := slices.IndexFunc(c.Admins, func(o ClusterObject) bool { return o.Address == t.addr })
			if at < 0 {
				if c.AdminsKnown {
					be.e.report.errorAt(be.addr, be.ranges[name], "Not an admin of the cluster", "%s is in %s of %s, and not in %s. Name it in both, or in neither.", t.addr, a.Name, groupsAttr, adminsAttr)
				}
				continue
			}
			c.Admins[at].Groups = append(c.Admins[at].Groups, a.Name)
		}
	}
}

func (be *bodyEval) identityProvider(vals map[string]cty.Value, c ClusterInstance) cty.Value {
	if v, ok := vals[idpAttr]; ok && !isUnset(v) {
		return v
	}
	p := be.e.m.providers[c.Provider]
	if p == nil {
		return cty.UnknownVal(cty.String)
	}
	if name := p.info.FromBlock.IdentityProvider; name != "" {
		if v := resource.Attr(be.e.quietly(p), name); v.Type() == cty.String && !isUnset(v) {
			return v
		}
	}
	return cty.StringVal(p.info.IdentityProvider)
}

func (be *bodyEval) jwksEndpoint(vals map[string]cty.Value, c ClusterInstance) cty.Value {
	if v, ok := vals[jwksAttr]; ok && !isUnset(v) {
		return v
	}
	if v := resource.Attr(c.Home, "jwks_uri"); v.Type() == cty.String {
		return v
	}
	return cty.UnknownVal(cty.String)
}

// clusterTargets are the nested blocks that are there.
func (be *bodyEval) clusterTargets(kind resource.Kind, vals map[string]cty.Value) []ClusterTarget {
	var out []ClusterTarget
	for _, a := range kind.Attributes {
		v := vals[a.Name]
		if a.Block == nil || a.Name == groupsAttr || !v.IsKnown() || v.IsNull() {
			continue
		}
		t := ClusterTarget{Address: be.addr, Attrs: v, Range: be.ranges[a.Name], AttrRanges: map[string]diag.Range{}}
		t.Address.Target = a.Name
		for _, inner := range a.Block {
			rng, written := be.ranges[a.Name+"."+inner.Name]
			if written {
				t.AttrRanges[inner.Name] = rng
			} else {
				rng = t.Range
			}
			if !inner.Sensitive && !inner.WriteOnly && resource.IsSensitive(v.GetAttr(inner.Name)) {
				be.e.report.errorAt(be.addr, rng, "Invalid use of a sensitive value", "%q cannot be sensitive: what idpctl does shows it.", inner.Name)
			}
		}
		if t.File = be.e.m.targetFile(v); printed(v) {
			t.File = ""
		}
		out = append(out, t)
	}
	return out
}

// printed reports whether a target is a profile on standard output and no file.
func printed(v cty.Value) bool {
	path, _ := resource.Attr(v, pathAttr).Unmark()
	return v.Type().HasAttribute(profileAttr) && path.IsKnown() && path.RawEquals(cty.StringVal(stdoutPath))
}

// targetFile is the absolute path of a target.
func (m *Module) targetFile(v cty.Value) string {
	path, _ := resource.Attr(v, pathAttr).Unmark()
	if !path.IsKnown() || path.IsNull() || path.Type() != cty.String {
		return ""
	}
	file := path.AsString()
	if !filepath.IsAbs(file) {
		file = filepath.Join(m.dir, file)
	}
	abs, err := filepath.Abs(file)
	if err != nil {
		return filepath.Clean(file)
	}
	return abs
}

// CheckTargets refuses targets that write the same file, unless they name
// different objects in it, and those that write the same object elsewhere. Load did
// this with what it knew.
func CheckTargets(clusters []ClusterInstance) diag.Diagnostics {
	var r report
	byFile := map[string][]ClusterTarget{}
	var elsewhere []ClusterTarget
	for _, c := range clusters {
		for _, t := range c.Targets {
			if !t.Attrs.Type().HasAttribute(pathAttr) {
				if at := slices.IndexFunc(elsewhere, func(other ClusterTarget) bool { return sameObject(t, other) }); at >= 0 {
					r.errorAt(t.Address, t.Range, "Two targets write one AppInstance", "%s and %s (%s) say the same of where the AppInstance is. Keep one of them, or set name or namespace in both.",
						t.Address, elsewhere[at].Address, elsewhere[at].Range)
				}
				elsewhere = append(elsewhere, t)
				continue
			}
			if t.File == "" {
				continue
			}
			for _, other := range byFile[t.File] {
				if t.Address.Target == other.Address.Target && (differ(t, other, nameAttr) || differ(t, other, namespaceAttr) || differ(t, other, profileAttr)) {
					continue
				}
				place := t.Range
				if p, ok := t.AttrRanges[pathAttr]; ok {
					place = p
				}
				r.errorAt(t.Address, place, "Two targets write one file", "%s writes %q, and so does %s (%s). Give each a file of its own, or name different objects in it.",
					t.Address, writtenPath(t), other.Address, other.Range)
				break
			}
			byFile[t.File] = append(byFile[t.File], t)
		}
	}
	return r.result()
}

// sameObject reports whether two targets that are no files are certainly the same
// object: all that says where it is says the same.
func sameObject(a, b ClusterTarget) bool {
	if a.Address.Target != b.Address.Target {
		return false
	}
	for _, name := range []string{"kubeconfig", "context", namespaceAttr, nameAttr} {
		v, _ := resource.Attr(a.Attrs, name).Unmark()
		w, _ := resource.Attr(b.Attrs, name).Unmark()
		if !v.IsKnown() || !w.IsKnown() || !v.RawEquals(w) {
			return false
		}
	}
	return true
}

func writtenPath(t ClusterTarget) string {
	v, _ := resource.Attr(t.Attrs, pathAttr).Unmark()
	return v.AsString()
}

// differ reports whether an attribute tells two targets apart.
func differ(a, b ClusterTarget, name string) bool {
	v, _ := resource.Attr(a.Attrs, name).Unmark()
	w, _ := resource.Attr(b.Attrs, name).Unmark()
	return v.IsKnown() && w.IsKnown() && !v.IsNull() && !w.IsNull() && !v.RawEquals(w)
}
