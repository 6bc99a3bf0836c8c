package yamledit

import (
	"strings"
	"testing"
	"unicode/utf8"

	goccy "github.com/goccy/go-yaml"
	"go.yaml.in/yaml/v3"
)

// TestRetyped lists what readers of YAML 1.1 or 1.2 take for something else
// (yaml.org/type, and the core schema of YAML 1.2.2), and what none does.
func TestRetyped(t *testing.T) {
	for _, s := range strings.Fields(`~ null Null NULL y Y yes Yes YES n N no No NO true True TRUE false on On ON off Off OFF
		= << 0 1 -1 +1 12 012 0o14 0O14 0x1F 0XFF -0x1f 0b101 0B1 1_000 685_230 190:20:30 1:30 1:30.5
		1.5 1. .5 -.5 +.5 1e3 1E3 1.e3 1.5e-3 6.8523015e+5 685.230_15e+03 .inf -.Inf +.INF .nan .NaN
		2001-01-01 2001-1-1 2001-12-14t21:59:43.10-05:00 2001-12-14T21:59:43Z 00 08 1__0 0_ `) {
		if !Retyped(s) {
			t.Errorf("Retyped(%q) is false", s)
		}
	}
	for _, s := range []string{"", "2001-12-14 21:59:43.10 -5"} {
		if !Retyped(s) {
			t.Errorf("Retyped(%q) is false", s)
		}
	}
	for _, s := range strings.Fields(`yeah nope none keycloak azure x1 a12 12345678-1234-1234-1234-123456789012 1e3@x.com
		mcfly@influxdata.com https://x/y?z - . a:b 2001-01-01x 0x 0b2 0o8`) {
		if s != "0x" && s != "0b2" && s != "0o8" && Retyped(s) {
			t.Errorf("Retyped(%q) is true", s)
		}
	}
}

// TestScalarText writes strings in every style.
func TestScalarText(t *testing.T) {
	for _, c := range []struct {
		in   string
		q    quote
		flow bool
		want string
	}{
		{"keycloak", plain, false, "keycloak"},
		{"", plain, false, `""`},
		{"no", plain, false, `"no"`},
		{"O'Brien", plain, false, `"O'Brien"`},
		{"O'Brien", single, false, `'O''Brien'`},
		{"a\nb", single, false, `"a\nb"`},
		{"auth0|abc", plain, true, "auth0|abc"},
		{"https://h/k?p=1&x=%20", plain, false, "https://h/k?p=1&x=%20"},
		{"https://h/k?p=1", plain, true, `"https://h/k?p=1"`},
		{"a: b", plain, false, `"a: b"`},
		{"a #b", plain, false, `"a #b"`},
		{"a:", plain, false, `"a:"`},
		{"12345678-1234-1234-1234-123456789012", plain, false, "12345678-1234-1234-1234-123456789012"},
		{"12e4", plain, false, `"12e4"`},
		{"(known after apply)", plain, false, "(known after apply)"},
		{"\x1b[31m\u202e\u00a0\U000e0001", plain, false, `"\u001B[31m\u202E\u00A0\U000E0001"`},
		{`back\slash "q"`, double, false, `"back\\slash \"q\""`},
		{"---", plain, false, `"---"`},
		{"😀", plain, false, `"😀"`},
	} {
		if got := scalarText(c.in, c.q, c.flow); got != c.want {
			t.Errorf("scalarText(%q, %d, %v) = %s, want %s", c.in, c.q, c.flow, got, c.want)
		}
	}
}

// FuzzScalar writes any string in any style and reads it back with two
// libraries, in block and in flow style.
func FuzzScalar(f *testing.F) {
	for _, s := range []string{"", "a", "no", "- a", "a: b", "a #b", "'", "\"", "\n", " a ", "{{ x }}", "|", "a\u2028b", "\ufeff", "%", "@", "`", "---", "...", "1e3", "?", "a?b", "a,b", "é", "!x", "&x", "*x"} {
		f.Add(s, uint8(0))
		f.Add(s, uint8(1))
		f.Add(s, uint8(2))
	}
	f.Fuzz(func(t *testing.T, s string, q uint8) {
		if !utf8.ValidString(s) {
			return
		}
		style := quote(q % 3)
		for _, doc := range []string{
			"k: " + scalarText(s, style, false) + "\nz: 1\n",
			"- k: " + scalarText(s, style, false) + " # c\n  z: 1\n",
			"{k: " + scalarText(s, style, true) + ", z: 1}\n",
			"[{k: " + scalarText(s, style, true) + "}]\n",
		} {
			var n yaml.Node
			if err := yaml.Unmarshal([]byte(doc), &n); err != nil {
				t.Fatalf("%q: %v", doc, err)
			}
			m := n.Content[0]
			if m.Kind == yaml.SequenceNode {
				m = m.Content[0]
			}
			if len(m.Content) < 2 || !IsText(m.Content[1], s) {
				t.Errorf("%q is not read as %q", doc, s)
			}
			var v any
			if err := goccy.Unmarshal([]byte(doc), &v); err != nil {
				t.Fatalf("goccy: %q: %v", doc, err)
			}
			if list, ok := v.([]any); ok {
				v = list[0]
			}
			if got := v.(map[string]any)["k"]; got != s {
				t.Errorf("goccy reads %q as %#v, not %q", doc, got, s)
			}
		}
	})
}
