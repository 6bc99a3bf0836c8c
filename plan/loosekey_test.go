package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// Where the server lets several objects have the key, two of them are an error
// that lists both, and one is adopted.
func TestLooseKey(t *testing.T) {
	kind := resource.Kind{
		Name: "group", Key: []string{"name"}, LooseKey: true,
		Attributes: []resource.Attribute{{Name: "name", Type: cty.String, Required: true}},
	}
	named := func(id string, created time.Time) resource.Object {
		return resource.Object{Kind: "group", ID: id, Created: created, Attrs: cty.ObjectVal(map[string]cty.Value{"id": cty.StringVal(id), "name": cty.StringVal("admins")})}
	}
	in := Input{
		Kind: kind,
		Desired: &resource.Desired{
			Address: resource.Address{Kind: "group", Name: "admins"},
			Attrs:   cty.ObjectVal(map[string]cty.Value{"id": cty.NullVal(cty.String), "name": cty.StringVal("admins")}),
		},
		Matches: []resource.Object{named("g-1", time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)), named("g-2", time.Time{})},
	}
	_, diags := Resource(in)
	if len(diags) != 1 || diags[0].Summary != "Several objects match" || !strings.Contains(diags[0].Detail, "g-1 (created 2026-01-02), g-2") {
		t.Errorf("told: %v", diags)
	}
	in.Matches = in.Matches[1:]
	c, diags := Resource(in)
	if diags.HasErrors() || !c.Adopt || c.ID != "g-2" {
		t.Errorf("one: %+v %v", c, diags)
	}
}
