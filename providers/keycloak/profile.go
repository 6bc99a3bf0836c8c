package keycloak

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/work"
)

// userProfile is what a realm allows in its users (UPConfig). What it does not
// allow, Keycloak drops behind a 2xx.
type userProfile struct {
	// Unmanaged is the policy for attributes that are not declared: DISABLED
	// (the default, if it is empty), ENABLED, ADMIN_EDIT or ADMIN_VIEW.
	Unmanaged  string             `json:"unmanagedAttributePolicy"`
	Attributes []profileAttribute `json:"attributes"`
	// unread: the account may not read the profile.
	unread bool
}

// profileAttribute is what a realm allows in one attribute (UPAttribute).
type profileAttribute struct {
	Name        string `json:"name"`
	Permissions struct {
		Edit []string `json:"edit"`
	} `json:"permissions"`
	// Required is absent where nobody must give a value; without roles it is
	// for everyone, with scopes only for who asks for one of them.
	Required *struct {
		Roles  []string `json:"roles"`
		Scopes []string `json:"scopes"`
	} `json:"required"`
	Validations map[string]json.RawMessage `json:"validations"`
}

// demanded reports whether an administrator who creates a user must give a
// value.
func (a *profileAttribute) demanded() bool {
	r := a.Required
	return r != nil && len(r.Scopes) == 0 && (len(r.Roles) == 0 || slices.Contains(r.Roles, "admin")) &&
		slices.Contains(a.Permissions.Edit, "admin")
}

// keeps reports whether Keycloak keeps an attribute that an administrator
// writes; otherwise it says why not.
func (p *userProfile) keeps(name string) (string, bool) {
	for _, a := range p.Attributes {
		if a.Name == name {
			if slices.Contains(a.Permissions.Edit, "admin") {
				return "", true
			}
			return "the realm's user profile does not let administrators edit it", false
		}
	}
	if p.Unmanaged == "ENABLED" || p.Unmanaged == "ADMIN_EDIT" {
		return "", true
	}
	return "the realm's user profile does not declare it, and unmanaged attributes are off", false
}

// rootAttribute reports whether a name of the user profile is an attribute of
// its own here.
func rootAttribute(name string) bool {
	return name == "username" || name == "email" || name == "firstName" || name == "lastName"
}

// inConsole begins a hint to change the user profile.
const inConsole = "In the admin console of the realm"

func swallowed(realm, name, why string) error {
	return &providers.Error{
		Class: providers.Invalid, Attribute: "attributes",
		Summary: fmt.Sprintf("Keycloak would drop attributes.%s of users in realm %s: %s", providers.Clean(name, 100), work.Quoted(realm), why),
		Hint: fmt.Sprintf(inConsole+", under Realm settings, either add the attribute %s on the tab User profile, "+
			"with edit permission for Admin, or set Unmanaged attributes on the tab General to \"Only administrators can write\" "+
			"(unmanagedAttributePolicy ADMIN_EDIT)", work.Quoted(name)),
	}
}

// checkAttributes refuses attributes that Keycloak would drop, before anything
// is done. It reports whether it could not tell.
func (b *batch) checkAttributes(ctx context.Context, realm string, attributes map[string][]string) (untold bool, err error) {
	profile, err := b.profile(ctx, realm)
	if err != nil {
		return false, err
	}
	return profile.unread, keptBy(profile, realm, attributes)
}

// keptBy refuses attributes that Keycloak would drop for a profile.
func keptBy(profile *userProfile, realm string, attributes map[string][]string) error {
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		if rootAttribute(name) {
			return &providers.Error{
				Class: providers.Invalid, Attribute: "attributes",
				Summary: fmt.Sprintf("attributes.%s is an attribute of its own: %s", name, attributeOf(name)),
			}
		}
		if values := attributes[name]; len(values) == 0 || slices.Contains(values, "") {
			return emptyValue("attributes", name)
		}
		if profile.unread {
			continue
		}
		if why, ok := profile.keeps(name); !ok {
			return swallowed(realm, name, why)
		}
	}
	return nil
}

func (b *batch) profile(ctx context.Context, realm string) (*userProfile, error) {
	return b.realm(realm).profile.Get(func() (*userProfile, error) {
		var p userProfile
		r := request{doing: "read the user profile", realm: realm, role: "view-realm"}
		err := b.get(ctx, r, nil, &p, "users", "profile")
		if err != nil && providers.ClassOf(err) == providers.Forbidden {
			return &userProfile{unread: true}, nil
		}
		return &p, err
	})
}

// checkActions refuses required actions that the realm does not have: Keycloak
// drops them without a word.
func (b *batch) checkActions(ctx context.Context, realm string, actions []string) error {
	if len(actions) == 0 {
		return nil
	}
	known, err := b.realm(realm).actions.Get(func() (map[string]bool, error) {
		var list []struct{ Alias string }
		r := request{doing: "list the required actions", realm: realm, role: "view-realm"}
		err := b.get(ctx, r, nil, &list, "authentication", "required-actions")
		if err != nil && providers.ClassOf(err) == providers.Forbidden {
			return nil, nil // cannot be told
		}
		known := make(map[string]bool, len(list))
		for _, a := range list {
			known[a.Alias] = true
		}
		return known, err
	})
	if err != nil || known == nil {
		return err
	}
	for _, a := range actions {
		if !known[a] {
			return &providers.Error{
				Class: providers.Invalid, Attribute: "required_actions",
				Summary: fmt.Sprintf("Realm %s has no required action %s", work.Quoted(realm), work.Quoted(a)),
				Hint:    "It has: " + names(known),
			}
		}
	}
	return nil
}
