package yamledit

import (
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/idpctl/idpctl/cluster/internal/textedit"
)

// Mask is the file for people, with every value as show says, which is given the index of the document and the path to the value, list items as
// [0], [1], … See [textedit.Mask].
func (f *File) Mask(show func(doc int, path []string) textedit.Look) []byte {
	var parts []textedit.Part
	add := func(n *yaml.Node, look textedit.Look) {
		if _, propsEnd := f.skipProperties(n); unwritten(n, propsEnd) {
			return
		}
		start := f.contentStart(n)
		end, err := f.end(n)
		if err != nil {
			end, look = f.LineEnd(f.LineOf(start)), textedit.Hidden
		}
		parts = append(parts, textedit.Part{Start: start, End: end, Look: look})
	}
	var walk func(n *yaml.Node, doc int, path []string, key bool)
	walk = func(n *yaml.Node, doc int, path []string, key bool) {
		switch n.Kind {
		case yaml.MappingNode:
			for i := 0; i+1 < len(n.Content); i += 2 {
				if k := n.Content[i]; k.Kind == yaml.ScalarNode {
					add(k, textedit.Shown)
				} else {
					walk(k, doc, nil, true)
				}
				walk(n.Content[i+1], doc, append(slices.Clip(path), n.Content[i].Value), key)
			}
		case yaml.SequenceNode:
			for i, c := range n.Content {
				walk(c, doc, append(slices.Clip(path), "["+strconv.Itoa(i)+"]"), key)
			}
		case yaml.ScalarNode:
			if key {
				add(n, textedit.Hidden)
			} else {
				add(n, show(doc, path))
			}
		}
	}
	for i, root := range f.Docs() {
		walk(root, i, nil, false)
	}
	return textedit.Mask(f.Src, parts)
}
