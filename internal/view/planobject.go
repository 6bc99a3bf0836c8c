package view

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/internal/parallel"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
)

// objects writes what happens to each object.
func (w *planWriter) objects(changes []*plan.Change) {
	texts := make([]string, len(changes))
	parallel.Each(len(changes), func(i int) {
		one := planWriter{printer: printer{style: w.style, width: w.width, signs: w.signs}, view: w.view, names: w.names}
		one.object(changes[i])
		texts[i] = one.String()
	})
	for _, text := range texts {
		w.WriteString(text)
	}
}

// object writes what happens to one object: a heading, and its block.
func (w *planWriter) object(c *plan.Change) {
	if !shown(c) {
		return
	}
	head, danger, remarks := w.heading(c)
	w.comment(head, danger, remarks)
	s := signOf(c.Action, c.Adopt)
	label := blockLabel(c.Address)
	if c.Action == plan.Forget {
		w.WriteString(w.style.sign(s, fmt.Sprintf("%3s", s)) + " " + label + "\n\n")
		return
	}
	w.WriteString(w.style.sign(s, fmt.Sprintf("%3s", s)) + " " + label + " {\n")
	w.nodes(6, w.body(c))
	w.WriteString("    }\n\n")
}

// comment writes the lines above a block.
func (w *planWriter) comment(head, danger string, remarks []string) {
	text := w.style.bold(head)
	if danger != "" {
		text += w.style.bold(" ") + w.style.strong(codeRed, danger)
	}
	w.WriteString("  " + w.style.bold("# ") + text + "\n")
	for _, r := range remarks {
		lines := wrap("("+r+")", w.width-4)
		for i, l := range lines {
			if i > 0 {
				l = " " + l
			}
			w.WriteString("  " + w.style.dim("# "+l) + "\n")
		}
	}
}

// blockLabel is the header of an object's block.
func blockLabel(a resource.Address) string {
	label := line(a.Kind) + " " + quote(a.Name)
	if a.Mode == resource.Data {
		label = "data " + quote(a.Kind) + " " + quote(a.Name)
	}
	return label
}

// heading says in words what happens to an object: the sentence, its dangerous
// end if it has one, and remarks.
func (w *planWriter) heading(c *plan.Change) (head, danger string, remarks []string) {
	head = line(c.Address.String())
	switch c.Action {
	case plan.Create:
		switch {
		case c.Restore != "":
			head += " will be restored"
		case c.Recreate:
			head += " is gone and will be created anew"
		default:
			head += " will be created"
		}
	case plan.Replace:
		danger = "must be replaced"
	case plan.Delete:
		danger = "will be destroyed"
	case plan.Forget:
		head += " will no longer be managed"
	case plan.Read:
		head += " will be read during apply"
	case plan.Update, plan.NoOp:
		head += w.kept(c)
	}
	if c.Recreate && c.Action != plan.Create {
		remarks = append(remarks, "it is gone")
	}
	if c.MovedFrom != (resource.Address{}) && !(c.Action == plan.NoOp && !c.Adopt) {
		remarks = append(remarks, "has moved from "+line(c.MovedFrom.String()))
	}
	if c.Reason != "" {
		remarks = append(remarks, line(c.Reason))
	} else if c.Action == plan.Read {
		remarks = append(remarks, "because what to look for is not known yet")
	}
	if c.WithParent && c.Action == plan.Delete {
		remarks = append(remarks, "goes with what it is part of")
	}
	if c.Deliver {
		remarks = append(remarks, w.delivery(c))
	}
	return head, danger, remarks
}

// kept is the heading's end for an object that stays.
func (w *planWriter) kept(c *plan.Change) string {
	and := ""
	if c.Action == plan.Update {
		and = " and updated in place"
	}
	switch {
	case c.Reclaim && c.Action == plan.Update:
		return " is ours by its marker: its state will be restored, and it will be updated in place"
	case c.Reclaim:
		return " is ours by its marker: its state will be restored"
	case c.Adopt:
		return " will be adopted" + and + " (id " + line(c.ID) + ")"
	case c.Action == plan.NoOp:
		return " has moved from " + line(c.MovedFrom.String())
	default:
		return " will be updated in place"
	}
}

// delivery says what is made anew because nobody is known to have got it.
func (w *planWriter) delivery(c *plan.Change) string {
	what := "its first password will be reset and delivered anew"
	kind, ok := w.view.kind(c.Provider, c.Kind)
	if ok && kind.Credential != nil && c.Desired != nil {
		if isTrue(resource.Attr(c.Desired.Attrs, kind.Credential.Invite)) && !isTrue(resource.Attr(c.Desired.Attrs, kind.Credential.Generate)) {
			what = "its invitation will be sent anew"
		}
	}
	return what + ", as the last one is not known to have arrived"
}

func isTrue(v cty.Value) bool {
	v, _ = v.Unmark()
	return v.Type() == cty.Bool && v.IsKnown() && !v.IsNull() && v.True()
}

// body lays out the attributes of an object.
func (w *planWriter) body(c *plan.Change) []node {
	kind, _ := w.view.kind(c.Provider, c.Kind)
	id := cty.StringVal(c.ID)
	before := cty.NullVal(cty.DynamicPseudoType)
	if c.Action != plan.Create { // else there is none
		before, _ = w.view.endpoints(c)
	}
	switch c.Action {
	case plan.Delete:
		list := w.all(signDelete, kind.Attributes, before)
		return append([]node{values{}.whole(signDelete, "id", id)}, list...)
	case plan.Read:
		var args cty.Value
		if c.Desired != nil {
			args = c.Desired.Args
		}
		list := []node{values{}.whole(signCreate, "id", cty.UnknownVal(cty.String))}
		if kind.Plural != "" && c.Address.Kind == kind.Plural {
			list = nil
		}
		return append(list, w.all(signCreate, kind.Attributes, orNull(args))...)
	}
	changes := w.view.differences(c)
	list := w.changed("", kind.Attributes, changes, before)
	switch c.Action {
	case plan.Create:
		unknown := values{}.whole(signCreate, "id", cty.UnknownVal(cty.String))
		return append([]node{unknown}, list...)
	case plan.Replace:
		gone := values{}.change("id", id, cty.UnknownVal(cty.String))
		list = append([]node{gone}, list...)
	default:
		list = append(w.context(kind, id, before, changes), list...)
	}
	return insertComments(list, unchanged(kind, before, changes))
}

// context shows which object an update is about: its id and its natural key.
func (w *planWriter) context(kind resource.Kind, id, before cty.Value, changes []plan.AttrChange) []node {
	list := []node{values{}.whole(signNone, "id", id)}
	for _, name := range kind.Key {
		v := resource.Attr(before, name)
		if !touches(changes, name) && !isUnset(v) {
			list = append(list, values{}.whole(signNone, attrName(name), v))
		}
	}
	return list
}

func touches(changes []plan.AttrChange, name string) bool {
	return slices.ContainsFunc(changes, func(a plan.AttrChange) bool { return a.Top() == name })
}

// isUnset reports whether there is nothing to show of a value.
func isUnset(v cty.Value) bool {
	v, _ = v.Unmark()
	switch {
	case v.IsNull():
		return true
	case !v.IsKnown():
		return false
	case v.Type() == cty.String:
		return v.AsString() == ""
	case v.Type().IsCollectionType(), v.Type().IsTupleType():
		return v.LengthInt() == 0
	default:
		return false
	}
}

// all lays out every attribute of an object that has a value, in the order of
// its kind; blocks come last.
func (w *planWriter) all(s sign, attrs []resource.Attribute, v cty.Value) []node {
	if !open(v) {
		return nil
	}
	vals := v.AsValueMap()
	var list, blocks []node
	for _, name := range inOrder(attrs, vals) {
		val := vals[name]
		spec, _ := find(attrs, name)
		if name == "id" || isUnset(val) {
			continue
		}
		if isBlock(spec, val) {
			blocks = append(blocks, w.block(s, name, spec, val))
			continue
		}
		list = append(list, w.values(spec).whole(s, attrName(name), val))
	}
	return append(list, blocks...)
}

// block lays out a nested block that is all new or all gone.
func (w *planWriter) block(s sign, name string, spec resource.Attribute, v cty.Value) node {
	return node{sign: s, block: true, label: attrName(name), text: "{", close: "}", kids: w.all(s, spec.Block, v)}
}

func isBlock(spec resource.Attribute, v cty.Value) bool {
	return (spec.Block != nil || spec.Name == "") && open(v)
}

// inOrder lists the names of attributes in the order of the kind, and those
// that it does not have after that.
func inOrder(attrs []resource.Attribute, vals map[string]cty.Value) []string {
	known := map[string]bool{}
	names := make([]string, 0, len(vals))
	for _, a := range attrs {
		if _, ok := vals[a.Name]; ok {
			names = append(names, a.Name)
			known[a.Name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(vals)) {
		if !known[name] {
			names = append(names, name)
		}
	}
	return names
}

// values lays out the values of an attribute; for references by id it says
// whose they are.
func (w *planWriter) values(spec resource.Attribute) values {
	if spec.Ref != nil && spec.Ref.Attr == "id" {
		return values{names: w.names}
	}
	return values{}
}

// changed lays out differences, those of nested blocks after the others.
// prefix is the path of the block that the differences are in, with a dot.
func (w *planWriter) changed(prefix string, attrs []resource.Attribute, changes []plan.AttrChange, before cty.Value) []node {
	var list, blocks []node
	for i := 0; i < len(changes); i++ {
		c := changes[i]
		rest := strings.TrimPrefix(c.Path, prefix)
		top, _, inside := strings.Cut(rest, ".")
		spec, _ := find(attrs, top)
		if !inside {
			if n := w.attribute(top, spec, c); n.block {
				blocks = append(blocks, n)
			} else {
				list = append(list, n)
			}
			continue
		}
		end := i + 1
		for end < len(changes) && strings.HasPrefix(changes[end].Path, prefix+top+".") {
			end++
		}
		inner := resource.Attr(before, top)
		n := node{sign: signUpdate, block: true, label: attrName(top), text: "{", close: "}"}
		n.kids = w.changed(prefix+top+".", spec.Block, changes[i:end], inner)
		if inner.IsNull() {
			n.sign = signCreate
		} else {
			nested := resource.Kind{Attributes: spec.Block}
			n.kids = insertComments(n.kids, unchanged(nested, inner, within(changes[i:end], prefix+top+".")))
		}
		blocks = append(blocks, n)
		i = end - 1
	}
	return append(list, blocks...)
}

// within cuts a prefix off the paths.
func within(changes []plan.AttrChange, prefix string) []plan.AttrChange {
	out := slices.Clone(changes)
	for i := range out {
		out[i].Path = strings.TrimPrefix(out[i].Path, prefix)
	}
	return out
}

// attribute lays out one difference.
func (w *planWriter) attribute(name string, spec resource.Attribute, c plan.AttrChange) node {
	var n node
	switch {
	case c.WriteOnly:
		n = node{sign: signCreate, label: attrName(name), text: textWriteOnly}
	case isBlock(spec, c.Before) && c.After.IsNull() && !c.After.IsMarked():
		n = w.block(signDelete, name, spec, c.Before)
	case isBlock(spec, c.After) && c.Before.IsNull() && !c.Before.IsMarked():
		n = w.block(signCreate, name, spec, c.After)
	default:
		n = w.values(spec).change(attrName(name), c.Before, c.After)
	}
	switch {
	case c.Replaces:
		n.note, n.alarm = "forces replacement", true
	case c.Drift:
		n.note = "changed outside of idpctl"
	}
	return n
}

// unchanged counts the attributes and blocks that are set and stay as they
// are, apart from those that are shown as context.
func unchanged(kind resource.Kind, before cty.Value, changes []plan.AttrChange) []node {
	if !open(before) {
		return nil
	}
	attrs, blocks := 0, 0
	for name, val := range before.AsValueMap() {
		if name == "id" || slices.Contains(kind.Key, name) || isUnset(val) || touches(changes, name) {
			continue
		}
		spec, _ := find(kind.Attributes, name)
		if isBlock(spec, val) {
			blocks++
		} else {
			attrs++
		}
	}
	return append(hidden(attrs, "attribute"), hidden(blocks, "block")...)
}

// insertComments puts the count of attributes after the last attribute, before
// the nested blocks, and the count of blocks at the end.
func insertComments(list, comments []node) []node {
	if len(comments) == 0 {
		return list
	}
	at := slices.IndexFunc(list, func(n node) bool { return n.block })
	if at < 0 || strings.Contains(comments[0].note, "block") {
		return append(list, comments...)
	}
	list = slices.Insert(list, at, comments[0])
	return append(list, comments[1:]...)
}
