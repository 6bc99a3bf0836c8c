package kubernetes

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// object is an AppInstance as it was read.
type object struct {
	name, uid, version string // version is the resource version
	created            time.Time
	text               []byte
	// paused: kubit does not look at it for now.
	paused bool
	// lastApplied is the admin section of the file that was applied by kubectl last,
	// without --server-side; nil if it was not.
	lastApplied map[string]any
}

// lastAppliedAnnotation is where kubectl keeps that file.
const lastAppliedAnnotation = "kubectl.kubernetes.io/last-applied-configuration"

// adminPath leads to the admin section.
func adminPath() []string { return []string{"spec", "package", "spec", "admin"} }

func newObject(u *unstructured.Unstructured) (*object, error) {
	text, err := render(u.Object)
	if err != nil {
		return nil, err
	}
	paused, _, _ := unstructured.NestedBool(u.Object, "spec", "pause")
	o := &object{name: u.GetName(), created: u.GetCreationTimestamp().Time, uid: string(u.GetUID()), version: u.GetResourceVersion(), text: text, paused: paused}
	var file unstructured.Unstructured
	if err := file.UnmarshalJSON([]byte(u.GetAnnotations()[lastAppliedAnnotation])); err == nil { // else nobody can tell
		o.lastApplied, _, _ = unstructured.NestedMap(file.Object, adminPath()...)
	}
	return o, nil
}

// fingerprint tells one text from another.
func fingerprint(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// render is the part of an AppInstance that is merged into, as YAML: its admin
// section, and where the cluster's certificate authorities come from. Equal values
// give equal texts.
func render(o map[string]any) ([]byte, error) {
	small := map[string]any{"apiVersion": o["apiVersion"], "kind": o["kind"]}
	for _, path := range [][]string{
		{"metadata", "name"}, {"metadata", "namespace"}, adminPath(), {"spec", "package", "spec", "egress", "customCertificates"},
	} {
		v, found, err := unstructured.NestedFieldNoCopy(o, path...)
		if err != nil || !found {
			continue // something else than an object is in the way: it has no such field
		}
		at := small
		for _, key := range path[:len(path)-1] {
			next, ok := at[key].(map[string]any)
			if !ok {
				next = map[string]any{}
				at[key] = next
			}
			at = next
		}
		at[path[len(path)-1]] = v
	}
	n, err := node(small)
	if err != nil {
		return nil, err
	}
	return yaml.Marshal(n)
}

// first are keys that a person looks for first, in their order.
func first() []string {
	return []string{"apiVersion", "kind", "name", "id", "firstName", "lastName", "email", "userGroups", "metadata", "spec", "package"}
}

// node is a value of JSON as YAML that reads as the same to every reader.
func node(v any) (*yaml.Node, error) {
	scalar := func(tag, text string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: text} }
	switch v := v.(type) {
	case nil:
		return scalar("!!null", "null"), nil
	case bool:
		return scalar("!!bool", strconv.FormatBool(v)), nil
	case int64:
		return scalar("!!int", strconv.FormatInt(v, 10)), nil
	case float64: // a whole one becomes an integer, as it does in the JSON that is sent
		n := &yaml.Node{}
		return n, n.Encode(v)
	case string:
		return text(v)
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		for _, item := range v {
			c, err := node(item)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, c)
		}
		if len(v) == 0 {
			n.Style = yaml.FlowStyle
		}
		return n, nil
	case map[string]any:
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		order := first()
		rank := func(key string) int {
			if i := slices.Index(order, key); i >= 0 {
				return i
			}
			return len(order)
		}
		for _, key := range slices.SortedFunc(maps.Keys(v), func(a, b string) int {
			if ra, rb := rank(a), rank(b); ra != rb {
				return ra - rb
			}
			if a < b {
				return -1
			}
			return 1
		}) {
			c, err := node(v[key])
			if err != nil {
				return nil, err
			}
			k, err := text(key)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, k, c)
		}
		if len(v) == 0 {
			n.Style = yaml.FlowStyle
		}
		return n, nil
	default:
		return nil, fmt.Errorf("a value of the object has the type %T", v)
	}
}

// text is a string in quotes, where it would be read as something else without. The
// library's block scalars are not used: those that begin with an empty line do not
// come back.
func text(s string) (*yaml.Node, error) {
	n := &yaml.Node{}
	if err := n.Encode(s); err != nil {
		return nil, err
	}
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n, nil
}

// parse is the inverse of render: what a text says, as JSON has it.
func parse(text []byte) (map[string]any, error) {
	var n yaml.Node
	if err := yaml.Unmarshal(text, &n); err != nil {
		return nil, err
	}
	if len(n.Content) != 1 {
		return nil, fmt.Errorf("there are %d documents", len(n.Content))
	}
	v, err := value(n.Content[0])
	if err != nil {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("it is no object")
	}
	return m, nil
}

// value is what a node says, as JSON has it.
func value(n *yaml.Node) (any, error) {
	switch n.Kind {
	case yaml.MappingNode:
		out := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			v, err := value(n.Content[i+1])
			if err != nil {
				return nil, err
			}
			out[n.Content[i].Value] = v
		}
		return out, nil
	case yaml.SequenceNode:
		out := []any{}
		for _, c := range n.Content {
			v, err := value(c)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return out, nil
	case yaml.ScalarNode:
		switch n.ShortTag() {
		case "!!null":
			return nil, nil
		case "!!bool":
			var b bool
			err := n.Decode(&b)
			return b, err
		case "!!int":
			var i int64
			err := n.Decode(&i)
			return i, err
		case "!!float":
			var f float64
			err := n.Decode(&f)
			return f, err
		default: // a text; one that looks like a date is one, too
			return n.Value, nil
		}
	}
	return nil, fmt.Errorf("line %d holds what JSON has not", n.Line)
}
