package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/diag"
)

// people are the admins that the golden files name.
func people() map[string]Admin {
	return map[string]Admin{
		"marty":    {ID: "4f9c1d2e-7a3b-4c5d-8e6f-0a1b2c3d4e5f", FirstName: "Marty", LastName: "McFly", Email: "mcfly@influxdata.com"},
		"emmett":   {ID: "c0ffee00-1985-4d0c-b88b-1d2e3f4a5b6c", FirstName: "Emmett", LastName: "Brown", Email: "brown@influxdata.com"},
		"jennifer": {ID: "auth0|6512bd43d9caa6e02c990b0a", FirstName: "Jennifer", LastName: "Parker", Email: "parker@influxdata.com"},
		"auditor":  {ID: "aaaaaaaa-0000-4000-8000-000000000001", FirstName: "Ann", LastName: "Auditor", Email: "ann@influxdata.com", UserGroups: []string{"Auditor", "Member"}},
		// Everything that YAML would take for something else.
		"no":     {ID: "1e3", FirstName: "No", LastName: "null", Email: "on"},
		"date":   {ID: "2001-01-01", FirstName: "012", LastName: "1:30", Email: "~"},
		"signs":  {ID: "0x1F", FirstName: "=", LastName: "<<", Email: ""},
		"obrien": {ID: "- x: {y} #z", FirstName: "Conan \"Co\"", LastName: "O'Brien\n", Email: "tab\tand \x1b[31mred\u202e"},
		"li":     {ID: "李-1", FirstName: "José María", LastName: "Ñandú: #1", Email: "li@例え.jp"},
		"new":    {ID: KnownAfterApply, FirstName: "Biff", LastName: "Tannen", Email: "biff@influxdata.com"},
		"newer":  {ID: KnownAfterApply, FirstName: "Griff", LastName: "Tannen", Email: "griff@influxdata.com"},
	}
}

// goldenCase is what the head of a golden file asks for.
type goldenCase struct {
	head
	target Editor
	want   Desired
	own    Ownership
}

func parseCase(t *testing.T, text string) goldenCase {
	t.Helper()
	c := goldenCase{want: Desired{Section: Section{IdentityProvider: "keycloak", JWKSEndpoint: "https://sso.example.com/realms/influxdb/protocol/openid-connect/certs"}}}
	var name, namespace string
	c.target.label = "myinfluxdb.yml"
	ids := func(names string) (list []Admin) {
		for _, n := range strings.Fields(names) {
			a, ok := people()[n]
			if !ok {
				a = Admin{ID: n}
			}
			list = append(list, a)
		}
		return list
	}
	c.read(t, text, func(key, value string) bool {
		switch key {
		case "admins":
			c.want.Admins = ids(value)
		case "provider":
			c.want.IdentityProvider = value
		case "jwks":
			c.want.JWKSEndpoint = value
		case "owned":
			for _, a := range ids(value) {
				c.own.Owned = append(c.own.Owned, a.ID)
			}
		case "name":
			name = value
		case "namespace":
			namespace = value
		case "helm":
			c.target = Editor{helmValues{}, "values.yaml"}
		case "private CA":
			c.want.PrivateCA = value
		case "exclusive":
			c.own.Exclusive = true
		default:
			return false
		}
		return true
	})
	if c.target.layout == nil {
		c.target = EditAppInstance(c.target.label, name, namespace)
	}
	return c
}

// path leads to the section.
func (c goldenCase) path() []string { return c.target.adminPath() }

func (c goldenCase) merge(live Live) (Change, diag.Diagnostics) {
	if c.prune {
		return c.target.Prune(live, c.want, c.own)
	}
	return c.target.Merge(live, c.want, c.own)
}

// check is for [testGolden].
func (c goldenCase) check(t *testing.T, live Live, change Change) bool {
	t.Helper()
	checkResult(t, c, live, change)
	return sameForOtherParser(t, c.path(), live.Content, change.Content)
}

// TestGolden merges into files of every shape that people have.
func TestGolden(t *testing.T) {
	testGolden(t, "testdata", ".yml", 45, func(t *testing.T, text string) goldenMerge {
		c := parseCase(t, text)
		return &c
	})
}

// describe is a change and its diagnostics as a golden file holds them.
func describe(c Change, ds diag.Diagnostics) string {
	var b strings.Builder
	for _, d := range ds {
		fmt.Fprintf(&b, "%s: %s: %s\n  %s\n", d.Severity, d.Subject, d.Summary, d.Detail)
	}
	if ds.HasErrors() {
		return b.String()
	}
	for _, f := range c.Fields {
		fmt.Fprintf(&b, "field %s: %q -> %q\n", f.Name, f.Before, f.After)
	}
	for _, a := range c.Added {
		fmt.Fprintf(&b, "added %q\n", a)
	}
	for _, a := range c.Updated {
		fmt.Fprintf(&b, "updated %q -> %q\n", a.Before, a.After)
	}
	for _, a := range c.Removed {
		fmt.Fprintf(&b, "removed %q\n", a)
	}
	fmt.Fprintf(&b, "owned %q, changed %v, created %v\n%s", c.Owned, c.Changed, c.Created, c.Diff)
	return b.String()
}

// TestCreate makes a file that is not there.
func TestCreate(t *testing.T) {
	target := newYAMLFile(kindAppInstance, file{path: filepath.Join(t.TempDir(), "new.yml")}, &appInstance{}, Place{})
	live, ds := target.Read(context.Background())
	if len(ds) > 0 || live.Exists {
		t.Fatalf("Read of a missing file: %v, %v", live.Exists, ds)
	}
	c := goldenCase{target: target.Editor, want: Desired{Section: Section{IdentityProvider: "azure", JWKSEndpoint: "https://login.microsoftonline.com/t/discovery/v2.0/keys", Admins: []Admin{people()["marty"]}}}}
	change, ds := c.merge(live)
	change.Diff = strings.ReplaceAll(change.Diff, target.file.path, "new.yml")
	got := strings.ReplaceAll(describe(change, ds), target.file.path, "new.yml")
	const golden = "testdata/create.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || got != string(want) {
		t.Errorf("got:\n%s\nwant:\n%s\n%v", got, want, err)
	}
	if ds := target.Write(context.Background(), live, change); len(ds) > 0 {
		t.Fatal(ds)
	}
	live, ds = target.Read(context.Background())
	if len(ds) > 0 || len(live.Section.Admins) != 1 {
		t.Fatalf("Read of what was made: %v, %v", live.Section, ds)
	}
	checkResult(t, c, live, change)
	sameForOtherParser(t, c.path(), nil, change.Content)
}
