package view

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/idpctl/idpctl/resource"
)

const (
	textSensitive = "(sensitive value)"
	textUnknown   = "(known after apply)"
	textWriteOnly = "(write-only)"
)

// values lays out values. names says whose id a string is, for elements that
// are references; nil if they are not.
type values struct {
	names map[string]string
}

// whole lays out a value that is all new, all gone or just there, as the sign
// says. Gone ones end in an arrow to null.
func (vs values) whole(s sign, label string, v cty.Value) node {
	n := vs.plain(s, v)
	n.label = label
	if s == signDelete && n.text != "null" {
		n.to = "null"
	}
	return n
}

// plain is whole without a label and arrow.
func (vs values) plain(s sign, v cty.Value) node {
	n := node{sign: s}
	switch {
	case v == cty.NilVal:
		n.text = "null"
	case masked(v):
		n.text = textSensitive
	case v.IsNull():
		n.text = "null"
	case !v.IsKnown():
		n.text = textUnknown
	case v.Type() == cty.String:
		str := v.AsString()
		if lines, ok := heredoc(str); ok {
			n.text, n.close = "<<-EOT", "EOT"
			n.kids = textNodes(s, lines)
			return n
		}
		n.text, n.note = clip(str), vs.names[str]
	case v.Type().IsPrimitiveType():
		n.text = primitive(v)
	case isMapping(v.Type()):
		n.text, n.close = "{", "}"
		elems := v.AsValueMap()
		for _, key := range slices.Sorted(maps.Keys(elems)) {
			n.kids = append(n.kids, vs.whole(s, mapKey(v.Type(), key), elems[key]))
		}
	case v.CanIterateElements():
		n.text, n.close = "[", "]"
		for _, e := range v.AsValueSlice() {
			n.kids = append(n.kids, vs.element(s, e))
		}
	default:
		n.text = "(" + v.Type().FriendlyName() + ")"
	}
	if n.close != "" && len(n.kids) == 0 {
		n.text, n.close = n.text+n.close, ""
	}
	return n
}

// element is plain with the comma of a list.
func (vs values) element(s sign, v cty.Value) node {
	n := vs.plain(s, v)
	n.tail = ","
	return n
}

// masked reports whether v as a whole is not to be shown. What is sensitive
// inside it is masked by itself; a set is marked as a whole by cty.
func masked(v cty.Value) bool { return v.HasMark(resource.Sensitive) }

func isMapping(t cty.Type) bool { return t.IsMapType() || t.IsObjectType() }

// mapKey writes the key of a map, or the name of an object's attribute.
func mapKey(t cty.Type, key string) string {
	if t.IsObjectType() {
		return attrName(key)
	}
	return clip(key)
}

// attrName writes the name of an attribute; one that is no identifier, which
// an old state may have, is quoted.
func attrName(name string) string {
	if isIdentifier(name) {
		return name
	}
	return clip(name)
}

func isIdentifier(s string) bool {
	for i, r := range s {
		letter := r == '_' || unicode.IsLetter(r)
		if !letter && (i == 0 || r != '-' && !unicode.IsDigit(r)) {
			return false
		}
	}
	return s != ""
}

// primitive writes a known number or bool.
func primitive(v cty.Value) string {
	s, err := convert.Convert(v, cty.String)
	if err != nil {
		return "(" + v.Type().FriendlyName() + ")"
	}
	return s.AsString()
}

// compact writes a value on one line.
func compact(v cty.Value) string {
	switch {
	case v == cty.NilVal:
		return "null"
	case masked(v):
		return textSensitive
	case v.IsNull():
		return "null"
	case !v.IsKnown():
		return textUnknown
	case v.Type() == cty.String:
		return clip(v.AsString())
	case v.Type().IsPrimitiveType():
		return primitive(v)
	case isMapping(v.Type()):
		elems := v.AsValueMap()
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(elems)) {
			parts = append(parts, mapKey(v.Type(), key)+" = "+compact(elems[key]))
		}
		if len(parts) == 0 {
			return "{}"
		}
		return "{ " + strings.Join(parts, ", ") + " }"
	case v.CanIterateElements():
		var parts []string
		for _, e := range v.AsValueSlice() {
			parts = append(parts, compact(e))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	default:
		return "(" + v.Type().FriendlyName() + ")"
	}
}

// clip quotes a string. A very long one is cut, and its length is told.
func clip(s string) string {
	runes := []rune(s)
	if len(runes) <= maxValue {
		return quote(s)
	}
	return quote(string(runes[:maxValue])+"…") + fmt.Sprintf(" (%d characters)", len(runes))
}

// clipPair is clip for two strings of which the difference must show.
func clipPair(before, after string) (string, string) {
	a, b := []rune(before), []rune(after)
	if len(a) <= maxValue && len(b) <= maxValue {
		return quote(before), quote(after)
	}
	same := 0
	for same < len(a) && same < len(b) && a[same] == b[same] {
		same++
	}
	const context = 20
	from := 0
	if same > context*2 {
		from = same - context
	}
	cut := func(r []rune) string {
		lead, trail, end := "", "", len(r)
		if from > 0 {
			lead = "…"
		}
		if end-from > maxValue {
			trail, end = "…", from+maxValue
		}
		text := quote(lead + string(r[from:end]) + trail)
		if lead+trail != "" {
			text += fmt.Sprintf(" (%d characters)", len(r))
		}
		return text
	}
	return cut(a), cut(b)
}

// heredoc splits a string into the lines that it is shown in, if it has
// several and all of it can be seen as it is, which spaces at an end cannot.
func heredoc(s string) ([]string, bool) {
	body := strings.TrimSuffix(s, "\n")
	if !strings.Contains(body, "\n") {
		return nil, false
	}
	lines := strings.Split(body, "\n")
	for _, l := range lines {
		if !printable(strings.ReplaceAll(l, "\t", " ")) || len([]rune(l)) > maxValue || strings.TrimRight(l, " \t") != l {
			return nil, false
		}
	}
	return lines, true
}

func textNodes(s sign, lines []string) []node {
	var kids []node
	for i, l := range lines {
		if i == maxLines {
			kids = append(kids, comment(fmt.Sprintf("(%d more lines)", len(lines)-i)))
			break
		}
		kids = append(kids, node{sign: s, text: l})
	}
	return kids
}
