package run_test

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/conformance/memory"
)

const lab = `
space "lab" {
  title = "Laboratory"
  open  = false
}

person "marty" {
  space     = space.lab
  email     = "marty@example.com"
  full_name = "Marty McFly"
  generate_password = true
}

person "emmett" {
  space     = space.lab
  email     = "emmett@example.com"
  full_name = "Emmett Brown"
  initial_password = "great-scott-1.21"
}

team "drivers" {
  space   = space.lab
  members = [person.marty, person.emmett]
}

output "issuer" { value = space.lab.issuer }
output "marty"  { value = person.marty.id }
`

func TestApplyThenEmpty(t *testing.T) {
	w := newWorld(t, lab)
	w.wants("space.lab create", "person.emmett create", "person.marty create", "team.drivers create",
		"output.issuer create", "output.marty create")
	s := w.apply()
	if s.Added != 4 {
		t.Errorf("added %d objects, not 4", s.Added)
	}
	marty, _ := w.idp.Find("person", "lab", "marty@example.com")
	if got := w.delivered["person.marty"]; len(got) != 1 || got[0] != marty.Password || !marty.Temporary {
		t.Errorf("delivered %q, set %q (temporary %v)", got, marty.Password, marty.Temporary)
	}
	if emmett, _ := w.idp.Find("person", "lab", "emmett@example.com"); emmett.Password != "great-scott-1.21" {
		t.Errorf("the initial password is %q", emmett.Password)
	}
	drivers, _ := w.idp.Find("team", "lab", "drivers")
	if n := drivers.Attr("members").LengthInt(); n != 2 {
		t.Errorf("%d members, not 2", n)
	}
	w.empty()
	raw := w.read("idpctl.idpstate")
	for _, secret := range []string{"great-scott", marty.Password} {
		if strings.Contains(raw, secret) {
			t.Errorf("the state holds the secret %q", secret)
		}
	}
	if !strings.Contains(raw, marty.ID) {
		t.Error("the state does not hold the id")
	}
}

func TestChangesAndDrift(t *testing.T) {
	w := newWorld(t, lab)
	w.apply()
	w.config(strings.Replace(lab, "Marty McFly", "Martin McFly", 1))
	w.wants("person.marty update")
	w.apply()
	w.empty()

	marty, _ := w.idp.Find("person", "lab", "marty@example.com")
	w.idp.Change("person", marty.ID, "full_name", cty.StringVal("Calvin Klein"))
	w.wants("person.marty update drift:full_name")
	w.apply()
	if marty, _ = w.idp.Find("person", "lab", "marty@example.com"); marty.Attr("full_name").AsString() != "Martin McFly" {
		t.Errorf("drift was not mended: %#v", marty.Attr("full_name"))
	}
	w.empty()

	w.idp.Remove("person", marty.ID)
	p := w.wants("person.marty create", "team.drivers update", "output.marty update")
	if !p.Changes[2].Recreate && !p.Changes[1].Recreate {
		t.Error("the plan does not say that the person is gone")
	}
	w.apply()
	w.empty()
}

func TestRemoval(t *testing.T) {
	w := newWorld(t, lab)
	w.apply()
	w.config(`
space "lab" {
  title = "Laboratory"
}
person "emmett" {
  space     = space.lab
  email     = "emmett@example.com"
  full_name = "Emmett Brown"
}
`)
	w.wants("team.drivers delete", "person.marty delete", "output.issuer delete", "output.marty delete")
	w.apply()
	w.empty()
	if _, there := w.idp.Find("person", "lab", "marty@example.com"); there {
		t.Error("the person is still there")
	}
	w.destroy()
	if len(w.idp.Snapshot()) != 1 { // the site, which was there before
		t.Errorf("left behind: %v", w.idp.Snapshot())
	}
	if s := w.state(); !s.IsEmpty() {
		t.Errorf("the state is not empty: %+v", s)
	}
}

// The state of one server is not taken for that of another, where nothing of it
// is; a server that lost everything is filled again.
func TestAnotherServer(t *testing.T) {
	w := newWorld(t, lab)
	w.apply()
	first := w.idp
	use := func(p *memory.Provider) { w.idp, w.opts.Providers = p, []providers.Provider{p} }
	use(memory.New(memory.Options{Server: "elsewhere"}))
	for _, mode := range []plan.Mode{plan.Normal, plan.Destroy} {
		w.refused(mode, "The state is of here, and provider memory is elsewhere now, where none of its 4 objects is")
	}
	use(memory.New(memory.Options{Server: "here"}))
	w.apply()
	w.empty()
	if w.idp == first {
		t.Fatal("nothing was tried")
	}
}

func TestAdoption(t *testing.T) {
	w := newWorld(t, lab)
	space := w.idp.Put("space", map[string]cty.Value{"name": cty.StringVal("lab"), "title": cty.StringVal("Old")})
	person := memory.Member("lab", "emmett@example.com")
	person["full_name"] = cty.StringVal("Doc")
	person["email_verified"] = cty.True
	doc := w.idp.Put("person", person)
	p := w.wants("space.lab update adopt", "person.emmett update adopt", "person.marty create", "team.drivers create",
		"output.issuer create", "output.marty create")
	if n := len(p.Adoptions()); n != 2 {
		t.Errorf("%d adoptions, not 2", n)
	}
	w.apply()
	w.empty()
	if emmett, _ := w.idp.Find("person", "lab", "emmett@example.com"); emmett.ID != doc || emmett.Password != "" {
		t.Error("an adopted person keeps id and password")
	}
	w.destroy()
	left := map[string]bool{}
	for _, s := range w.idp.Snapshot() {
		left[s.ID] = true
	}
	if !left[space] || !left[doc] {
		t.Error("adopted objects must be released, not deleted")
	}
}

func TestDoubtfulMatchIsRefused(t *testing.T) {
	hcl := strings.Replace(lab, "open  = false", "open  = true", 1)
	w := newWorld(t, hcl)
	w.idp.Put("space", map[string]cty.Value{"name": cty.StringVal("lab"), "open": cty.True})
	stranger := w.idp.Put("person", memory.Member("lab", "marty@example.com"))
	w.refused(plan.Normal, "Doubtful match", stranger)
	w.config(hcl + `
data "person" "x" {
  space = space.lab
  email = "marty@example.com"
}
`)
	w.refused(plan.Normal, "look it up by its id", stranger)
}

func TestLostState(t *testing.T) {
	w := newWorld(t, lab)
	w.apply()
	w.lostState()
	w.wants("space.lab no-op reclaim", "person.emmett no-op adopt", "person.marty no-op adopt", "team.drivers no-op adopt",
		"output.issuer create", "output.marty create")
	w.apply()
	w.empty()
}

// An instance that gets another key keeps its object too: from for_each to
// count and back.
func TestRenamedInstance(t *testing.T) {
	const with = "space \"lab\" {}\nperson \"team\" {\n  space = space.lab\n  %\n}\n"
	each := strings.Replace(with, "%", "for_each = { m = \"marty@example.com\", e = \"emmett@example.com\" }\n  email = each.value", 1)
	count := strings.Replace(with, "%", "count = 2\n  email = [\"marty@example.com\", \"emmett@example.com\"][count.index]", 1)
	w := newWorld(t, each)
	w.apply()
	before, _ := w.idp.Find("person", "lab", "marty@example.com")
	for _, hcl := range []string{count, each} {
		w.config(hcl)
		if s := w.apply(); s.Added+s.Destroyed > 0 {
			t.Errorf("%d added, %d destroyed", s.Added, s.Destroyed)
		}
		w.empty()
	}
	if after, ok := w.idp.Find("person", "lab", "marty@example.com"); !ok || after.ID != before.ID {
		t.Error("the person is another one now")
	}
}

func TestRenamedBlock(t *testing.T) {
	w := newWorld(t, lab)
	w.apply()
	before, _ := w.idp.Find("person", "lab", "marty@example.com")
	w.config(strings.ReplaceAll(lab, `person "marty"`, `person "mcfly"`) + "")
	hcl := strings.ReplaceAll(strings.ReplaceAll(lab, `person "marty"`, `person "mcfly"`), "person.marty", "person.mcfly")
	w.config(hcl)
	w.wants("person.mcfly no-op")
	w.apply()
	w.empty()
	if after, _ := w.idp.Find("person", "lab", "marty@example.com"); after.ID != before.ID {
		t.Error("a renamed block must keep its object")
	}
}

func TestMembersOfOthersStay(t *testing.T) {
	w := newWorld(t, lab)
	w.apply()
	stranger := w.idp.Put("person", memory.Member("lab", "biff@example.com"))
	drivers, _ := w.idp.Find("team", "lab", "drivers")
	members := drivers.Attr("members").AsValueSlice()
	w.idp.Change("team", drivers.ID, "members", cty.SetVal(append(members, cty.StringVal(stranger))))
	w.empty()
	w.config(strings.Replace(lab, "[person.marty, person.emmett]", "[person.marty]", 1))
	w.wants("team.drivers update")
	w.apply()
	w.empty()
	drivers, _ = w.idp.Find("team", "lab", "drivers")
	if n := drivers.Attr("members").LengthInt(); n != 2 || drivers.Attr("members").HasElement(cty.StringVal(stranger)).False() {
		t.Errorf("members are %#v: marty and the stranger should be left", drivers.Attr("members"))
	}
	w.config(strings.Replace(lab, "[person.marty, person.emmett]", "[person.marty]\n  exclusive = true", 1))
	w.apply()
	w.empty()
	drivers, _ = w.idp.Find("team", "lab", "drivers")
	if n := drivers.Attr("members").LengthInt(); n != 1 {
		t.Errorf("%d members under exclusive, not 1", n)
	}
}

func TestDestroyRefusesWhatItDoesNotKnow(t *testing.T) {
	w := newWorld(t, lab)
	w.apply()
	w.idp.Put("person", memory.Member("lab", "biff@example.com"))
	w.refused(plan.Destroy, "1 person", "force_destroy")
	w.config(strings.Replace(lab, "open  = false", "force_destroy = true", 1))
	w.destroy()
	if len(w.idp.Snapshot()) != 1 {
		t.Errorf("left behind: %v", w.idp.Snapshot())
	}
}

func TestPreventDestroy(t *testing.T) {
	w := newWorld(t, strings.Replace(lab, "open  = false", "lifecycle { prevent_destroy = true }", 1))
	w.apply()
	w.refused(plan.Destroy, "prevent_destroy")
}

func TestFailureLeavesTheRestGoing(t *testing.T) {
	w := newWorld(t, lab)
	w.idp.Put("space", map[string]cty.Value{"name": cty.StringVal("lab"), "title": cty.StringVal("Laboratory")})
	w.idp.SetFault(refuse("person.marty"))
	s, diags := w.try(plan.Normal)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if len(s.Failed) != 1 || s.Failed[0].Address.String() != "person.marty" {
		t.Errorf("failed: %v", s.Failed)
	}
	if len(s.NotTried) != 1 || s.NotTried[0].Address.String() != "team.drivers" {
		t.Errorf("not tried: %v", s.NotTried)
	}
	if _, there := w.idp.Find("person", "lab", "emmett@example.com"); !there {
		t.Error("an independent person was not created")
	}
	w.idp.SetFault(nil)
	w.apply()
	w.empty()
}

func TestDataAndForEach(t *testing.T) {
	w := newWorld(t, "")
	w.idp.Put("space", map[string]cty.Value{"name": cty.StringVal("lab")})
	for _, name := range []string{"a", "b", "c"} {
		w.idp.Put("person", memory.Member("lab", name+"@example.com"))
	}
	w.config(`
data "space" "lab" { name = "lab" }
data "persons" "all" { space = data.space.lab }

team "each" {
  for_each = data.persons.all.persons
  space    = data.space.lab
  name     = "of-${each.value.username}"
  members  = [each.value]
}
team "everybody" {
  space   = data.space.lab
  members = [for p in data.persons.all.persons : p]
}
output "mails" { value = sort(values(data.persons.all.persons)[*].email) }
`)
	w.apply()
	w.empty()
	everybody, _ := w.idp.Find("team", "lab", "everybody")
	if n := everybody.Attr("members").LengthInt(); n != 3 {
		t.Errorf("%d members, not 3", n)
	}
	w.config(`
data "space" "lab" { name = "lab" }
data "person" "nobody" {
  space = data.space.lab
  email = "nobody@example.com"
}
`)
	w.refused(plan.Normal, "Not found", `email "nobody@example.com"`, "main.idp.hcl:6")
}

// A plural data block finds what it asks for, and nobody else: its people may
// become admins.
func TestPluralDataFilters(t *testing.T) {
	w := newWorld(t, "")
	w.idp.Put("space", map[string]cty.Value{"name": cty.StringVal("lab")})
	member := w.idp.Put("person", memory.Member("lab", "member@example.com"))
	w.idp.Put("person", memory.Member("lab", "stranger@example.com"))
	w.idp.Put("team", map[string]cty.Value{"space": cty.StringVal("lab"), "name": cty.StringVal("admins"), "members": cty.SetVal([]cty.Value{cty.StringVal(member)})})
	w.config(`
data "space" "lab" { name = "lab" }
data "team" "admins" {
  space = data.space.lab
  name  = "admins"
}
data "persons" "admins" {
  space = data.space.lab
  team  = data.team.admins
}
output "mails" { value = join(",", values(data.persons.admins.persons)[*].email) }
`)
	p := w.wants("output.mails create")
	if got := p.Outputs[0].After.AsString(); got != "member@example.com" {
		t.Errorf("found %s", got)
	}
}

// A data block that refers to what this very apply creates is read during it.
func TestDeferredData(t *testing.T) {
	w := newWorld(t, `
space "lab" {}
person "marty" {
  space = space.lab
  email = "marty@example.com"
  initial_password = "s3cret-enough"
}
data "person" "again" {
  space = space.lab
  id    = person.marty.id
}
output "mail" { value = data.person.again.email }
`)
	w.apply()
	w.empty()
}

func TestReplace(t *testing.T) {
	w := newWorld(t, lab)
	w.apply()
	before, _ := w.idp.Find("person", "lab", "marty@example.com")
	w.config(strings.Replace(lab, `"marty@example.com"`, `"calvin@example.com"
  username = "calvin@example.com"`, 1))
	w.wants("person.marty replace", "team.drivers update", "output.marty update")
	w.apply()
	w.empty()
	after, there := w.idp.Find("person", "lab", "calvin@example.com")
	if !there || after.ID == before.ID || after.Password != w.delivered["person.marty"][1] {
		t.Errorf("replaced wrongly: %+v", after)
	}
	if _, there := w.idp.Find("person", "lab", "marty@example.com"); there {
		t.Error("the old one is still there")
	}
}

func TestWriteOnlyVersion(t *testing.T) {
	mail := func(password, version string) string {
		return `space "lab" {
  mail {
    host = "smtp.example.com"
    password = "` + password + `"
    password_version = ` + version + `
  }
}
`
	}
	w := newWorld(t, mail("first", "1"))
	w.apply()
	w.empty()
	w.config(mail("second", "1"))
	w.empty()
	w.config(mail("second", "2"))
	w.wants("space.lab update")
	w.apply()
	w.empty()
	if s, _ := w.idp.Find("space", "", "lab"); s.WriteOnly["mail.password"].AsString() != "second" {
		t.Errorf("the password is %#v", s.WriteOnly)
	}
}

// One block may put its instances into several homes: each goes with its own.
func TestHomesThatGoTogether(t *testing.T) {
	for name, home := range map[string]string{
		"chosen": `each.key == "north" ? space.north : space.south`, "each": `space.lab[each.key]`,
	} {
		w := newWorld(t, `
locals { sides = toset(["north", "south"]) }
space "north" {}
space "south" {}
space "lab" {
  for_each = local.sides
  name     = "lab-${each.key}"
}

person "of" {
  for_each  = local.sides
  space     = `+home+`
  email     = "emmett@${each.key}.example.com"
  full_name = "Emmett Brown"
}
`)
		before := len(w.idp.Snapshot())
		w.apply()
		if s := w.destroy(); s.Destroyed != 6 {
			t.Errorf("%s: %d destroyed, not 6", name, s.Destroyed)
		}
		if left := w.idp.Snapshot(); len(left) != before {
			t.Errorf("%s: left behind: %v", name, left)
		}
	}
}
