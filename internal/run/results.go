package run

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/cluster"
	"github.com/idpctl/idpctl/config"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
)

// Admins are the admins of one cluster, as its files have them.
type Admins struct {
	Cluster resource.Address
	Users   []Admin
}

// Admin is a user with the id that its tokens carry. The values are strings, or
// null, and marked where they are sensitive.
type Admin struct {
	Address                        resource.Address
	ID, Email, FirstName, LastName cty.Value
	// Groups are those of InfluxDB; nil for its default ones.
	Groups []string
}

// Admins tells, after an apply, who the admins are of the clusters whose files
// were changed by it.
func (r *Run) Admins(p *Planned) []Admins {
	changed := map[resource.Address]bool{}
	for _, pt := range p.planner.files {
		if pt.change.Action != plan.NoOp {
			changed[pt.instance] = true
		}
	}
	var out []Admins
	for _, c := range r.clusters() {
		if changed[c.Address] && len(c.Admins) > 0 {
			out = append(out, adminsOf(c))
		}
	}
	return out
}

// clusters are the instances of all cluster blocks, after a plan that evaluated
// them without errors.
func (r *Run) clusters() []*config.ClusterInstance {
	var out []*config.ClusterInstance
	for _, b := range r.ClusterBlocks() {
		instances, _ := r.eval.Clusters(b.Address)
		for i := range instances {
			out = append(out, &instances[i])
		}
	}
	return out
}

// ClusterBlocks are the cluster blocks of the configuration, whether or not they have an
// instance.
func (r *Run) ClusterBlocks() []config.Block {
	var out []config.Block
	for _, layer := range r.module.Layers() {
		for _, b := range layer {
			if b.Type == config.ClusterBlock {
				out = append(out, b)
			}
		}
	}
	return out
}

func adminsOf(c *config.ClusterInstance) Admins {
	list := Admins{Cluster: c.Address}
	for _, a := range c.Admins {
		list.Users = append(list.Users, Admin{a.Address, a.ID, a.Email, a.FirstName, a.LastName, cluster.UserGroups(a.Groups)})
	}
	return list
}

// Outputs are those of the state as it is now.
func (r *Run) Outputs() (map[string]plan.Output, diag.Diagnostics) {
	return StoredOutputs(r.session.View())
}

// NextCommands are what is left to do by hand after an apply: commands. A file that a
// target has left for another one is not among them: to apply it would undo the new one.
func (r *Run) NextCommands(p *Planned) []string {
	var out []string
	for _, pt := range p.planner.files {
		if pt.change.Action == plan.NoOp || pt.change.Diff == "" || p.planner.replaced(pt) {
			continue
		}
		if next := pt.target.Next(pt.live.Content).Command; next != "" && !slices.Contains(out, next) {
			out = append(out, next)
		}
	}
	return out
}

// replaced reports whether a file that is left is about an object of the cluster that
// another one of the configuration is about, too, or of another kind that has taken its
// place.
func (p *planner) replaced(left *plannedTarget) bool {
	if left.cluster != nil {
		return false
	}
	if next := p.goesOn(left.change.Address); next != nil && next.change.Kind != left.change.Kind {
		return true
	}
	was := left.target.Next(left.live.Content).Of
	return slices.ContainsFunc(p.files, func(pt *plannedTarget) bool {
		if pt.cluster == nil || pt.change.Kind != left.change.Kind {
			return false
		}
		is := pt.target.Next(pt.live.Content).Of
		if pt.change.Address == left.change.Address { // it moved, as far as one can see
			return !was.Differs(is)
		}
		return was == is && was.Name != ""
	})
}
