package tomledit

import (
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// op is a change in terms of what the file says.
type op struct {
	addr   []string
	value  any // text, []any or map[string]any
	remove bool
}

// verify says what is wrong with the text that the edits led to; empty if it says
// what it shall.
func (e *Edits) verify(text []byte) string {
	f, err := Parse("result", text)
	if err != nil {
		return "it would not be valid TOML"
	}
	want := clone(e.f.values)
	for _, o := range e.ops {
		want = play(e.f.root, want, o.addr, o)
	}
	if !equal(want, f.values) {
		return "a value would change that shall not, or one that is wanted would not be there"
	}
	return ""
}

// gone is what a removal makes of a value.
type gone struct{}

// play makes a change at addr below n, whose value is v, and returns the new value.
// n is nil for what is not there. A table that is written only by what is in it is
// gone with the last of that.
func play(n *Node, v any, addr []string, o op) any {
	if len(addr) == 0 {
		if o.remove {
			return gone{}
		}
		return o.value
	}
	var child *Node
	if n != nil {
		child = n.child(addr[0])
	}
	m, isTable := v.(map[string]any)
	list, isList := v.([]any)
	if k, ok := index(addr[0]); ok && !isTable && (isList || v == nil) {
		switch {
		case k >= len(list):
			list = append(list, play(nil, nil, addr[1:], o))
		default:
			if list[k] = play(child, list[k], addr[1:], o); list[k] == (gone{}) {
				list = slices.Delete(list, k, k+1)
			}
		}
		if o.remove && len(list) == 0 && n.Kind == Tables {
			return gone{}
		}
		return list
	}
	if m == nil {
		m = map[string]any{}
	}
	if x := play(child, m[addr[0]], addr[1:], o); x == (gone{}) {
		delete(m, addr[0])
	} else {
		m[addr[0]] = x
	}
	if o.remove && len(m) == 0 && n != nil && n.parent != nil && (n.form == implied || n.form == dotted) {
		return gone{}
	}
	return m
}

// index is the number in a step of an address such as [0].
func index(step string) (int, bool) {
	inner, ok := strings.CutPrefix(step, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	k, err := strconv.Atoi(inner)
	return k, ok && closed && err == nil
}

// child is the node at one step of an address.
func (n *Node) child(step string) *Node {
	if n.Kind == Table {
		return n.Get(step)
	}
	if k, ok := index(step); ok && k < len(n.Items) {
		return n.Items[k]
	}
	return nil
}

func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			out[k] = clone(x)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, x := range v {
			out[i] = clone(x)
		}
		return out
	default:
		return v
	}
}

// equal compares decoded values; NaN is equal to itself.
func equal(a, b any) bool {
	switch x := a.(type) {
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for k, v := range x {
			if w, ok := y[k]; !ok || !equal(v, w) {
				return false
			}
		}
		return true
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, equal)
	case float64:
		y, ok := b.(float64)
		return ok && (x == y || math.IsNaN(x) && math.IsNaN(y))
	default:
		return reflect.DeepEqual(a, b)
	}
}
