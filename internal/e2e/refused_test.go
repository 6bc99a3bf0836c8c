package e2e

import (
	"strings"
	"testing"
)

// refusedUsers are users, clients and groups that Keycloak does not take, or
// takes and drops a part of; each comment is what a plan says at the line below
// it.
const refusedUsers = `
user "fine" {
  @home
  email      = "fine@example.com"
  first_name = "O'Hara"
  last_name  = "Ünlü-Smith Jr."
}

user "irish" {
  @home
  # does not take "o'brien@example.com" for username: it has the character U+0027
  email      = "o'brien@example.com"
  first_name = "Pat"
  last_name  = "O'Brien"
}

user "short" {
  @home
  # does not take "al" for username: it has less than 3 characters
  username   = "al"
  email      = "al@example.com"
  first_name = "Al"
  last_name  = "Short"
}

user "quoted" {
  @home
  email      = "quoted@example.com"
  # for first_name: it has the character U+0022
  first_name = "Mary \"Red\""
  last_name  = "Quoted"
}

user "dropped" {
  @home
  email      = "dropped@example.com"
  first_name = "Attributes"
  last_name  = "Dropped"
  # Keycloak would drop attributes.department
  attributes = { department = ["platform"] }
}

user "secret" {
  @home
  email      = "secret@example.com"
  # "(sensitive value)" for first_name: it has the character
  first_name = sensitive("canary<name")
  last_name  = "Secret"
}

variable "key" {
  default   = "canary-key"
  sensitive = true
}

user "key" {
  @home
  email      = "key@example.com"
  first_name = "Secret"
  last_name  = "Key"
  # Keycloak would drop attributes.(sensitive value)
  attributes = { (var.key) = ["v"] }
}

client "reserved" {
  @home
  # cannot be set here
  attributes = { "oauth2.device.authorization.grant.enabled" = "true" }
}

group "empty" {
  @home
  name = "empty"
  # attributes.note is empty
  attributes = { note = [] }
}
`

// inPlaceOnly are mistakes that can be told only where the realm is there.
const inPlaceOnly = `
user "acting" {
  @home
  email            = "acting@example.com"
  first_name       = "Acts"
  last_name        = "Falsely"
  # has no required action "DANCE"
  required_actions = ["DANCE"]
}

client "scoped" {
  @home
  # has no client scope "no-such-scope"
  default_scopes = ["no-such-scope"]
}
`

// TestRefusedBeforeApply: what the server would refuse, the plan refuses, at
// its line, in a realm to come and in one that is there; nothing is changed.
func TestRefusedBeforeApply(t *testing.T) {
	forEachTarget(t, func(t *testing.T, on *target) {
		w := newWorld(t, on)
		w.arguments = "registration_email_as_username = false"
		w.configure(refusedUsers)
		w.refuses(1, refusedUsers)
		if w.exists(w.home) {
			t.Error("the realm was made")
		}
		w.configure("")
		w.must(0, "apply", "-auto-approve", "-input=false")
		w.configure(refusedUsers + inPlaceOnly)
		w.refuses(1, refusedUsers+inPlaceOnly)

		// What is right in them can be applied, and a user name then stays.
		_, only, _ := strings.Cut(refusedUsers, "\n")
		only, _, _ = strings.Cut(only, "\n\n")
		w.configure(only)
		w.must(0, "apply", "-auto-approve", "-input=false")
		renamed := `
user "fine" {
  @home
  # does not let user names be changed
  username   = "other"
  email      = "fine@example.com"
  first_name = "O'Hara"
  last_name  = "Ünlü-Smith Jr."
}
`
		w.configure(renamed)
		w.refuses(1, renamed)
		// Unless the same plan allows it, or makes every e-mail the user name.
		w.arguments = "edit_username_allowed = true"
		w.configure(renamed)
		w.must(0, "plan", "-input=false")
		w.arguments = "edit_username_allowed = true\nregistration_email_as_username = true"
		w.configure(renamed)
		w.refuses(1, strings.Replace(renamed, "does not let user names be changed", "has registration_email_as_username on", 1))
	})
}

// refuses plans and applies, and looks for each comment of the configuration as
// an error that points at the line below it.
func (w *world) refuses(code int, configuration string) {
	w.Helper()
	mutations := w.faults.Mutations()
	lines := strings.Split(configuration, "\n")
	for _, args := range [][]string{{"plan", "-input=false"}, {"apply", "-auto-approve", "-input=false"}} {
		r := w.idpctl(args...)
		said := strings.Join(strings.Fields(r.stderr), " ")
		n := 0
		for i, line := range lines {
			want, ok := strings.CutPrefix(strings.TrimSpace(line), "# ")
			if !ok {
				continue
			}
			n++
			at := strings.Join(strings.Fields(lines[i+1]), " ")
			if strings.Contains(at, "canary") {
				at = "first_name = sensitive("
			}
			if _, after, found := strings.Cut(said, want); !found || !strings.Contains(after[:min(len(after), 400)], at) {
				w.Errorf("%s does not say %q at %q:\n%s", args[0], want, at, r)
			}
		}
		if r.code != code || strings.Count(r.stderr, "Error: ") != n {
			w.Errorf("%s ended with %d and %d errors instead of %d:\n%s", args[0], r.code, strings.Count(r.stderr, "Error: "), n, r)
		}
		if strings.Contains(r.String(), "canary") {
			w.Errorf("a secret is shown:\n%s", r)
		}
	}
	if now := w.faults.Mutations(); now != mutations {
		w.Errorf("%d requests changed something", now-mutations)
	}
}
