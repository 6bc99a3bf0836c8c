package e2e

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	emulator "github.com/idpctl/idpctl/emulator/entra"
	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers/entra"
)

// resetPasswords is needed only once a first password did not reach its user.
const resetPasswords = "User-PasswordProfile.ReadWrite.All"

// printed are the permissions that `idpctl providers permissions` names.
func (d *entraTenant) printed() []string {
	d.t.Helper()
	module, diags := run.Load(d.opts)
	if diags.HasErrors() {
		d.t.Fatal(diags)
	}
	var names []string
	for _, p := range module.Permissions(d.opts.Providers[0].Info()) {
		names = append(names, p.Name)
	}
	return names
}

// everything is done with a configuration: made, changed, and removed.
func (d *entraTenant) everything() (said string) {
	steps := []func() string{
		func() string { return d.told(plan.Normal) },
		func() string {
			d.configure(strings.NewReplacer(`"One"`, `"Two"`, "user.b, ", "", "[group.admins, user.a]", "[group.admins]").Replace(entraScenario))
			return d.told(plan.Normal)
		},
		func() string { return d.told(plan.Destroy) },
	}
	for _, step := range steps {
		if said = step(); said != "" {
			return said
		}
	}
	return ""
}

// told is what a run says went wrong.
func (d *entraTenant) told(mode plan.Mode) string {
	s, diags := d.try(mode)
	var b strings.Builder
	for _, g := range diags {
		if g.Severity == 0 {
			b.WriteString(g.Summary + ". " + g.Detail + "\n")
		}
	}
	if s != nil {
		for _, f := range s.Failed {
			b.WriteString(f.Diagnostic.Summary + ". " + f.Diagnostic.Detail + "\n")
		}
		for _, g := range s.Diagnostics {
			b.WriteString(g.Summary + ". " + g.Detail + "\n")
		}
	}
	return b.String()
}

// TestEntraPermissions: with exactly the permissions that are printed everything
// works; with any one missing something does not, and the message names it.
func TestEntraPermissions(t *testing.T) {
	var all []string
	synctest.Test(t, func(t *testing.T) {
		d := newEntraTenant(t, emulator.Options{}, entraScenario)
		all = d.printed()
		d = newEntraTenant(t, emulator.Options{Roles: all}, entraScenario)
		if said := d.everything(); said != "" {
			t.Errorf("with %v: %s", all, said)
		}
	})
	if len(all) < 6 || !slices.Contains(all, resetPasswords) {
		t.Fatalf("printed: %v", all)
	}
	for _, missing := range all {
		if missing == resetPasswords {
			continue
		}
		t.Run(missing, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				some := slices.DeleteFunc(slices.Clone(all), func(name string) bool { return name == missing })
				for _, p := range entra.New().Info().Permissions {
					if slices.Contains(p.Within, missing) {
						some = append(some, p.Name) // what else the missing one gave
					}
				}
				d := newEntraTenant(t, emulator.Options{Roles: some}, entraScenario)
				if said := d.everything(); !strings.Contains(said, missing) || !strings.Contains(said, "az ad app permission add") {
					t.Errorf("without %s it says: %s", missing, said)
				}
			})
		})
	}
}
