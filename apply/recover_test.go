package apply

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/idpctl/idpctl/resource"
	"github.com/idpctl/idpctl/state"
)

var sameAddress = cmpopts.EquateComparable(resource.Address{})

// What becomes of an intent without a result, for each thing that a look at
// the server can show.
func TestSettleIntent(t *testing.T) {
	at := resource.Address{Kind: "user", Name: "marty"}
	began := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	record := func(id string, owned map[string]json.RawMessage) *state.Object {
		return &state.Object{Address: at, Kind: "user", Provider: "p", ID: id, Origin: resource.Created, Owned: owned}
	}
	intent := func(verb state.Verb, id string, before *state.Image) state.Intent {
		in := state.Intent{Seq: 7, Verb: verb, Address: at, Kind: "user", Provider: "p", ID: id, Before: before, ServerTime: began}
		if verb != state.Delete {
			in.After = record(id, map[string]json.RawMessage{"groups": json.RawMessage(`["b"]`)})
		}
		return in
	}
	object := func(id string, made time.Time) *resource.Object { return &resource.Object{ID: id, Created: made} }
	owned := func(s string) map[string]json.RawMessage {
		return map[string]json.RawMessage{"groups": json.RawMessage(s)}
	}
	old := &state.Image{ID: "old"}
	nothing := state.Result{Intent: 7}
	written := func(o *state.Object) state.Result {
		o.Written = began
		return state.Result{Intent: 7, Object: o}
	}
	made := func(id string) state.Result { return written(record(id, owned(`["b"]`))) }

	tests := map[string]struct {
		in    state.Intent
		found *resource.Object
		had   *state.Object
		want  state.Result
	}{
		"create: not there":                   {intent(state.Create, "", nil), nil, nil, nothing},
		"create: made since":                  {intent(state.Create, "", nil), object("u1", began.Add(time.Second)), nil, made("u1")},
		"create: whole seconds":               {intent(state.Create, "", nil), object("u1", began.Add(-time.Second)), nil, made("u1")},
		"create: there before":                {intent(state.Create, "", nil), object("u1", began.Add(-time.Minute)), nil, nothing},
		"create: server does not tell":        {intent(state.Create, "", nil), object("g1", time.Time{}), nil, made("g1")},
		"create: by its chosen id":            {intent(state.Create, "mine", nil), object("mine", time.Time{}), nil, made("mine")},
		"create: other id":                    {intent(state.Create, "mine", nil), object("theirs", began.Add(time.Hour)), nil, nothing},
		"update: keeps what it was to add":    {intent(state.Update, "", old), object("old", time.Time{}), record("old", owned(`["a"]`)), written(record("old", owned(`["a","b"]`)))},
		"update: first of its kind":           {intent(state.Update, "", old), object("old", time.Time{}), record("old", nil), written(record("old", owned(`["b"]`)))},
		"update: adoption, object gone":       {intent(state.Update, "", old), nil, nil, nothing},
		"delete: gone":                        {intent(state.Delete, "", old), nil, record("old", nil), state.Result{Intent: 7, Removed: true}},
		"delete: still there":                 {intent(state.Delete, "", old), object("old", time.Time{}), record("old", nil), nothing},
		"replace: nothing happened":           {intent(state.Replace, "", old), object("old", time.Time{}), record("old", nil), nothing},
		"replace: first half":                 {intent(state.Replace, "", old), nil, record("old", nil), state.Result{Intent: 7, Removed: true}},
		"replace: both halves":                {intent(state.Replace, "", old), object("new", began), record("old", nil), made("new")},
		"replace: somebody else's in the way": {intent(state.Replace, "", old), object("new", began.Add(-time.Hour)), record("old", nil), state.Result{Intent: 7, Removed: true}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var had state.Object
			if tt.had != nil {
				had = *tt.had
			}
			got := settleIntent(tt.in, tt.found, had, tt.had != nil)
			if diff := cmp.Diff(tt.want, got, sameAddress); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRecoverTarget(t *testing.T) {
	at := resource.Address{Kind: "cluster", Name: "c", Target: "appinstance"}
	file := func(ids ...string) state.Target {
		return state.Target{Address: at, Kind: "appinstance", Path: "a.yml", Owned: ids}
	}
	after := file("2", "3")
	merged := file("2", "3", "1", "2")
	had := file("1", "2")
	// Whom it took out before is remembered, and whose groups it decides on.
	had.Former, after.Former, merged.Former = []string{"4"}, []string{"1"}, []string{"1", "4"}
	had.Groups, merged.Groups = true, true
	if diff := cmp.Diff(state.Record(state.Result{Intent: 1, Target: &merged}), RecoverTarget(state.Intent{Seq: 1, Target: &after}, had, true), sameAddress); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(state.Record(state.Result{Intent: 1, Target: &had}), RecoverTarget(state.Intent{Seq: 1}, had, true), sameAddress); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(state.Record(state.Result{Intent: 1, Removed: true}), RecoverTarget(state.Intent{Seq: 1}, state.Target{}, false), sameAddress); diff != "" {
		t.Error(diff)
	}
}

func TestJoinJSON(t *testing.T) {
	tests := []struct{ a, b, want string }{
		{``, `["x"]`, `["x"]`},
		{`["b","a"]`, `["c","a"]`, `["a","b","c"]`},
		{`{"k":"1","l":"2"}`, `{"k":"3"}`, `{"k":"3","l":"2"}`},
		{`{"k":["1"]}`, `{"m":["3"]}`, `{"k":["1"],"m":["3"]}`},
		{`["a"]`, `{"k":"1"}`, `{"k":"1"}`},
	}
	for _, tt := range tests {
		if got := string(joinJSON(json.RawMessage(tt.a), json.RawMessage(tt.b))); got != tt.want {
			t.Errorf("joining %s and %s gives %s, not %s", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestPasswordsAreGood(t *testing.T) {
	seen := map[string]bool{}
	for range 5000 { // of which some 25 would have three alike in a row
		secret, err := newPassword()
		if err != nil {
			t.Fatal(err)
		}
		p := secret.Reveal()
		counts := map[string]int{}
		for _, c := range p {
			for name, class := range map[string]string{"lower": lower, "upper": upper, "digits": digits, "marks": marks} {
				for _, k := range class {
					if k == c {
						counts[name]++
					}
				}
			}
		}
		if len(p) != passwordLength || counts["lower"] < 2 || counts["upper"] < 2 || counts["digits"] < 2 || counts["marks"] < 2 {
			t.Errorf("weak password: %v", counts)
		}
		for i := 2; i < len(p); i++ {
			if p[i] == p[i-1] && p[i] == p[i-2] {
				t.Errorf("three alike in a row at %d", i)
			}
		}
		if seen[p] {
			t.Error("the same password twice")
		}
		seen[p] = true
	}
}
