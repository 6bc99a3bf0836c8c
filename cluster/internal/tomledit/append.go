package tomledit

import (
	"slices"
	"strconv"
	"strings"
)

// Entry is a key with dots and its value, of a table to be made.
type Entry struct {
	Path  []string
	Value Value
}

// Append adds a table to the array of tables under a key of the root, which need
// not be there yet: behind everything else, in the style of the one before it.
// Entries of one table in it stand together, and each table gets a header.
func (e *Edits) Append(name string, entries []Entry) error {
	f := e.f
	old := f.root.Get(name)
	made := map[string]any{}
	for _, en := range entries {
		put(made, en.Path, en.Value.plain())
	}
	if old != nil && old.Kind != Tables {
		if old.Kind != List {
			return f.Problem(old, "The key "+name+" is no array of tables", "It is a %s. Write its header with two brackets: [[%s]].", old.Kind, name)
		}
		e.ops = append(e.ops, op{addr: append(old.Path(), "["+strconv.Itoa(len(old.Items))+"]"), value: made})
		e.appendItem(old, inlineTable(entries))
		return nil
	}
	var last *Node
	count := 0
	if old != nil {
		last, count = old.Items[len(old.Items)-1], len(old.Items)
	}
	e.ops = append(e.ops, op{addr: []string{name, "[" + strconv.Itoa(count) + "]"}, value: made})
	head, lines := "", plainStyle("    ")
	if last != nil {
		head = f.headerIndent(last.section)
		if len(last.section.pairs) > 0 {
			lines = f.styleOf(last.section)
		} else {
			lines = f.emptyModel(last)
		}
	}
	e.AddTail(head + "[[" + key(name) + "]]")
	var tables [][]string
	for _, en := range entries {
		if table := en.Path[:len(en.Path)-1]; len(table) == 0 {
			e.AddTail(lines.line(key(en.Path[0]), en.Value.render(lines.literal)))
		} else if !slices.ContainsFunc(tables, func(t []string) bool { return slices.Equal(t, table) }) {
			tables = append(tables, table)
		}
	}
	for _, table := range tables {
		path := append([]string{name}, table...)
		m := model{indent: lines.indent, lines: plainStyle(lines.indent + "    "), blank: true}
		m.lines.before, m.lines.after, m.lines.literal = lines.before, lines.after, lines.literal
		if step, ok := strings.CutPrefix(lines.indent, head); ok {
			m.lines.indent = lines.indent + step
		}
		if last != nil {
			m = f.tableModel(last, path)
		}
		if m.blank {
			e.AddTail("")
		}
		e.AddTail(m.indent + "[" + keys(path) + "]")
		for _, en := range entries {
			if slices.Equal(en.Path[:len(en.Path)-1], table) {
				e.AddTail(m.lines.line(key(en.Path[len(en.Path)-1]), en.Value.render(m.lines.literal)))
			}
		}
	}
	return nil
}

// put sets a value in plain values.
func put(m map[string]any, path []string, v any) {
	for _, p := range path[:len(path)-1] {
		next, ok := m[p].(map[string]any)
		if !ok {
			next = map[string]any{}
			m[p] = next
		}
		m = next
	}
	m[path[len(path)-1]] = v
}

func inlineTable(entries []Entry) string {
	out := make([]string, len(entries))
	for i, en := range entries {
		out[i] = keys(en.Path) + " = " + en.Value.render(false)
	}
	return "{ " + strings.Join(out, ", ") + " }"
}

// setList makes a list of texts say want, and keeps elements, their order and
// their comments where it can. What it has as often as want is as it shall be.
func (e *Edits) setList(list *Node, want []string) error {
	missing := slices.Clone(want)
	var free []*Node // not wanted
	for _, n := range list.Items {
		if i := slices.Index(missing, n.Value); i >= 0 {
			missing = slices.Delete(missing, i, i+1)
		} else {
			free = append(free, n)
		}
	}
	after := make([]any, 0, len(want))
	for _, n := range list.Items {
		switch i := slices.Index(free, n); {
		case i < 0:
			after = append(after, n.Value)
		case i < len(missing):
			e.Replace(n.start, n.end, quote(missing[i], e.f.literal(n)))
			after = append(after, missing[i])
		}
	}
	for i := len(missing); i < len(free); i++ {
		e.cut(list, free[i])
	}
	for i := len(free); i < len(missing); i++ {
		literal := len(list.Items) > 0 && e.f.literal(list.Items[0])
		e.appendItem(list, quote(missing[i], literal))
		after = append(after, missing[i])
	}
	e.ops[len(e.ops)-1].value = after
	return nil
}

// appendItem adds an element to a list, on a line of its own if the last one has one.
func (e *Edits) appendItem(list *Node, text string) {
	f := e.f
	if len(list.Items) == 0 {
		sep := ""
		if e.Pending(list.end - 1) {
			sep = ", "
		}
		e.Replace(list.end-1, list.end-1, sep+text)
		return
	}
	last := list.Items[len(list.Items)-1]
	line := f.LineOf(last.start)
	alone := strings.TrimSpace(string(f.Src[f.Lines[line]:last.start])) == "" && f.LineOf(list.end-1) > f.LineOf(last.end-1)
	if !alone {
		e.Replace(last.end, last.end, ", "+text)
		return
	}
	rest := strings.TrimLeft(string(f.Src[last.end:f.LineEnd(f.LineOf(last.end-1))]), " \t")
	comma := strings.HasPrefix(rest, ",")
	at := f.LineOf(last.end - 1)
	switch {
	case comma:
		text += ","
	case e.Pending(last.end):
		// The element before this one was new, and has no comma yet.
		e.ExtendAfter(at, ",")
	default:
		e.Replace(last.end, last.end, ",")
	}
	e.InsertAfter(at, f.Indent(line)+text)
}
