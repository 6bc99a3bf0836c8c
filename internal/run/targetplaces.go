package run

import (
	"fmt"
	"path/filepath"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/cluster"
	"github.com/idpctl/idpctl/cluster/kubernetes"
	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/state"
)

// A place is a file, or one of several AppInstances or profiles in it. What a cluster's
// block is called does not matter to it.

// occupy refuses a place that another target has.
func (p *planner) occupy(pt *plannedTarget) diag.Diagnostics {
	id := pt.target.Identity()
	for _, other := range p.places[id] {
		if other.place.Differs(pt.place) {
			continue
		}
		if pt.change.Kind == cluster.KindKubernetes {
			return diag.Diagnostics{{
				Summary: "Two targets write one AppInstance", Subject: pt.change.Range, Address: pt.change.Address.String(),
				Detail: fmt.Sprintf("%s and %s may be the same AppInstance: %s. Keep one of them, or set name and namespace in both.", other.change.Address, pt.change.Address, pt.change.Path),
			}}
		}
		return diag.Diagnostics{{
			Summary: "Two targets write one file", Subject: pt.change.Range, Address: pt.change.Address.String(),
			Detail: fmt.Sprintf("%s and %s are the same file, by a link or another spelling. Keep one of them, or name different AppInstances or profiles in it.", other.change.Address, pt.change.Address),
		}}
	}
	p.places[id] = append(p.places[id], pt)
	return nil
}

// placeOf is where a record of the state is.
func placeOf(had state.Target) cluster.Place {
	return cluster.Place{
		Path: had.Path, Name: had.Name, Namespace: had.Namespace, Context: had.Context, Server: had.Server, UID: had.UID,
		Release: cluster.Release{Name: had.Release, Chart: had.Chart, Namespace: had.ReleaseNamespace},
	}
}

// kubernetesOptions are those of targets in Kubernetes.
func (p *planner) kubernetesOptions() kubernetes.Options {
	return kubernetes.Options{Dir: p.run.opts.Dir, Env: p.run.opts.Env, Version: p.run.opts.Version}
}

// openTarget opens the target of a block, whatever it is.
func (p *planner) openTarget(kind string, attrs cty.Value) (cluster.Target, diag.Diagnostics) {
	if kind != cluster.KindKubernetes {
		return cluster.Open(kind, attrs, p.run.opts.Dir)
	}
	t, ds := kubernetes.Open(attrs, p.kubernetesOptions())
	if ds.HasErrors() {
		return nil, ds
	}
	return t, ds
}

// targetAt opens the target of a record.
func (p *planner) targetAt(had state.Target) (cluster.Target, diag.Diagnostics) {
	if had.Kind != cluster.KindKubernetes {
		return cluster.At(had.Kind, placeOf(had), p.run.opts.Dir)
	}
	return kubernetes.At(placeOf(had), p.kubernetesOptions()), nil
}

// TargetPath is how people name the target of a record.
func TargetPath(had state.Target) string {
	if had.Kind == cluster.KindKubernetes {
		return kubernetes.Describe(placeOf(had))
	}
	return had.Path
}

// shownPath is how messages and plans name a target: a file as the configuration has
// it.
func shownPath(t cluster.Target) string {
	if _, ok := t.(cluster.Remote); ok {
		return t.Path()
	}
	return t.Place().Path
}

// ListsAdmins reports whether a file of the state is one that lists admins.
func ListsAdmins(had state.Target) bool {
	t, ds := cluster.At(had.Kind, placeOf(had), "")
	return ds.HasErrors() || t.ListsAdmins()
}

// isAt reports whether a target is where the state has one.
func (p *planner) isAt(pt *plannedTarget, had state.Target) bool {
	if had.UID != "" && had.UID == pt.place.UID {
		return true // the same object, reached by another address
	}
	return p.identity(had) == pt.target.Identity() && !placeOf(had).Differs(pt.place)
}

// nowAt is the target that is at the place of a record, nil if none is.
func (p *planner) nowAt(had state.Target) *plannedTarget {
	for _, there := range p.places {
		for _, pt := range there {
			if pt.change.Kind == had.Kind && p.isAt(pt, had) {
				return pt
			}
		}
	}
	return nil
}

// identity is that of the file of a record.
func (p *planner) identity(had state.Target) string {
	if had.Kind == cluster.KindKubernetes {
		return kubernetes.Identity(placeOf(had))
	}
	path := had.Path
	if !filepath.IsAbs(path) {
		path = filepath.Join(p.run.opts.Dir, path)
	}
	return cluster.FileIdentity(path)
}
