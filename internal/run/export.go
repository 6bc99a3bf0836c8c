package run

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/cluster"
	"github.com/idpctl/idpctl/config"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// Export is what a cluster's files would say, with what the identity provider has
// now.
type Export struct {
	Cluster resource.Address
	Desired cluster.Desired
	// Issuer of the client's realm or tenant.
	Issuer string
	// Missing names what is not known yet, as nothing was applied.
	Missing []string
	// Targets are all of the cluster's.
	Targets []Target
	// Profile of influxctl, as the cluster's block says.
	Profile cluster.Profile
}

// Target is one file or object of a cluster as it is now.
type Target struct {
	// Change is what would make it say what the configuration does.
	Change *plan.TargetChange
	Place  cluster.Place
	// Identity is the same for two that are the same place; see [cluster.Target].
	Identity string
	// Strays are users whom the configuration manages, and that are listed without
	// being admins.
	Strays []string
}

// Differs reports whether it does not say what the configuration does.
func (t Target) Differs() bool {
	return t.Change.Diff != "" || t.Change.OutOfReach || len(t.Strays) > 0
}

// targetsOf are the targets of a cluster block.
func (p *planner) targetsOf(c *config.ClusterInstance) []Target {
	var out []Target
	for _, pt := range p.files {
		block := pt.change.Address
		if block.Target = ""; block == c.Address {
			out = append(out, Target{pt.change, pt.place, pt.target.Identity(), pt.strays})
		}
	}
	return out
}

// Exports evaluates the cluster blocks. Nothing is changed.
func (r *Run) Exports(ctx context.Context) ([]Export, diag.Diagnostics) {
	planned, diags := r.Plan(ctx, plan.Normal)
	if diags.HasErrors() {
		return nil, diags
	}
	var out []Export
	for _, c := range r.clusters() {
		want, ds := planned.planner.wanted(c)
		diags = append(diags, ds...)
		e := Export{Cluster: c.Address, Desired: want, Issuer: text(resource.Attr(c.Home, "issuer")), Targets: planned.planner.targetsOf(c)}
		e.Missing = missing(e.Issuer, want.Section, want.SignIn)
		for _, a := range want.Admins {
			if a.ID == cluster.KnownAfterApply {
				e.Missing = append(e.Missing, "the id of "+strings.ReplaceAll(a.Email, cluster.KnownAfterApply, "an admin"))
			}
		}
		e.Profile, _ = profileOf(c)
		out = append(out, e)
	}
	return out, diags
}

// missing names what of a cluster's sign-in is known only after an apply.
func missing(issuer string, s cluster.Section, in cluster.SignIn) []string {
	var out []string
	for _, v := range []struct{ name, value string }{
		{"issuer", issuer}, {"identity_provider", s.IdentityProvider}, {"jwks_endpoint", s.JWKSEndpoint}, {"client_id", in.ClientID},
		{"device_authorization_endpoint", in.DeviceURL}, {"token_endpoint", in.TokenURL},
	} {
		if v.value == "" || v.value == cluster.KnownAfterApply {
			out = append(out, v.name)
		}
	}
	return out
}

// exportCluster is the name of the cluster block that [ExportSource] makes up.
const exportCluster = "idpctl_export"

// The lines of [ExportSource] that its arguments are in: the client in one, the admins
// in all from the second one on.
const (
	ExportClientLine = 2
	ExportAdminsLine = 3
)

// IsExport reports whether a cluster is the one that [ExportSource] makes up.
func IsExport(a resource.Address) bool { return a.Name == exportCluster }

// ExportSource is configuration with a cluster block: of a client and admins, which
// are expressions. Empty means the only client of module, and all of its users.
func ExportSource(module *config.Module, known []providers.Provider, client, admins string) (config.Source, diag.Diagnostics) {
	source := config.Source{Name: "(export)"}
	var diags diag.Diagnostics
	if client == "" {
		clients := blocks(module, referredBy("client"), known)
		if len(clients) != 1 {
			if len(clients) == 0 {
				return source, diags.Errorf("There is no client", "The configuration has no client, and influxctl signs in with one. Add its block, or a data block that looks it up.")
			}
			return source, diags.Errorf("The client is not clear", "The configuration has %d clients%s. Say with -client which one influxctl signs in with.", len(clients), addressList(clients))
		}
		client = clients[0].String()
	}
	if admins == "" {
		admins = "[" + strings.Join(userBlocks(module, known), ", ") + "]"
	}
	source.Text = fmt.Appendf(nil, "cluster %q {\n  client = %s\n  admins = %s\n}\n", exportCluster, client, admins)
	return source, nil
}

// userBlocks are the addresses of all blocks that manage or look up users.
func userBlocks(module *config.Module, known []providers.Provider) []string {
	var refs []string
	for _, b := range blocks(module, referredBy("admins"), known) {
		refs = append(refs, b.String())
	}
	return refs
}

// usersOutput is the output that [Run.Users] evaluates, in the configuration that
// [UsersSource] adds.
const usersOutput = "idpctl_users"

// UsersSource is configuration that lists users: all that module has blocks for,
// or, if group is set, the members of a group of the realm or tenant at home. An
// empty home is the only one.
func UsersSource(module *config.Module, known []providers.Provider, group, home string) (config.Source, diag.Diagnostics) {
	source := config.Source{Name: "(users)"}
	var diags diag.Diagnostics
	if group == "" {
		source.Text = fmt.Appendf(nil, "output %q {\n  value     = [%s]\n  sensitive = true\n}\n", usersOutput, strings.Join(userBlocks(module, known), ", "))
		return source, nil
	}
	homes := blocks(module, func(k resource.Kind) bool { return k.Parent == "" }, known)
	if home == "" {
		if len(homes) != 1 {
			return source, diags.Errorf("The realm or tenant is not clear", "The configuration has %d of them%s. Say with -in which one the group is in.", len(homes), addressList(homes))
		}
		home = homes[0].String()
	}
	at := slices.IndexFunc(homes, func(a resource.Address) bool { return a.String() == home })
	if at < 0 && len(homes) == 0 {
		return source, diags.Errorf("No such realm or tenant", "The configuration has no realm or tenant that a group could be in.")
	}
	if at < 0 {
		return source, diags.Errorf("No such realm or tenant", "The configuration has no block %s. Say with -in which of its blocks the group is in%s.", home, addressList(homes))
	}
	parent, key := homes[at].Kind, groupKey(known, homes[at].Kind)
	source.Text = fmt.Appendf(nil, `data "group" %[1]q {
  %[2]s = %[3]s
  %[5]s = %[4]s
}

data "users" %[1]q {
  %[2]s = %[3]s
  group = data.group.%[1]s
}

output %[1]q {
  value     = [data.users.%[1]s]
  sensitive = true
}
`, usersOutput, parent, home, quoted(group), key)
	return source, nil
}

// groupKey is the attribute by which a group of a realm or tenant is looked up.
func groupKey(known []providers.Provider, parent string) string {
	for _, p := range known {
		kind, ok := p.Info().Kind("group")
		if !ok || kind.Parent != parent {
			continue
		}
		for _, by := range kind.Lookup {
			if len(by) == 1 && by[0] != "id" {
				return by[0]
			}
		}
	}
	return "name"
}

// quoted is a text as an expression that is that text. HCL has no \x of Go's.
func quoted(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString("\\" + string(r))
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	return `"` + strings.NewReplacer("${", "$${", "%{", "%%{").Replace(b.String()) + `"`
}

func addressList(list []resource.Address) string {
	if len(list) == 0 {
		return ""
	}
	names := make([]string, len(list))
	for i, a := range list {
		names[i] = a.String()
	}
	return ": " + strings.Join(names, ", ")
}

// referredBy tells the kinds that an argument of a cluster block takes.
func referredBy(argument string) func(resource.Kind) bool {
	a, _ := cluster.Spec().Attribute(argument)
	return func(k resource.Kind) bool { return a.Ref != nil && slices.Contains(a.Ref.Kinds, k.Name) }
}

// blocks are the addresses of the blocks of some kinds.
func blocks(module *config.Module, want func(resource.Kind) bool, known []providers.Provider) []resource.Address {
	is := func(name string) bool {
		return slices.ContainsFunc(known, func(p providers.Provider) bool {
			kind, _, ok := dataKind(p.Info(), name)
			return ok && want(kind)
		})
	}
	var out []resource.Address
	for _, layer := range module.Layers() {
		for _, b := range layer {
			if b.Type != config.ClusterBlock && is(b.Address.Kind) {
				out = append(out, b.Address)
			}
		}
	}
	return out
}

// Users are the admins of all clusters, or, with the configuration of
// [UsersSource], the users that it lists.
func (r *Run) Users(ctx context.Context) ([]Admins, diag.Diagnostics) {
	planned, diags := r.Plan(ctx, plan.Normal)
	if diags.HasErrors() {
		return nil, diags
	}
	for _, o := range planned.Outputs {
		if o.Name == usersOutput {
			list := Admins{}
			collect(o.After, &list.Users)
			return []Admins{list}, diags
		}
	}
	var out []Admins
	for _, c := range r.clusters() {
		out = append(out, adminsOf(c))
	}
	return out, diags
}

// collect finds the users in what an output lists.
func collect(v cty.Value, out *[]Admin) {
	v, _ = v.Unmark() // the output's own mark; those of attributes stay
	if !v.IsKnown() || v.IsNull() {
		return
	}
	if typ := v.Type(); typ.IsObjectType() && typ.HasAttribute("id") && typ.HasAttribute("email") {
		address, err := resource.ParseAddress(text(resource.Attr(v, "address")))
		if err != nil {
			return
		}
		a := Admin{Address: address}
		for name, value := range map[string]*cty.Value{"id": &a.ID, "email": &a.Email, "first_name": &a.FirstName, "last_name": &a.LastName} {
			*value = resource.Attr(v, name)
		}
		*out = append(*out, a)
		return
	}
	if v.CanIterateElements() {
		for it := v.ElementIterator(); it.Next(); {
			_, el := it.Element()
			collect(el, out)
		}
	}
}
