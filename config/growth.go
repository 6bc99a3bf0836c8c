package config

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// maxMade is how many bytes a function that makes much out of little may make:
// a mistyped width would take all the memory that the machine has, which no
// recover catches.
const maxMade = 64 << 20

// elementSize is what an element of a collection takes in memory, roughly.
const elementSize = 64

// bounded is f for arguments of which growth estimates at most maxMade bytes.
func bounded(f function.Function, growth func(args []cty.Value) int64) function.Function {
	anything := func(p function.Parameter) function.Parameter {
		p.AllowNull, p.AllowUnknown, p.AllowDynamicType, p.AllowMarked = true, true, true, true // f itself decides
		return p
	}
	spec := &function.Spec{
		Type: func(args []cty.Value) (cty.Type, error) {
			if growth(args) > maxMade {
				return cty.NilType, fmt.Errorf("the result would take more than %d MiB; look for a list or a width that is larger than meant", maxMade>>20)
			}
			return f.ReturnTypeForValues(args)
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return f.Call(args) },
	}
	for _, p := range f.Params() {
		spec.Params = append(spec.Params, anything(p))
	}
	if p := f.VarParam(); p != nil {
		more := anything(*p)
		spec.VarParam = &more
	}
	return function.New(spec)
}

// text is a string argument, or "" if there is none that is known.
func text(args []cty.Value, i int) string {
	if i >= len(args) {
		return ""
	}
	v, _ := args[i].Unmark()
	if v.Type() != cty.String || !v.IsKnown() || v.IsNull() {
		return ""
	}
	return v.AsString()
}

// count is how many elements a value has, 1 if it is none that has any.
func count(v cty.Value) int64 {
	v, _ = v.Unmark()
	if !v.IsKnown() || v.IsNull() {
		return 1
	}
	switch t := v.Type(); {
	case t.IsCollectionType():
		return int64(v.LengthInt())
	case t.IsTupleType():
		return int64(len(t.TupleElementTypes()))
	}
	return 1
}

// times multiplies without overflow.
func times(a, b int64) int64 {
	if a > 0 && b > math.MaxInt64/a {
		return math.MaxInt64
	}
	return a * b
}

// formatNumber finds width and precision of the verbs of format().
var formatNumber = regexp.MustCompile(`%(?:%|[#+\- 0]*([0-9]*)(?:\.([0-9]*))?)`)

// formatGrowth counts widths and precisions; formatlist has as many results as
// its longest list elements.
func formatGrowth(args []cty.Value) int64 {
	var size, rounds int64 = 0, 1
	for _, m := range formatNumber.FindAllStringSubmatch(text(args, 0), -1) {
		for _, number := range m[1:] {
			if number == "" {
				continue
			}
			n, err := strconv.ParseInt(number, 10, 32)
			if err != nil {
				return math.MaxInt64
			}
			size += n
		}
	}
	for _, arg := range args[min(1, len(args)):] {
		rounds = max(rounds, count(arg))
	}
	return times(size, rounds)
}

// indentGrowth counts the spaces.
func indentGrowth(args []cty.Value) int64 {
	if len(args) < 2 {
		return 0
	}
	n, _ := args[0].Unmark()
	if n.Type() != cty.Number || !n.IsKnown() || n.IsNull() {
		return 0
	}
	width, _ := n.AsBigFloat().Int64() // as large as it gets, beyond
	return times(max(width, 0), int64(strings.Count(text(args, 1), "\n")+1))
}

// productGrowth counts the tuples and what is in them.
func productGrowth(args []cty.Value) int64 {
	size := int64(elementSize * (len(args) + 1))
	for _, arg := range args {
		size = times(size, count(arg))
	}
	return size
}

// tooLarge reports whether a value takes more than maxMade bytes: local values
// that each repeat the one before double with every line.
func tooLarge(v cty.Value) bool {
	left := maxMade
	_ = cty.Walk(v, func(_ cty.Path, v cty.Value) (bool, error) {
		left -= elementSize
		if v, _ = v.Unmark(); v.Type() == cty.String && v.IsKnown() && !v.IsNull() {
			left -= len(v.AsString())
		}
		if left < 0 {
			return false, errTooLarge
		}
		return true, nil
	})
	return left < 0
}

var errTooLarge = errors.New("too large")

// fewAliases refuses a YAML text whose aliases stand for more than maxMade
// bytes: an alias of a list of aliases multiplies.
func fewAliases(s string) error {
	if !strings.Contains(s, "&") || !strings.Contains(s, "*") {
		return nil
	}
	file, err := parser.ParseBytes([]byte(s), 0)
	if err != nil {
		return nil //nolint:nilerr // yamldecode tells what is wrong with it
	}
	var size int64
	sizes := map[string]int64{}
	for _, doc := range file.Docs {
		size += nodeSize(doc.Body, sizes)
	}
	if size > maxMade {
		return fmt.Errorf("its aliases stand for more than %d MiB", maxMade>>20)
	}
	return nil
}

// nodeSize is what a node takes when it is decoded; sizes holds the anchors
// before it.
func nodeSize(n ast.Node, sizes map[string]int64) int64 {
	size := int64(elementSize)
	switch n := n.(type) {
	case nil:
		return 0
	case *ast.AnchorNode:
		size = nodeSize(n.Value, sizes)
		sizes[n.Name.String()] = size
	case *ast.AliasNode:
		size = sizes[n.Value.String()]
	case *ast.MappingNode:
		for _, v := range n.Values {
			size = plus(size, nodeSize(v, sizes))
		}
	case *ast.MappingValueNode:
		size = plus(nodeSize(n.Key, sizes), nodeSize(n.Value, sizes))
	case *ast.MappingKeyNode:
		size = nodeSize(n.Value, sizes)
	case *ast.SequenceNode:
		for _, v := range n.Values {
			size = plus(size, nodeSize(v, sizes))
		}
	case *ast.TagNode:
		size = nodeSize(n.Value, sizes)
	case ast.ScalarNode:
		size += int64(len(n.String()))
	}
	return size
}

// plus adds without overflow.
func plus(a, b int64) int64 { return min(a, math.MaxInt64/2) + min(b, math.MaxInt64/2) }
