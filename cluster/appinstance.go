package cluster

import (
	"fmt"
	"strings"

	"al.essio.dev/pkg/shellescape"
	"go.yaml.in/yaml/v3"

	"github.com/idpctl/idpctl/cluster/internal/yamledit"
	"github.com/idpctl/idpctl/diag"
)

// Of the AppInstance that a new file describes, and of a release of the chart: the
// names that InfluxData's own examples have.
const (
	defaultName      = "influxdb"
	defaultNamespace = "influxdb"
	defaultChart     = "influxdata/influxdb3-clustered"
)

// appInstance finds the AppInstance in a file: the custom resource of kubit that
// describes an InfluxDB Clustered installation.
type appInstance struct {
	name, namespace string // which one; empty for the only one
}

func (a *appInstance) adminPath() []string { return []string{"spec", "package", "spec", "admin"} }

func (a *appInstance) egress() (path []string, hint string) {
	return []string{"spec", "package", "spec", "egress", "customCertificates"}, ""
}

func (a *appInstance) blank() []byte {
	name, namespace := a.name, a.namespace
	if name == "" {
		name = defaultName
	}
	if namespace == "" {
		namespace = defaultNamespace
	}
	return fmt.Appendf(nil, blankAppInstance, yamledit.Quote(name), yamledit.Quote(namespace))
}

func (a *appInstance) made(label string) diag.Diagnostic {
	return diag.Diagnostic{
		Severity: diag.Warning,
		Summary:  "The AppInstance will be made and holds the admin section only",
		Detail: label + " is not there. The new file can be laid over your AppInstance (kustomize, kubectl apply --server-side), but is none by itself: " +
			"an AppInstance also needs spec.package.image and apiVersion, and in spec.package.spec catalog, objectStore, ingesterStorage, monitoringStorage and admin.dsn. " +
			"If you have an AppInstance already, set path to its file.",
	}
}

// next applies the file to the namespace of the AppInstance in it. One that holds the
// admin section only is laid over what is there: else kubectl would take out of the
// object what it put there from another file.
func (a *appInstance) next(f *yamledit.File, path string) Next {
	name, namespace, image := a.name, a.namespace, ""
	if doc, err := a.find(f); err == nil {
		image, _ = lookup(f, f.Docs()[doc], "spec", "package", "image")
		if name == "" {
			name, _ = lookup(f, f.Docs()[doc], "metadata", "name")
		}
		if namespace == "" {
			namespace, _ = lookup(f, f.Docs()[doc], "metadata", "namespace")
		}
	}
	args := []string{"kubectl", "apply", "--filename", path}
	if image == "" {
		args = []string{"kubectl", "apply", "--server-side", "--filename", path}
	}
	if namespace != "" {
		args = append(args, "--namespace", namespace)
	}
	return Next{Command: shellescape.QuoteCommand(args), Of: Place{Name: name, Namespace: namespace}}
}

const blankAppInstance = `# Made by idpctl: who may administer the cluster. InfluxDB needs more than this.
# Lay the file over your AppInstance (kustomize, kubectl apply --server-side),
# or complete it: spec.package needs image and apiVersion; spec.package.spec
# needs catalog, objectStore, ingesterStorage, monitoringStorage and admin.dsn.
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
func (a *appInstance) find(f *yamledit.File) (int, error) {
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
		if (a.name == "" || a.name == c.name) && (a.namespace == "" || a.namespace == c.namespace) {
			found = append(found, c)
		}
	}
	if len(found) != 1 {
		return 0, a.ambiguous(f, all, found, others)
	}
	root := docs[found[0].doc]
	if at, err := f.Find(root, "sops"); err != nil {
		return 0, err
	} else if at >= 0 {
		return 0, f.Problem(root.Content[at], "The AppInstance is encrypted by SOPS", sopsHint, "AppInstance")
	}
	return found[0].doc, nil
}

// ambiguous says why not exactly one AppInstance was found.
func (a *appInstance) ambiguous(f *yamledit.File, all, found []candidate, others []string) error {
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
			"The appinstance block asks for name %s and namespace %s; there are %s.", orNone(a.name), orNone(a.namespace), names(all))
	case len(others) > 0:
		return f.Problem(nil, "The file has no AppInstance",
			"A document with apiVersion kubecfg.dev/v1alpha1 and kind AppInstance is expected; there is %s. Set path to the file with the AppInstance.", strings.Join(others, ", "))
	default:
		for _, root := range f.Docs() {
			if err := f.Opaque(root); err != nil {
				return err // {{ if x }} reads as a mapping
			}
		}
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
