package memory

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/resource"
)

// everyone is the team that every space has by itself.
const everyone = "everyone"

func kinds() []resource.Kind {
	return []resource.Kind{space(), person(), team(), client(), site(), app()}
}

func kindNamed(name string) (resource.Kind, bool) {
	for _, k := range kinds() {
		if k.Name == name {
			return k, true
		}
	}
	return resource.Kind{}, false
}

func kindOrder(name string) int {
	return slices.IndexFunc(kinds(), func(k resource.Kind) bool { return k.Name == name })
}

func space() resource.Kind {
	return resource.Kind{
		Name: "space", Doc: "A home of persons and teams.",
		Example: `space "lab" {
  title = "Laboratory"
}
`,
		Attributes: []resource.Attribute{
			{Name: "name", Type: cty.String, Optional: true, ForceNew: true, DefaultFrom: resource.FromLabel, Doc: "Its name.",
				Check: resource.Check{MinLen: 1, MaxLen: 60, Pattern: `[a-z0-9-]+`, PatternDoc: "lower-case letters, digits and dashes"}},
			{Name: "title", Type: cty.String, Optional: true, Doc: "A title for people."},
			{Name: "enabled", Type: cty.Bool, Optional: true, Default: cty.True, Doc: "Whether anybody may sign in."},
			{Name: "open", Type: cty.Bool, Optional: true, Default: cty.False, Doc: "Whether anybody may register."},
			{Name: "lifetime", Type: cty.Number, Optional: true, Default: cty.NumberIntVal(300), Doc: "Seconds that a session lives.",
				Check: resource.Check{HasRange: true, Min: 60, Max: 3600}},
			{Name: "theme", Type: cty.String, Optional: true, Computed: true, Doc: "How it looks.",
				Check: resource.Check{OneOf: []string{"plain", "dark", "light"}}},
			{Name: "languages", Type: cty.List(cty.String), Optional: true, Doc: "The languages offered, the first by default."},
			{Name: "labels", Type: cty.Map(cty.String), Optional: true, Doc: "Labels; all of them."},
			{Name: "issuer", Type: cty.String, Computed: true, Doc: "The issuer of its tokens."},
			{Name: "device_authorization_endpoint", Type: cty.String, Computed: true, Doc: "Where a sign-in on a device begins."},
			{Name: "token_endpoint", Type: cty.String, Computed: true, Doc: "Where tokens come from."},
			{Name: "mail", Optional: true, Doc: "How mail is sent.", Block: []resource.Attribute{
				{Name: "host", Type: cty.String, Required: true, Doc: "The server's name."},
				{Name: "port", Type: cty.Number, Optional: true, Default: cty.NumberIntVal(25), Doc: "The server's port.",
					Check: resource.Check{HasRange: true, Min: 1, Max: 65535}},
				{Name: "password", Type: cty.String, Optional: true, WriteOnly: true, Sensitive: true,
					Version: "password_version", Doc: "The password to sign in with."},
				{Name: "password_version", Type: cty.Number, Optional: true, Local: true, Doc: "Raise it to send the password again."},
			}, Type: cty.Object(map[string]cty.Type{
				"host": cty.String, "port": cty.Number, "password": cty.String, "password_version": cty.Number,
			})},
		},
		Key: []string{"name"}, Lookup: [][]string{{"name"}, {"id"}},
		ChosenID: true, Marked: true, Contains: []string{"person", "team", "client"},
	}
}

func parent() resource.Attribute {
	return resource.Attribute{Name: "space", Type: cty.String, Required: true, ForceNew: true, Doc: "The space it lives in.",
		Ref: &resource.Ref{Kinds: []string{"space"}, Attr: "name"}}
}

func person() resource.Kind {
	return resource.Kind{
		Name: "person", Doc: "Somebody who signs in.",
		Example: `space "lab" {}

person "marty" {
  space             = space.lab
  email             = "mcfly@example.com"
  generate_password = true
}
`,
		Attributes: []resource.Attribute{
			parent(),
			{Name: "username", Type: cty.String, Optional: true, ForceNew: true, DefaultFrom: "email", Normalize: resource.Lower,
				Doc: "The name to sign in with.", Check: resource.Check{MinLen: 3, MaxLen: 255}},
			{Name: "email", Type: cty.String, Required: true, Normalize: resource.Lower, Doc: "The e-mail address.",
				Check: resource.Check{Email: true}},
			{Name: "email_verified", Type: cty.Bool, Optional: true, Default: cty.False, Doc: "Whether the address is proved."},
			{Name: "full_name", Type: cty.String, Optional: true, Doc: "The name for people."},
			{Name: "enabled", Type: cty.Bool, Optional: true, Default: cty.True, Doc: "Whether the person may sign in."},
			{Name: "duties", Type: cty.Set(cty.String), Optional: true, Doc: "What the person has to do at the next sign-in."},
			{Name: "attributes", Type: cty.Map(cty.String), Optional: true, Partial: true, Doc: "Further attributes; others stay."},
			{Name: "pin", Type: cty.String, Optional: true, WriteOnly: true, Sensitive: true, Version: "pin_version",
				Doc: "The code for the door."},
			{Name: "pin_version", Type: cty.Number, Optional: true, Local: true, Doc: "Raise it to send the code again."},
			{Name: "initial_password", Type: cty.String, Optional: true, WriteOnly: true, Sensitive: true, OnCreate: true,
				Doc: "The first password."},
			{Name: "generate_password", Type: cty.Bool, Optional: true, OnCreate: true, Doc: "Make a first password."},
			{Name: "invite", Type: cty.Bool, Optional: true, OnCreate: true, Doc: "Send a mail that lets the person set one."},
		},
		Key: []string{"username"}, Unique: [][]string{{"email"}}, Parent: "space",
		Lookup: [][]string{{"email"}, {"username"}, {"id"}},
		Plural: "persons",
		Filters: []resource.Attribute{
			parent(),
			{Name: "enabled", Type: cty.Bool, Optional: true, Doc: "Only those who may sign in, or may not."},
			{Name: "team", Type: cty.String, Optional: true, Doc: "Only the members of this team.",
				Ref: &resource.Ref{Kinds: []string{"team"}, Attr: "id"}},
		},
		Enabled:    "enabled",
		Credential: &resource.Credential{Password: "initial_password", Generate: "generate_password", Invite: "invite"},
	}
}

func team() resource.Kind {
	return resource.Kind{
		Name: "team", Doc: "Named persons together.",
		Example: `space "lab" {}

person "marty" {
  space = space.lab
  email = "mcfly@example.com"
}

team "drivers" {
  space   = space.lab
  members = [person.marty]
}
`,
		Attributes: []resource.Attribute{
			parent(),
			{Name: "name", Type: cty.String, Optional: true, DefaultFrom: resource.FromLabel, Doc: "Its name.", Check: resource.Check{MinLen: 1, MaxLen: 255}},
			{Name: "description", Type: cty.String, Optional: true, Doc: "What it is for."},
			{Name: "tier", Type: cty.String, Optional: true, Computed: true, ForceNew: true, Doc: "How large it may become.",
				Check: resource.Check{OneOf: []string{"small", "large"}}},
			{Name: "members", Type: cty.Set(cty.String), Optional: true, Partial: true, Exclusive: "exclusive", Doc: "Who belongs to it.",
				Ref: &resource.Ref{Kinds: []string{"person"}, Attr: "id"}},
			{Name: "exclusive", Type: cty.Bool, Optional: true, Local: true, Default: cty.False, Doc: "Whether members is the whole list."},
		},
		Key: []string{"name"}, Parent: "space", Lookup: [][]string{{"name"}, {"id"}},
	}
}

// client is what the cluster block asks for by this name.
func client() resource.Kind {
	return resource.Kind{
		Name: "client", Doc: "Something that persons of a space sign in to.",
		Example: `space "lab" {}

client "influxctl" {
  space = space.lab
}
`,
		Attributes: []resource.Attribute{
			parent(),
			{Name: "client_id", Type: cty.String, Optional: true, ForceNew: true, DefaultFrom: resource.FromLabel, Doc: "By which it is known to those who sign in.",
				Check: resource.Check{MinLen: 1, MaxLen: 255}},
			{Name: "title", Type: cty.String, Optional: true, Doc: "Its name for people."},
		},
		Key: []string{"client_id"}, Parent: "space", Lookup: [][]string{{"client_id"}, {"id"}},
		ChosenID: true, Marked: true,
	}
}

func site() resource.Kind {
	return resource.Kind{
		Name: "site", Doc: "The whole installation, which is there already.",
		Example: `site "main" {
  greeting = "Hello"
}
`,
		Attributes: []resource.Attribute{
			{Name: "name", Type: cty.String, Optional: true, ForceNew: true, DefaultFrom: resource.FromLabel, Doc: "Its name: main."},
			{Name: "greeting", Type: cty.String, Optional: true, Computed: true, Doc: "What it says."},
		},
		Key: []string{"name"}, Lookup: [][]string{{"name"}}, AdoptOnly: true, Marked: true,
	}
}

// app has no natural key: its title is anybody's, and its id the server's.
func app() resource.Kind {
	return resource.Kind{
		Name: "app", Doc: "Something that is signed in to.",
		Example: `site "main" {}

app "garage" {
  site  = site.main
  title = "Garage"
}
`,
		Attributes: []resource.Attribute{
			{Name: "site", Type: cty.String, Required: true, ForceNew: true, Doc: "The site that has it.",
				Ref: &resource.Ref{Kinds: []string{"site"}, Attr: "name"}},
			{Name: "title", Type: cty.String, Optional: true, DefaultFrom: resource.FromLabel, Doc: "Its title; another may have it, too.",
				Check: resource.Check{MinLen: 1, MaxLen: 120}},
			{Name: "platform", Type: cty.String, Optional: true, Default: cty.StringVal("web"), ForceNew: true, Doc: "What it runs on.",
				Check: resource.Check{OneOf: []string{"web", "desktop", "phone"}}},
			{Name: "client_id", Type: cty.String, Optional: true, Computed: true, ForceNew: true,
				Doc: "By which it is known to those who sign in. Set it to adopt the app that has it."},
			{Name: "scopes", Type: cty.Set(cty.String), Optional: true, Partial: true, Doc: "What it may ask for; others stay."},
		},
		Unique: [][]string{{"client_id"}}, Parent: "site", Lookup: [][]string{{"client_id"}, {"id"}},
		UpsertKey: true, Marked: true, Restores: true,
	}
}
