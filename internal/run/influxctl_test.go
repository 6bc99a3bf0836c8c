package run_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/apply"
	"github.com/idpctl/idpctl/plan"
)

// profiled is a cluster that is known to influxctl.
const profiled = `
space "lab" {}

client "influxctl" {
  space = space.lab
}

cluster "p" {
  client = client.influxctl
  admins = []
  influxctl {
    path    = "config.toml"
    profile = "prod"
    host    = "cluster-host.com"
    port    = 8086
  }
}
`

// theirs is the file before, with a profile that is not idpctl's: written as
// nobody would format it, with a secret.
const theirs = "# mine\n\n[[ profile ]]\n\tname='default'  # of another cluster\nproduct =   \"clustered\"\n  host = \"other\"\nport = '443'\n" +
	"token=\"hunter2\"\nauth.oauth2 = { client_id = \"mine\", device_url = \"https://sso.example.com/d\", token_url = \"https://sso.example.com/t\" }  \n"

// added is what idpctl writes below it.
const added = `
[[profile]]
name = "prod"
product = "clustered"
host = "cluster-host.com"
port = "8086"

[profile.auth.oauth2]
client_id = "influxctl"
device_url = "memory://spaces/lab/device"
token_url = "memory://spaces/lab/token"
`

// alone is the same in a file that has nothing else, indented as influxctl's own example is.
const alone = `[[profile]]
    name = "prod"
    product = "clustered"
    host = "cluster-host.com"
    port = "8086"

    [profile.auth.oauth2]
        client_id = "influxctl"
        device_url = "memory://spaces/lab/device"
        token_url = "memory://spaces/lab/token"
`

// fileIs demands that the file has this content, byte for byte.
func (w *world) fileIs(want string) {
	w.t.Helper()
	if got := w.read("config.toml"); got != want {
		w.t.Errorf("config.toml is\n%q\nnot\n%q", got, want)
	}
}

// A profile through its life: made, changed, mended, renamed, taken out, and taken out
// by a destroy. What others wrote stays as it is.
func TestProfile(t *testing.T) {
	w := newWorld(t, profiled)
	w.write("config.toml", theirs)
	w.wants("space.lab create", "client.influxctl create", "cluster.p.influxctl update")
	w.fileIs(theirs)
	w.apply()
	w.fileIs(theirs + added)
	w.empty()

	w.config(strings.Replace(profiled, "cluster-host.com", "other-host.com", 1))
	w.wants("cluster.p.influxctl update")
	w.apply()
	moved := strings.Replace(added, "cluster-host.com", "other-host.com", 1)
	w.fileIs(theirs + moved)
	w.empty()

	// Another client: the profile is of that one once it is there.
	w.config(strings.Replace(profiled, "space = space.lab", "space = space.lab\n  client_id = \"ctl\"", 1))
	w.wants("client.influxctl replace", "cluster.p.influxctl update")
	w.apply()
	w.fileIs(theirs + strings.Replace(added, `"influxctl"`, `"ctl"`, 1))
	w.empty()

	// What somebody else made of idpctl's is mended, and theirs stays.
	w.config(profiled)
	w.apply()
	w.fileIs(theirs + added)
	w.write("config.toml", strings.Replace(theirs, "hunter2", "hunter3", 1)+strings.Replace(added, `"8086"`, `"1"`, 1))
	w.wants("cluster.p.influxctl update")
	w.apply()
	w.fileIs(strings.Replace(theirs, "hunter2", "hunter3", 1) + added)
	w.write("config.toml", theirs+added)
	w.empty()

	w.config(strings.Replace(profiled, `"prod"`, `"stage"`, 1))
	w.apply()
	w.fileIs(theirs + strings.Replace(added, `"prod"`, `"stage"`, 1))
	w.empty()

	nested := profiled[strings.Index(profiled, "  influxctl {"):]
	w.config(strings.Replace(profiled, nested, "}\n", 1))
	w.wants("cluster.p.influxctl forget")
	w.apply()
	w.fileIs(theirs)
	w.empty()

	w.config(profiled)
	w.apply()
	w.destroy()
	w.fileIs(theirs)
	w.convergedToNothing()
}

// A file that idpctl makes is for its owner alone, and one that has nothing else in it
// is empty in the end.
func TestProfileInANewFile(t *testing.T) {
	w := newWorld(t, profiled)
	w.wants("space.lab create", "client.influxctl create", "cluster.p.influxctl create")
	w.apply()
	w.fileIs(alone)
	info, err := os.Stat(filepath.Join(w.dir, "config.toml"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has the mode %v, %v", info.Mode(), err)
	}
	w.empty()
	w.destroy()
	w.fileIs("")
}

// profileIs demands that the file has the profile and theirs, that a further plan is
// empty, and that idpctl still knows what of it is its own: a destroy leaves theirs.
func profileIs(want string) func(*world) {
	return func(w *world) {
		w.t.Helper()
		w.empty()
		w.fileIs(theirs + want)
		clients := 0
		for _, s := range w.idp.Snapshot() {
			if s.Kind == "client" {
				clients++
			}
		}
		if clients != 1 || len(w.state().Intents) > 0 {
			w.t.Errorf("there are %d clients, and left open is %v", clients, w.state().Intents)
		}
		w.destroy()
		w.fileIs(theirs)
		w.convergedToNothing()
	}
}

// Wherever the process dies between the identity provider and the file, the next one
// brings both to where they belong.
func TestDeathBetweenClientAndProfile(t *testing.T) {
	other := strings.NewReplacer("space = space.lab", "space = space.lab\n  client_id = \"ctl\"", `"cluster-host.com"`, `"other-host.com"`).Replace(profiled)
	gone := profiled[:strings.Index(profiled, "  influxctl {")] + "}\n"
	files := map[string]string{"config.toml": theirs}
	list := []scenario{
		{name: "first", files: files, then: profiled, check: profileIs(added)},
		{name: "changed", files: files, before: profiled, then: other,
			check: profileIs(strings.NewReplacer(`"influxctl"`, `"ctl"`, "cluster-host.com", "other-host.com").Replace(added))},
		{name: "renamed", files: files, before: profiled, then: strings.Replace(profiled, `"prod"`, `"stage"`, 1),
			check: profileIs(strings.Replace(added, `"prod"`, `"stage"`, 1))},
		{name: "taken out", files: files, before: profiled, then: gone, check: profileIs("")},
		{name: "destroyed", files: files, before: profiled, check: func(w *world) {
			w.fileIs(theirs)
			w.convergedToNothing()
		}},
	}
	diesAtTheJournal(t, list)
	diesAtTheServer(t, list)
}

// A file that somebody else writes after the plan is left alone; the objects are made,
// and the next plan has the rest.
func TestProfileChangedSinceThePlan(t *testing.T) {
	edited := strings.Replace(theirs, "hunter2", "hunter3", 1)
	for name, tt := range map[string]struct {
		before, after string // of the file; "" is none
		applied       bool   // once, before
		config        string
		mode          plan.Mode
		want          string // after the next run
	}{
		"another profile changes":        {before: theirs, after: edited, config: profiled, want: edited + added},
		"the file is made":               {after: edited, config: profiled, want: edited + added},
		"the file goes":                  {before: theirs, config: profiled, want: alone},
		"the profile is made":            {before: theirs, after: theirs + added, config: profiled, want: theirs + added},
		"a change, and theirs changes":   {before: theirs, after: edited + added, applied: true, config: strings.Replace(profiled, "8086", "1", 1), want: edited + strings.Replace(added, "8086", "1", 1)},
		"a change, and the profile goes": {before: theirs, after: edited, applied: true, config: strings.Replace(profiled, "8086", "1", 1), want: edited + strings.Replace(added, "8086", "1", 1)},
		"a destroy, and theirs changes":  {before: theirs, after: edited + added, applied: true, config: profiled, mode: plan.Destroy, want: edited},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, profiled)
			file := func(text string) {
				if text != "" {
					w.write("config.toml", text)
				} else if err := os.Remove(filepath.Join(w.dir, "config.toml")); err != nil {
					t.Fatal(err)
				}
			}
			if tt.before != "" {
				file(tt.before)
			}
			if tt.applied {
				w.apply()
			}
			w.config(tt.config)
			w.between = func() { file(tt.after) }
			summary, diags := w.try(tt.mode)
			if diags.HasErrors() || summary.OK() {
				t.Fatalf("it went through: %v", diags)
			}
			said := func(words string) bool {
				return slices.ContainsFunc(summary.Failed, func(f apply.Failure) bool {
					return f.Address.String() == "cluster.p.influxctl" && strings.Contains(f.Diagnostic.Summary+f.Diagnostic.Detail, words)
				})
			}
			if !said("changed since the plan") || !said("config.toml") || !said("Plan again") {
				t.Errorf("it says %v %v", summary.Failed, summary.Diagnostics)
			}
			if tt.after != "" {
				w.fileIs(tt.after)
			} else if _, err := os.Stat(filepath.Join(w.dir, "config.toml")); err == nil {
				t.Error("the file is there again")
			}
			w.between = nil
			w.must(w.try(tt.mode))
			w.fileIs(tt.want)
			if tt.mode != plan.Destroy {
				w.empty()
			} else {
				w.convergedToNothing()
			}
		})
	}
}
