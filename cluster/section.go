package cluster

import (
	"regexp"
	"slices"
	"unicode/utf8"

	"github.com/idpctl/idpctl/diag"
)

// KnownAfterApply stands for a value that does not exist yet when a plan is
// made. Several admins may have it as their id. [Target.Write] refuses it.
const KnownAfterApply = "(known after apply)"

// Section is what a cluster's admin section says.
type Section struct {
	// IdentityProvider is "keycloak", "auth0" or, for Microsoft Entra ID,
	// exactly "azure".
	IdentityProvider string
	// JWKSEndpoint is the URL of the provider's keys.
	JWKSEndpoint string
	// Admins in the order of the file.
	Admins []Admin
	// Hidden are the keys of users, and of a profile, whose values are sensitive: a diff
	// does not show them, be they idpctl's or somebody else's. Empty for what a file says.
	Hidden []string
}

// Admin is one entry of the section's users.
type Admin struct {
	// ID is what tokens carry: the claim sub, or oid for Microsoft Entra ID.
	ID                         string
	FirstName, LastName, Email string
	// UserGroups are Admin, Auditor or Member; empty for InfluxDB's default ones,
	// which is to write none. Nil means that idpctl does not
	// set them: what stands in the file stays.
	UserGroups []string
}

// Desired is what the targets of one cluster shall say. Each takes of it what it
// has a place for.
type Desired struct {
	Section
	SignIn
	// PrivateCA names the file with the certificate authority that idpctl needs
	// to reach the identity provider, as the cluster then needs it too; empty
	// for one that every system trusts.
	PrivateCA string
}

// SignIn is what influxctl needs for a user to sign in.
type SignIn struct {
	ClientID string
	// DeviceURL and TokenURL are the endpoints of RFC 8628 and RFC 6749.
	DeviceURL, TokenURL string
	// Audience is what access tokens are asked for; empty for nothing.
	Audience string
	// Scopes are those to ask for; nil for those of influxctl itself.
	Scopes []string
}

// Ownership says what in a target is idpctl's to remove.
type Ownership struct {
	// Owned is what idpctl put there, [Change.Owned] of the last write: the ids
	// of admins, or the keys of a profile.
	Owned []string
	// Exclusive: every entry that is not wanted is removed, whoever wrote it.
	Exclusive bool
}

// Live is a target as it was read.
type Live struct {
	// Exists is false for a file that is not there.
	Exists bool
	// Content is the whole file. It may hold secrets, such as a dsn: it never
	// goes into a plan file, a state or a log.
	Content []byte `json:"-"`
	// Fingerprint tells one content from another; empty if nothing is there.
	Fingerprint string
	// Section is what its admin section says now, placeholders left out; empty
	// for a target that has none.
	Section Section
}

// Change is what a merge would do to a target.
type Change struct {
	// Content is the whole new file. It may hold secrets, as [Live.Content].
	Content []byte `json:"-"`
	// Diff is for people: a unified diff with three lines of context and
	// without colours. Values outside of the admin section are masked in it.
	Diff string
	// Added, Updated and Removed are the entries of users that differ.
	Added   []Admin
	Updated []AdminChange
	Removed []Admin
	// Fields are the section's other values that differ.
	Fields []FieldChange
	// Section is what the target says after the change.
	Section Section
	// Owned is what to keep as [Ownership.Owned] once it is written.
	Owned []string
	// Changed: the content differs from the live one. Created: it was not there.
	Changed, Created bool
	// Unknown: a value in it is [KnownAfterApply], so that it cannot be written.
	Unknown bool
}

// AdminChange is an entry before and after.
type AdminChange struct{ Before, After Admin }

// FieldChange is a value of the section before and after; Name is its key in
// the file.
type FieldChange struct{ Name, Before, After string }

// placeholderID matches the ids of entries that are there as an example only:
// in InfluxData's files and on its documentation page, and in a plan.
var placeholderID = regexp.MustCompile(`^(\s*|<.*>|(KEYCLOAK|AUTH0|AZURE)_USER_ID|` + regexp.QuoteMeta(KnownAfterApply) + `)$`)

// placeholderText matches other values of such entries.
var placeholderText = regexp.MustCompile(`^(\s*|<.*>)$`)

// check refuses a section that no file can say, and drops admins that are
// named twice with the same values.
func (s Section) check(path string) (Section, diag.Diagnostics) {
	var ds diag.Diagnostics
	bad := func(summary, format string, args ...any) { ds = ds.Errorf(summary, format, args...) }
	if s.IdentityProvider == "" || s.JWKSEndpoint == "" {
		bad("The admin section has no identity provider",
			"%s needs the name of the identity provider and its JWKS endpoint. Set client, or identity_provider and jwks_endpoint, in the cluster block.", path)
	}
	texts := []string{s.IdentityProvider, s.JWKSEndpoint}
	var admins []Admin
	seen := map[string]int{}
	for _, a := range s.Admins {
		texts = append(texts, a.ID, a.FirstName, a.LastName, a.Email)
		if a.ID != KnownAfterApply && placeholderID.MatchString(a.ID) {
			bad("An admin has no id", "The admin %q has the id %q, which is none. Its id has to be the one that the identity provider puts into tokens.", a.Email, a.ID)
			continue
		}
		if i, ok := seen[a.ID]; ok && a.ID != KnownAfterApply {
			if !sameAdmin(admins[i], a) {
				bad("An admin is named twice with different values",
					"The id %q is that of %q and of %q. Name it once in admins.", a.ID, admins[i].label(), a.label())
			}
			continue
		}
		seen[a.ID] = len(admins)
		admins = append(admins, a)
	}
	for _, t := range texts {
		if !utf8.ValidString(t) {
			bad("A value is not text in UTF-8", "The value %q cannot be written to %s.", t, path)
		}
	}
	s.Admins = admins
	return s, ds
}

func (a Admin) label() string { return a.FirstName + " " + a.LastName + " <" + a.Email + ">" }

func sameAdmin(a, b Admin) bool {
	return a.ID == b.ID && a.FirstName == b.FirstName && a.LastName == b.LastName && a.Email == b.Email && slices.Equal(a.UserGroups, b.UserGroups)
}

// unknown reports whether anything in s is known only after apply.
func (s Section) unknown() bool {
	for _, a := range s.Admins {
		if a.ID == KnownAfterApply || a.FirstName == KnownAfterApply || a.LastName == KnownAfterApply || a.Email == KnownAfterApply {
			return true
		}
	}
	return s.IdentityProvider == KnownAfterApply || s.JWKSEndpoint == KnownAfterApply
}
