package cluster

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// tomlWriter writes a config.toml in one of many styles.
type tomlWriter struct {
	t *rapid.T
	b strings.Builder
	// texts are pieces that have to be in the result as they are, in their order.
	texts []string
}

func (w *tomlWriter) pick(what string, of ...string) string {
	return rapid.SampledFrom(of).Draw(w.t, what)
}

func (w *tomlWriter) yes(what string) bool { return rapid.Bool().Draw(w.t, what) }

// quoted is a string in one of the styles of TOML.
func (w *tomlWriter) quoted(s string) string {
	switch w.pick("quotes", "basic", "literal", "multi", "multi literal") {
	case "literal":
		return "'" + s + "'"
	case "multi":
		return `"""` + "\n" + s + `"""`
	case "multi literal":
		return "'''" + s + "'''"
	default:
		return `"` + s + `"`
	}
}

func (w *tomlWriter) line(indent, key, value string) {
	eq := w.pick("equals", " = ", "=", "  =\t", "= ")
	if w.yes("quoted key") && !strings.Contains(key, ".") {
		key = `"` + key + `"`
	}
	fmt.Fprintf(&w.b, "%s%s%s%s%s\n", indent, key, eq, value, w.pick("comment", "", "", " # about "+key, "\t#x", " # an api key: hunter2"))
}

func (w *tomlWriter) noise() {
	w.b.WriteString(w.pick("noise", "", "", "\n", "\n\n", "# a comment\n", "\n  # indented\n\n", "# the password is\n# hunter2\n", "\n    # token hunter2\n"))
}

// profile writes a profile under headers. mine has keys that the merge may set.
func (w *tomlWriter) profile(name string, mine bool) {
	start := w.b.Len()
	head, keys := w.pick("head", "", "  ", "\t"), w.pick("keys", "", "  ", "\t", "    ")
	w.b.WriteString(head + w.pick("header", "[[profile]]", "[[ profile ]]", `[["profile"]]`, "[[profile]] # c") + "\n")
	w.noise()
	w.line(keys, "name", w.quoted(name))
	if w.yes("product") {
		w.line(keys, "product", w.quoted(clustered))
	}
	for _, k := range []string{"host", "port", "database", "token"} {
		if w.yes(k) {
			value := "hunter2"
			if mine && (k == "host" || k == "port") {
				value = "old"
			}
			w.line(keys, k, w.quoted(value))
		}
	}
	dotted := w.yes("dotted")
	if dotted {
		for _, k := range []string{"client_id", "token_url"} {
			if w.yes("dotted " + k) {
				w.line(keys, w.pick("dots", "auth.oauth2.", "auth . oauth2 . ", `auth."oauth2".`)+k, w.quoted("x"))
			} else {
				dotted = dotted && k != "client_id"
			}
		}
		if w.yes("dotted parameters") {
			w.line(keys, "auth.oauth2.parameters.resource", w.quoted("r"))
		}
	}
	if !dotted && w.yes("inline") && !strings.Contains(w.b.String()[start:], "oauth2") {
		w.line(keys, "auth", w.pick("braces", "{}", "{ oauth2 = {} }", `{oauth2 = {client_id = "c", scopes = []}}`, `{ oauth2.client_id = 'c' }`, `{ oauth2 = { parameters = { resource = "r" } } }`))
	} else if !strings.Contains(w.b.String()[start:], "oauth2") {
		w.tables(head, keys)
	}
	if w.yes("tls") {
		w.noise()
		w.b.WriteString(keys + "[profile.tls]\n")
		w.line(keys+keys, "insecure", "false")
	}
	if !mine {
		w.texts = append(w.texts, strings.TrimRight(w.b.String()[start:], "\n"))
	}
	w.noise()
}

// tables writes headers of the profile.
func (w *tomlWriter) tables(head, keys string) {
	if w.yes("oauth2") {
		w.noise()
		w.b.WriteString(keys + w.pick("oauth header", "[profile.auth.oauth2]", "[ profile . auth . oauth2 ]", `[profile."auth".oauth2] # c`) + "\n")
		for _, k := range []string{"client_id", "device_url", "token_url"} {
			if w.yes("header " + k) {
				w.line(keys+keys, k, w.quoted("old "+k))
			}
		}
		if w.yes("scopes") {
			w.line(keys+keys, "scopes", w.pick("list", `[]`, `["a"]`, `[ "a", 'z' ]`, "[\n  'a',\n  'z',\n]", "[\n'z'\n]", "[ # none\n]", "[\n  'a', # 1\n  # 2\n  'z' # 3\n]", "[\n'a', # 1\n'z' ]"))
		}
		switch w.pick("parameters", "none", "inline", "dotted") {
		case "inline":
			w.line(keys+keys, "parameters", w.pick("inline parameters", "{}", `{ audience = "old" }`, `{resource='r'}`, `{ resource = "r", audience = "old" }`))
		case "dotted":
			w.line(keys+keys, "parameters.resource", w.quoted("r"))
		}
	} else if w.yes("parameters header") {
		w.b.WriteString(head + "[profile.auth.oauth2.parameters]\n")
		w.line(keys, "resource", w.quoted("r"))
	}
}

// TestPropertyProfile writes files in all sorts of styles, merges profiles into
// them and takes them out again. Every one of these files can be edited.
func TestPropertyProfile(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &tomlWriter{t: t}
		w.noise()
		there := w.yes("there")
		for _, name := range []string{"a", "b", "c"} {
			if name == "b" && there {
				w.profile("default", true)
			} else if w.yes(name) {
				w.profile(name, false)
			}
		}
		c := profileCase{p: Profile{Name: "default", Host: "h.example.com", Port: "443", LegacyClientSecret: w.yes("legacy")}}
		c.want.SignIn = SignIn{ClientID: w.pick("client", "c", "it's", `"\`, "ключ\u202e\x1b"), DeviceURL: "https://d", TokenURL: "https://t"}
		if w.yes("want audience") {
			c.want.Audience = "https://a"
		}
		c.want.Scopes = [][]string{nil, {"a"}, {"b", "a"}, {"x", "y", "z"}}[rapid.IntRange(0, 3).Draw(t, "want scopes")]
		c.crlf, c.noNL, c.bom = w.yes("crlf"), w.yes("no newline"), w.yes("bom")
		content := c.encode([]byte(w.b.String()))
		live := Live{Exists: true, Content: content}
		change, ds := c.merge(live)
		if ds.HasErrors() {
			t.Fatalf("%v\n%s", ds, content)
		}
		if !checkProfileResult(t, c, live, change) {
			t.Fatalf("another library does not read the file:\n%s", content)
		}
		rest := string(change.Content)
		for _, piece := range w.texts {
			_, after, ok := strings.Cut(rest, string(c.encode([]byte(piece))[c.bomLen():]))
			if !ok {
				t.Fatalf("%q is not in the result any more:\n%s", piece, change.Content)
			}
			rest = after
		}
		checkShown(t, change)
		c.prune, c.own.Owned = true, change.Owned
		c.want = Desired{}
		left, ds := c.merge(Live{Exists: true, Content: change.Content})
		if ds.HasErrors() {
			t.Fatalf("leave: %v\n%s", ds, change.Content)
		}
		checkProfileResult(t, c, Live{Exists: true, Content: change.Content}, left)
		if !there && strings.TrimRight(string(left.Content), "\r\n") != strings.TrimRight(string(content), "\r\n") {
			t.Errorf("made and left:\n%q\nis not\n%q", left.Content, content)
		}
	})
}

// FuzzMergeProfile merges into arbitrary files. Whatever they are: no panic, and a
// merge that succeeds passes every check.
func FuzzMergeProfile(f *testing.F) {
	fuzzSeeds(f, "testdata/influxctl", ".toml", func(i int, lf, crlf []byte) {
		f.Add(lf, "influxctl", "a b", uint8(i))
		f.Add(crlf, "it's", "", uint8(i+100))
	})
	f.Fuzz(func(t *testing.T, content []byte, client, scopes string, flags uint8) {
		c := profileCase{p: Profile{Name: "default", ReplaceToken: flags&1 != 0, LegacyClientSecret: flags&2 != 0}}
		c.want.SignIn = SignIn{ClientID: client, DeviceURL: "https://d", TokenURL: "https://t", Scopes: strings.Fields(scopes)}
		if flags&4 != 0 {
			c.p.Host, c.p.Port = "h", "443"
		}
		if flags&8 != 0 {
			c.want.Audience = "aud"
		}
		if flags&16 != 0 {
			c.own.Owned = []string{"profile", "product", "host", "port", "auth.oauth2", "auth.oauth2.client_id", "auth.oauth2.client_secret", "auth.oauth2.scopes", "auth.oauth2.device_url", "auth.oauth2.token_url", "auth.oauth2.parameters", "auth.oauth2.parameters.audience"}
		}
		if flags&32 != 0 {
			c.own.Owned = []string{"host", "auth.oauth2.client_id", "auth.oauth2.scopes", "auth.oauth2.parameters.audience", "x"}
		}
		if c.prune = flags&64 != 0; c.prune {
			c.want = Desired{}
		}
		live := Live{Exists: true, Content: content}
		change, ds := c.merge(live)
		if !c.prune && !utf8.ValidString(client) && !ds.HasErrors() {
			t.Errorf("%q was written", client)
		}
		if text := ds.Error(); !utf8.ValidString(text) || strings.ContainsAny(text, "\x1b\x07") {
			t.Errorf("a diagnostic is not fit to be shown: %q", text)
		}
		if !ds.HasErrors() && change.Content != nil {
			checkProfileResult(t, c, live, change)
		}
		if strings.Contains(ds.Error(), "defect of idpctl") || strings.Contains(ds.Error(), "edited in place") {
			t.Errorf("a defect: %v", ds)
		}
		CheckProfile("f.toml", content, "default")
	})
}
