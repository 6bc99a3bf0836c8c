package cluster

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzMerge merges into arbitrary files. Whatever they are: no panic, and a
// merge that succeeds passes every check.
func FuzzMerge(f *testing.F) {
	fuzzSeeds(f, "testdata", ".yml", func(i int, lf, crlf []byte) {
		f.Add(lf, "marty", "Marty", uint8(i))
		f.Add(bytes.ReplaceAll(lf, []byte("\n"), []byte("\r")), "marty", "# token", uint8(i+32))
		f.Add(crlf, "c0ffee00-1985-4d0c-b88b-1d2e3f4a5b6c", "no", uint8(i+64))
	})
	f.Fuzz(func(t *testing.T, content []byte, id, text string, flags uint8) {
		c := goldenCase{
			want: Desired{Section: Section{IdentityProvider: "keycloak", JWKSEndpoint: "https://" + text}},
			own:  Ownership{Owned: []string{"4f9c1d2e-7a3b-4c5d-8e6f-0a1b2c3d4e5f", "x"}, Exclusive: flags&1 != 0},
		}
		name := ""
		c.prune = flags&2 != 0
		if flags&4 != 0 {
			c.want.Admins = append(c.want.Admins, Admin{ID: id, FirstName: text, LastName: "L", Email: "e@x"})
		}
		if flags&8 != 0 {
			c.want.Admins = append(c.want.Admins, people()["marty"], people()["auditor"])
		}
		if flags&16 != 0 {
			name = "prod"
		}
		c.target = EditAppInstance("f.yml", name, "")
		if flags&32 != 0 {
			c.target = Editor{helmValues{}, "f.yml"}
		}
		live := Live{Exists: true, Content: content}
		change, ds := c.merge(live)
		if !utf8.ValidString(ds.Error()) {
			t.Errorf("a diagnostic is not UTF-8: %q", ds.Error())
		}
		if strings.ContainsAny(ds.Error(), "\x1b\x07") {
			t.Errorf("a diagnostic has a terminal escape: %q", ds.Error())
		}
		if !ds.HasErrors() {
			checkResult(t, c, live, change)
			checkMeaning(t, c, live, change)
		}
	})
}

// checkMeaning checks that the result says what was asked for, by reading it
// as a target does.
func checkMeaning(t reporter, c goldenCase, live Live, change Change) {
	t.Helper()
	read := func(content []byte) Section {
		s, err := c.target.open(content)
		if err != nil {
			t.Fatalf("the file cannot be read: %v\n%s", err, content)
		}
		return s.says()
	}
	before, after := read(live.Content), read(change.Content)
	ids := map[string]Admin{}
	for _, a := range after.Admins {
		ids[a.ID] = a
	}
	wanted := map[string]bool{}
	for _, w := range c.want.Admins {
		wanted[w.ID] = true
		got, ok := ids[w.ID]
		if c.prune {
			continue
		}
		if w.UserGroups == nil {
			w.UserGroups = got.UserGroups
		}
		if !ok || !sameAdmin(got, w) {
			t.Errorf("wanted %q, got %q", w, got)
		}
	}
	owned := map[string]bool{}
	for _, id := range c.own.Owned {
		owned[id] = true
	}
	expected := 0
	for _, a := range before.Admins {
		goes := !wanted[a.ID] && (owned[a.ID] || c.own.Exclusive && !c.prune)
		if _, there := ids[a.ID]; there == goes {
			t.Errorf("%q: is there: %v, should go: %v", a, there, goes)
		}
		if got := ids[a.ID]; !goes && !wanted[a.ID] && !sameAdmin(got, a) {
			t.Errorf("a stranger's entry changed: %q to %q", a, got)
		}
		if !goes {
			expected++
			delete(wanted, a.ID)
		}
	}
	if !c.prune {
		expected += len(wanted)
		if after.IdentityProvider != c.want.IdentityProvider || after.JWKSEndpoint != c.want.JWKSEndpoint {
			t.Errorf("the section says %q, %q", after.IdentityProvider, after.JWKSEndpoint)
		}
	}
	if len(after.Admins) != expected {
		t.Errorf("%d admins, want %d\n%s", len(after.Admins), expected, change.Content)
	}
}

// FuzzOpen reads arbitrary files as [Target.Read] does.
func FuzzOpen(f *testing.F) {
	f.Add([]byte("kind: AppInstance\napiVersion: kubecfg.dev/v1\n"))
	f.Add([]byte("\xff\xfea"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Fuzz(func(_ *testing.T, content []byte) {
		for _, e := range []Editor{EditAppInstance("f.yml", "", ""), {helmValues{}, "f.yml"}} {
			if s, err := e.open(content); err == nil {
				_ = s.says()
				_ = s.dsnWarning()
				_ = e.caWarning(s, "ca.pem")
				_ = s.shown([]string{"email"})
			}
		}
	})
}
