package plan

import (
	"slices"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"github.com/idpctl/idpctl/resource"
)

// every has one attribute of each sort, each with what it may hold.
func every(pin bool) (resource.Kind, map[string][]cty.Value) {
	text, tags, block := cty.String, cty.Map(cty.String), []resource.Attribute{{Name: "host", Type: cty.String}, {Name: "kept", Type: cty.String, Local: true}}
	tag := func(keys ...string) cty.Value {
		m := map[string]cty.Value{}
		for _, k := range keys {
			m[k] = cty.StringVal("v")
		}
		return cty.MapVal(m)
	}
	kind := resource.Kind{Name: "thing", Key: []string{"name"}, Attributes: []resource.Attribute{
		{Name: "name", Type: text, ForceNew: true},
		{Name: "mail", Type: text},
		{Name: "on", Type: cty.Bool},
		{Name: "url", Type: text, Computed: true},
		{Name: "theme", Type: text, Computed: true, Optional: true},
		{Name: "tags", Type: tags, Partial: true},
		{Name: "left", Type: tags, Partial: true, Computed: true, Optional: true},
		{Name: "kept", Type: cty.Bool, Local: true},
		{Name: "first", Type: cty.Bool, OnCreate: true},
		{Name: "secret", Type: text, WriteOnly: true, OnCreate: true, Sensitive: true},
		{Name: "box", Block: block, Computed: true, Optional: true},
	}}
	if pin {
		kind.Attributes = append(kind.Attributes, resource.Attribute{Name: "pin", Type: text, Sensitive: true})
	}
	texts := []cty.Value{cty.NullVal(text), cty.StringVal(""), cty.StringVal("a"), cty.StringVal("b")}
	bools := []cty.Value{cty.NullVal(cty.Bool), cty.False, cty.True}
	maps := []cty.Value{cty.NullVal(tags), cty.MapValEmpty(text), tag("x"), tag("y"), tag("x", "y")}
	box := func(kept cty.Value) cty.Value {
		return cty.ObjectVal(map[string]cty.Value{"host": cty.StringVal("a"), "kept": kept})
	}
	boxes := []cty.Value{cty.NullVal(resource.BlockType(block)), box(cty.NullVal(text)), box(cty.StringVal("b"))}
	return kind, map[string][]cty.Value{
		"name": texts[2:], "mail": texts, "on": bools, "url": texts, "theme": texts, "tags": maps, "left": maps,
		"kept": bools, "first": bools, "secret": texts, "pin": texts, "box": boxes,
	}
}

// What is kept without comparing comes to the same when it is compared.
func TestKeptIsWhatComparingFinds(t *testing.T) {
	found := 0
	check := func(t *rapid.T) {
		kind, choice := every(rapid.IntRange(0, 4).Draw(t, "pin") == 0)
		draw := func(what string, odd int) map[string]cty.Value {
			vals := map[string]cty.Value{"id": cty.NullVal(cty.String)}
			for i, a := range kind.Attributes {
				vals[a.Name] = choice[a.Name][2%len(choice[a.Name])]
				if i == odd {
					vals[a.Name] = rapid.SampledFrom(choice[a.Name]).Draw(t, what+" "+a.Name)
				}
			}
			return vals
		}
		odd := func(what string) int { return rapid.IntRange(0, len(kind.Attributes)-1).Draw(t, "odd "+what) }
		want, before := draw("want", odd("want")), draw("before", odd("before"))
		in := Input{Kind: kind, Desired: &resource.Desired{Attrs: cty.ObjectVal(want)}}
		if rapid.Bool().Draw(t, "exists") {
			before["id"] = cty.StringVal("7")
			in.Prior = &Prior{ID: "7", Attrs: resource.Record(cty.ObjectVal(before)), Owned: map[string]cty.Value{"tags": choice["tags"][2]}}
			in.Live = &resource.Object{ID: "7", Attrs: cty.ObjectVal(before)}
		}
		c := &Change{Desired: in.Desired}
		if in.Prior != nil {
			c.Owned = in.Prior.Owned
		}
		c.plan(in, in.Live)
		live := map[string]cty.Value{"id": cty.StringVal("7")}
		strange := odd("live")
		for i, a := range kind.Attributes {
			live[a.Name] = resource.Attr(c.After, a.Name)
			if a.WriteOnly || a.Local || a.OnCreate || !live[a.Name].IsWhollyKnown() {
				live[a.Name] = cty.NullVal(attrType(a))
			} else if i == strange {
				live[a.Name] = rapid.SampledFrom(choice[a.Name]).Draw(t, "live "+a.Name)
			}
		}
		o := &resource.Object{ID: "7", Attrs: cty.ObjectVal(live)}
		if !kept(c, kind, o) {
			return
		}
		found++
		if names := remaining(c, kind, o); len(names) > 0 {
			t.Fatalf("kept, but comparing finds %v\nafter %#v\nlive  %#v", names, c.After, o.Attrs)
		}
	}
	for range 30 {
		rapid.Check(t, check)
	}
	if found == 0 {
		t.Error("nothing was kept: the test shows nothing")
	}
}

// What is settled without comparing comes to the same when it is compared.
func TestSettledIsWhatComparingFinds(t *testing.T) {
	settled := 0
	check := func(t *rapid.T) {
		kind, choice := every(rapid.IntRange(0, 4).Draw(t, "pin") == 0)
		id := cty.StringVal("7")
		want, live, prior := map[string]cty.Value{"id": cty.NullVal(cty.String)}, map[string]cty.Value{"id": id}, map[string]cty.Value{"id": id}
		// Few are odd at once: else nothing would ever be settled.
		odd := rapid.SliceOfNDistinct(rapid.IntRange(0, len(kind.Attributes)-1), 0, 3, rapid.ID[int]).Draw(t, "odd")
		for i, a := range kind.Attributes {
			w := choice[a.Name][2%len(choice[a.Name])]
			if a.Local || a.Sensitive || a.Block != nil {
				w = cty.NullVal(attrType(a))
			}
			l, p := w, w
			if slices.Contains(odd, i) {
				l = rapid.SampledFrom(choice[a.Name]).Draw(t, "live "+a.Name)
				w = rapid.SampledFrom(append(choice[a.Name], l, l, l, cty.UnknownVal(attrType(a)), l.Mark(resource.Sensitive))).Draw(t, "want "+a.Name)
				p = rapid.SampledFrom(append(choice[a.Name], l, l)).Draw(t, "prior "+a.Name)
			}
			if a.WriteOnly || a.Local || a.OnCreate {
				l = cty.NullVal(attrType(a))
			}
			if a.WriteOnly || a.OnCreate {
				p = l
			}
			want[a.Name], live[a.Name], prior[a.Name] = w, l, p
		}
		in := Input{
			Kind: kind, Desired: &resource.Desired{Attrs: cty.ObjectVal(want)},
			Prior: &Prior{ID: "7", Attrs: resource.Record(cty.ObjectVal(prior)), Owned: map[string]cty.Value{"tags": choice["tags"][2]}},
			Live:  &resource.Object{ID: "7", Attrs: cty.ObjectVal(live)},
		}
		if !in.settled(in.Live) {
			return
		}
		settled++
		c := &Change{Owned: in.Prior.Owned}
		c.plan(in, in.Live)
		if len(c.Attributes) > 0 || !c.Before.RawEquals(in.Live.Attrs) || !c.After.RawEquals(in.Live.Attrs) {
			t.Fatalf("settled, but comparing finds %v\nbefore %#v\nafter  %#v\nlive   %#v", c.Attributes, c.Before, c.After, in.Live.Attrs)
		}
	}
	for range 30 { // of 100 cases each: what is odd is often odd in vain
		rapid.Check(t, check)
	}
	if settled == 0 {
		t.Error("nothing was settled: the test shows nothing")
	}
}
