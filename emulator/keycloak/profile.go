package keycloak

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
)

// The user profile says which attributes a user has, who may see and change
// them, and what values they take. Attributes that it does not mention are
// "unmanaged": by default they are dropped without a word.

// profileAttribute is one attribute of the profile.
type profileAttribute struct{ object }

func (rm *realm) profileAttributes() []profileAttribute {
	list := objects(rm.profile["attributes"])
	out := make([]profileAttribute, len(list))
	for i, o := range list {
		out[i] = profileAttribute{o}
	}
	return out
}

func (a profileAttribute) name() string { return str(a.object, "name") }

// permits reports whether a role ("admin", "user") may view or edit.
func (a profileAttribute) permits(what, who string) bool {
	p, _ := a.object["permissions"].(object)
	return slices.Contains(stringList(p[what]), who)
}

// requiredFor reports whether a role must give a value. A requirement without
// roles is for everyone.
func (a profileAttribute) requiredFor(who string) bool {
	r, required := a.object["required"].(object)
	if !required {
		return false
	}
	roles, limited := listOf(r, "roles")
	return !limited || slices.Contains(roles, who)
}

// unmanaged reports whether administrators may view or edit attributes that
// the profile does not mention.
func (rm *realm) unmanaged(what string) bool {
	switch str(rm.profile, "unmanagedAttributePolicy") {
	case "ENABLED", "ADMIN_EDIT":
		return true
	case "ADMIN_VIEW":
		return what == "view"
	}
	return false
}

// rootAttributes are the attributes of the profile that are fields of a user.
var rootAttributes = []string{"username", "email", "firstName", "lastName"}

// attributeAccess reports whether administrators may view or edit one.
func (rm *realm) attributeAccess(name, what string) bool {
	for _, a := range rm.profileAttributes() {
		if a.name() == name {
			return a.permits(what, "admin")
		}
	}
	return rm.unmanaged(what)
}

// visibleAttributes are those that administrators see.
func (u *user) visibleAttributes() map[string][]string {
	out := map[string][]string{}
	for k, v := range u.attributes {
		if u.realm.attributeAccess(k, "view") {
			out[k] = v
		}
	}
	return out
}

// values are the values of a user's profile that a request leads to.
type profileValues map[string][]string

func (v profileValues) first(name string) string {
	if len(v[name]) > 0 {
		return v[name][0]
	}
	return ""
}

// check validates values as they are for a role. u is the user as it is, nil
// for a new one.
func (rm *realm) check(values profileValues, u *user, who string) *apiError {
	username := strings.ToLower(values.first("username"))
	_, given := values["username"]
	if (given || u == nil) && strings.TrimSpace(username) == "" {
		return message(http.StatusBadRequest, "User name is missing")
	}
	if o := rm.users.byUsername[username]; o != nil && o != u {
		return message(http.StatusConflict, "User exists with same username")
	}
	email := strings.ToLower(values.first("email"))
	if o := rm.users.byEmail[email]; o != nil && o != u && !is(rm.rep, "duplicateEmailsAllowed") {
		return message(http.StatusConflict, "User exists with same email")
	}
	var errs []fieldError
	for _, a := range rm.profileAttributes() {
		errs = append(errs, rm.checkAttribute(a, values, u, who)...)
	}
	if len(errs) > 0 {
		return invalidFields(errs)
	}
	return nil
}

func (rm *realm) checkAttribute(a profileAttribute, values profileValues, u *user, who string) (errs []fieldError) {
	name := a.name()
	fail := func(key string, params ...any) {
		errs = append(errs, fieldError{name, key, append([]any{name}, params...)})
	}
	if name == "username" && u != nil && !is(rm.rep, "editUsernameAllowed") {
		if v, given := values["username"]; given && !strings.EqualFold(v[0], u.username) {
			fail("error-user-attribute-read-only")
		}
		return errs
	}
	var filled []string
	for _, v := range values[name] {
		if strings.TrimSpace(v) != "" {
			filled = append(filled, v)
		}
	}
	if len(filled) == 0 && name != "username" && a.requiredFor(who) {
		fail("error-user-attribute-required")
	}
	validations, _ := a.object["validations"].(object)
	for _, v := range filled {
		for _, id := range validators {
			if config, asked := validations[id].(object); asked {
				validate(id, config, v, fail)
			}
		}
	}
	return errs
}

// validators are the kinds of validations that are emulated, in the order in
// which they complain.
var validators = []string{"length", "username-prohibited-characters", "up-username-not-idn-homograph",
	"person-name-prohibited-characters", "pattern", "options", "email"}

// Source: PersonNameProhibitedCharactersValidator, UsernameProhibitedCharactersValidator.
const (
	prohibitedInNames     = "<>&\"$%!#?§;*~/\\|^=[]{}()"
	prohibitedInUsernames = prohibitedInNames + "',:`"
)

func validate(id string, config object, v string, fail func(key string, params ...any)) {
	control := func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }
	switch id {
	case "length":
		n := int64(len(utf16.Encode([]rune(strings.TrimSpace(v))))) // as Java counts
		low, hasLow := limit(config, "min")
		high, hasHigh := limit(config, "max")
		if (hasLow && n < low) || (hasHigh && n > high) {
			switch {
			case hasLow && hasHigh:
				fail("error-invalid-length", low, high)
			case hasLow:
				fail("error-invalid-length-too-short", low, nil)
			default:
				fail("error-invalid-length-too-long", nil, high)
			}
		}
	case "username-prohibited-characters":
		if strings.ContainsAny(v, prohibitedInUsernames) || strings.ContainsFunc(v, control) ||
			strings.ContainsFunc(v, unicode.IsSpace) {
			fail("error-username-invalid-character")
		}
	case "up-username-not-idn-homograph": // measured: letters of other scripts, and combining marks
		if strings.ContainsFunc(v, func(r rune) bool { return !unicode.In(r, unicode.Latin, unicode.Common) }) {
			fail("error-username-invalid-character")
		}
	case "person-name-prohibited-characters":
		if strings.ContainsAny(v, prohibitedInNames) || strings.ContainsFunc(v, control) {
			fail("error-person-name-invalid-character")
		}
	case "email":
		if !validEmail(v, 64) {
			fail("error-invalid-email", v)
		}
	case "pattern":
		if re, err := regexp.Compile(`\A(?:` + str(config, "pattern") + `)\z`); err == nil && !re.MatchString(v) {
			key := str(config, "error-message")
			if key == "" {
				key = "error-pattern-no-match"
			}
			fail(key, v)
		}
	case "options":
		if !slices.Contains(stringList(config["options"]), v) {
			fail("error-invalid-value", v)
		}
	}
}

// limit is a number in a validation; it may be written as text.
func limit(config object, name string) (int64, bool) {
	n, err := toInt(jsonText(config[name]), 0, 1<<31-1)
	i, isNumber := n.(int64)
	return i, err == nil && isNumber
}

// Source: org.keycloak.utils.EmailValidationUtil, without the forms in quotes
// and brackets.
const (
	emailSigns = "a-z0-9!#$%&'*+/=?^`{|}~" + `\x{80}-\x{ffff}`
	emailChar  = `[` + emailSigns + `_\-]`
	emailLabel = `[` + emailSigns + `]([` + emailSigns + `\-]*[` + emailSigns + `])?`
)

// Compiling these takes milliseconds, which no other command shall wait for.
var (
	emailLocal = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)^` + emailChar + `+(\.` + emailChar + `+)*$`)
	})
	emailDomain = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)^` + emailLabel + `(\.` + emailLabel + `)*$`)
	})
)

// validEmail reports whether the server takes v for an e-mail address.
func validEmail(v string, maxLocal int) bool {
	i := strings.LastIndexByte(v, '@')
	return i > 0 && i <= maxLocal && len(v)-i-1 <= 255 &&
		emailLocal().MatchString(v[:i]) && emailDomain().MatchString(v[i+1:])
}

// metadata is what a client needs to show a form for the profile. u is nil
// for the profile as such.
func (rm *realm) metadata(u *user) object {
	attributes := []object{}
	for _, a := range rm.profileAttributes() {
		if !a.permits("view", "admin") {
			continue
		}
		username := a.name() == "username"
		o := object{"name": a.name(), "required": username || a.requiredFor("admin"),
			"readOnly":    username && u != nil && !is(rm.rep, "editUsernameAllowed") || !a.permits("edit", "admin"),
			"multivalued": is(a.object, "multivalued")}
		validators := object{"multivalued": object{"max": "1"}}
		validations, _ := a.object["validations"].(object)
		for id, config := range validations {
			v, _ := jsonvalue.Clone(config).(object)
			v["ignore.empty.value"] = true
			validators[id] = v
		}
		o["validators"] = validators
		for _, f := range []string{"displayName", "group", "annotations"} {
			if a.object[f] != nil {
				o[f] = a.object[f]
			}
		}
		attributes = append(attributes, o)
	}
	groups := rm.profile["groups"]
	if groups == nil {
		groups = []any{}
	}
	return object{"attributes": attributes, "groups": groups}
}

func (c *call) getProfile() (reply, error) { return ok(c.realm.profile) }

func (c *call) getProfileMetadata() (reply, error) { return ok(c.realm.metadata(nil)) }

// putProfile is PUT /users/profile. Without a body the profile goes back to
// what a new realm has.
func (c *call) putProfile() (reply, error) {
	o, err := c.decode("UPConfig")
	if err != nil {
		return reply{}, err
	}
	if o == nil {
		o = readDefaults(c.realm.name, "").UserProfile
	}
	if o["groups"] == nil {
		o["groups"] = []any{}
	}
	for _, a := range objects(o["attributes"]) {
		if a["multivalued"] == nil {
			a["multivalued"] = false
		}
	}
	c.realm.profile = o
	return reply{status: http.StatusOK, body: o, contentType: "application/json"}, nil
}
