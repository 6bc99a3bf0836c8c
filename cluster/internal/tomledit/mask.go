package tomledit

import "github.com/idpctl/idpctl/cluster/internal/textedit"

// Mask is the file for people, with every value as show says by its path. See [textedit.Mask].
func (f *File) Mask(show func(path []string) textedit.Look) []byte {
	var parts []textedit.Part
	for _, s := range f.sections {
		parts = append(parts, textedit.Part{Start: s.start, End: s.end, Look: textedit.Shown})
	}
	var walk func(n *Node)
	walk = func(n *Node) {
		for _, c := range n.keys {
			walk(c)
		}
		for _, c := range n.Items {
			walk(c)
		}
		if n.pair != nil {
			for _, p := range n.pair.parts {
				parts = append(parts, textedit.Part{Start: p.start, End: p.end, Look: textedit.Shown})
			}
		}
		if n.Kind == Text || n.Kind == Other {
			parts = append(parts, textedit.Part{Start: n.start, End: n.end, Look: show(n.addr)})
		}
	}
	walk(f.root)
	return textedit.Mask(f.Src, parts)
}
