package plan_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/resource"
)

// person is a kind with one attribute of each sort.
func person() resource.Kind {
	return resource.Kind{
		Name: "person", Parent: "home", Key: []string{"name"}, Unique: [][]string{{"email"}},
		Attributes: []resource.Attribute{
			{Name: "home", Type: cty.String, Required: true, ForceNew: true},
			{Name: "name", Type: cty.String, Required: true, ForceNew: true},
			{Name: "email", Type: cty.String},
			{Name: "enabled", Type: cty.Bool, Default: cty.True},
			{Name: "url", Type: cty.String, Computed: true},
			{Name: "theme", Type: cty.String, Computed: true, Optional: true},
			{Name: "labels", Type: cty.Map(cty.String), Partial: true},
			{Name: "friends", Type: cty.Set(cty.String), Partial: true, Exclusive: "exclusive"},
			{Name: "exclusive", Type: cty.Bool, Local: true},
			{Name: "first_password", Type: cty.String, WriteOnly: true, OnCreate: true, Sensitive: true},
			{Name: "make_password", Type: cty.Bool, OnCreate: true},
			{Name: "mail", Block: []resource.Attribute{
				{Name: "host", Type: cty.String, Required: true},
				{Name: "password", Type: cty.String, WriteOnly: true, Version: "password_version"},
				{Name: "password_version", Type: cty.Number, Local: true},
			}},
		},
	}
}

type attrs map[string]cty.Value

func value(k resource.Kind, set attrs) cty.Value {
	vals := map[string]cty.Value{}
	for name, typ := range k.Type().AttributeTypes() {
		vals[name] = cty.NullVal(typ)
		if v, ok := set[name]; ok {
			vals[name] = v
		}
	}
	return cty.ObjectVal(vals)
}

func str(s string) cty.Value { return cty.StringVal(s) }

func set(s ...string) cty.Value {
	if len(s) == 0 {
		return cty.SetValEmpty(cty.String)
	}
	vals := make([]cty.Value, len(s))
	for i := range s {
		vals[i] = str(s[i])
	}
	return cty.SetVal(vals)
}

func labels(kv ...string) cty.Value {
	m := map[string]cty.Value{}
	for i := 0; i < len(kv); i += 2 {
		m[kv[i]] = str(kv[i+1])
	}
	if len(m) == 0 {
		return cty.MapValEmpty(cty.String)
	}
	return cty.MapVal(m)
}

func with(base attrs, more attrs) attrs {
	out := attrs{}
	for k, v := range base {
		out[k] = v
	}
	for k, v := range more {
		out[k] = v
	}
	return out
}

var (
	addr = resource.Address{Kind: "person", Name: "doc"}
	base = attrs{"home": str("hill"), "name": str("doc"), "email": str("doc@x.com"), "enabled": cty.True}
)

// given makes an input: what is desired, live and prior, nil for nothing.
func given(desired, live, prior attrs) plan.Input {
	k := person()
	in := plan.Input{Kind: k, Marker: "ours"}
	if desired != nil {
		in.Desired = &resource.Desired{Address: addr, Provider: "p", Attrs: value(k, desired)}
	}
	if live != nil {
		in.Live = &resource.Object{Kind: k.Name, ID: "id1", Attrs: value(k, live)}
	}
	if prior != nil {
		in.Prior = &plan.Prior{Address: addr, Provider: "p", Kind: k.Name, ID: "id1", Origin: resource.Created, Attrs: resource.Record(value(k, prior))}
	}
	return in
}

// got is what a table compares of a change.
type got struct {
	Action string
	Paths  string // of the differences: "email", "email!" forces, "email?" drift, "email*" write-only, "email." local
}

func summary(c *plan.Change) got {
	var paths []string
	for _, a := range c.Attributes {
		p := a.Path
		if a.Replaces {
			p += "!"
		}
		if a.Drift {
			p += "?"
		}
		if a.WriteOnly {
			p += "*"
		}
		if a.Local {
			p += "."
		}
		paths = append(paths, p)
	}
	return got{string(c.Action), strings.Join(paths, " ")}
}

func TestResource(t *testing.T) {
	mail := func(v int64) cty.Value {
		return cty.ObjectVal(attrs{"host": str("h"), "password": str("secret"), "password_version": cty.NumberIntVal(v)})
	}
	mailLive := cty.ObjectVal(attrs{"host": str("h"), "password": cty.NullVal(cty.String), "password_version": cty.NullVal(cty.Number)})
	mailPrior := func(v int64) cty.Value {
		return cty.ObjectVal(attrs{"host": str("h"), "password": cty.NullVal(cty.String), "password_version": cty.NumberIntVal(v)})
	}
	live := with(base, attrs{"url": str("u"), "theme": str("dark")})
	tests := map[string]struct {
		desired, live, prior attrs
		owned                map[string]cty.Value
		ignore               []string
		want                 got
	}{
		"create":                 {base, nil, nil, nil, nil, got{"create", "home name email enabled url"}},
		"create with passwords":  {with(base, attrs{"first_password": str("s"), "make_password": cty.True}), nil, nil, nil, nil, got{"create", "home name email enabled url first_password* make_password"}},
		"nothing to do":          {base, live, live, nil, nil, got{"no-op", ""}},
		"on-create is not asked": {with(base, attrs{"make_password": cty.True, "first_password": str("s")}), live, live, nil, nil, got{"no-op", ""}},
		"configuration changed":  {with(base, attrs{"email": str("e@x.com")}), live, live, nil, nil, got{"update", "email"}},
		"drift":                  {base, with(live, attrs{"email": str("evil@x.com")}), live, nil, nil, got{"update", "email?"}},
		"both changed":           {with(base, attrs{"email": str("e@x.com")}), with(live, attrs{"email": str("evil@x.com")}), live, nil, nil, got{"update", "email"}},
		"unset means empty":      {with(base, attrs{"email": cty.NullVal(cty.String)}), live, live, nil, nil, got{"update", "email"}},
		"empty is unset":         {with(base, attrs{"email": str("")}), with(live, attrs{"email": cty.NullVal(cty.String)}), live, nil, nil, got{"no-op", ""}},
		"server decides theme":   {base, with(live, attrs{"theme": str("light")}), live, nil, nil, got{"no-op", ""}},
		"we decide theme":        {with(base, attrs{"theme": str("light")}), live, live, nil, nil, got{"update", "theme"}},
		"ignored":                {with(base, attrs{"email": str("e@x.com")}), live, live, nil, []string{"email"}, got{"no-op", ""}},
		"replace":                {with(base, attrs{"name": str("emmett")}), live, live, nil, nil, got{"replace", "name! url"}},
		"gone":                   {base, nil, live, nil, nil, got{"create", "home name email enabled url"}},
		"unknown value":          {with(base, attrs{"email": cty.UnknownVal(cty.String)}), live, live, nil, nil, got{"update", "email"}},

		"foreign labels stay":        {with(base, attrs{"labels": labels("a", "1")}), with(live, attrs{"labels": labels("a", "1", "z", "9")}), live, nil, nil, got{"no-op", ""}},
		"own label goes":             {base, with(live, attrs{"labels": labels("a", "1", "z", "9")}), live, map[string]cty.Value{"labels": labels("a", "1")}, nil, got{"update", "labels"}},
		"foreign labels are no diff": {base, with(live, attrs{"labels": labels("z", "9")}), live, nil, nil, got{"no-op", ""}},
		"label drifts":               {with(base, attrs{"labels": labels("a", "1")}), with(live, attrs{"labels": labels("a", "2")}), live, map[string]cty.Value{"labels": labels("a", "1")}, nil, got{"update", "labels?"}},
		"members: add one":           {with(base, attrs{"friends": set("a", "b")}), with(live, attrs{"friends": set("a", "z")}), live, nil, nil, got{"update", "friends"}},
		"members: foreign stay":      {with(base, attrs{"friends": set("a")}), with(live, attrs{"friends": set("a", "z")}), live, nil, nil, got{"no-op", ""}},
		"members: exclusive":         {with(base, attrs{"friends": set("a"), "exclusive": cty.True}), with(live, attrs{"friends": set("a", "z")}), with(live, attrs{"exclusive": cty.True}), nil, nil, got{"update", "friends"}},
		"members: removed one":       {with(base, attrs{"friends": set("a")}), with(live, attrs{"friends": set("a", "b", "z")}), live, map[string]cty.Value{"friends": set("a", "b")}, nil, got{"update", "friends"}},
		"local only":                 {with(base, attrs{"exclusive": cty.True}), live, live, nil, nil, got{"update", "exclusive."}},

		"block: create":         {with(base, attrs{"mail": mail(1)}), live, live, nil, nil, got{"update", "mail.host mail.password* mail.password_version."}},
		"block: same":           {with(base, attrs{"mail": mail(1)}), with(live, attrs{"mail": mailLive}), with(live, attrs{"mail": mailPrior(1)}), nil, nil, got{"no-op", ""}},
		"block: version raised": {with(base, attrs{"mail": mail(2)}), with(live, attrs{"mail": mailLive}), with(live, attrs{"mail": mailPrior(1)}), nil, nil, got{"update", "mail.password* mail.password_version."}},
		"block: taken out":      {base, with(live, attrs{"mail": mailLive}), with(live, attrs{"mail": mailPrior(1)}), nil, nil, got{"update", "mail"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := given(tt.desired, tt.live, tt.prior)
			in.Desired.IgnoreChanges = tt.ignore
			if in.Prior != nil {
				in.Prior.Owned = tt.owned
			}
			c, diags := plan.Resource(in)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			if diff := cmp.Diff(tt.want, summary(c)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What is written of a new object is shown even if it is false, and what is
// only a default is not.
func TestCreationShowsWhatIsWritten(t *testing.T) {
	in := given(with(base, attrs{"enabled": cty.False, "make_password": cty.False, "email": str("")}), nil, nil)
	shown := func() string {
		c, _ := plan.Resource(in)
		var names []string
		for _, a := range c.Attributes {
			names = append(names, a.Path)
		}
		return strings.Join(names, " ")
	}
	if got := shown(); got != "home name url" {
		t.Errorf("of defaults are shown: %s", got)
	}
	in.Desired.AttrRanges = map[string]diag.Range{"enabled": {}, "make_password": {}, "email": {}}
	if got := shown(); got != "home name email enabled url make_password" {
		t.Errorf("of what is written are shown: %s", got)
	}
}

func TestPlannedValue(t *testing.T) {
	in := given(with(base, attrs{"email": str("secret@x.com").Mark(resource.Sensitive), "first_password": str("s3cret")}), nil, nil)
	c, diags := plan.Resource(in)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if !c.After.GetAttr("first_password").IsNull() {
		t.Error("a write-only value stands in the plan")
	}
	if !resource.IsSensitive(c.After.GetAttr("email")) {
		t.Error("a sensitive value lost its mark in After")
	}
	for _, a := range c.Attributes {
		if a.Path == "email" && !resource.IsSensitive(a.After) {
			t.Error("a sensitive value lost its mark in the difference")
		}
	}
	if c.After.GetAttr("id").IsKnown() || c.After.GetAttr("url").IsKnown() {
		t.Error("id and computed attributes of a new object must be unknown")
	}
}

func TestAdoption(t *testing.T) {
	k := person()
	stranger := func(id string, set attrs) resource.Object {
		return resource.Object{Kind: "person", ID: id, Attrs: value(k, set), Created: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	}
	same := stranger("id9", base)
	other := with(base, attrs{"name": str("other")})
	marked := func(m string) resource.Object { o := same; o.Marker = m; return o }
	doubtful := same
	doubtful.Doubts = map[string]string{"": "its e-mail is not verified"}
	named := same
	named.Doubts = map[string]string{"name": "its name is another's e-mail"}
	tests := map[string]struct {
		desired attrs
		matches []resource.Object
		action  plan.Action
		adopt   bool
		reclaim bool
		errs    []string // words of the error
	}{
		"found by key":         {base, []resource.Object{same}, plan.NoOp, true, false, nil},
		"found, and differs":   {with(base, attrs{"email": str("n@x.com")}), []resource.Object{same}, plan.Update, true, false, nil},
		"ours by marker":       {base, []resource.Object{marked("ours")}, plan.NoOp, true, true, nil},
		"another's by marker":  {base, []resource.Object{marked("theirs")}, "", false, false, []string{"another configuration", "id9"}},
		"doubtful":             {base, []resource.Object{doubtful}, "", false, false, []string{"Doubtful match", "id9", "2026-01-02", "not verified"}},
		"doubtful, id settles": {with(base, attrs{"id": str("id9")}), []resource.Object{doubtful}, plan.NoOp, true, false, nil},
		"doubtful by name":     {with(base, attrs{"email": str("n@x.com")}), []resource.Object{named}, "", false, false, []string{"Doubtful match", "another's e-mail"}},
		"e-mail settles":       {base, []resource.Object{named}, plan.NoOp, true, false, nil},
		"same e-mail":          {base, []resource.Object{stranger("id7", other)}, "", false, false, []string{"in the way", "id7", `name "other"`}},
		"same e-mail, by id":   {with(other, attrs{"id": str("id7")}), []resource.Object{stranger("id7", other)}, plan.NoOp, true, false, nil},
		"id not there":         {with(base, attrs{"id": str("id0")}), []resource.Object{same}, "", false, false, []string{"not found", "id0"}},
		"would be replaced":    {with(base, attrs{"id": str("id7")}), []resource.Object{stranger("id7", other)}, "", false, false, []string{"Adopted object would be replaced"}},
		"nobody":               {base, nil, plan.Create, false, false, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in := given(tt.desired, nil, nil)
			in.Matches = tt.matches
			c, diags := plan.Resource(in)
			if tt.errs != nil {
				for _, word := range tt.errs {
					if !strings.Contains(diags.Error(), word) {
						t.Errorf("the error does not say %q: %v", word, diags)
					}
				}
				return
			}
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			if c.Action != tt.action || c.Adopt != tt.adopt || c.Reclaim != tt.reclaim {
				t.Errorf("got %s adopt=%v reclaim=%v, want %s %v %v", c.Action, c.Adopt, c.Reclaim, tt.action, tt.adopt, tt.reclaim)
			}
			wantOrigin := resource.Created
			if tt.adopt && !tt.reclaim {
				wantOrigin = resource.Adopted
			}
			if c.Origin != wantOrigin {
				t.Errorf("origin %s, want %s", c.Origin, wantOrigin)
			}
		})
	}
}

func TestReplaceIsGuarded(t *testing.T) {
	in := given(with(base, attrs{"name": str("emmett")}), base, base)
	in.Desired.PreventDestroy = true
	if _, diags := plan.Resource(in); !strings.Contains(diags.Error(), "prevent_destroy") {
		t.Errorf("prevent_destroy did not prevent: %v", diags)
	}
	in.Desired.PreventDestroy = false
	in.Prior.Origin = resource.Adopted
	if _, diags := plan.Resource(in); !strings.Contains(diags.Error(), "not made by idpctl") {
		t.Errorf("an adopted object would be replaced: %v", diags)
	}
	in.Desired.OnDestroy = "delete"
	if c, diags := plan.Resource(in); diags.HasErrors() || c.Action != plan.Replace {
		t.Errorf("on_destroy = delete must allow it: %v", diags)
	}
}

func TestRemove(t *testing.T) {
	k := person()
	live := &resource.Object{ID: "id1", Attrs: value(k, base)}
	tests := map[string]struct {
		origin    resource.Origin
		onDestroy string
		live      *resource.Object
		want      plan.Action
	}{
		"created":                  {resource.Created, "", live, plan.Delete},
		"adopted":                  {resource.Adopted, "", live, plan.Forget},
		"adopted, to be deleted":   {resource.Adopted, "delete", live, plan.Delete},
		"created, to be released":  {resource.Created, "release", live, plan.Forget},
		"created, gone by now":     {resource.Created, "", nil, plan.Forget},
		"adopted, to be released":  {resource.Adopted, "release", live, plan.Forget},
		"adopted, delete but gone": {resource.Adopted, "delete", nil, plan.Forget},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			p := &plan.Prior{Address: addr, Kind: "person", ID: "id1", Origin: tt.origin, OnDestroy: tt.onDestroy}
			c, diags := plan.Remove(plan.Removal{Kind: k, Prior: p, Live: tt.live})
			if diags.HasErrors() || c.Action != tt.want {
				t.Errorf("got %v %v, want %s", c, diags, tt.want)
			}
		})
	}
}

func TestRemoveWithDesired(t *testing.T) {
	k := person()
	in := plan.Removal{
		Kind: k, Live: &resource.Object{ID: "id1", Attrs: value(k, base)},
		Prior:   &plan.Prior{Address: addr, Kind: "person", ID: "id1", Origin: resource.Created},
		Desired: &resource.Desired{Address: addr, PreventDestroy: true},
	}
	if _, diags := plan.Remove(in); !diags.HasErrors() {
		t.Error("prevent_destroy did not prevent destroy")
	}
	in.Desired = &resource.Desired{Address: addr}
	in.Parent = &plan.Change{Action: plan.Delete}
	c, diags := plan.Remove(in)
	if diags.HasErrors() || !c.WithParent {
		t.Errorf("what is in a deleted parent goes with it: %v %v", c, diags)
	}
}

func TestCheckContents(t *testing.T) {
	c := &plan.Change{Address: resource.Address{Kind: "home", Name: "hill"}}
	contents := plan.Contents{
		"person": {{ID: "1"}, {ID: "2"}, {ID: "3"}},
		"club":   {{ID: "4", Builtin: true}, {ID: "5"}},
	}
	gone := map[string]bool{"1": true}
	diags := plan.CheckContents(c, contents, gone, false)
	if !strings.Contains(diags.Error(), "1 club, 2 persons") {
		t.Errorf("it must say how many: %v", diags)
	}
	if diags := plan.CheckContents(c, contents, gone, true); diags.HasErrors() || !strings.Contains(c.Reason, "2 persons") {
		t.Errorf("force_destroy must allow it and say what goes: %v, %q", diags, c.Reason)
	}
	if diags := plan.CheckContents(c, plan.Contents{"person": {{ID: "1"}}}, gone, false); diags.HasErrors() {
		t.Errorf("nothing of others is in it: %v", diags)
	}
}

func TestBuild(t *testing.T) {
	at := func(kind, name string) resource.Address { return resource.Address{Kind: kind, Name: name} }
	home := &plan.Change{Address: at("home", "hill"), Kind: "home", Action: plan.Delete, ID: "h"}
	doc := &plan.Change{Address: at("person", "doc"), Kind: "person", Action: plan.Delete, ID: "d", DependsOn: []resource.Address{at("home", "hill")}}
	club := &plan.Change{Address: at("club", "time"), Kind: "club", Action: plan.Delete, ID: "c", DependsOn: []resource.Address{at("person", "doc"), at("home", "hill")}}
	fresh := &plan.Change{Address: at("person", "new"), Kind: "person", Action: plan.Create, Layer: 1}
	first := &plan.Change{Address: at("zoo", "z"), Kind: "zoo", Action: plan.Create, Layer: 0}
	p, diags := plan.Build(plan.Normal, "", []*plan.Change{home, fresh, doc, club, first}, nil, nil)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	var order []string
	for _, c := range p.Changes {
		order = append(order, c.Address.Name)
	}
	if got := strings.Join(order, " "); got != "z new time doc hill" {
		t.Errorf("order %q: creations by layer, then removals from the leaves", got)
	}
	if club.Layer != 0 || doc.Layer != 1 || home.Layer != 2 {
		t.Errorf("removal layers %d %d %d", club.Layer, doc.Layer, home.Layer)
	}
	if n := p.Counts(); n.Add != 2 || n.Destroy != 3 {
		t.Errorf("%+v", n)
	}
	twin := &plan.Change{Address: at("person", "twin"), Provider: "p", Kind: "person", Action: plan.NoOp, ID: "x", Adopt: true}
	other := &plan.Change{Address: at("person", "other"), Provider: "p", Kind: "person", Action: plan.NoOp, ID: "x"}
	if _, diags := plan.Build(plan.Normal, "", []*plan.Change{twin, other}, nil, nil); !strings.Contains(diags.Error(), "person.other and person.twin") {
		t.Errorf("two addresses with one object must be refused: %v", diags)
	}
}

func TestOutputs(t *testing.T) {
	known := func(s string) plan.Output { return plan.Output{Value: str(s)} }
	hidden := plan.Output{Value: str("s3cret").Mark(resource.Sensitive), Sensitive: true}
	changes := plan.Outputs(
		map[string]plan.Output{"same": known("a"), "new": known("b"), "changed": known("c"), "secret": hidden, "later": {Value: cty.UnknownVal(cty.String)}},
		map[string]plan.Output{"same": known("a"), "gone": known("x"), "changed": known("y"), "secret": {Sensitive: true}, "later": known("z")},
	)
	var got []string
	for _, c := range changes {
		got = append(got, c.Name+" "+string(c.Action))
		if c.Name == "secret" && !resource.IsSensitive(c.After) {
			t.Error("a sensitive output lost its mark")
		}
	}
	want := []string{"changed update", "gone delete", "later update", "new create", "same no-op", "secret no-op"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A value that was sensitive when it was applied is still the secret when the
// configuration replaces it by one that is not.
func TestFormerSecretStaysMasked(t *testing.T) {
	in := given(with(base, attrs{"email": str("plain@x.com")}), with(base, attrs{"email": str("c4n4ry")}), base)
	in.Prior.Sensitive = []string{"email"}
	c, _ := plan.Resource(in)
	if len(c.Attributes) != 1 || !resource.IsSensitive(c.Attributes[0].Before) || !resource.IsSensitive(c.Before.GetAttr("email")) {
		t.Errorf("the former secret is not masked: %#v", c.Attributes)
	}
	in = given(with(base, attrs{"name": str("new")}), with(base, attrs{"email": str("c4n4ry")}), base)
	in.Prior.Sensitive = []string{"email"}
	if c, _ = plan.Resource(in); !resource.IsSensitive(c.Before.GetAttr("email")) {
		t.Error("the former secret is not masked in a replacement")
	}
	r, _ := plan.Remove(plan.Removal{Kind: in.Kind, Prior: in.Prior, Live: in.Live})
	if !resource.IsSensitive(r.Before.GetAttr("email")) {
		t.Error("the former secret is not masked in a removal")
	}
}

// Unset and empty are one, but a number that is zero is a value.
func TestSame(t *testing.T) {
	null := func(typ cty.Type) cty.Value { return cty.NullVal(typ) }
	for _, tt := range []struct {
		a, b cty.Value
		same bool
	}{
		{null(cty.String), str(""), true},
		{null(cty.Bool), cty.False, true},
		{null(cty.Set(cty.String)), set(), true},
		{null(cty.Number), cty.Zero, false},
		{cty.Zero, cty.Zero, true},
		{null(cty.Number), null(cty.Number), true},
		{null(cty.Bool), cty.True, false},
		{cty.UnknownVal(cty.String), cty.UnknownVal(cty.String), false},
		{str("x").Mark(resource.Sensitive), str("x"), true},
	} {
		if got := plan.Same(tt.a, tt.b); got != tt.same {
			t.Errorf("Same(%#v, %#v) is %t", tt.a, tt.b, got)
		}
	}
}
