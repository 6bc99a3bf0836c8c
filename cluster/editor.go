package cluster

import (
	"context"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/idpctl/idpctl/cluster/internal/yamledit"
	"github.com/idpctl/idpctl/diag"
)

// layout says where the admin section stands in one kind of YAML file.
type layout interface {
	// find returns the index of the document that holds the section.
	find(f *yamledit.File) (int, error)
	// adminPath leads to the section in that document, egress to the certificate
	// authorities that the cluster trusts when it fetches keys; hint is what else
	// it takes for them to be used, as a sentence.
	adminPath() []string
	egress() (path []string, hint string)
	// blank is a new file, without the section; made warns of what it lacks.
	blank() []byte
	made(label string) diag.Diagnostic
	// next is what is left to do for a file.
	next(f *yamledit.File, path string) Next
}

// Editor merges into the text of a file that has an admin section. It does no I/O.
type Editor struct {
	layout
	// label names the text in messages and diffs: the path of a file.
	label string
}

// EditAppInstance edits the text of an AppInstance, which label names in messages:
// the one in the text if name and namespace are empty.
func EditAppInstance(label, name, namespace string) Editor {
	return Editor{&appInstance{name, namespace}, label}
}

// Says is what the admin section in a text says. An error is about the text.
func (e Editor) Says(content []byte) (Section, diag.Diagnostics) {
	s, err := e.open(content)
	if err != nil {
		return Section{}, problem(err)
	}
	return s.says(), nil
}

func (e Editor) open(content []byte) (*section, error) {
	f, err := yamledit.Parse(e.label, content)
	if err != nil {
		return nil, err
	}
	doc, err := e.find(f)
	if err != nil {
		return nil, err
	}
	return openSection(f, doc, e.adminPath())
}

// Merge makes live say want; see [Target].
func (e Editor) Merge(live Live, want Desired, own Ownership) (Change, diag.Diagnostics) {
	var ds diag.Diagnostics
	if want.Section, ds = want.check(e.label); ds.HasErrors() {
		return Change{}, ds
	}
	change, was, more := e.merge(live, want.Section, own)
	if ds = append(ds, more...); ds.HasErrors() {
		return Change{}, ds
	}
	if !live.Exists {
		return change, append(ds, e.made(e.label))
	}
	ds = append(ds, was.dsnWarning()...)
	return change, append(ds, e.caWarning(was, want.PrivateCA)...)
}

// merge works out the change, and returns the section as it was before.
func (e Editor) merge(live Live, want Section, own Ownership) (Change, *section, diag.Diagnostics) {
	content := live.Content
	if !live.Exists {
		content, own.Owned = e.blank(), nil
	}
	s, err := e.open(content)
	if err != nil {
		return Change{}, nil, problem(err)
	}
	change, ds := s.merge(Live{Content: content}, want, own, full, e.label)
	if ds.HasErrors() || live.Exists {
		return change, s, ds
	}
	after, err := e.open(change.Content)
	if err != nil {
		return Change{}, nil, problem(err)
	}
	change.Created, change.Diff = true, unified(devNull, nil, e.label, after, want.Hidden)
	return change, s, ds
}

// Prune takes out what is owned and not wanted any more; see [Target].
func (e Editor) Prune(live Live, want Desired, own Ownership) (Change, diag.Diagnostics) {
	if !live.Exists {
		return Change{}, nil
	}
	s, err := e.open(live.Content)
	if err != nil {
		return Change{}, problem(err)
	}
	return s.merge(live, want.Section, own, prune, e.label)
}

// caWarning tells of a cluster that could not fetch the keys, as it does not know
// the certificate authority that idpctl was given.
func (e Editor) caWarning(s *section, file string) diag.Diagnostics {
	if file == "" {
		return nil
	}
	f, n := s.file, s.file.Docs()[s.doc]
	path, hint := e.egress()
	for i, key := range path {
		if n = resolve(n); n.Kind != yaml.MappingNode {
			break
		}
		at, err := f.Find(n, key)
		if err != nil {
			return problem(err)
		}
		if at < 0 {
			if f.NoMerge(n) != nil {
				return nil // it may come from the merge key
			}
			break
		}
		n = n.Content[at+1]
		if i == len(path)-1 && filledIn(n, 0) {
			return nil
		}
	}
	return diag.Diagnostics{{
		Severity: diag.Warning, Summary: "The cluster may not trust the identity provider's certificate", Subject: f.Range(n),
		Detail: "idpctl reaches the identity provider with the certificate authority of " + file + ", which the cluster does not know: it could not fetch the keys that tokens are checked by. " +
			"Put the certificates into a ConfigMap and name it in " + strings.Join(path, ".") + ".valueFrom.configMapKeyRef (key and name)." + hint,
	}}
}

// yamlFile is a target that is a file with an admin section.
type yamlFile struct {
	file
	Editor
	kind  string
	place Place
}

func newYAMLFile(kind string, f file, l layout, place Place) *yamlFile {
	return &yamlFile{file: f, Editor: Editor{l, f.path}, kind: kind, place: place}
}

// Kind is "appinstance" or "helm_values".
func (t *yamlFile) Kind() string { return t.kind }

// ListsAdmins is true: that is what an admin section is for.
func (e Editor) ListsAdmins() bool { return true }

// Place is the file.
func (t *yamlFile) Place() Place { return t.place }

// Read reads the file and finds the admin section.
func (t *yamlFile) Read(ctx context.Context) (Live, diag.Diagnostics) {
	live, ds := t.read(ctx)
	if ds.HasErrors() || !live.Exists {
		return live, ds
	}
	said, more := t.Says(live.Content)
	if ds = slices.Concat(ds, more); ds.HasErrors() {
		return Live{}, ds
	}
	live.Section = said
	return live, ds
}

// Next is what is left to do; see [Target].
func (t *yamlFile) Next(content []byte) Next {
	f, err := yamledit.Parse(t.label, content)
	if err != nil {
		return Next{}
	}
	return t.next(f, t.file.path)
}
