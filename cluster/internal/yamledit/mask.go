package yamledit

import (
	"bytes"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// Masked stands for a value that is not shown.
const Masked = "(not shown)"

// Mask is the file with all values masked but those that show allows; the
// number of lines stays. show is given the index of the document and the path
// to the value, list items as [0], [1], … Keys and comments are not masked.
func (f *File) Mask(show func(doc int, path []string) bool) []byte {
	var spans []span
	var walk func(n *yaml.Node, doc int, path []string)
	walk = func(n *yaml.Node, doc int, path []string) {
		switch n.Kind {
		case yaml.MappingNode:
			for i := 0; i+1 < len(n.Content); i += 2 {
				walk(n.Content[i+1], doc, append(slices.Clip(path), n.Content[i].Value))
			}
		case yaml.SequenceNode:
			for i, c := range n.Content {
				walk(c, doc, append(slices.Clip(path), "["+strconv.Itoa(i)+"]"))
			}
		case yaml.ScalarNode:
			if _, propsEnd := f.skipProperties(n); show(doc, path) || unwritten(n, propsEnd) {
				return
			}
			start := f.contentStart(n)
			end, err := f.end(n)
			if err != nil {
				end = f.lineEnd(f.lineOf(start))
			}
			spans = append(spans, span{start: start, end: max(start, end)})
		}
	}
	for i, root := range f.Docs() {
		walk(root, i, nil)
	}
	slices.SortFunc(spans, func(a, b span) int { return a.start - b.start })
	var out bytes.Buffer
	pos := 0
	for _, s := range spans {
		if s.start < pos {
			continue
		}
		out.Write(f.src[pos:s.start])
		out.WriteString(Masked)
		for i := s.start; i < s.end; i++ {
			if n := breakLen(f.src, i); n > 0 {
				out.Write(f.src[i : i+n])
				i += n - 1
			}
		}
		pos = s.end
	}
	out.Write(f.src[pos:])
	return out.Bytes()
}
