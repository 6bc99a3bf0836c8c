package memory_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/conformance/memory"
	"github.com/idpctl/idpctl/resource"
)

func open(t *testing.T, p *memory.Provider) providers.Conn {
	t.Helper()
	c, err := p.Open(t.Context(), providers.Config{Attrs: cty.EmptyObjectVal, Parallelism: 4})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// object fills up the values of a kind with its defaults and nulls.
func object(p *memory.Provider, kind string, values map[string]cty.Value) cty.Value {
	k, _ := p.Info().Kind(kind)
	out := map[string]cty.Value{}
	for name, typ := range k.Type().AttributeTypes() {
		a, _ := k.Attribute(name)
		out[name] = cty.NullVal(typ)
		if a.Default != cty.NilVal {
			out[name] = a.Default
		}
	}
	for name, v := range values {
		out[name] = v
	}
	return cty.ObjectVal(out)
}

func apply(t *testing.T, c providers.Conn, ops ...providers.Operation) []providers.Result {
	t.Helper()
	results := make([]providers.Result, len(ops))
	c.Apply(t.Context(), ops, func(r providers.Result) { results[r.Index] = r })
	return results
}

func create(p *memory.Provider, kind string, values map[string]cty.Value) providers.Operation {
	return providers.Operation{Verb: providers.Create, Kind: kind, After: object(p, kind, values)}
}

func name(s string) map[string]cty.Value { return map[string]cty.Value{"name": cty.StringVal(s)} }

func TestFaultsSayWhatBecameOfTheRequest(t *testing.T) {
	tests := map[string]struct {
		fault    memory.Fault
		class    providers.Class
		done, id bool
	}{
		"429":            {memory.TooManyRequests, providers.Throttled, false, false},
		"503":            {memory.ServiceUnavailable, providers.Unavailable, false, false},
		"500":            {memory.InternalError, providers.Ambiguous, false, false},
		"dropped before": {memory.DropBefore, providers.Ambiguous, false, false},
		"dropped after":  {memory.DropAfter, providers.Ambiguous, true, false},
		"partly":         {memory.Partly, providers.Unavailable, true, true},
		"403":            {memory.Refuse, providers.Forbidden, false, false},
		"401":            {memory.Expire, providers.Unauthenticated, false, false},
	}
	for title, tt := range tests {
		t.Run(title, func(t *testing.T) {
			p := memory.New(memory.Options{Fault: func(_ context.Context, r memory.Request) memory.Fault {
				if r.Mutates() {
					return tt.fault
				}
				return memory.None
			}})
			r := apply(t, open(t, p), create(p, "space", name("lab")))[0]
			_, done := p.Find("space", "", "lab")
			if providers.ClassOf(r.Err) != tt.class || r.Err == nil || done != tt.done || (r.ID != "") != tt.id {
				t.Errorf("error %v (class %d), id %q, done %t", r.Err, providers.ClassOf(r.Err), r.ID, done)
			}
		})
	}
}

func TestAThrottledRequestIsRepeatedAndCounted(t *testing.T) {
	p := memory.New(memory.Options{Fault: func(_ context.Context, r memory.Request) memory.Fault {
		if r.Attempt < 3 {
			return memory.TooManyRequests
		}
		return memory.None
	}})
	if r := apply(t, open(t, p), create(p, "space", name("lab")))[0]; r.Err != nil {
		t.Fatal(r.Err)
	}
	if got := p.Requests(); got.Create != 3 || got.Total != 3 {
		t.Errorf("counted %+v, want 3 creations", got)
	}
}

func TestReadsLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := memory.New(memory.Options{Lag: 10 * time.Second})
		c := open(t, p)
		apply(t, c, create(p, "space", name("lab")))
		count := func() int {
			all, err := c.List(t.Context(), providers.Query{Kind: "space", All: true})
			if err != nil {
				t.Fatal(err)
			}
			return len(all)
		}
		if count() != 0 {
			t.Error("a read saw the new object at once")
		}
		time.Sleep(10 * time.Second)
		if count() != 1 {
			t.Error("a read did not see the new object after the lag")
		}
		if r := apply(t, c, providers.Operation{Verb: providers.Delete, Kind: "space", ID: "space-0001"})[0]; r.Err != nil {
			t.Fatal(r.Err)
		}
		if count() != 1 {
			t.Error("a read missed the deleted object at once")
		}
		p.Put("space", name("other"))
		if count() != 1 {
			t.Error("what a stranger did is visible at once")
		}
	})
}

func TestAStrangerChangesWhatTheAPIWouldNot(t *testing.T) {
	p := memory.New(memory.Options{})
	p.Put("space", map[string]cty.Value{"name": cty.StringVal("lab"), "open": cty.True})
	id := p.Put("person", memory.Member("lab", "MCFLY@example.com"))
	p.Change("person", id, "full_name", cty.StringVal("Marty"))
	people, err := open(t, p).List(t.Context(), providers.Query{Kind: "person", Parent: "lab", All: true})
	if err != nil || len(people) != 1 {
		t.Fatal(people, err)
	}
	got, _ := p.Find("person", "lab", "mcfly@example.com")
	if got.Text("full_name") != "Marty" || got.Text("email") != "mcfly@example.com" {
		t.Errorf("found %#v", got.Attrs)
	}
	if people[0].Doubt() == "" {
		t.Error("an unverified address in a space that is open for registration is not doubted")
	}
	p.Remove("space", "space-0001")
	if left := p.Snapshot(); len(left) != 1 || left[0].Kind != "site" {
		t.Errorf("what was in the space is left: %v", left)
	}
}

func TestWrongPassword(t *testing.T) {
	p := memory.New(memory.Options{Password: "right"})
	_, err := open(t, p).List(t.Context(), providers.Query{Kind: "space", All: true})
	if providers.ClassOf(err) != providers.Unauthenticated {
		t.Errorf("got %v", err)
	}
}

func TestCredentials(t *testing.T) {
	p := memory.New(memory.Options{})
	p.Put("space", name("lab"))
	op := create(p, "person", memory.Member("lab", "mcfly@example.com"))
	op.Password, op.PasswordTemporary, op.Invite = resource.NewSecret("x"), true, true
	if r := apply(t, open(t, p), op)[0]; r.Err != nil {
		t.Fatal(r.Err)
	}
	got, _ := p.Find("person", "lab", "mcfly@example.com")
	if got.Password != "x" || !got.Temporary || got.Passwords != 1 || got.Invitations != 1 {
		t.Errorf("stored %+v", got)
	}
	if strings.Contains(got.Attrs.GoString(), `"x"`) {
		t.Error("the password is among the attributes")
	}
}

func TestReplicasAlternate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := memory.New(memory.Options{Lag: 10 * time.Second, Alternate: true})
		c := open(t, p)
		if c.Lag() != 10*time.Second {
			t.Errorf("the lag is %s", c.Lag())
		}
		apply(t, c, create(p, "space", name("lab")))
		var seen []int
		for range 4 {
			all, err := c.List(t.Context(), providers.Query{Kind: "space", All: true})
			if err != nil {
				t.Fatal(err)
			}
			seen = append(seen, len(all))
		}
		if !slices.Equal(seen, []int{0, 1, 0, 1}) {
			t.Errorf("seen %v", seen)
		}
	})
}

func TestTheProviderBlockSaysTheLag(t *testing.T) {
	p := memory.New(memory.Options{Lag: 10 * time.Second})
	c, err := p.Open(t.Context(), providers.Config{Parallelism: 1, Attrs: cty.ObjectVal(map[string]cty.Value{"lag": cty.NumberIntVal(3)})})
	if err != nil || c.Lag() != 3*time.Second {
		t.Error(c.Lag(), err)
	}
}
