package yamledit

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/idpctl/idpctl/diag"
)

// This file decides what must not be edited, because something else decides on
// it or depends on it.

// shared refuses a node that an alias elsewhere refers to, or that stands
// inside such a node: an edit would change the other place too.
func (f *File) shared(n *yaml.Node) error {
	for m := n; m != nil; m = f.places[m].parent {
		if refs := f.refs[m]; len(refs) > 0 {
			return f.Problem(m, "The value is shared through an anchor",
				"The anchor &%s is used at %s, which a change here would change as well. Write the value out in one of the two places and run again.", m.Anchor, f.Range(refs[0]))
		}
	}
	return nil
}

// Replaceable refuses scalars that idpctl must not overwrite.
func (f *File) Replaceable(n *yaml.Node) error {
	if err := f.Opaque(n); err != nil {
		return err
	}
	if n.Kind == yaml.AliasNode {
		return f.Problem(n, "The value is an alias",
			"*%s takes the value from %s, and idpctl will not change it there. Write the value out here and run again.", n.Value, f.Range(n.Alias))
	}
	if n.Kind != yaml.ScalarNode {
		return f.Problem(n, "The value is not a text", "A text is expected here, and there is a %s. Correct the file and run again.", KindName(n))
	}
	return f.shared(n)
}

// Removable refuses a node to be taken out if something in it is used
// elsewhere.
func (f *File) Removable(n *yaml.Node) error {
	if err := f.shared(n); err != nil {
		return err
	}
	var walk func(m *yaml.Node) error
	walk = func(m *yaml.Node) error {
		for _, ref := range f.refs[m] {
			if !f.within(ref, n) {
				return f.Problem(m, "The value is shared through an anchor",
					"The anchor &%s is used at %s, so that it cannot be taken out here. Write the value out there and run again.", m.Anchor, f.Range(ref))
			}
		}
		for _, c := range m.Content {
			if err := walk(c); err != nil {
				return err
			}
		}
		return nil
	}
	return walk(n)
}

func (f *File) within(n, root *yaml.Node) bool {
	for m := n; m != nil; m = f.places[m].parent {
		if m == root {
			return true
		}
	}
	return false
}

// Opaque refuses a value that something else fills in later: a template, an
// encrypted value, a tag of a tool's own.
func (f *File) Opaque(n *yaml.Node) error {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch tag := n.ShortTag(); {
	case tag == "!!binary", strings.HasPrefix(tag, "!") && !strings.HasPrefix(tag, "!!"):
		return f.Problem(n, "The value has the tag "+tag,
			"Another tool decides on what this value is, so that idpctl can neither read nor replace it. Write the plain value, or leave this entry to idpctl, and run again.")
	case n.Kind == yaml.ScalarNode && strings.HasPrefix(n.Value, "ENC["):
		return f.Problem(n, "The value is encrypted", "It is encrypted by SOPS. idpctl can neither read nor replace it. Keep these values, which are no secrets, unencrypted (sops: unencrypted_regex) and run again.")
	case n.Kind == yaml.ScalarNode && template(n.Value), n.Kind == yaml.MappingNode && f.doubleBrace(n):
		return f.Problem(n, "The value is a template",
			"Another tool fills it in later, so that idpctl cannot know or set what it will be. Write the plain value, or leave it empty for idpctl to fill in, and run again.")
	}
	return nil
}

func template(s string) bool {
	return strings.Contains(s, "{{") || strings.Contains(s, "${")
}

// doubleBrace tells {{ .Values.x }}, which YAML reads as a mapping in a
// mapping, from a mapping.
func (f *File) doubleBrace(n *yaml.Node) bool {
	start := f.contentStart(n)
	return n.Style&yaml.FlowStyle != 0 && strings.HasPrefix(string(f.Src[start:min(start+2, len(f.Src))]), "{{")
}

// KindName is what a node is, in words.
func KindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "mapping"
	case yaml.SequenceNode:
		return "list"
	case yaml.AliasNode:
		return "alias"
	default:
		return "scalar"
	}
}

// IsNull reports whether n is null, written or not, or an empty collection.
func IsNull(n *yaml.Node) bool {
	switch n.Kind {
	case yaml.ScalarNode:
		return n.ShortTag() == "!!null"
	case yaml.MappingNode, yaml.SequenceNode:
		return len(n.Content) == 0
	default:
		return false
	}
}

// mergeKey is the << of a mapping, or nil.
func mergeKey(m *yaml.Node) *yaml.Node {
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].ShortTag() == "!!merge" {
			return m.Content[i]
		}
	}
	return nil
}

// NoMerge refuses a mapping with a merge key (<<) when a key is missing in it:
// the key may come from there.
func (f *File) NoMerge(m *yaml.Node) error {
	if k := mergeKey(m); k != nil {
		return f.Problem(k, "A merge key decides on the value",
			"A key that idpctl has to set is not written in this mapping and may come from the merge key (<<). Write the key out here and run again.")
	}
	return nil
}

// Find returns the index of key in the mapping m, or -1. A key that is there
// twice is an error: readers disagree on which one counts.
func (f *File) Find(m *yaml.Node, key string) (int, error) {
	found := -1
	for i := 0; i+1 < len(m.Content); i += 2 {
		k := m.Content[i]
		if k.Kind == yaml.AliasNode {
			k = k.Alias
		}
		if k.Kind != yaml.ScalarNode || k.Value != key {
			continue
		}
		if found >= 0 {
			return -1, diag.Diagnostic{
				Summary: "The key " + key + " is there twice",
				Detail:  "It is at " + f.Range(m.Content[found]).String() + " already, and readers disagree on which one counts. Remove one of them and run again.",
				Subject: f.Range(m.Content[i]),
			}
		}
		found = i
	}
	return found, nil
}
