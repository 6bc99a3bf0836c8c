package plan_test

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
)

// After a failure idpctl owns what it owned and what of the new arrived, and
// nothing that somebody else had put there with another value.
func TestOwnedAfterFailure(t *testing.T) {
	k := person()
	labels := func(kv ...string) cty.Value {
		m := map[string]cty.Value{}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i]] = str(kv[i+1])
		}
		return cty.MapVal(m)
	}
	change := &plan.Change{
		Before: value(k, attrs{"friends": set("old"), "labels": labels("had", "1")}),
		After:  value(k, attrs{"friends": set("old", "new", "lost"), "labels": labels("had", "1", "new", "2", "taken", "3")}),
		Owned:  map[string]cty.Value{"friends": set("old"), "labels": labels("had", "1")},
	}
	live := &resource.Object{Attrs: value(k, attrs{
		"friends": set("old", "new", "stranger"), "labels": labels("had", "1", "new", "2", "taken", "theirs", "stranger", "4"),
	})}
	got := plan.OwnedAfterFailure(change, k, live)
	if want := set("old", "new"); !got["friends"].RawEquals(want) {
		t.Errorf("friends: %#v", got["friends"])
	}
	if want := labels("had", "1", "new", "2"); !got["labels"].RawEquals(want) {
		t.Errorf("labels: %#v", got["labels"])
	}
	none := plan.OwnedAfterFailure(change, k, &resource.Object{Attrs: value(k, attrs{"friends": set("stranger")})})
	if len(none) != 0 {
		t.Errorf("owns %#v of what is gone", none)
	}
}

// What cannot be made or deleted through the API is found or refused, and
// released.
func TestAdoptOnly(t *testing.T) {
	k := person()
	k.AdoptOnly = true
	d := &resource.Desired{Address: resource.Address{Kind: "person", Name: "site"}, Provider: "p", Attrs: value(k, attrs{"home": str("h"), "name": str("site")})}
	if _, diags := plan.Resource(plan.Input{Kind: k, Desired: d}); !diags.HasErrors() || diags[0].Summary != "Object not found" {
		t.Errorf("a creation is planned: %v", diags)
	}
	prior := &plan.Prior{Address: d.Address, Provider: "p", Kind: k.Name, ID: "1", Origin: resource.Created, Attrs: resource.Record(d.Attrs)}
	c, _ := plan.Remove(plan.Removal{Kind: k, Prior: prior, Live: &resource.Object{ID: "1", Attrs: d.Attrs}})
	if c.Action != plan.Forget {
		t.Errorf("the plan is to %s it", c.Action)
	}
}

// An output that becomes a secret, or ceases to be one, changes, though its
// value may not.
func TestOutputsThatBecomeSecret(t *testing.T) {
	for _, secret := range []bool{true, false} {
		changes := plan.Outputs(
			map[string]plan.Output{"o": {Value: str("x"), Sensitive: secret}},
			map[string]plan.Output{"o": {Value: str("x"), Sensitive: !secret}},
		)
		if len(changes) != 1 || changes[0].Action != plan.Update || !changes[0].Sensitive {
			t.Errorf("sensitive %v: %+v", secret, changes)
		}
	}
}

// A home whose name somebody changed at the server is not replaced for that; a
// change of the configuration is another matter.
func TestHomeThatWasRenamedThere(t *testing.T) {
	k := person()
	k.Contains = []string{"thing"}
	wish := func(name string) *resource.Desired {
		return &resource.Desired{Address: resource.Address{Kind: "person", Name: "p"}, Provider: "p", Attrs: value(k, attrs{"home": str("h"), "name": str(name), "enabled": cty.True})}
	}
	was := value(k, attrs{"home": str("h"), "name": str("here"), "enabled": cty.True})
	prior := &plan.Prior{Address: wish("").Address, Provider: "p", Kind: k.Name, Parent: "h", ID: "1", Origin: resource.Created, Attrs: resource.Record(was)}
	there := &resource.Object{Kind: k.Name, ID: "1", Attrs: value(k, attrs{"id": str("1"), "home": str("h"), "name": str("there"), "enabled": cty.True})}
	_, diags := plan.Resource(plan.Input{Kind: k, Desired: wish("here"), Prior: prior, Live: there})
	if len(diags) != 1 || diags[0].Summary != "Changed at the identity provider" || !strings.Contains(diags[0].Detail, `write name = "there"`) {
		t.Errorf("told: %v", diags)
	}
	if c, diags := plan.Resource(plan.Input{Kind: k, Desired: wish("there"), Prior: prior, Live: there}); diags.HasErrors() || c.Action != plan.NoOp && c.Action != plan.Update {
		t.Errorf("following it: %+v %v", c, diags)
	}
	same := &resource.Object{Kind: k.Name, ID: "1", Attrs: value(k, attrs{"id": str("1"), "home": str("h"), "name": str("here"), "enabled": cty.True})}
	if c, diags := plan.Resource(plan.Input{Kind: k, Desired: wish("elsewhere"), Prior: prior, Live: same}); diags.HasErrors() || c.Action != plan.Replace {
		t.Errorf("a change of the configuration: %+v %v", c, diags)
	}
	named := wish("here")
	named.Attrs = value(k, attrs{"id": str("2"), "home": str("h"), "name": str("here"), "enabled": cty.True})
	if _, diags := plan.Resource(plan.Input{Kind: k, Desired: named, Prior: prior, Live: same}); len(diags) != 1 || diags[0].Summary != "Another id" {
		t.Errorf("another id is told as %v", diags)
	}
}

// What becomes a secret while its object is replaced is hidden as it was, too.
func TestSecretInAReplacement(t *testing.T) {
	k := person()
	was := value(k, attrs{"home": str("h"), "name": str("before"), "email": str("was@example.com"), "enabled": cty.True})
	d := &resource.Desired{Address: resource.Address{Kind: "person", Name: "p"}, Provider: "p", Attrs: value(k, attrs{
		"home": str("h"), "name": str("after"), "email": str("is@example.com").Mark(resource.Sensitive), "enabled": cty.True,
	})}
	prior := &plan.Prior{Address: d.Address, Provider: "p", Kind: k.Name, Parent: "h", ID: "1", Origin: resource.Created, Attrs: resource.Record(was)}
	c, diags := plan.Resource(plan.Input{Kind: k, Desired: d, Prior: prior, Live: &resource.Object{Kind: k.Name, ID: "1", Attrs: was}})
	if diags.HasErrors() || c.Action != plan.Replace {
		t.Fatalf("%+v %v", c, diags)
	}
	for _, a := range c.Attributes {
		if a.Path == "email" && (!resource.IsSensitive(a.Before) || !resource.IsSensitive(a.After)) {
			t.Errorf("email: %#v, %#v", a.Before, a.After)
		}
	}
}
