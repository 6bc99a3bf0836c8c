package entra

import (
	"fmt"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/work"
)

// check says why Entra ID would refuse an operation, as far as the tenant tells.
func (t *tenant) check(op *providers.Operation) error {
	if id := attr.String(op.After, "client_id"); op.Kind == "client" && op.Verb == providers.Create && op.Restore == "" && id != "" {
		return &providers.Error{
			Class: providers.Invalid, Attribute: "client_id", Summary: "There is no application with the client id " + work.Quoted(id),
			Hint: "Leave client_id out to have an application made: Entra ID chooses its id",
		}
	}
	if op.Verb == providers.Delete || op.Kind != "user" {
		return nil
	}
	changed := func(name string) bool { return op.Verb == providers.Create || slices.Contains(op.Changed, name) }
	name := attr.String(op.After, "user_principal_name")
	_, domain, _ := strings.Cut(name, "@")
	if attr.Bool(op.After, "guest", false) {
		_, home, _ := strings.Cut(attr.String(op.After, "email"), "@")
		if changed("email") && slices.Contains(t.domains, home) {
			return &providers.Error{
				Class: providers.Invalid, Attribute: "email",
				Summary: fmt.Sprintf("A guest cannot have an e-mail of the tenant's own domain %s", work.Quoted(home)),
				Hint:    "Leave out guest = true, or look the user up with data \"user\"",
			}
		}
		for _, given := range []string{"initial_password", "generate_password"} {
			if op.Verb == providers.Create && (given == "initial_password" && attr.IsSet(op.After, given) || given == "generate_password" && attr.Bool(op.After, given, false)) {
				return &providers.Error{
					Class: providers.Invalid, Attribute: given,
					Summary: "A guest signs in at home and has no password here",
					Hint:    "Leave " + given + " out; invite = true sends an invitation",
				}
			}
		}
		return nil
	}
	if op.Verb == providers.Update && changed("redemption_version") {
		return &providers.Error{
			Class: providers.Invalid, Attribute: "redemption_version", Summary: "Only a guest redeems an invitation",
			Hint: "Leave redemption_version out for a member of the tenant",
		}
	}
	if attr.Bool(op.After, "invite", false) && op.Verb == providers.Create {
		return &providers.Error{
			Class: providers.Invalid, Attribute: "invite", Summary: "Only a guest is invited",
			Hint: "Set guest = true, or give a member a first password with generate_password = true",
		}
	}
	if changed("user_principal_name") && name != "" && !slices.Contains(t.domains, domain) {
		attribute := "user_principal_name"
		if name == attr.String(op.After, "email") {
			attribute = "email" // which it is taken from
		}
		return &providers.Error{
			Class: providers.Invalid, Attribute: attribute,
			Summary: fmt.Sprintf("%s is none of the tenant's verified domains: %s", work.Quoted(domain), strings.Join(t.domains, ", ")),
			Hint:    "Use one of them in user_principal_name (which is the e-mail if it is not written), or set guest = true for somebody from elsewhere",
		}
	}
	if pw := attr.String(op.After, "initial_password"); pw != "" && op.Verb == providers.Create && !strong(pw) {
		return &providers.Error{
			Class: providers.Invalid, Attribute: "initial_password", Summary: "The password is too weak for Entra ID",
			Hint: "Write one of 8 to 256 characters with three of: lower case, upper case, digits, symbols; or set generate_password = true",
		}
	}
	return nil
}

// strong reports whether a password meets Entra ID's policy
// (https://learn.microsoft.com/entra/identity/authentication/concept-sspr-policy).
func strong(pw string) bool {
	if n := len([]rune(pw)); n < 8 || n > 256 {
		return false
	}
	var classes [4]bool
	for _, r := range pw {
		switch {
		case r >= 'a' && r <= 'z':
			classes[0] = true
		case r >= 'A' && r <= 'Z':
			classes[1] = true
		case r >= '0' && r <= '9':
			classes[2] = true
		default:
			classes[3] = true
		}
	}
	n := 0
	for _, is := range classes {
		if is {
			n++
		}
	}
	return n >= 3
}
