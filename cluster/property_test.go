package cluster

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/idpctl/idpctl/cluster/internal/yamledit"
)

// TestProperty writes files in all sorts of styles, merges random sections
// into them, and checks each result. Every one of these files can be edited.
func TestProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := generator{t: t}
		c := goldenCase{want: Desired{Section: Section{IdentityProvider: g.text("provider", 1), JWKSEndpoint: "https://" + g.text("jwks", 0)}}}
		c.target = EditAppInstance("p.yml", "", "")
		if g.helm = g.yes("helm"); g.helm {
			c.target = Editor{helmValues{}, "p.yml"}
		}
		c.own.Exclusive = rapid.Bool().Draw(t, "exclusive")
		c.prune = rapid.Bool().Draw(t, "prune")
		there := g.admins("there")
		content := c.encode([]byte(g.file(there)))
		for _, a := range append(g.admins("wanted"), there...) {
			if rapid.Bool().Draw(t, "want") && !slices.ContainsFunc(c.want.Admins, func(b Admin) bool { return a.ID == b.ID }) {
				if rapid.IntRange(0, 3).Draw(t, "rename") == 0 {
					a.LastName = g.text("name", 0)
				}
				c.want.Admins = append(c.want.Admins, a)
			}
			if rapid.Bool().Draw(t, "own") {
				c.own.Owned = append(c.own.Owned, a.ID)
			}
		}
		live := Live{Exists: true, Content: content}
		change, ds := c.merge(live)
		if ds.HasErrors() {
			t.Fatalf("%v\n%s", ds, content)
		}
		checkResult(t, c, live, change)
		checkMeaning(t, c, live, change)
		if !strings.Contains(fmt.Sprint(c.want), "#") { // no value looks like a comment
			checkShown(t, change)
		}
		sameForOtherParser(t, c.path(), live.Content, change.Content)
		if pruned, ds := c.target.Prune(live, c.want, c.own); !c.prune && !ds.HasErrors() {
			// An apply prunes first: the way does not change where it leads.
			again, ds := c.merge(Live{Exists: true, Content: pruned.Content})
			if ds.HasErrors() || !sameSection(again.Section, change.Section) {
				t.Fatalf("pruned first: %v\n%q\nat once:\n%q", ds, again.Section, change.Section)
			}
		}
	})
}

func sameSection(a, b Section) bool {
	by := func(x, y Admin) int { return strings.Compare(x.ID, y.ID) }
	x, y := slices.SortedFunc(slices.Values(a.Admins), by), slices.SortedFunc(slices.Values(b.Admins), by)
	return a.IdentityProvider == b.IdentityProvider && a.JWKSEndpoint == b.JWKSEndpoint && slices.EqualFunc(x, y, sameAdmin)
}

// generator writes AppInstances, or values of Helm, in the styles that people have.
type generator struct {
	t    *rapid.T
	helm bool
}

func (g generator) one(label string, of ...string) string {
	return rapid.SampledFrom(of).Draw(g.t, label)
}

func (g generator) yes(label string) bool { return rapid.Bool().Draw(g.t, label) }

func (g generator) text(label string, least int) string {
	if g.yes(label + " usual") {
		return g.one(label, "keycloak", "Marty", "no", "1e3", "O'Brien", `a "b"`, "x: y", "# z", "李", "a@b.c", "~", "12345678-1234-1234-1234-123456789012")
	}
	s := rapid.StringOfN(rapid.RuneFrom([]rune("ab1 :#'\"{}[],&*!|>%@`-?\\é\n\t")), least, 8, -1).Draw(g.t, label)
	return strings.ReplaceAll(s, "{{", "{[") // a template is refused
}

func (g generator) admins(label string) []Admin {
	ids := rapid.SliceOfNDistinct(rapid.StringMatching(label+`[a-z0-9|-]{1,3}`), 0, 4, rapid.ID[string]).Draw(g.t, label)
	var admins []Admin
	for _, id := range ids {
		a := Admin{ID: id, FirstName: g.text("first", 0), LastName: g.text("last", 0), Email: g.text("email", 0)}
		if rapid.IntRange(0, 4).Draw(g.t, "groups") == 0 {
			a.UserGroups = []string{"Admin"}
		}
		admins = append(admins, a)
	}
	return admins
}

// scalar writes a text in a random style that holds it. column is that of the
// mapping around it.
func (g generator) scalar(s string, flow bool, column int) string {
	printable := !strings.ContainsAny(s, "\n\t")
	switch g.one("scalar style", "plain", "single", "double", "literal", "folded", "tag", "next line") {
	case "single":
		if printable {
			return "'" + strings.ReplaceAll(s, "'", "''") + "'"
		}
	case "literal", "folded":
		if !flow && printable && s != "" && strings.TrimSpace(s) == s {
			return g.one("indicator", "|-", ">-", "|-  # why", ">-2") + "\n" + strings.Repeat(" ", column+2) + s
		}
	case "tag":
		return "!!str " + double(s)
	case "next line":
		if !flow {
			return "\n" + strings.Repeat(" ", column+1) + double(s)
		}
	case "plain":
		if q := yamledit.Quote(s); !strings.HasPrefix(q, `"`) && !strings.ContainsAny(q, "?,") {
			return q
		}
	}
	return double(s)
}

func double(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`).Replace(s) + `"`
}

// entry writes one user: as the lines of a block mapping, or on one line.
func (g generator) entry(a Admin, flow bool, column int) string {
	fields := [][2]string{{"id", a.ID}, {"firstName", a.FirstName}, {"lastName", a.LastName}, {"email", a.Email}}
	fields = rapid.Permutation(fields).Draw(g.t, "order")
	var parts []string
	for _, f := range fields {
		key := g.one("key", f[0], f[0], `"`+f[0]+`"`, "'"+f[0]+"'")
		part := key + ": " + g.scalar(f[1], flow, column)
		if !flow && !strings.Contains(part, "\n") && g.yes("line comment") {
			part += "  # " + f[0] + g.one("secret", "", " token: hunter2")
		}
		if !flow && rapid.IntRange(0, 5).Draw(g.t, "comment") == 0 {
			part += "\n" + strings.Repeat(" ", g.indent(column)) + "# a comment"
		}
		parts = append(parts, part)
	}
	if a.UserGroups != nil {
		if flow || g.yes("flow groups") {
			parts = append(parts, "userGroups: [Admin]")
		} else {
			parts = append(parts, "userGroups:\n"+strings.Repeat(" ", column)+"- Admin")
		}
	}
	if flow {
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return strings.Join(parts, "\n"+strings.Repeat(" ", column))
}

// indent is where a comment stands in something indented by column.
func (g generator) indent(column int) int {
	return rapid.SampledFrom([]int{column, column, 0, column + 2}).Draw(g.t, "comment column")
}

func (g generator) users(admins []Admin, column int) string {
	style := g.one("list", "block", "block", "flow", "flow lines")
	if len(admins) == 0 {
		return "users:" + g.one("empty", " []", "", " ~", " null", "  [ ]  # nobody") + "\n"
	}
	var b strings.Builder
	switch style {
	case "flow":
		var items []string
		for _, a := range admins {
			items = append(items, g.entry(a, true, column))
		}
		return "users: [" + strings.Join(items, ", ") + g.one("last comma", "", ",", " ") + "]" + g.one("comment", "", " # all") + "\n"
	case "flow lines":
		b.WriteString("users: [" + g.one("comment", "", " # all") + "\n")
		for i, a := range admins {
			comma := ","
			if i == len(admins)-1 {
				comma = g.one("last comma", "", ",")
			}
			b.WriteString(strings.Repeat(" ", column+2) + g.entry(a, true, column) + comma + g.one("comment", "", " # one") + "\n")
		}
		b.WriteString(strings.Repeat(" ", column) + "]\n")
		return b.String()
	}
	dash := column + rapid.SampledFrom([]int{0, 2, 4}).Draw(g.t, "dash")
	gap := rapid.IntRange(1, 3).Draw(g.t, "gap")
	b.WriteString("users:" + g.one("comment", "", " # all") + "\n")
	blank := g.one("blank", "", "", "\n")
	for _, a := range admins {
		b.WriteString(blank)
		if g.yes("lead comment") {
			b.WriteString(strings.Repeat(" ", g.indent(dash)) + "# " + a.ID + "\n")
		}
		switch g.one("entry", "block", "block", "block", "flow", "alone") {
		case "flow":
			b.WriteString(strings.Repeat(" ", dash) + "- " + g.entry(a, true, dash) + "\n")
		case "alone":
			b.WriteString(strings.Repeat(" ", dash) + "-" + g.one("comment", "", " # here") + "\n" + strings.Repeat(" ", dash+2) + g.entry(a, false, dash+2) + "\n")
		default:
			b.WriteString(strings.Repeat(" ", dash) + "-" + strings.Repeat(" ", gap) + g.entry(a, false, dash+1+gap) + "\n")
		}
	}
	return b.String()
}

// file writes a file with some or all of the section.
func (g generator) file(admins []Admin) string {
	step := rapid.SampledFrom([]int{2, 2, 4, 1}).Draw(g.t, "step")
	var b strings.Builder
	line := func(depth int, text string) { b.WriteString(strings.Repeat(" ", depth*step) + text) }
	depth := 0 // of what surrounds the section
	if !g.helm {
		if g.yes("other document") {
			b.WriteString("kind: Secret\nstringData: {a: b}\n---\n")
		}
		b.WriteString("# a file\napiVersion: kubecfg.dev/v1alpha1\nkind: AppInstance\nspec:\n")
		line(1, "package:\n")
		line(2, "image: x # y\n")
		line(2, "spec:\n")
		depth = 3
	}
	line(depth, "catalog: &c {dsn: {value: 'x'}}\n")
	sections := []string{"dsn: {value: x}\n", "# a comment\n", "# the password is\n", "# the DSN: hunter2\n"}
	if g.yes("has provider") {
		sections = append(sections, "identityProvider: "+g.scalar(g.text("old", 0), false, (depth+1)*step)+"\n")
	}
	if g.yes("has jwks") {
		sections = append(sections, "jwksEndpoint: "+g.scalar(g.text("old", 0), false, (depth+1)*step)+"\n")
	}
	if len(admins) > 0 || g.yes("has users") {
		sections = append(sections, g.users(admins, (depth+1)*step))
	}
	line(depth, "admin:\n")
	for _, s := range rapid.Permutation(sections).Draw(g.t, "sections") {
		line(depth+1, s)
	}
	if g.yes("behind") {
		line(depth, "other: *c\n")
		line(depth, "# the end\n")
	}
	if g.yes("document behind") {
		b.WriteString("---\nkind: Other\n")
	}
	text := b.String()
	if g.yes("no last line break") {
		text = strings.TrimRight(text, "\n")
	}
	switch {
	case g.yes("cr"):
		text = strings.ReplaceAll(text, "\n", "\r")
	case g.yes("crlf"):
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	if g.yes("bom") {
		text = "\uFEFF" + text
	}
	return text
}
