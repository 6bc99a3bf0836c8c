package cluster

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"golang.org/x/tools/txtar"
)

// TestVerify damages every line of correct results. The check that stands
// between an edit and the disk has to see each damage that changes a value.
func TestVerify(t *testing.T) {
	refused := 0
	for _, name := range goldenFiles(t, "testdata") {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		c := parseCase(t, string(archive.Comment))
		in := part(archive, "in.yml")
		s, err := c.target.open(in)
		if c.fails || err != nil {
			continue
		}
		m := full
		if c.prune {
			m = prune
		}
		want, _ := c.want.check("x")
		edits, o, err := s.edit(want, c.own, m)
		if err != nil {
			t.Fatal(err)
		}
		good, err := edits.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.verify(good, o); err != nil {
			t.Errorf("%s: the right result is refused: %v", name, err)
		}
		right := unordered(plainData(t, good))
		for _, bad := range damaged(good) {
			if _, err := s.verify(bad, o); err != nil {
				refused++
			} else if data := unordered(plainData(t, bad)); !reflect.DeepEqual(data, right) {
				t.Errorf("%s: a damage was not seen:\n%s\ninstead of\n%s", name, bad, good)
			}
		}
	}
	if refused < 3000 {
		t.Errorf("only %d damaged files were refused", refused)
	}
}

// unordered sorts the keys of mappings: a new entry may have its own in any
// order.
func unordered(data any) any {
	list, ok := data.([]any)
	if !ok {
		return data
	}
	var out []any
	for _, v := range list {
		out = append(out, unordered(v))
	}
	if len(out) > 3 && out[0] == yaml.MappingNode {
		var pairs [][2]any
		for i := 3; i+1 < len(out); i += 2 {
			pairs = append(pairs, [2]any{out[i], out[i+1]})
		}
		slices.SortFunc(pairs, func(a, b [2]any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		return []any{out[:3], pairs}
	}
	return out
}

// damaged are variants of a file with one line gone, doubled, or another, and of a
// file that ends early or goes on.
func damaged(content []byte) (variants [][]byte) {
	lines := bytes.SplitAfter(content, []byte("\n"))
	with := func(i int, line ...[]byte) {
		all := append(append(append([][]byte{}, lines[:i]...), line...), lines[i+1:]...)
		variants = append(variants, bytes.Join(all, nil))
	}
	variants = append(variants, append(bytes.Clone(content), "zzz: 1\n"...))
	for i, line := range lines {
		with(i)
		with(i, line, line)
		variants = append(variants, bytes.Join(lines[:i], nil))
		with(i, bytes.Replace(line, []byte(": "), []byte(": x"), 1))
		with(i, bytes.Replace(line, []byte("a"), []byte("b"), 1))
		with(i, append([]byte("  "), line...))
		with(i, bytes.TrimPrefix(line, []byte("  ")))
		if i+1 < len(lines) {
			swapped := append(append(append([][]byte{}, lines[:i]...), lines[i+1], line), lines[i+2:]...)
			variants = append(variants, bytes.Join(swapped, nil))
		}
	}
	return variants
}
