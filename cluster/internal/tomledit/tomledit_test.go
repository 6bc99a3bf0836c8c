package tomledit

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	burnt "github.com/BurntSushi/toml"

	"github.com/idpctl/idpctl/diag"

	"github.com/idpctl/idpctl/cluster/internal/textedit"
)

// all has every form that TOML has.
const all = `top = 1
"quoted key" = 'x'
a.b . "c" = [ 1, [2, { d = 3 }], # comment, with ] and }
  [ ], {} ]

[t] # comment
s = """
two
lines"""
l = '''
x''y'''
nan = nan
when = 1979-05-27 07:32:00Z
time = 07:32:00

[[list]]
x = { y.z = "1", "w" = [ "a", 'b', ] }
  [ list . sub ]
  k = true
[[list]]
[list.sub.deep]
[x.y.z]
`

func parse(t *testing.T, text string) *File {
	t.Helper()
	f, err := Parse("f.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestSpans finds where everything stands.
func TestSpans(t *testing.T) {
	f := parse(t, all)
	for path, want := range map[string]string{
		"top":             "1",
		"quoted key":      "'x'",
		"a b c":           "[ 1, [2, { d = 3 }], # comment, with ] and }\n  [ ], {} ]",
		"a b c [1]":       "[2, { d = 3 }]",
		"a b c [1] [1]":   "{ d = 3 }",
		"a b c [1] [1] d": "3",
		"a b c [2]":       "[ ]",
		"a b c [3]":       "{}",
		"t s":             "\"\"\"\ntwo\nlines\"\"\"",
		"t l":             "'''\nx''y'''",
		"t when":          "1979-05-27 07:32:00Z",
		"list [0] x":      `{ y.z = "1", "w" = [ "a", 'b', ] }`,
		"list [0] x y z":  `"1"`,
		"list [0] x w":    `[ "a", 'b', ]`,
		"list [0] sub k":  "true",
	} {
		n := f.Root()
		for step := range strings.SplitSeq(strings.ReplaceAll(path, "quoted key", "quoted\x00key"), " ") {
			if n = n.child(strings.ReplaceAll(step, "\x00", " ")); n == nil {
				break
			}
		}
		if n == nil || all[n.start:n.end] != want {
			t.Errorf("%s is not %q", path, want)
		}
	}
	for path, want := range map[string]string{"t": "f.toml:6:1", "list": "f.toml:16:3", "x": "f.toml:22:2"} {
		if got := f.Range(f.Root().Get(path)).String(); got != want {
			t.Errorf("%s is at %s and not at %s", path, got, want)
		}
	}
	if n := len(f.sectionsIn(f.Root().Get("list"))); n != 4 {
		t.Errorf("list has %d sections and not 4", n)
	}
}

// TestMask hides every value and keeps the lines.
func TestMask(t *testing.T) {
	f := parse(t, all)
	masked := string(f.Mask(func(path []string) textedit.Look {
		if strings.Join(path, " ") == "list [0] sub k" {
			return textedit.Shown
		}
		return textedit.Hidden
	}))
	if a, b := strings.Count(masked, "\n"), strings.Count(all, "\n"); a != b {
		t.Errorf("%d lines and not %d", a, b)
	}
	for _, value := range []string{"lines", "x''y", "1979", `"1"`, "'b'", "[2"} {
		if strings.Contains(masked, value) {
			t.Errorf("%s is shown:\n%s", value, masked)
		}
	}
	if !strings.Contains(masked, "  k = true\n") || !strings.Contains(masked, `{ y.z = (not shown), "w" = [ (not shown), (not shown), ] }`) {
		t.Errorf("masked:\n%s", masked)
	}
}

// TestQuote writes strings that two libraries read as they were.
func TestQuote(t *testing.T) {
	for _, s := range []string{"", "plain", "it's", `"`, `\`, "\t\n\r", "\x00\x1b\x7f\u0085\u2028\u202e\ufeff", "李 😀", "\U000e0001", "'''", "#"} {
		for _, literal := range []bool{false, true} {
			text := "k = " + quote(s, literal) + "\n"
			f := parse(t, text)
			var other map[string]string
			_, err := burnt.Decode(text, &other)
			if f.Root().Get("k").Value != s || err != nil || other["k"] != s || strings.Count(text, "\n") != 1 {
				t.Errorf("%q is written as %s: %v", s, text, err)
			}
			for _, r := range text {
				if r != '\n' && (r < ' ' || r == '\u202e' || r == 0x7f) {
					t.Errorf("%q holds %U", text, r)
				}
			}
		}
	}
	for s, want := range map[string]string{"a-b_1": "a-b_1", "a.b": `"a.b"`, "": `""`, "é": `"é"`} {
		if got := key(s); got != want {
			t.Errorf("the key %q is written as %s", s, got)
		}
	}
}

// TestEdits makes single changes, each of which says what it shall.
func TestEdits(t *testing.T) {
	set := func(path string, v Value) func(*Edits) error {
		return func(e *Edits) error { return e.Set(e.f.root, strings.Split(path, "."), v) }
	}
	remove := func(paths ...string) func(*Edits) error {
		return func(e *Edits) error {
			for _, p := range paths {
				n := e.f.root
				for step := range strings.SplitSeq(p, ".") {
					n = n.child(step)
				}
				if err := e.Remove(n); err != nil {
					return err
				}
			}
			return nil
		}
	}
	for _, tc := range []struct {
		name, in string
		edit     func(*Edits) error
		want     string
	}{
		{"text", "a = 'x' # c\n", set("a", String("y")), "a = 'y' # c\n"},
		{"another type", "a = [1,\n2] # c\n", set("a", String("y")), "a = \"y\" # c\n"},
		{"new key", "a=1\n[t]\n", set("b", String("y")), "a=1\nb=\"y\"\n[t]\n"},
		{"in an empty table", "[s]\n  x = 1\n[t]\n", set("t.b", String("y")), "[s]\n  x = 1\n[t]\n  b = \"y\"\n"},
		{"new table", "[a]\nx = 1\n", set("a.b.c", String("y")), "[a]\nx = 1\n\n[a.b]\nc = \"y\"\n"},
		{"implied table", "[a.b]\nx = 1\n", set("a.c", String("y")), "[a]\nc = \"y\"\n\n[a.b]\nx = 1\n"},
		{"dotted", "a.b = 1\nc = 2", set("a.d", String("y")), "a.b = 1\na.d = \"y\"\nc = 2"},
		{"braces", "a = {}", set("a.b.c", String("y")), `a = { b.c = "y" }`},
		{"inline value", "a = 1\n", set("b", Inline(Field{"c d", "e"})), "a = 1\nb = { \"c d\" = \"e\" }\n"},
		{"list", "a = ['x', 'y']\n", set("a", Strings([]string{"y", "z"})), "a = ['z', 'y']\n"},
		{"shorter list", "a = ['x', 'y', 'z']\n", set("a", Strings([]string{"y"})), "a = ['y']\n"},
		{"shorter list with a comment", "a = [\n  'x', # 1\n  'y', # 2\n]\n", set("a", Strings([]string{"y"})), "a = [\n  'y', # 2\n]\n"},
		{"last of a list with comments", "a = [\n  'x', # 1\n  # 2\n  'y' # 3\n  # 4\n] # 5\n", set("a", Strings([]string{"x"})), "a = [\n  'x' # 1\n  # 2\n  # 4\n] # 5\n"},
		{"last of a list before the bracket", "a = [\n  'x', # 1\n  'y' ] # 2\n", set("a", Strings([]string{"x"})), "a = [\n  'x' # 1\n  ] # 2\n"},
		{"all of a list with comments", "a = [ # 1\r\n  'x', 'y', # 2\r\n\t# 3\r\n'#,z']\r\n", set("a", Strings(nil)), "a = [ # 1\r\n\t# 3\r\n]\r\n"},
		{"all of a line with a comment", "a = [\n  'x', 'y', # 1\n  'z', # 2\n]\n", set("a", Strings([]string{"z"})), "a = [\n  'z', # 2\n]\n"},
		{"commas before", "a = [ 'x' # 1\n, 'y' # 2\n, 'z' # 3\n]\n", set("a", Strings([]string{"x", "z"})), "a = [ 'x' # 1\n, 'z' # 3\n]\n"},
		{"commas before the last", "a = [ 'x' # 1\n, 'y' # 2\n]\n", set("a", Strings([]string{"x"})), "a = [ 'x' # 1\n]\n"},
		{"several lines with a comment", "a = [\n  \"\"\"x,\n#\"\"\", # 1\n  'y', # 2\n]\n", set("a", Strings([]string{"y"})), "a = [\n  'y', # 2\n]\n"},
		{"no list", "a = ['x', 'y', ] # c\n", set("a", Strings(nil)), "a = [] # c\n"},
		{"remove", "# c\na = 1 # gone\nb = 2\n", remove("a"), "# c\nb = 2\n"},
		{"remove several lines", "a = '''\n\n''' # gone\nb = 2", remove("a"), "b = 2"},
		{"remove the last", "b = 2\na = 1", remove("a"), "b = 2"},
		{"remove the first in braces", "t = { a = 1, b = 2 }", remove("t.a"), "t = { b = 2 }"},
		{"remove the last in braces", "t = { a = 1, b = 2 }", remove("t.b"), "t = { a = 1 }"},
		{"remove all in braces", "t = { a = 1, b.c = 2 }", remove("t.a", "t.b"), "t = { }"},
		{"remove the ends in braces", "t = {a=1,b=2,c=3}", remove("t.a", "t.c"), "t = {b=2}"},
		{"remove a table", "[a]\nx = 1\n\n[b]\ny = 1\n[b.c]\n\n[d]\n", remove("b"), "[a]\nx = 1\n\n[d]\n"},
		{"remove a table of dots", "a.b.c = 1\nx = 1\na.b.d = 2\n", remove("a.b"), "x = 1\n"},
		{"remove an element", "p = [{a = 1}, {b = 2}, {c = 3}]", remove("p.[1]"), "p = [{a = 1}, {c = 3}]"},
		{"remove a table of an array", "[[p]]\na = 1\n\n[[p]]\nb = 2\n", remove("p.[0]"), "[[p]]\nb = 2\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := parse(t, tc.in).Edit()
			if err := tc.edit(e); err != nil {
				t.Fatal(err)
			}
			got, err := e.Bytes()
			if err != nil || string(got) != tc.want {
				t.Errorf("got %q, %v, want %q", got, err, tc.want)
			}
		})
	}
}

// TestBesideComment refuses to take out what a comment stands beside that may be
// about something else.
func TestBesideComment(t *testing.T) {
	for in, want := range map[string][]string{
		"a = ['x', # 1\n'y']\n":               {"y"},
		"a = [\n'x', 'y', # 1\n'z']\n":        {"x", "z"},
		"a = [\n'x' # 1\n, 'y']\n":            {"y"},
		"a = [\n'x', 'y', # 1\n'z', # 2\n]\n": {"x"},
	} {
		e := parse(t, in).Edit()
		if err := e.Set(e.f.root, []string{"a"}, Strings(want)); err != nil {
			t.Fatal(err)
		}
		got, err := e.Bytes()
		if err == nil || !strings.Contains(err.Error(), "A comment stands beside something that goes") {
			t.Errorf("%q: got %q, %v", in, got, err)
		}
	}
}

// TestVerify refuses a result that says anything else than was asked for.
func TestVerify(t *testing.T) {
	for name, spoil := range map[string]func(*Edits){
		"another value": func(e *Edits) { e.Replace(4, 5, "2") },
		"no TOML":       func(e *Edits) { e.Replace(4, 5, "") },
		"a new key":     func(e *Edits) { e.InsertAfter(0, "z = 1") },
		"an overlap":    func(e *Edits) { e.Replace(0, 3, ""); e.Replace(1, 2, "") },
		"not done":      func(e *Edits) { e.ops = append(e.ops, op{addr: []string{"a"}, value: "2"}) },
	} {
		e := parse(t, "a = 1\nb = nan\n").Edit()
		if err := e.SetText(e.f.root, []string{"b"}, "x"); err != nil {
			t.Fatal(err)
		}
		spoil(e)
		got, err := e.Bytes()
		var d diag.Diagnostic
		if !errors.As(err, &d) || d.Summary != "The file could not be edited in place" || got != nil {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
	if !equal(map[string]any{"a": []any{math.NaN()}}, map[string]any{"a": []any{math.NaN()}}) || equal(map[string]any{"a": int64(1)}, map[string]any{"a": 1.0}) {
		t.Error("equal is wrong")
	}
}

// TestParseErrors say what is wrong and where.
func TestParseErrors(t *testing.T) {
	for in, want := range map[string]string{
		"a = 1\n\xff":            "f.toml:2:1: The file is not text in UTF-8",
		"\xff\xfea\x00":          "f.toml:1:1: The file is encoded as UTF-16",
		"\x00GITCRYPT\x00x":      "f.toml:1:1: The file is encrypted by git-crypt",
		"a = 1\n  b = \n":        "f.toml:2:7: The file is not valid TOML",
		"\uFEFFé = 1":            "f.toml:1:1: The file is not valid TOML",
		"a = 1\na = 2":           "f.toml:2:1: The file is not valid TOML",
		"# c\ra = 1\r":           "f.toml:1:4: A line ends with a carriage return alone",
		"a = 1\r\nb = 2\r\r\n":   "f.toml:2:6: A line ends with a carriage return alone",
		"a = \nb = 1\r":          "f.toml:1:5: The file is not valid TOML",
		"a = \"\x1b[31m\"":       "f.toml:1:6: The file is not valid TOML",
		"[a]\nb.c = 1\n[a.b]\n":  "f.toml:3:2: The file is not valid TOML",
		"'ü' = 1\n'ö' = 1 ü = 2": "f.toml:2:9: The file is not valid TOML",
	} {
		_, err := Parse("f.toml", []byte(in))
		var d diag.Diagnostic
		if !errors.As(err, &d) || d.Subject.String()+": "+d.Summary != want || !utf8.ValidString(d.Detail) || strings.Contains(d.Detail, "\x1b") {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
	}
}

// FuzzParse finds the values of arbitrary files where they stand: what is between
// the ends of each reads as the value that it is.
func FuzzParse(f *testing.F) {
	f.Add([]byte(all))
	f.Add([]byte(strings.ReplaceAll(all, "\n", "\r\n")))
	f.Fuzz(func(t *testing.T, content []byte) {
		file, err := Parse("f", content)
		if err != nil {
			if strings.Contains(err.Error(), "defect of idpctl") {
				t.Errorf("%q: %v", content, err)
			}
			return
		}
		var walk func(n *Node, v any)
		walk = func(n *Node, v any) {
			switch m := v.(type) {
			case map[string]any:
				if n.Kind != Table || len(n.keys) != len(m) {
					t.Fatalf("%v is a %s with %d entries and not %d\n%q", n.addr, n.Kind, len(n.keys), len(m), content)
				}
				for k, x := range m {
					walk(n.Get(k), x)
				}
			case []any:
				if len(n.Items) != len(m) {
					t.Fatalf("%v has %d elements and not %d\n%q", n.addr, len(n.Items), len(m), content)
				}
				for i, x := range m {
					walk(n.Items[i], x)
				}
			}
			if n.end == 0 {
				return
			}
			text := append([]byte("k = "), content[n.start:n.end]...)
			got, err := decode(text)
			if err != nil || !equal(got["k"], v) && !reflect.DeepEqual(got["k"], v) {
				t.Errorf("%v is %q, which reads as %v and not as %v (%v)", n.addr, text, got["k"], v, err)
			}
		}
		walk(file.root, file.values)
	})
}
