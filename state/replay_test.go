package state

import (
	"strings"
	"testing"
	"time"
)

// credentials is what waits to be delivered, as "address/id/kind/intent …".
func credentials(s *State) string {
	var all []string
	for _, c := range s.Pending {
		all = append(all, strings.Join([]string{c.Address.String(), c.ID, string(c.Kind), string(rune('0' + c.Intent))}, "/"))
	}
	return strings.Join(all, " ")
}

func TestCredentialStaysUntilDeliveredOrWorthless(t *testing.T) {
	withSeq := func(r Intent, seq uint64, c CredentialKind) Intent {
		r.Seq, r.Credential = seq, c
		return r
	}
	marty := object("user.marty", "m")
	other := object("user.marty", "m2")
	reset := withSeq(create1("user.marty"), 2, Password)
	reset.Verb, reset.Before = Update, &Image{ID: "m"}
	made := []Record{withSeq(create1("user.marty"), 1, Password), Result{Intent: 1, Object: &marty}}
	for _, c := range []struct {
		name string
		more []Record
		want string
	}{
		{"made", nil, "user.marty/m/password/1"},
		{"delivered", []Record{Delivered{1}}, ""},
		{"the object refreshed", []Record{Put{marty}}, "user.marty/m/password/1"},
		{"the object released", []Record{Remove{marty.Address}}, ""},
		{"another object at the address", []Record{Put{other}}, ""},
		{"a reset begun", []Record{reset}, "user.marty/m/password/1"},
		{"a reset failed", []Record{reset, Result{Intent: 2, Error: "503"}}, "user.marty/m/password/1"},
		{"a reset done", []Record{reset, Result{Intent: 2, Object: &marty}}, "user.marty/m/password/2"},
		{"a reset delivered", []Record{reset, Result{Intent: 2, Object: &marty}, Delivered{2}}, ""},
		{"an invitation instead", []Record{withSeq(reset, 2, Invite), Result{Intent: 2, Object: &marty}}, "user.marty/m/invite/2"},
		{"deleted", []Record{
			Intent{Seq: 2, Verb: Delete, Address: marty.Address, Kind: "user", Before: &Image{ID: "m"}},
			Result{Intent: 2, Removed: true},
		}, ""},
	} {
		s, err := Replay(nil, append(append([]Record{}, made...), c.more...))
		must(t, err)
		if got := credentials(s); got != c.want {
			t.Errorf("%s: pending %q, want %q", c.name, got, c.want)
		}
	}
	// Not made: nothing to deliver.
	for _, r := range []Result{{Intent: 1}, {Intent: 1, Error: "409"}} {
		s, err := Replay(nil, []Record{made[0], r})
		must(t, err)
		if len(s.Pending)+len(s.Intents) != 0 {
			t.Errorf("after %+v: %+v", r, s)
		}
	}
}

func TestReplayRefusesContradictions(t *testing.T) {
	seq := func(r Intent, n uint64) Intent { r.Seq = n; return r }
	marty, doc := object("user.marty", "m"), object("user.doc", "d")
	file := Target{Address: addr("cluster.c.appinstance"), Kind: "appinstance"}
	write := Intent{Seq: 1, Verb: TargetWrite, Address: file.Address, Kind: file.Kind, Target: &file}
	alter := func(r Intent, f func(*Intent)) Intent { f(&r); return r }
	intent := seq(create1("user.marty"), 1)
	for name, records := range map[string][]Record{
		"two intents for one address":    {intent, seq(create1("user.marty"), 2)},
		"one number twice":               {intent, seq(create1("user.doc"), 1)},
		"a number that a credential has": {alter(intent, func(r *Intent) { r.Credential = Invite }), Result{Intent: 1, Object: &marty}, seq(create1("user.doc"), 1)},
		"a result twice":                 {intent, Result{Intent: 1}, Result{Intent: 1}},
		"a result about another address": {intent, Result{Intent: 1, Object: &doc}},
		"a result with two outcomes":     {intent, Result{Intent: 1, Object: &marty, Removed: true}},
		"a result made and removed":      {intent, Result{Intent: 1, ID: "m", Removed: true}},
		"an id for a file":               {write, Result{Intent: 1, ID: "m"}},
		"an id for a deletion":           {alter(intent, func(r *Intent) { r.Verb, r.Before, r.After = Delete, &Image{ID: "m"}, nil }), Result{Intent: 1, ID: "m"}},
		"a file for an object":           {intent, Result{Intent: 1, Target: &file}},
		"an object for a file":           {write, Result{Intent: 1, Object: &marty}},
		"an object without id":           {intent, Result{Intent: 1, Object: intent.After}},
		"an intent without number":       {create1("user.marty")},
		"an intent without address":      {Intent{Seq: 1, Verb: Delete, Before: &Image{ID: "1"}}},
		"an unknown verb":                {alter(intent, func(r *Intent) { r.Verb = "frob" })},
		"an unknown credential":          {alter(intent, func(r *Intent) { r.Credential = "carrier pigeon" })},
		"a create of nothing":            {alter(intent, func(r *Intent) { r.After = nil })},
		"an object of another address":   {alter(intent, func(r *Intent) { r.After = &doc })},
		"an update of nothing":           {alter(intent, func(r *Intent) { r.Verb = Update })},
		"a delete that makes something":  {alter(intent, func(r *Intent) { r.Verb, r.Before = Delete, &Image{ID: "m"} })},
		"a file with an object":          {alter(write, func(r *Intent) { r.After = &Object{Address: file.Address} })},
		"a file of another address":      {alter(write, func(r *Intent) { r.Target = &Target{Address: doc.Address} })},
		"removal of a missing file":      {RemoveTarget{file.Address}},
		"a file without address":         {PutTarget{Target{Kind: "appinstance"}}},
		"an output without value":        {PutOutputs{map[string]Output{"x": {}}}},
	} {
		if s, err := Replay(nil, records); err == nil {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestResultAsIntended(t *testing.T) {
	intent := create1("user.marty")
	intent.Seq, intent.Credential = 1, Password
	intent.ServerTime = time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC)
	s, err := Replay(nil, []Record{intent, Result{Intent: 1, ID: "m"}})
	must(t, err)
	want := *intent.After
	want.ID, want.Written = "m", intent.ServerTime
	if got, _ := s.Object(intent.Address); !got.equal(want) || len(s.Pending) != 1 || s.Pending[0].ID != "m" {
		t.Errorf("%+v, owed %+v", got, s.Pending)
	}
	if intent.After.ID != "" {
		t.Error("the intent was changed")
	}
}

func TestTargetsAreSettledLikeObjects(t *testing.T) {
	file := Target{Address: addr("cluster.c.appinstance"), Kind: "appinstance", Path: "a.yml", Owned: []string{"2", "1", "2"}}
	write := Intent{Seq: 1, Verb: TargetWrite, Address: file.Address, Kind: file.Kind, Target: &file}
	s, err := Replay(nil, []Record{write, Result{Intent: 1, Target: &file}})
	must(t, err)
	if got, ok := s.Target(file.Address); !ok || strings.Join(got.Owned, " ") != "1 2" {
		t.Errorf("%+v", s.Targets)
	}
	if file.Owned[0] != "2" {
		t.Error("the caller's list was sorted")
	}
	s, err = Replay(s, []Record{write, Result{Intent: 1, Removed: true}})
	must(t, err)
	if len(s.Targets) != 0 {
		t.Errorf("%+v", s.Targets)
	}
}
