package keycloak

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/providers/work"
)

// The validations of a user profile that can be told beforehand; the others are
// the server's to judge. Source of the rules: what Keycloak 26.7.3 refuses, and
// its validators of the same names.

// newRealmProfile is the profile of a realm that does not exist yet.
func newRealmProfile() *userProfile {
	var p userProfile
	for name, validations := range map[string]string{
		"username":  `{"length":{"min":3,"max":255},"username-prohibited-characters":{},"up-username-not-idn-homograph":{}}`,
		"email":     `{"email":{},"length":{"max":255}}`,
		"firstName": `{"length":{"max":255},"person-name-prohibited-characters":{}}`,
		"lastName":  `{"length":{"max":255},"person-name-prohibited-characters":{}}`,
	} {
		a := profileAttribute{Name: name}
		a.Permissions.Edit = []string{"admin", "user"}
		_ = json.Unmarshal([]byte(validations), &a.Validations) // a constant
		p.Attributes = append(p.Attributes, a)
	}
	return &p
}

// checkProfile refuses values that a user profile does not allow.
func checkProfile(p *userProfile, op *providers.Operation) error {
	attributes := multiMapAttr(op.After, "attributes")
	for i := range p.Attributes {
		a := &p.Attributes[i]
		attribute, shown := attributeOf(a.Name), attributeOf(a.Name)
		var values []string
		if rootAttribute(a.Name) {
			if v := attr.String(op.After, attribute); v != "" && work.Changes(op, attribute) {
				values = []string{v}
			}
		} else {
			attribute, shown = "attributes", "attributes."+providers.Clean(a.Name, 100)
			if work.Changes(op, attribute) {
				values = attributes[a.Name]
			}
			if len(attributes[a.Name]) == 0 && op.Verb == providers.Create && a.demanded() {
				return &providers.Error{
					Class: providers.Invalid, Attribute: attribute,
					Summary: fmt.Sprintf("Realm %s asks for the attribute %s of every user", work.Quoted(realmOf(op)), work.Quoted(a.Name)),
					Hint:    "Add it to attributes; the realm's user profile declares it as required",
				}
			}
		}
		for _, v := range values {
			for _, name := range slices.Sorted(maps.Keys(a.Validations)) {
				why := validate(name, a.Validations[name], v)
				if why == "" {
					continue
				}
				e := &providers.Error{
					Class: providers.Invalid, Attribute: attribute,
					Summary: fmt.Sprintf("Realm %s does not take %s for %s: %s", work.Quoted(realmOf(op)), work.Quoted(v), shown, why),
				}
				if a.Name == "username" && lower(v) == lower(attr.String(op.After, "email")) {
					e.Attribute, e.Hint = "email", "The user name is the e-mail unless username says otherwise: set username"
				}
				return e
			}
		}
	}
	return nil
}

// Source: PersonNameProhibitedCharactersValidator and
// UsernameProhibitedCharactersValidator.
const (
	prohibitedInNames     = "<>&\"$%!#?§;*~/\\|^=[]{}()"
	prohibitedInUsernames = prohibitedInNames + "',:`"
)

// validate says why a validation does not let a value be; "" if it does, or if
// that cannot be told.
func validate(name string, config json.RawMessage, v string) string {
	switch name {
	case "length":
		return validateLength(config, v)
	case "username-prohibited-characters":
		return prohibited(v, func(r rune) bool {
			return strings.ContainsRune(prohibitedInUsernames, r) || unicode.IsSpace(r) || control(r)
		})
	case "person-name-prohibited-characters":
		return prohibited(v, func(r rune) bool { return strings.ContainsRune(prohibitedInNames, r) || control(r) })
	case "up-username-not-idn-homograph":
		return prohibited(v, func(r rune) bool { return !unicode.In(r, unicode.Latin, unicode.Common) })
	case "email":
		local, domain, _ := strings.Cut(v, "@")
		switch {
		case len(local) > 64:
			return "the part before @ has more than 64 characters"
		case strings.Contains(domain, "_"):
			return "its domain has an underscore"
		}
	case "pattern":
		var c struct{ Pattern string }
		_ = json.Unmarshal(config, &c)
		// Java's patterns are not quite Go's: one that is none here says nothing.
		if re, err := regexp.Compile(`\A(?:` + c.Pattern + `)\z`); err == nil && c.Pattern != "" && !re.MatchString(v) {
			return "the pattern of the realm's user profile is " + work.Quoted(c.Pattern)
		}
	case "options":
		var c struct{ Options []string }
		if json.Unmarshal(config, &c) == nil && len(c.Options) > 0 && !slices.Contains(c.Options, v) {
			return "it may be " + providers.Clean(strings.Join(c.Options, ", "), 200)
		}
	}
	return ""
}

func control(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

func prohibited(v string, is func(rune) bool) string {
	if i := strings.IndexFunc(v, is); i >= 0 {
		r, _ := utf8.DecodeRuneInString(v[i:])
		return fmt.Sprintf("it has the character %#U", r)
	}
	return ""
}

// validateLength counts as Java does.
func validateLength(config json.RawMessage, v string) string {
	var c struct {
		Min, Max any
		Trim     any `json:"trim-disabled"`
	}
	if json.Unmarshal(config, &c) != nil {
		return ""
	}
	if c.Trim == nil {
		v = strings.TrimSpace(v)
	}
	n := len(utf16.Encode([]rune(v)))
	if low, ok := number(c.Min); ok && n < low {
		return fmt.Sprintf("it has less than %d characters", low)
	}
	if high, ok := number(c.Max); ok && n > high {
		return fmt.Sprintf("it has more than %d characters", high)
	}
	return ""
}

// number is one in a validation, which may be written as a text.
func number(v any) (int, bool) {
	switch v := v.(type) {
	case float64:
		return int(v), true
	case string:
		n, err := strconv.Atoi(v)
		return n, err == nil
	}
	return 0, false
}
