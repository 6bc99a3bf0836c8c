package cluster

import (
	"fmt"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// TestHidden: what is sensitive of an admin is in no diff, whatever the file looks like,
// and still one sees that it changes.
func TestHidden(t *testing.T) {
	const head = "apiVersion: kubecfg.dev/v1alpha1\nkind: AppInstance\nmetadata: {name: i}\nspec:\n package:\n  spec:\n   admin:\n    users:"
	entry := func(format string) string { return head + "\n    - " + format + "\n" }
	for name, text := range map[string]string{
		"none":        head + " []\n",
		"plain":       entry("id: '1'\n      firstName: OLD\n      lastName: x\n      email: OLD@x"),
		"quoted keys": entry("\"id\": '1'\n      \"firstName\": OLD\n      'lastName': x\n      \"email\": 'OLD@x'"),
		"spaces":      entry("id : '1'\n      firstName : OLD\n      lastName : x\n      email : OLD@x"),
		"blocks":      entry("id: '1'\n      firstName: |-\n        OLD\n        OLD\n      lastName: x\n      email: >-\n        OLD@x"),
		"folded":      entry("id: '1'\n      firstName: OLD\n       OLD\n      lastName: x\n      email: \"OLD\n        @x\""),
		"flow":        entry("{id: '1', firstName: OLD, lastName: x, email: OLD@x}"),
		"next lines":  entry("id:\n        '1'\n      firstName:\n        OLD\n      lastName:\n        x\n      email:\n        OLD@x"),
		"json": `{"apiVersion": "kubecfg.dev/v1alpha1", "kind": "AppInstance", "spec": {"package": {"spec": {"admin": {"users": [
			{"id": "1", "firstName": "OLD", "lastName": "x", "email": "OLD@x"}]}}}}}`,
		"anchors": entry("&a {id: '1', firstName: &f OLD, lastName: x, email: !!str OLD@x}"),
	} {
		e := EditAppInstance("a.yml", "", "")
		want := Desired{Section: Section{
			IdentityProvider: "keycloak", JWKSEndpoint: "https://x/certs", Hidden: []string{"firstName", "email"},
			Admins: []Admin{{ID: "1", FirstName: "NEW", LastName: "y", Email: "NEW@x"}},
		}}
		live, own := Live{Exists: true, Content: []byte(text)}, Ownership{Owned: []string{"1"}}
		change, ds := e.Merge(live, want, own)
		if ds.HasErrors() {
			t.Errorf("%s: %v", name, ds)
			continue
		}
		pruned, ds := e.Prune(Live{Exists: true, Content: change.Content}, Desired{Section: Section{Hidden: want.Hidden}}, own)
		if ds.HasErrors() {
			t.Errorf("%s: %v", name, ds)
		}
		made, _ := e.Merge(Live{}, want, own)
		for _, diff := range []string{change.Diff, pruned.Diff, made.Diff} {
			if strings.Contains(diff, "OLD") || strings.Contains(diff, "NEW") || strings.Contains(diff, "\x00") {
				t.Errorf("%s: shown:\n%s", name, diff)
			}
		}
		if !strings.Contains(string(change.Content), "NEW@x") || name != "json" && !strings.Contains(change.Diff, "(sensitive value)") {
			t.Errorf("%s: written is\n%s\nand shown\n%s", name, change.Content, change.Diff)
		}
		// That nothing else changes is no reason to show nothing.
		want.Admins[0].Email = "OTHER@x"
		again, _ := e.Merge(Live{Exists: true, Content: change.Content}, want, Ownership{Owned: change.Owned})
		if !again.Changed || strings.Count(again.Diff, "\n+") < 2 || strings.Contains(again.Diff, "OTHER") {
			t.Errorf("%s: of another e-mail is shown\n%s", name, again.Diff)
		}
	}
}

// TestHiddenProfile is the same for a profile of influxctl.
func TestHiddenProfile(t *testing.T) {
	p, ds := OpenProfile(influxctlAttrs(map[string]cty.Value{
		"host": cty.StringVal("NEW").Mark(resource.Sensitive), "port": cty.StringVal("1"), "scopes": cty.ListVal([]cty.Value{cty.StringVal("NEW").Mark(resource.Sensitive)}),
	}))
	if ds.HasErrors() || fmt.Sprint(p.Hidden) == "[]" {
		t.Fatalf("got %v, %v", p.Hidden, ds)
	}
	want := keycloakSignIn()
	want.Hidden = p.Hidden
	for name, text := range map[string]string{
		"none":   "",
		"header": "[[profile]]\nname = \"default\"\nproduct = \"clustered\"\nhost = \"OLD\"\n[profile.auth.oauth2]\nscopes = [\n \"OLD\",\n]\n",
		"dotted": "[[profile]]\nname = \"default\"\nproduct = \"clustered\"\n\"host\" = '''OLD'''\nauth.oauth2.scopes = ['OLD']\n",
		"braces": "profile = [{name = \"default\", product = \"clustered\", host = \"OLD\", auth = {oauth2 = {scopes = [\"OLD\"]}}}]\n",
	} {
		change, ds := p.Merge("c.toml", Live{Exists: true, Content: []byte(text)}, want, Ownership{})
		if ds.HasErrors() {
			t.Errorf("%s: %v", name, ds)
			continue
		}
		left, _ := p.Prune("c.toml", Live{Exists: true, Content: change.Content}, Desired{Section: Section{Hidden: p.Hidden}}, Ownership{Owned: change.Owned})
		for _, diff := range []string{change.Diff, left.Diff} {
			if diff == "" || strings.Contains(diff, "OLD") || strings.Contains(diff, "NEW") {
				t.Errorf("%s: shown is\n%s", name, diff)
			}
		}
	}
}
