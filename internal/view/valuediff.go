package view

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// change lays out the difference between two values.
func (vs values) change(label string, before, after cty.Value) node {
	if before == cty.NilVal {
		before = cty.NullVal(cty.DynamicPseudoType)
	}
	if after == cty.NilVal {
		after = cty.NullVal(cty.DynamicPseudoType)
	}
	if masked(before) || masked(after) {
		return maskedChange(label, before, after)
	}
	switch {
	case before.IsNull():
		return vs.whole(signCreate, label, after)
	case after.IsNull() && after.IsKnown():
		return vs.whole(signDelete, label, before)
	case !after.IsKnown():
		n := vs.plain(signDelete, before)
		n.sign, n.label, n.to = signUpdate, label, textUnknown
		return n
	}
	n := vs.difference(before, after)
	n.sign, n.label = signUpdate, label
	return n
}

// maskedChange shows that a sensitive value changes, and nothing of it.
func maskedChange(label string, before, after cty.Value) node {
	b, _ := before.Unmark()
	a, _ := after.Unmark()
	n := node{sign: signUpdate, label: label, text: textSensitive}
	switch {
	case b.IsNull():
		n.sign = signCreate
	case a.IsNull():
		n.sign, n.to = signDelete, "null"
	}
	return n
}

// difference compares two known values that are not null.
func (vs values) difference(before, after cty.Value) node {
	bt, at := before.Type(), after.Type()
	switch {
	case bt == cty.String && at == cty.String:
		return stringDifference(before.AsString(), after.AsString())
	case isMapping(bt) && isMapping(at):
		return vs.mappingDifference(before, after)
	case bt.IsSetType() && at.IsSetType():
		return vs.setDifference(before, after)
	case isSequence(bt) && isSequence(at):
		return vs.listDifference(before.AsValueSlice(), after.AsValueSlice())
	default:
		return node{text: compact(before), to: compact(after)}
	}
}

func isSequence(t cty.Type) bool { return t.IsListType() || t.IsTupleType() }

func stringDifference(before, after string) node {
	a, okA := heredoc(before)
	b, okB := heredoc(after)
	if okA != okB { // one of them has one line only
		one := before
		if okA {
			one = after
		}
		switch {
		case len([]rune(one)) > maxValue || !printable(one) || strings.TrimRight(one, " ") != one:
			okA, okB = false, false
		case okA:
			b, okB = []string{after}, true
		default:
			a, okA = []string{before}, true
		}
	}
	if !okA || !okB || before+"\n" == after || after+"\n" == before {
		from, to := clipPair(before, after)
		return node{text: from, to: to}
	}
	n := node{text: "<<-EOT", close: "EOT"}
	for _, e := range compare(a, b) {
		switch {
		case len(n.kids) == maxLines*2:
			n.kids = append(n.kids, comment("(more lines)"))
			return n
		case e.i >= 0:
			n.kids = append(n.kids, node{sign: e.sign, text: a[e.i]})
		default:
			n.kids = append(n.kids, node{sign: e.sign, text: b[e.j]})
		}
	}
	switch had, has := strings.HasSuffix(before, "\n"), strings.HasSuffix(after, "\n"); {
	case had && !has:
		n.kids = append(n.kids, comment("(the newline at the end goes)"))
	case has && !had:
		n.kids = append(n.kids, comment("(with a newline at the end)"))
	}
	return n
}

func (vs values) mappingDifference(before, after cty.Value) node {
	n := node{text: "{", close: "}"}
	b, a := before.AsValueMap(), after.AsValueMap()
	union := maps.Clone(b)
	if union == nil {
		union = map[string]cty.Value{}
	}
	maps.Copy(union, a)
	same := 0
	for _, key := range slices.Sorted(maps.Keys(union)) {
		was, had := b[key]
		is, has := a[key]
		switch {
		case had && has && was.RawEquals(is):
			same++
		case !had:
			n.kids = append(n.kids, vs.whole(signCreate, mapKey(after.Type(), key), is))
		case !has:
			n.kids = append(n.kids, vs.whole(signDelete, mapKey(before.Type(), key), was))
		default:
			n.kids = append(n.kids, vs.change(mapKey(after.Type(), key), was, is))
		}
	}
	n.kids = append(n.kids, hidden(same, "element")...)
	return n
}

func (vs values) setDifference(before, after cty.Value) node {
	n := node{text: "[", close: "]"}
	b, a := byKey(before.AsValueSlice(), "before"), byKey(after.AsValueSlice(), "after")
	union := maps.Clone(b)
	maps.Copy(union, a)
	same := 0
	for _, key := range slices.Sorted(maps.Keys(union)) {
		_, had := b[key]
		_, has := a[key]
		switch {
		case had && has:
			same++
		case has:
			n.kids = append(n.kids, vs.element(signCreate, union[key]))
		default:
			n.kids = append(n.kids, vs.element(signDelete, union[key]))
		}
	}
	n.kids = append(n.kids, hidden(same, "element")...)
	return n
}

func (vs values) listDifference(before, after []cty.Value) node {
	n := node{text: "[", close: "]"}
	edits := compare(keys(before), keys(after))
	same := 0
	for k := 0; k < len(edits); k++ {
		e := edits[k]
		switch {
		case e.sign == signNone:
			same++
		case e.sign == signCreate:
			n.kids = append(n.kids, vs.element(signCreate, after[e.j]))
		case k+1 < len(edits) && edits[k+1].sign == signCreate && nested(before[e.i], after[edits[k+1].j]):
			inner := vs.change("", before[e.i], after[edits[k+1].j])
			inner.tail = ","
			n.kids = append(n.kids, inner)
			k++
		default:
			n.kids = append(n.kids, vs.element(signDelete, before[e.i]))
		}
	}
	n.kids = append(n.kids, hidden(same, "element")...)
	return n
}

// nested reports whether two elements are compared inside, not as a whole.
func nested(a, b cty.Value) bool {
	return !masked(a) && !masked(b) && a.IsKnown() && b.IsKnown() && !a.IsNull() && !b.IsNull() &&
		isMapping(a.Type()) && isMapping(b.Type())
}

// byKey indexes the elements of a set. An unknown one equals nothing, not even
// another unknown one.
func byKey(list []cty.Value, side string) map[string]cty.Value {
	out := make(map[string]cty.Value, len(list))
	for i, v := range list {
		key := elementKey(v)
		if !v.IsWhollyKnown() {
			key = fmt.Sprintf("v%s%d", side, i)
		}
		out[key] = v
	}
	return out
}

func keys(list []cty.Value) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = elementKey(v)
	}
	return out
}

// elementKey is the same for equal values only. Strings keep their order.
func elementKey(v cty.Value) string {
	if v.Type() == cty.String && !v.IsMarked() && v.IsKnown() && !v.IsNull() {
		return "s" + v.AsString()
	}
	return "v" + v.GoString()
}

// hidden is the comment that counts what is not shown.
func hidden(n int, noun string) []node {
	if n == 0 {
		return nil
	}
	return []node{comment(fmt.Sprintf("(%d unchanged %s hidden)", n, pluralNoun(n, noun)))}
}

func pluralNoun(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}
