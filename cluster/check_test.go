package cluster

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	goccy "github.com/goccy/go-yaml"
	"go.yaml.in/yaml/v3"
)

// reporter is what the checks need of a test; rapid's have it too.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// checkResult checks what has to hold for every merge that succeeded, by other
// means than the code under test.
func checkResult(t reporter, c goldenCase, live Live, change Change) {
	t.Helper()
	if got := !bytes.Equal(live.Content, change.Content); got != change.Changed && !change.Created {
		t.Errorf("Changed is %v, and the content differs: %v", change.Changed, got)
	}
	if change.Changed == (change.Diff == "") {
		t.Errorf("Changed is %v, and the diff is %q", change.Changed, change.Diff)
	}
	again, ds := c.merge(Live{Exists: true, Content: change.Content})
	if ds.HasErrors() || !bytes.Equal(again.Content, change.Content) || again.Changed && !c.want.unknown() {
		t.Errorf("merging the result again: %v, changes it: %v\n%s", ds, again.Changed, again.Diff)
	}
	untouched(t, c.path(), live.Content, change.Content)
	before, after := plainData(t, live.Content), plainData(t, change.Content)
	if live.Exists && !reflect.DeepEqual(outside(before), outside(after)) {
		t.Errorf("values outside of the section differ:\n%v\n%v", before, after)
	}
}

// untouched checks that every byte before and behind the admin section is as
// it was. Where the section stands is read with the library, not by the code
// under test.
func untouched(t reporter, path []string, before, after []byte) {
	t.Helper()
	head, tail := aroundAdmin(path, before)
	if !bytes.HasPrefix(after, head) {
		t.Errorf("bytes before the section changed:\n%q\nis not the beginning of\n%q", head, after)
	}
	if !bytes.HasSuffix(after, tail) {
		t.Errorf("bytes behind the section changed:\n%q\nis not the end of\n%q", tail, after)
	}
	if c, d := bytes.Count(before, []byte("\r\n")), bytes.Count(before, []byte("\n")); c == d && d > 0 && !oddBreaks(before) {
		if c, d := bytes.Count(after, []byte("\r\n")), bytes.Count(after, []byte("\n")); c != d {
			t.Errorf("a file with CRLF has %d LF without CR", d-c)
		}
	}
	if bytes.ContainsRune(before, '\r') && !bytes.ContainsRune(before, '\n') && bytes.ContainsRune(after, '\n') {
		t.Errorf("a file with CR alone has LF:\n%q", after)
	}
	if !oddBreaks(before) && len(bytes.TrimSpace(before)) > 0 && bytes.HasSuffix(before, []byte("\n")) != bytes.HasSuffix(after, []byte("\n")) {
		t.Errorf("the last line break was added or lost:\n%q\n%q", before, after)
	}
}

// untouchedLines checks the lines of a golden file that say of themselves that
// they are not to be touched.
func untouchedLines(t reporter, before, after []byte) {
	t.Helper()
	rest := after
	for line := range bytes.Lines(before) {
		if line = bytes.TrimSpace(line); !bytes.HasSuffix(line, []byte("# untouched")) {
			continue
		}
		_, next, ok := bytes.Cut(rest, line)
		if !ok {
			t.Errorf("the line %q is gone", line)
		}
		rest = next
	}
}

// checkShown checks that the difference of a file that was there shows no secret, and
// no comment as new: idpctl writes none, and one that stays is shown as it was.
func checkShown(t reporter, change Change) {
	t.Helper()
	if strings.Contains(change.Diff, "hunter2") {
		t.Errorf("the diff shows a secret:\n%s", change.Diff)
	}
	gone := map[string]int{}
	for _, sign := range []string{"-", "+"} {
		for line := range strings.Lines(change.Diff) {
			text, ok := strings.CutPrefix(line, sign)
			if text = strings.TrimSpace(text); !ok || !strings.HasPrefix(text, "#") {
				continue
			}
			switch {
			case sign == "-":
				gone[text]++
			case gone[text] == 0:
				t.Errorf("the comment %q is shown as new:\n%s", text, change.Diff)
			default:
				gone[text]--
			}
		}
	}
}

// oddBreaks reports whether content has line breaks beside LF and CRLF.
func oddBreaks(content []byte) bool {
	return bytes.ContainsAny(bytes.ReplaceAll(content, []byte("\r\n"), nil), "\r\u0085\u2028\u2029")
}

// aroundAdmin returns what stands before the line of the section's key, and
// what stands from the line of the key behind it. Both are empty if there is
// no such key in block style, several documents, or odd line breaks.
func aroundAdmin(path []string, content []byte) (head, tail []byte) {
	lines := bytes.SplitAfter(content, []byte("\n"))
	docs := 0
	var at *yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(content))
	for ; ; docs++ {
		var n yaml.Node
		if dec.Decode(&n) != nil {
			break
		}
		at = n.Content[0]
	}
	if docs != 1 || oddBreaks(content) {
		return nil, nil
	}
	for _, key := range path {
		if at.Kind != yaml.MappingNode || at.Style&yaml.FlowStyle != 0 {
			return nil, nil
		}
		var next *yaml.Node
		for i := 0; i+1 < len(at.Content); i += 2 {
			if at.Content[i].Value != key {
				continue
			}
			next = at.Content[i+1]
			if key == "admin" {
				head = bytes.Join(lines[:at.Content[i].Line-1], nil)
				if i+2 < len(at.Content) {
					tail = bytes.Join(lines[at.Content[i+2].Line-1:], nil)
				}
			}
		}
		if next == nil {
			return nil, nil
		}
		at = next
	}
	return head, tail
}

// plainData reads all documents as plain data.
func plainData(t reporter, content []byte) []any {
	t.Helper()
	var docs []any
	dec := yaml.NewDecoder(bytes.NewReader(content))
	for {
		var n yaml.Node
		if err := dec.Decode(&n); err != nil {
			if err.Error() != "EOF" {
				t.Fatalf("the result is not valid YAML: %v\n%s", err, content)
			}
			return docs
		}
		docs = append(docs, nodeData(&n))
	}
}

// nodeData is a node as nested slices, keys in order; duplicates and odd tags
// are no trouble to it.
func nodeData(n *yaml.Node) any {
	switch n.Kind {
	case yaml.AliasNode:
		return "*" + n.Value
	case yaml.ScalarNode:
		return n.ShortTag() + " " + n.Anchor + " " + n.Value
	}
	data := []any{n.Kind, n.ShortTag(), n.Anchor}
	for _, c := range n.Content {
		data = append(data, nodeData(c))
	}
	return data
}

// outside is data without the three values of admin sections, and without
// admin sections and what leads to them where nothing else is in there.
func outside(data any) any {
	list, ok := data.([]any)
	if !ok {
		return data
	}
	if len(list) > 0 && list[0] == yaml.MappingNode {
		out := slices.Clone(list[:3])
		for i := 3; i+1 < len(list); i += 2 {
			key := fmt.Sprint(list[i])
			if strings.HasSuffix(key, " identityProvider") || strings.HasSuffix(key, " jwksEndpoint") || strings.HasSuffix(key, " users") {
				continue
			}
			value := outside(list[i+1])
			isPath := strings.HasSuffix(key, " spec") || strings.HasSuffix(key, " package") || strings.HasSuffix(key, " admin")
			if v, ok := value.([]any); isPath && (ok && len(v) == 3 || strings.HasPrefix(fmt.Sprint(value), "!!null")) {
				continue
			}
			out = append(out, list[i], value)
		}
		return out
	}
	var out []any
	for _, v := range list {
		out = append(out, outside(v))
	}
	return out
}

// sameForOtherParser reads the result with a second, unrelated library and
// compares what it sees in the sections with what the first one sees. Files of
// which the two saw different things before are left out: it returns false then.
func sameForOtherParser(t reporter, path []string, before, after []byte) bool {
	t.Helper()
	if len(before) > 0 {
		one, ok1 := sections(path, before)
		two, ok2 := sectionsGoccy(path, before)
		if !ok1 || !ok2 || !reflect.DeepEqual(one, two) {
			return false
		}
	}
	one, ok1 := sections(path, after)
	two, ok2 := sectionsGoccy(path, after)
	if ok1 && (!ok2 || !reflect.DeepEqual(one, two)) {
		t.Errorf("yaml.v3 sees\n%q\nand goccy/go-yaml (%v)\n%q\nin\n%s", one, ok2, two, after)
	}
	return ok1
}

// sections are the admin sections of a file as yaml.v3 reads them.
func sections(path []string, content []byte) (all [][]string, ok bool) {
	dec := yaml.NewDecoder(bytes.NewReader(content))
	for {
		var v any
		if err := dec.Decode(&v); err != nil {
			return all, errors.Is(err, io.EOF)
		}
		all = append(all, adminOf(path, v))
	}
}

// sectionsGoccy are the same as goccy/go-yaml reads them.
func sectionsGoccy(path []string, content []byte) (all [][]string, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	dec := goccy.NewDecoder(bytes.NewReader(bytes.TrimPrefix(content, []byte("\uFEFF"))))
	for {
		var v any
		if err := dec.Decode(&v); err != nil {
			return all, errors.Is(err, io.EOF)
		}
		all = append(all, adminOf(path, v))
	}
}

// adminOf are the section's values in a document; nil without a section.
func adminOf(path []string, doc any) []string {
	for _, key := range path {
		m, ok := doc.(map[string]any)
		if !ok {
			return nil
		}
		doc = m[key]
	}
	m, ok := doc.(map[string]any)
	if !ok {
		return nil
	}
	text := func(v any) string {
		_, isText := v.(string)
		return fmt.Sprintf("%v %v", v, isText)
	}
	out := []string{text(m[keyProvider]), text(m[keyJWKS])}
	users, _ := m[keyUsers].([]any)
	for _, u := range users {
		fields, _ := u.(map[string]any)
		for _, key := range textKeys {
			out = append(out, text(fields[key]))
		}
	}
	return out
}
