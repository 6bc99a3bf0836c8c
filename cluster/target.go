package cluster

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/diag"
)

// Target is one file or object on InfluxDB's side: it says who may administer the
// cluster, or how one signs in to it. Reading and writing are its only I/O: what
// is in between is pure.
type Target interface {
	// Kind is the name of the block in the configuration: "appinstance".
	Kind() string
	// Place is where it is, as the state keeps it: [At] opens it again.
	Place() Place
	// Path is the file, for messages.
	Path() string
	// ListsAdmins reports whether it says who may administer the cluster. One
	// that does not says how one signs in: its [Live.Section] is empty, nobody's
	// access ends by it, and idpctl owns in it what it wrote and nothing else.
	ListsAdmins() bool
	// Identity is the same for two targets that write the same place.
	Identity() string
	// Read reads the target. A file that is not there is no error.
	Read(ctx context.Context) (Live, diag.Diagnostics)
	// Merge works out what makes live say want. Entries of others stay,
	// unless own is exclusive; warnings tell what InfluxDB will miss in the
	// file. Merging the result again changes nothing.
	Merge(live Live, want Desired, own Ownership) (Change, diag.Diagnostics)
	// Prune takes only out what is owned and not in want any more, and adds
	// or changes nothing. It ignores own.Exclusive, so that nobody is locked
	// out before those who are wanted have been added. A destroy is a prune
	// with an empty section.
	Prune(live Live, want Desired, own Ownership) (Change, diag.Diagnostics)
	// Next is how a person makes the cluster see what content says.
	Next(content []byte) Next
	// Write writes a change, unless the target is not what live was any more.
	// The new content is there as a whole or not at all.
	Write(ctx context.Context, live Live, change Change) diag.Diagnostics
}

// Remote is a target that another system holds: it may be out of reach, and it may
// refuse a change.
type Remote interface {
	Target
	// Check asks the system whether it would take a change, without making it: an
	// error says why not, warnings what else will happen.
	Check(ctx context.Context, live Live, change Change) diag.Diagnostics
	// MayLeave refuses to give up the place where the state has the target, if
	// nothing in the configuration asks for that.
	MayLeave(had Place) diag.Diagnostics
}

// Next is what is left to do by hand after a target was written.
type Next struct {
	// Command to run; empty if none is left.
	Command string
	// Of has the name and namespace of the AppInstance or the release that it changes,
	// as far as the file and its block say them.
	Of Place
}

// Place is where a target is: what tells one from another.
type Place struct {
	// Path of the file, as the configuration has it; for [KindKubernetes] that of
	// the kubeconfig, which may be empty.
	Path string
	// Name and Namespace tell which of several in the file is meant: the
	// AppInstance, or the profile of influxctl. Empty for the only one.
	Name, Namespace string
	// Context is that of the kubeconfig, Server the URL of the API server, and UID
	// the id that it gave the object; for [KindKubernetes] alone.
	Context, Server, UID string
	// Release is that of the Helm values.
	Release Release
}

// Release is what helm installed with a file of values; each is empty if the
// configuration does not say it.
type Release struct{ Name, Chart, Namespace string }

// Differs reports whether two places in one file are certainly not the same.
func (p Place) Differs(o Place) bool {
	differ := func(a, b string) bool { return a != "" && b != "" && a != b }
	return differ(p.Name, o.Name) || differ(p.Namespace, o.Namespace)
}

// The names of the targets' blocks.
const (
	kindAppInstance = "appinstance"
	kindHelmValues  = "helm_values"
	kindInfluxctl   = "influxctl"
	// KindKubernetes is opened by package cluster/kubernetes, not by [Open].
	KindKubernetes = "kubernetes"
)

// IsAppInstance reports whether a kind of target is an AppInstance, in a file or in
// Kubernetes.
func IsAppInstance(kind string) bool { return kind == kindAppInstance || kind == KindKubernetes }

// Kinds are the names of the blocks of targets that are files.
func Kinds() []string { return []string{kindAppInstance, kindHelmValues, kindInfluxctl} }

// Open returns the target that a nested block of a cluster block asks for.
// attrs conforms to the block's attributes in [Spec]; relative paths are
// relative to dir, the configuration's folder.
func Open(kind string, attrs cty.Value, dir string) (Target, diag.Diagnostics) {
	if kind == kindInfluxctl {
		return openInfluxctl(attrs, dir)
	}
	a := ReadArguments(kind, attrs)
	place := Place{Path: a.Text("path")}
	if kind == kindAppInstance {
		place.Name, place.Namespace = a.Text("name"), a.Text("namespace")
	}
	if kind == kindHelmValues {
		place.Release = Release{Name: a.Text("release"), Chart: a.Text("chart"), Namespace: a.Text("namespace")}
	}
	if a.Problems.HasErrors() {
		return nil, a.Problems
	}
	return open(kind, place, dir)
}

// At returns the target at a place that the state knows.
func At(kind string, place Place, dir string) (Target, diag.Diagnostics) {
	if kind == kindInfluxctl {
		return influxctlAt(place, dir)
	}
	return open(kind, place, dir)
}

func open(kind string, place Place, dir string) (Target, diag.Diagnostics) {
	var ds diag.Diagnostics
	path := place.Path
	if !slices.Contains(Kinds(), kind) {
		return nil, ds.Errorf("There is no such target", "A cluster block has no block %q; there is %s.", kind, strings.Join(Kinds(), ", "))
	}
	if path == "" {
		return nil, ds.Errorf("The path is missing", "The block %s needs the path of the file to merge into.", kind)
	}
	path, ds = absolute(path, dir)
	if ds.HasErrors() {
		return nil, ds
	}
	f := file{path: path}
	if kind == kindHelmValues {
		return newYAMLFile(kind, f, helmValues{place.Release}, place), nil
	}
	return newYAMLFile(kind, f, &appInstance{place.Name, place.Namespace}, place), nil
}

// absolute is the whole path of a file, which may be relative to dir.
func absolute(path, dir string) (string, diag.Diagnostics) {
	var ds diag.Diagnostics
	if strings.HasPrefix(path, "~/") {
		return "", ds.Errorf("The path begins with ~", `No shell expands "~" here. Write the whole path, or pathexpand(%q).`, path)
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	return filepath.Clean(path), nil
}

// problem makes diagnostics of an error of the engine.
func problem(err error) diag.Diagnostics {
	switch e := err.(type) { //nolint:errorlint // the engine wraps nothing
	case nil:
		return nil
	case diag.Diagnostic:
		return diag.Diagnostics{e}
	case diag.Diagnostics:
		return e
	default:
		return diag.Diagnostics{{Summary: "The file could not be edited", Detail: fmt.Sprint(err)}}
	}
}
