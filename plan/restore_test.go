package plan_test

import (
	"testing"

	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
)

// Which deleted object comes back, whose it then is, and whether that is to be
// allowed.
func TestRestore(t *testing.T) {
	keyless := person()
	keyless.Key, keyless.Unique, keyless.Restores = nil, nil, true
	keyed := person()
	keyed.Restores = true
	ours, adopted := "ours", resource.MarkerOf("ours", resource.Adopted)
	deleted := func(id, marker string) resource.Object {
		return resource.Object{Kind: "person", ID: id, Attrs: value(keyed, base), Marker: marker}
	}
	for name, tt := range map[string]struct {
		kind    resource.Kind
		prior   resource.Origin // of the object id1 in the state; empty for none
		gone    string
		deleted []resource.Object
		restore string
		origin  resource.Origin
		strange bool
	}{
		"nothing in the bin":                      {kind: keyless, prior: resource.Created, origin: resource.Created},
		"somebody else's without a key":           {kind: keyless, prior: resource.Created, deleted: []resource.Object{deleted("x", ""), deleted("y", "theirs")}, origin: resource.Created},
		"that of the state":                       {kind: keyless, prior: resource.Created, deleted: []resource.Object{deleted("id1", "")}, restore: "id1", origin: resource.Created},
		"that of the state, adopted":              {kind: keyless, prior: resource.Adopted, deleted: []resource.Object{deleted("id1", "")}, restore: "id1", origin: resource.Adopted},
		"by its marker":                           {kind: keyless, deleted: []resource.Object{deleted("x", ours)}, restore: "x", origin: resource.Created},
		"by its marker, adopted":                  {kind: keyless, deleted: []resource.Object{deleted("x", adopted)}, restore: "x", origin: resource.Adopted},
		"that of the state before that of marker": {kind: keyless, prior: resource.Created, deleted: []resource.Object{deleted("x", ours), deleted("id1", ours)}, restore: "id1", origin: resource.Created},
		"by its key":                              {kind: keyed, deleted: []resource.Object{deleted("x", "")}, restore: "x", origin: resource.Adopted, strange: true},
		"by its key, deleted by idpctl":           {kind: keyed, gone: "x", deleted: []resource.Object{deleted("x", "")}, restore: "x", origin: resource.Created},
		"by its key, that of the state":           {kind: keyed, prior: resource.Created, deleted: []resource.Object{deleted("id1", "")}, restore: "id1", origin: resource.Created},
	} {
		t.Run(name, func(t *testing.T) {
			in := given(base, nil, nil)
			in.Kind, in.Deleted, in.Gone = tt.kind, tt.deleted, map[string]bool{tt.gone: true}
			if tt.prior != "" {
				in.Prior = &plan.Prior{Address: addr, Provider: "p", Kind: "person", ID: "id1", Origin: tt.prior, Attrs: resource.Record(value(tt.kind, base))}
			}
			c, diags := plan.Resource(in)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			if c.Action != plan.Create || c.Restore != tt.restore || c.Origin != tt.origin || c.Strange != tt.strange || c.Marker != resource.MarkerOf(ours, tt.origin) {
				t.Errorf("%s, restores %q, %s, strange %v, marker %q", c.Action, c.Restore, c.Origin, c.Strange, c.Marker)
			}
			p, _ := plan.Build(plan.Normal, "prod", []*plan.Change{c}, nil, nil)
			if got := len(p.Adoptions()) == 1; got != tt.strange {
				t.Errorf("to be allowed: %v", got)
			}
		})
	}
}

// What one list lacked and the next has is still the object of the state, and no
// one to adopt.
func TestFoundAgain(t *testing.T) {
	in := given(base, nil, base)
	in.Matches = []resource.Object{{Kind: "person", ID: "id1", Attrs: value(in.Kind, base)}}
	c, diags := plan.Resource(in)
	if diags.HasErrors() || c.Action != plan.NoOp || c.Adopt || c.Recreate || c.Origin != resource.Created || c.ID != "id1" {
		t.Errorf("%+v %v", c, diags)
	}
}
