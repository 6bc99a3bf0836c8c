package tomledit

import (
	"bytes"
	"cmp"
	"slices"
)

// Masked stands for a value that is not shown.
const Masked = "(not shown)"

// Mask is the file with all values masked but those that show allows by their
// path; the number of lines stays. Keys and comments between entries are not
// masked.
func (f *File) Mask(show func(path []string) bool) []byte {
	var spans []span
	var walk func(n *Node)
	walk = func(n *Node) {
		for _, c := range n.keys {
			walk(c)
		}
		for _, c := range n.Items {
			walk(c)
		}
		if (n.Kind == Text || n.Kind == Other) && !show(n.addr) {
			spans = append(spans, span{start: n.start, end: n.end})
		}
	}
	walk(f.root)
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	var out bytes.Buffer
	pos := 0
	for _, s := range spans {
		out.Write(f.src[pos:s.start])
		out.WriteString(Masked)
		for range bytes.Count(f.src[s.start:s.end], []byte("\n")) {
			out.WriteByte('\n')
		}
		pos = s.end
	}
	out.Write(f.src[pos:])
	return out.Bytes()
}
