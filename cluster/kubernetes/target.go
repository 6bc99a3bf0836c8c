package kubernetes

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/cluster"
	"github.com/idpctl/idpctl/diag"
)

// Options say in what world a target lives.
type Options struct {
	// Dir is the configuration's folder: a relative path of a kubeconfig is
	// relative to it.
	Dir string
	// Env is the environment, as [os.Environ] has it.
	Env []string
	// Version of idpctl, for the user agent.
	Version string
}

// defaultNamespace is the one of InfluxData's documentation.
const defaultNamespace = "influxdb"

// Target is an AppInstance in a Kubernetes cluster. Several goroutines may not use
// one at the same time.
type Target struct {
	place cluster.Place
	// chosen: the block says which context it is, or by its kubeconfig file.
	chosen bool
	force  bool
	// had is where the state has it, for a target that [At] opened.
	had cluster.Place

	conn *connection
	// broken says why there is no connection; [Target.Read] reports it, since a
	// target that cannot be opened may still have to be left.
	broken diag.Diagnostics
	// takenFrom are the managers of fields that Check named, and that Write may
	// take them over from.
	takenFrom map[string]bool
	// read is the object as it was read last.
	read *object
}

// Open returns the target that a block asks for. attrs conforms to the attributes of
// the block. What is wrong with the connection is told by [Target.Read].
func Open(attrs cty.Value, opts Options) (*Target, diag.Diagnostics) {
	a := cluster.ReadArguments(cluster.KindKubernetes, attrs)
	t := &Target{place: cluster.Place{
		Path: a.Text("kubeconfig"), Context: a.Text("context"), Namespace: a.Text("namespace"), Name: a.Text("name"),
	}, force: a.Flag("force")}
	ds := a.Problems
	if strings.HasPrefix(t.place.Path, "~/") {
		ds = ds.Errorf("The path begins with ~", `No shell expands "~" here. Write the whole path, or pathexpand(%q).`, t.place.Path)
	}
	if ds.HasErrors() {
		return nil, ds
	}
	t.chosen = t.place.Context != "" || t.place.Path != ""
	t.connect(opts)
	return t, nil
}

// At returns the target at a place that the state knows.
func At(place cluster.Place, opts Options) *Target {
	t := &Target{place: place, had: place, chosen: true}
	t.place.Server, t.place.UID = "", "" // until they are found again
	t.connect(opts)
	return t
}

func (t *Target) connect(opts Options) {
	path := t.place.Path
	if path != "" && !filepath.IsAbs(path) {
		path = filepath.Join(opts.Dir, path)
	}
	c, namespace, ds := dial(path, t.place.Context, opts)
	if ds.HasErrors() {
		t.broken = ds
		if t.place.Namespace == "" {
			t.place.Namespace = defaultNamespace
		}
		return
	}
	t.conn, t.place.Context, t.place.Server = c, c.context, c.server
	if t.place.Namespace == "" {
		t.place.Namespace = namespace
	}
	if t.place.Namespace == "" {
		t.place.Namespace = defaultNamespace
	}
}

// Kind is "kubernetes".
func (t *Target) Kind() string { return cluster.KindKubernetes }

// Place is where the AppInstance is. After [Target.Read] it has the name and the UID,
// too.
func (t *Target) Place() cluster.Place { return t.place }

// Path names the AppInstance and the cluster that it is in, for messages.
func (t *Target) Path() string { return Describe(t.place) }

// Describe names the AppInstance at a place, for messages.
func Describe(p cluster.Place) string {
	s := "AppInstance " + p.Namespace
	if p.Name != "" {
		s += "/" + p.Name
	} else {
		s += "/(the only one)"
	}
	switch {
	case p.Context != "":
		return s + " (context " + p.Context + ")"
	case p.Server != "":
		return s + " (" + p.Server + ")"
	}
	return s
}

// Identity is the same for all AppInstances in a namespace of one API server; the
// place tells them apart.
func (t *Target) Identity() string {
	if t.place.Server == "" {
		return Identity(t.had)
	}
	return Identity(t.place)
}

// Identity is that of a target at a place of the state.
func Identity(p cluster.Place) string {
	return cluster.KindKubernetes + " " + p.Server + " " + p.Namespace
}

// MayLeave refuses to follow the current context to another cluster, as somebody who
// only looked around there would take all admins out of this one.
func (t *Target) MayLeave(had cluster.Place) diag.Diagnostics {
	if t.chosen || had.Server == t.place.Server {
		return nil
	}
	return diag.Diagnostics{{
		Summary: "The kubeconfig leads to another cluster",
		Detail: fmt.Sprintf("The state has %s at %s, and the current context is now %s at %s. Nothing in the configuration says which one is meant. Set context in the kubernetes block: to %q if the cluster has not changed, to %q to move to the other one.",
			Describe(cluster.Place{Namespace: had.Namespace, Name: had.Name}), had.Server, orNone(t.place.Context), t.place.Server, orNone(had.Context), orNone(t.place.Context)),
	}}
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}

// Merge works out what makes the object say want; see [cluster.Target].
func (t *Target) Merge(live cluster.Live, want cluster.Desired, own cluster.Ownership) (cluster.Change, diag.Diagnostics) {
	change, ds := t.editor().Merge(live, want, own)
	return change, placeless(ds)
}

// Prune takes out what is owned and not in want any more; see [cluster.Target].
func (t *Target) Prune(live cluster.Live, want cluster.Desired, own cluster.Ownership) (cluster.Change, diag.Diagnostics) {
	change, ds := t.editor().Prune(live, want, own)
	return change, placeless(ds)
}

func (t *Target) editor() cluster.Editor {
	return cluster.EditAppInstance(t.Path(), t.place.Name, t.place.Namespace)
}

// placeless takes the places in the text of the object out of diagnostics: nobody
// has a file with these lines.
func placeless(ds diag.Diagnostics) diag.Diagnostics {
	for i := range ds {
		ds[i].Subject = diag.Range{}
	}
	return ds
}

// ListsAdmins is true: the object says who may administer the cluster.
func (t *Target) ListsAdmins() bool { return true }

// Next is empty: nothing is left to be done by hand.
func (t *Target) Next([]byte) cluster.Next { return cluster.Next{} }

var _ cluster.Remote = (*Target)(nil)

// Read reads the AppInstance. One that is not there is an error, as nothing can be
// made of an admin section alone; for a target of the state it is gone.
func (t *Target) Read(ctx context.Context) (cluster.Live, diag.Diagnostics) {
	if t.broken.HasErrors() {
		return cluster.Live{}, t.broken
	}
	o, ds := t.find(ctx)
	if ds.HasErrors() || o == nil {
		return cluster.Live{}, ds
	}
	live := cluster.Live{Exists: true, Content: o.text, Fingerprint: fingerprint(o.text)}
	said, more := t.editor().Says(live.Content)
	if more.HasErrors() {
		return cluster.Live{}, placeless(more)
	}
	live.Section = said
	return live, ds
}

// find gets the object, and keeps what it is.
func (t *Target) find(ctx context.Context) (*object, diag.Diagnostics) {
	o, ds := t.conn.appInstance(ctx, t.place.Namespace, t.place.Name)
	if ds.HasErrors() {
		return nil, ds
	}
	if t.had.Server != "" && t.had.Server != t.place.Server && (o == nil || t.had.UID != o.uid) {
		return nil, diag.Diagnostics{{
			Summary: "The kubeconfig leads to another cluster",
			Detail: fmt.Sprintf("The state has %s at %s, and the kubeconfig leads to %s, where that AppInstance is not. Correct the kubeconfig. If the old cluster is gone for good, forget the target with `idpctl state rm`.",
				Describe(t.had), t.had.Server, t.place.Server),
		}}
	}
	if o == nil {
		t.read = nil
		if t.had != (cluster.Place{}) {
			return nil, nil // what idpctl wrote went with it
		}
		return nil, t.missing(ctx)
	}
	t.place.Name, t.place.UID, t.read = o.name, o.uid, o
	return o, t.conn.warned()
}
