package yamledit

import (
	"go.yaml.in/yaml/v3"
)

// Equal reports whether two nodes say the same in the same way: keys in their
// order, values, tags, quotes, anchors and aliases. Comments and positions do
// not count.
func Equal(a, b *yaml.Node) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Kind != b.Kind || a.Style != b.Style || a.Tag != b.Tag || a.Value != b.Value || a.Anchor != b.Anchor || len(a.Content) != len(b.Content) {
		return false
	}
	for i := range a.Content {
		if !Equal(a.Content[i], b.Content[i]) {
			return false
		}
	}
	return true
}

// EqualExcept is [Equal] for two documents but for the value at path, which is
// left to except. except gets nil for a value that is not there. Keys that
// lead to the path and are missing in a may be new in b, at the end of their
// mapping.
func EqualExcept(a, b *yaml.Node, path []string, except func(a, b *yaml.Node) bool) bool {
	if len(path) == 0 {
		return except(a, b)
	}
	if b == nil || b.Kind != yaml.MappingNode {
		return a == b || a != nil && b != nil && Equal(a, b)
	}
	var pairs []*yaml.Node
	if a != nil && a.Kind == yaml.MappingNode {
		if a.Tag != b.Tag || a.Anchor != b.Anchor || a.Style != b.Style && len(a.Content) > 0 {
			return false
		}
		pairs = a.Content
	} else if a != nil && !IsNull(a) {
		return false
	}
	if len(b.Content) < len(pairs) {
		return false
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if !Equal(pairs[i], b.Content[i]) {
			return false
		}
		if pairs[i].Value == path[0] {
			if !EqualExcept(pairs[i+1], b.Content[i+1], path[1:], except) {
				return false
			}
		} else if !Equal(pairs[i+1], b.Content[i+1]) {
			return false
		}
	}
	switch added := b.Content[len(pairs):]; len(added) {
	case 0:
		return true
	case 2:
		return added[0].Value == path[0] && EqualExcept(nil, added[1], path[1:], except)
	default:
		return false
	}
}
