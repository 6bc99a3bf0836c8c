package apply

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
	"github.com/idpctl/idpctl/state"
)

// replica is a directory that shows objects from some time on, or until then.
type replica struct {
	providers.Conn
	lag   time.Duration
	shown map[string]func(since time.Duration) bool
	begin time.Time
	asked []providers.Query
}

func (r *replica) Lag() time.Duration    { return r.lag }
func (r *replica) ServerTime() time.Time { return time.Now() }

func (r *replica) List(_ context.Context, q providers.Query) ([]resource.Object, error) {
	r.asked = append(r.asked, q)
	var out []resource.Object
	for _, id := range q.IDs {
		if is := r.shown[id]; is != nil && is(time.Since(r.begin)) {
			out = append(out, resource.Object{ID: id})
		}
	}
	return out, nil
}

func from(d time.Duration) func(time.Duration) bool {
	return func(since time.Duration) bool { return since >= d }
}

func until(d time.Duration) func(time.Duration) bool {
	return func(since time.Duration) bool { return since < d }
}

func TestPatience(t *testing.T) {
	there := func(o *resource.Object) bool { return o != nil }
	gone := func(o *resource.Object) bool { return o == nil }
	always := from(0)
	tests := map[string]struct {
		lag      time.Duration
		shown    map[string]func(time.Duration) bool
		expected []Expected // Written is now, or that long ago
		ago      time.Duration
		found    []string
		asked    []int // how many ids each request asks for
		took     time.Duration
	}{
		"no lag":              {0, nil, []Expected{{ID: "b", Seen: there}}, 0, nil, []int{3}, 0},
		"nothing is young":    {time.Minute, map[string]func(time.Duration) bool{"a": always}, nil, 0, []string{"a"}, []int{3}, 0},
		"long ago":            {time.Minute, nil, []Expected{{ID: "b", Seen: there}}, time.Hour, nil, []int{3}, 0},
		"seen at once":        {time.Minute, map[string]func(time.Duration) bool{"b": always}, []Expected{{ID: "b", Seen: there}}, 0, []string{"b"}, []int{3}, 0},
		"seen after a while":  {time.Minute, map[string]func(time.Duration) bool{"a": always, "b": from(3 * time.Second)}, []Expected{{ID: "b", Seen: there}}, 0, []string{"a", "b"}, []int{3, 1, 1, 1}, 3500 * time.Millisecond},
		"gone after a while":  {time.Minute, map[string]func(time.Duration) bool{"a": always, "b": until(time.Second)}, []Expected{{ID: "b", Seen: gone}}, 0, []string{"a"}, []int{3, 1, 1}, 1500 * time.Millisecond},
		"two, one after one":  {time.Minute, map[string]func(time.Duration) bool{"b": from(time.Second), "c": from(3 * time.Second)}, []Expected{{ID: "b", Seen: there}, {ID: "c", Seen: there}}, 0, []string{"b", "c"}, []int{3, 2, 2, 1}, 3500 * time.Millisecond},
		"never":               {10 * time.Second, nil, []Expected{{ID: "b", Seen: there}}, 0, nil, []int{3, 1, 1, 1, 1, 1}, 12 * time.Second},
		"never, some time on": {10 * time.Second, nil, []Expected{{ID: "b", Seen: there}}, 9 * time.Second, nil, []int{3, 1, 1, 1}, 3 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &replica{lag: tt.lag, shown: tt.shown, begin: time.Now()}
				for i := range tt.expected {
					tt.expected[i].Written = r.begin.Add(-tt.ago)
				}
				waited := time.Duration(0)
				p := Patience{
					Pause: func(d time.Duration) bool { time.Sleep(d); return true },
					Wait:  func(_ string, d time.Duration) { waited += d },
				}
				objects, err := p.List(t.Context(), r, providers.Query{Kind: "user", IDs: []string{"a", "b", "c"}}, tt.expected)
				if err != nil {
					t.Fatal(err)
				}
				var found []string
				for _, o := range objects {
					found = append(found, o.ID)
				}
				var asked []int
				for _, q := range r.asked {
					asked = append(asked, len(q.IDs))
				}
				if d := cmp.Diff(tt.found, found) + cmp.Diff(tt.asked, asked); d != "" {
					t.Error(d)
				}
				if took := time.Since(r.begin); took != tt.took || waited != took {
					t.Errorf("took %s and told of %s, not %s", took, waited, tt.took)
				}
			})
		})
	}
}

// What was not seen when the wait was given up is not passed off as the truth.
func TestPatienceThatEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		always := from(0)
		r := &replica{lag: time.Minute, begin: time.Now(), shown: map[string]func(time.Duration) bool{"a": always, "b": always}}
		p := Patience{Pause: func(time.Duration) bool { return false }}
		never := Expected{ID: "b", Written: r.begin, Seen: func(*resource.Object) bool { return false }}
		objects, err := p.List(t.Context(), r, providers.Query{IDs: []string{"a", "b"}}, []Expected{never})
		if providers.ClassOf(err) != providers.NotAttempted || len(objects) != 1 || objects[0].ID != "a" {
			t.Errorf("%v, %v", objects, err)
		}
	})
}

// A live object shows what the state recorded, or it does not.
func TestShows(t *testing.T) {
	kind := resource.Kind{Name: "user", Attributes: []resource.Attribute{
		{Name: "name", Type: cty.String, Optional: true},
		{Name: "issuer", Type: cty.String, Computed: true},
		{Name: "pin", Type: cty.String, Optional: true, WriteOnly: true, Sensitive: true},
		{Name: "pin_version", Type: cty.Number, Optional: true, Local: true},
		{Name: "members", Type: cty.Set(cty.String), Optional: true, Partial: true, Exclusive: "exclusive"},
		{Name: "exclusive", Type: cty.Bool, Optional: true, Local: true},
		{Name: "tags", Type: cty.Map(cty.String), Optional: true, Partial: true},
		{Name: "mail", Optional: true, Block: []resource.Attribute{
			{Name: "host", Type: cty.String, Required: true},
			{Name: "secret", Type: cty.String, Optional: true, WriteOnly: true, Sensitive: true},
		}},
	}}
	set := func(s ...string) cty.Value {
		out := cty.SetValEmpty(cty.String)
		for _, e := range s {
			out = cty.SetVal(append(out.AsValueSlice(), cty.StringVal(e)))
		}
		return out
	}
	mail := func(host string) cty.Value {
		return cty.ObjectVal(map[string]cty.Value{"host": cty.StringVal(host), "secret": cty.NullVal(cty.String)})
	}
	tests := map[string]struct {
		record string
		secret []string
		live   map[string]cty.Value
		want   bool
	}{
		"the same":                       {`{"name":"x"}`, nil, map[string]cty.Value{"name": cty.StringVal("x")}, true},
		"another":                        {`{"name":"x"}`, nil, map[string]cty.Value{"name": cty.StringVal("y")}, false},
		"not unset yet":                  {`{}`, nil, map[string]cty.Value{"name": cty.StringVal("y")}, false},
		"a secret may be anything":       {`{}`, []string{"name"}, map[string]cty.Value{"name": cty.StringVal("y")}, true},
		"what is decided may be, too":    {`{}`, nil, map[string]cty.Value{"issuer": cty.StringVal("y")}, true},
		"unless it was known":            {`{"issuer":"x"}`, nil, map[string]cty.Value{"issuer": cty.StringVal("y")}, false},
		"what only the state knows":      {`{"pin_version":2}`, nil, nil, true},
		"members among others":           {`{"members":["a"]}`, nil, map[string]cty.Value{"members": set("a", "b")}, true},
		"a member is missing":            {`{"members":["a","c"]}`, nil, map[string]cty.Value{"members": set("a", "b")}, false},
		"no members at all":              {`{"members":["a"]}`, nil, nil, false},
		"more members than all":          {`{"members":["a"],"exclusive":true}`, nil, map[string]cty.Value{"members": set("a", "b")}, false},
		"nobody is managed":              {`{"members":[]}`, nil, nil, true},
		"a tag among others":             {`{"tags":{"k":"v"}}`, nil, map[string]cty.Value{"tags": cty.MapVal(map[string]cty.Value{"k": cty.StringVal("v"), "l": cty.StringVal("w")})}, true},
		"a tag with another value":       {`{"tags":{"k":"v"}}`, nil, map[string]cty.Value{"tags": cty.MapVal(map[string]cty.Value{"k": cty.StringVal("w")})}, false},
		"a block":                        {`{"mail":{"host":"h"}}`, nil, map[string]cty.Value{"mail": mail("h")}, true},
		"a block with something else":    {`{"mail":{"host":"h"}}`, nil, map[string]cty.Value{"mail": mail("i")}, false},
		"a block that is not there":      {`{"mail":{"host":"h"}}`, nil, nil, false},
		"a block that is there still":    {`{}`, nil, map[string]cty.Value{"mail": mail("h")}, false},
		"what nobody can read of before": {`{"name":{}}`, nil, nil, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			vals := map[string]cty.Value{}
			for n, typ := range kind.Type().AttributeTypes() {
				vals[n] = cty.NullVal(typ)
			}
			for n, v := range tt.live {
				vals[n] = v
			}
			record := state.Object{Attributes: json.RawMessage(tt.record), Sensitive: tt.secret}
			if got := Shows(kind, record, &resource.Object{Attrs: cty.ObjectVal(vals)}); got != tt.want {
				t.Errorf("shown is %t", got)
			}
			if Shows(kind, record, nil) {
				t.Error("what is not there shows it")
			}
		})
	}
}
