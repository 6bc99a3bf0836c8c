package keycloak

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// The kinds as data hold together.
func TestInfo(t *testing.T) {
	info := New().Info()
	for name, vars := range info.Env {
		if !slices.ContainsFunc(info.Config, func(a resource.Attribute) bool { return a.Name == name }) || len(vars) == 0 {
			t.Errorf("Env names %s, which is no attribute", name)
		}
	}
	checkAttributes(t, "provider", info.Config)
	for _, k := range info.Kinds {
		checkAttributes(t, k.Name, k.Attributes)
		checkAttributes(t, k.Name+" filters", k.Filters)
		refer := append([]string{}, k.Key...)
		for _, list := range append(append([][]string{}, k.Unique...), k.Lookup...) {
			refer = append(refer, list...)
		}
		if k.Parent != "" {
			refer = append(refer, k.Parent)
		}
		if k.Credential != nil {
			refer = append(refer, k.Credential.Password, k.Credential.Generate, k.Credential.Invite)
		}
		for _, a := range k.Attributes {
			if a.Exclusive != "" {
				refer = append(refer, a.Exclusive)
			}
		}
		for _, name := range refer {
			if _, ok := k.Attribute(name); !ok {
				t.Errorf("%s refers to the attribute %s, which it has not", k.Name, name)
			}
		}
		for _, name := range k.Contains {
			if _, ok := info.Kind(name); !ok {
				t.Errorf("%s contains %s, which is no kind", k.Name, name)
			}
		}
		if k.Doc == "" || !strings.Contains(k.Example, "\n"+k.Name+` "`) {
			t.Errorf("%s has no documentation or no example", k.Name)
		}
	}
	if k, ok := info.KindOfPlural("users"); !ok || k.Name != "user" {
		t.Error("there is no data block users")
	}
}

func checkAttributes(t *testing.T, where string, attrs []resource.Attribute) {
	t.Helper()
	seen := map[string]bool{}
	for _, a := range attrs {
		name := where + "." + a.Name
		if seen[a.Name] {
			t.Errorf("%s is there twice", name)
		}
		seen[a.Name] = true
		if a.Doc == "" || !strings.HasSuffix(a.Doc, ".") {
			t.Errorf("%s: the documentation %q is no sentence", name, a.Doc)
		}
		if a.Default != cty.NilVal && !a.Default.Type().Equals(a.Type) {
			t.Errorf("%s: the default is of another type", name)
		}
		if a.Default != cty.NilVal && (a.Required || a.Computed) {
			t.Errorf("%s: a default that is never used", name)
		}
		if _, err := regexp.Compile(a.Check.Pattern); err != nil || (a.Check.Pattern == "") != (a.Check.PatternDoc == "") {
			t.Errorf("%s: pattern %v", name, err)
		}
		if a.Version != "" && !slices.ContainsFunc(attrs, func(b resource.Attribute) bool { return b.Name == a.Version }) {
			t.Errorf("%s: no attribute %s", name, a.Version)
		}
		if a.WriteOnly && !a.Sensitive {
			t.Errorf("%s is written and never read, but shown", name)
		}
		if a.Ref != nil && (len(a.Ref.Kinds) == 0 || a.Ref.Attr == "") {
			t.Errorf("%s refers to nothing", name)
		}
		if a.Block != nil {
			if !a.Type.Equals(resource.BlockType(a.Block)) {
				t.Errorf("%s: the type is not the block's", name)
			}
			checkAttributes(t, name, a.Block)
		}
	}
}

// Nothing is switched on in a client but the device flow.
func TestClientDefaults(t *testing.T) {
	k, _ := New().Info().Kind("client")
	for _, a := range k.Attributes {
		if !strings.HasSuffix(a.Name, "_enabled") || a.Name == "enabled" {
			continue
		}
		if on := a.Default.True(); on != (a.Name == "oauth2_device_authorization_grant_enabled") {
			t.Errorf("%s is %v by default", a.Name, on)
		}
	}
}

func TestSafeSegment(t *testing.T) {
	for s, want := range map[string]bool{
		"": false, ".": false, "..": false, "a/b": false, `a\b`: false, "a?b": false, "a#b": false, "a%2fb": false, "a;b": false, "a\nb": false,
		strings.Repeat("x", 513): false,
		"...":                    true, "InfluxDB Clustered": true, "ümlaut": true, "f:3c9d:jane": true, "0b1f6f0e-0000-4000-8000-000000000001": true,
	} {
		if safeSegment(s) != want {
			t.Errorf("%q: %v", s, !want)
		}
	}
}
