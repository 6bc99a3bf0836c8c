package cluster

import (
	"context"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/idpctl/idpctl/cluster/internal/yamledit"
	"github.com/idpctl/idpctl/diag"
)

const kindAppInstance = "appinstance"

// Of the AppInstance that a new file describes: the name and namespace that
// InfluxData's own example has.
const (
	defaultName      = "influxdb"
	defaultNamespace = "influxdb"
)

// appInstance is the target of an AppInstance, the custom resource of kubit
// that describes an InfluxDB Clustered installation.
type appInstance struct {
	file
	name, namespace string // which one; empty for the only one
}

// adminPath is where an AppInstance has its admin section.
func adminPath() []string { return []string{"spec", "package", "spec", "admin"} }

// Kind is "appinstance".
func (t *appInstance) Kind() string { return kindAppInstance }

// Read reads the file and finds the admin section.
func (t *appInstance) Read(ctx context.Context) (Live, diag.Diagnostics) {
	live, ds := t.read(ctx)
	if ds.HasErrors() || !live.Exists {
		return live, ds
	}
	s, err := t.open(live)
	if err != nil {
		return Live{}, append(ds, problem(err)...)
	}
	live.Section = s.says()
	return live, ds
}

func (t *appInstance) open(live Live) (*section, error) {
	f, err := yamledit.Parse(t.path, live.Content)
	if err != nil {
		return nil, err
	}
	doc, err := t.find(f)
	if err != nil {
		return nil, err
	}
	return openSection(f, doc, adminPath())
}

// Merge makes live say want.
func (t *appInstance) Merge(live Live, want Section, own Ownership) (Change, diag.Diagnostics) {
	want, ds := want.check(t.path)
	if ds.HasErrors() {
		return Change{}, ds
	}
	if !live.Exists {
		return t.create(want, own)
	}
	s, err := t.open(live)
	if err != nil {
		return Change{}, append(ds, problem(err)...)
	}
	change, more := s.merge(live, want, own, full, t.path)
	if ds = append(ds, more...); ds.HasErrors() {
		return Change{}, ds
	}
	return change, append(ds, s.dsnWarning()...)
}

// Prune takes out what is owned and not wanted any more.
func (t *appInstance) Prune(live Live, want Section, own Ownership) (Change, diag.Diagnostics) {
	if !live.Exists {
		return Change{}, nil
	}
	s, err := t.open(live)
	if err != nil {
		return Change{}, problem(err)
	}
	return s.merge(live, want, own, prune, t.path)
}

// create writes a new AppInstance that holds the admin section only.
func (t *appInstance) create(want Section, own Ownership) (Change, diag.Diagnostics) {
	name, namespace := t.name, t.namespace
	if name == "" {
		name = defaultName
	}
	if namespace == "" {
		namespace = defaultNamespace
	}
	live := Live{Content: fmt.Appendf(nil, newAppInstance, yamledit.Quote(name), yamledit.Quote(namespace))}
	s, err := t.open(live)
	if err != nil {
		return Change{}, problem(err)
	}
	own.OwnedIDs = nil
	change, ds := s.merge(live, want, own, full, t.path)
	if ds.HasErrors() {
		return Change{}, ds
	}
	after, err := t.open(Live{Content: change.Content})
	if err != nil {
		return Change{}, problem(err)
	}
	change.Created, change.Diff = true, unified(devNull, nil, t.path, after)
	return change, append(ds, diag.Diagnostic{
		Severity: diag.Warning,
		Summary:  "The AppInstance will be made and holds the admin section only",
		Detail: t.path + " is not there. The new file can be laid over your AppInstance (kustomize, kubectl apply --server-side), but is none by itself: " +
			"an AppInstance also needs spec.package.image and apiVersion, and in spec.package.spec catalog, objectStore, ingesterStorage, monitoringStorage and admin.dsn. " +
			"If you have an AppInstance already, set path to its file.",
	})
}

const newAppInstance = `# Made by idpctl: who may administer the cluster. InfluxDB needs more than this.
# Lay the file over your AppInstance (kustomize, kubectl apply --server-side),
# or complete it: spec.package needs image and apiVersion; spec.package.spec
# needs catalog, objectStore, ingesterStorage and monitoringStorage, and its
# admin section the dsn of the catalog.
apiVersion: kubecfg.dev/v1alpha1
kind: AppInstance
metadata:
  name: %s
  namespace: %s
spec:
  package:
    spec:
      admin:
`

// candidate is an AppInstance in a file.
type candidate struct {
	doc             int
	name, namespace string
}

// find returns the index of the document that holds the AppInstance.
func (t *appInstance) find(f *yamledit.File) (int, error) {
	var all, found []candidate
	var others []string
	docs := f.Docs()
	for i, root := range docs {
		kind, err := lookup(f, root, "kind")
		if err != nil {
			return 0, err
		}
		version, err := lookup(f, root, "apiVersion")
		if err != nil {
			return 0, err
		}
		if kind != "AppInstance" || !strings.HasPrefix(version, "kubecfg.dev/") {
			if kind != "" {
				others = append(others, fmt.Sprintf("%q", strings.TrimPrefix(version+" "+kind, " ")))
			}
			continue
		}
		c := candidate{doc: i}
		if c.name, err = lookup(f, root, "metadata", "name"); err != nil {
			return 0, err
		}
		if c.namespace, err = lookup(f, root, "metadata", "namespace"); err != nil {
			return 0, err
		}
		all = append(all, c)
		if (t.name == "" || t.name == c.name) && (t.namespace == "" || t.namespace == c.namespace) {
			found = append(found, c)
		}
	}
	if len(found) != 1 {
		return 0, t.ambiguous(f, all, found, others)
	}
	root := docs[found[0].doc]
	if at, err := f.Find(root, "sops"); err != nil {
		return 0, err
	} else if at >= 0 {
		return 0, f.Problem(root.Content[at], "The AppInstance is encrypted by SOPS",
			"SOPS signs the whole document, so that a change of it makes it unreadable. Keep the secrets in a Secret of their own and the AppInstance in plain text, or name another file.")
	}
	return found[0].doc, nil
}

// ambiguous says why not exactly one AppInstance was found.
func (t *appInstance) ambiguous(f *yamledit.File, all, found []candidate, others []string) error {
	names := func(cs []candidate) string {
		var list []string
		for _, c := range cs {
			list = append(list, fmt.Sprintf("%s (namespace %s, line %d)", orNone(c.name), orNone(c.namespace), f.Range(f.Docs()[c.doc]).Start.Line))
		}
		return strings.Join(list, ", ")
	}
	switch {
	case len(found) > 1:
		return f.Problem(f.Docs()[found[1].doc], "The file has several AppInstances",
			"There are %s. Set name, and namespace if need be, in the appinstance block to say which one is meant.", names(found))
	case len(all) > 0:
		return f.Problem(f.Docs()[all[0].doc], "The file has no such AppInstance",
			"The appinstance block asks for name %s and namespace %s; there are %s.", orNone(t.name), orNone(t.namespace), names(all))
	case len(others) > 0:
		return f.Problem(nil, "The file has no AppInstance",
			"A document with apiVersion kubecfg.dev/v1alpha1 and kind AppInstance is expected; there is %s. Set path to the file with the AppInstance.", strings.Join(others, ", "))
	default:
		return f.Problem(nil, "The file has no AppInstance",
			"A document with apiVersion kubecfg.dev/v1alpha1 and kind AppInstance is expected. Set path to the file with the AppInstance; if there is none yet, name a file that is not there, and idpctl makes one.")
	}
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return fmt.Sprintf("%q", s)
}

// lookup reads a text below root, empty if it is not there.
func lookup(f *yamledit.File, root *yaml.Node, path ...string) (string, error) {
	n := root
	for _, key := range path {
		if n = resolve(n); n.Kind != yaml.MappingNode {
			return "", nil
		}
		at, err := f.Find(n, key)
		if err != nil || at < 0 {
			return "", err
		}
		n = n.Content[at+1]
	}
	s, _ := yamledit.Text(n)
	return s, nil
}
