package plan

import (
	"fmt"
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// Mode is what a plan is for.
type Mode string

const (
	// Normal: make it as the configuration says.
	Normal Mode = "normal"
	// Destroy: remove everything that the state knows.
	Destroy Mode = "destroy"
)

// Plan is what an apply would do, in the order in which it would.
type Plan struct {
	Mode      Mode
	Namespace string
	// Elsewhere says of providers that send their requests, and credentials, to
	// another address than the usual one where that is; sentences.
	Elsewhere []string
	// Efforts are what providers with limits will take for it.
	Efforts []Effort
	// MayLag says of providers whose search index was asked what may be missing;
	// sentences.
	MayLag []string
	// Unrefreshed: the state was taken for the live world (-refresh=false).
	Unrefreshed bool
	// Changes of objects, by layer, then address; removals last, in the order
	// in which they are done. No-ops and reads are among them.
	Changes []*Change
	// Targets are the changes to files of clusters.
	Targets []*TargetChange
	// Outputs, sorted by name.
	Outputs []OutputChange
}

// Effort is what an apply takes at one provider.
type Effort struct {
	// Provider is the name of its block.
	Provider string
	// Requests that it takes, about.
	Requests int
	// Duration at the server's limit of requests, about; 0 if it is of no account.
	Duration time.Duration
}

// TargetChange is the change to one file or object of a cluster.
type TargetChange struct {
	Address resource.Address
	// Kind of the target: "appinstance".
	Kind string
	// Path of the file, as the user wrote it; of an object, what it is and where.
	Path   string
	Action Action
	// Diff is a unified diff of the text, for people. Ids that are not known
	// yet stand in it as "(known after apply)".
	Diff string
	// Added, Updated and Removed are the admins concerned, for people.
	Added, Updated, Removed []string
	// Fields are the other changes, such as jwksEndpoint.
	Fields []string
	// Reason explains, as a clause; may be empty.
	Reason    string
	DependsOn []resource.Address
	Layer     int
	Range     diag.Range
	// OutOfReach: it cannot be written now. Removed stay in it, and an apply says so
	// after it has ended their access at the identity provider; Added wait.
	OutOfReach bool
}

// OutputChange is the change of one output value.
type OutputChange struct {
	Name          string
	Action        Action
	Before, After cty.Value
	Sensitive     bool
}

// Counts are the numbers of a plan's summary line.
type Counts struct {
	Add, Change, Destroy, Adopt, Forget int
	// Targets counts files to change.
	Targets int
	// Outputs counts output values to change.
	Outputs int
}

// Counts counts. A replacement is one to add and one to destroy; an adoption
// that changes the object as well is one to adopt and one to change.
func (p *Plan) Counts() Counts {
	var n Counts
	for _, c := range p.Changes {
		if c.Adopt {
			n.Adopt++
		}
		switch c.Action {
		case Create:
			n.Add++
		case Update:
			n.Change++
		case Replace:
			n.Add++
			n.Destroy++
		case Delete:
			n.Destroy++
		case Forget:
			n.Forget++
		}
	}
	for _, t := range p.Targets {
		if t.Action != NoOp {
			n.Targets++
		}
	}
	for _, o := range p.Outputs {
		if o.Action != NoOp {
			n.Outputs++
		}
	}
	return n
}

// Empty reports that an apply would do nothing at all, not even to the state.
func (p *Plan) Empty() bool {
	for _, c := range p.Changes {
		if c.IsChange() {
			return false
		}
	}
	n := p.Counts()
	return n.Targets == 0 && n.Outputs == 0
}

// Adoptions lists what comes under management without a marker that proves it
// to be this configuration's: there is none, or it is one that any other
// configuration without a namespace would have left. An unattended apply
// refuses those. What comes back from the bin, and idpctl did not make, is among
// them. A tenant of which nothing changes is not among them.
func (p *Plan) Adoptions() []*Change {
	var out []*Change
	for _, c := range p.Changes {
		unproved := !c.Reclaim || p.Namespace == resource.DefaultNamespace || p.Namespace == ""
		if c.Strange || c.Adopt && !c.OnlyNamed && unproved {
			out = append(out, c)
		}
	}
	return out
}

// Build puts planned changes together: it checks them against each other and
// puts them in order. Objects by layer and address; then removals, children
// before what they are part of and dependents before what they refer to.
func Build(mode Mode, namespace string, changes []*Change, targets []*TargetChange, outputs []OutputChange) (*Plan, diag.Diagnostics) {
	p := &Plan{Mode: mode, Namespace: namespace, Targets: targets, Outputs: outputs}
	var removals []*Change
	for _, c := range changes {
		if c.Action == Delete || c.Action == Forget {
			removals = append(removals, c)
			continue
		}
		p.Changes = append(p.Changes, c)
	}
	slices.SortStableFunc(p.Changes, func(a, b *Change) int {
		if a.Layer != b.Layer {
			return a.Layer - b.Layer
		}
		return a.Address.Compare(b.Address)
	})
	p.Changes = append(p.Changes, orderRemovals(removals)...)
	slices.SortFunc(p.Targets, func(a, b *TargetChange) int { return a.Address.Compare(b.Address) })
	return p, p.checkIdentity()
}

// checkIdentity refuses a plan in which two addresses mean one object.
func (p *Plan) checkIdentity() diag.Diagnostics {
	type identity struct{ provider, kind, id string }
	var diags diag.Diagnostics
	seen := map[identity]*Change{}
	for _, c := range p.Changes {
		if c.ID == "" || c.Address.Mode == resource.Data || c.Action == Replace {
			continue
		}
		key := identity{c.Provider, c.Kind, c.ID}
		if first, ok := seen[key]; ok {
			diags = append(diags, diag.Diagnostic{
				Summary: "Two addresses, one object", Subject: c.Range, Address: c.Address.String(),
				Detail: fmt.Sprintf("%s and %s are the same %s (id %s). Keep one of them.", first.Address, c.Address, c.Kind, c.ID),
			})
			continue
		}
		seen[key] = c
	}
	return diags
}

// orderRemovals sorts removals so that each comes before everything that it
// depends on, and gives them layers: those of one layer are independent.
func orderRemovals(removals []*Change) []*Change {
	slices.SortFunc(removals, func(a, b *Change) int { return a.Address.Compare(b.Address) })
	byBlock := map[resource.Address][]*Change{}
	for _, c := range removals {
		byBlock[c.Address.Block()] = append(byBlock[c.Address.Block()], c)
	}
	const visiting = -1
	depth := map[*Change]int{} // length of the longest chain of what it depends on
	var visit func(c *Change) int
	visit = func(c *Change) int {
		if n, ok := depth[c]; ok {
			return max(n, 0) // a ring in an old state is cut anywhere
		}
		depth[c] = visiting
		n := 0
		for _, dep := range c.DependsOn {
			for _, other := range byBlock[dep.Block()] {
				if other != c && (dep.Key.IsNone() || other.Address == dep) {
					n = max(n, visit(other)+1)
				}
			}
		}
		depth[c] = n
		return n
	}
	deepest := 0
	for _, c := range removals {
		deepest = max(deepest, visit(c))
	}
	for _, c := range removals {
		c.Layer = deepest - depth[c]
	}
	slices.SortStableFunc(removals, func(a, b *Change) int { return a.Layer - b.Layer })
	return removals
}
