package keycloak

import (
	"cmp"
	"slices"
	"strings"
)

// user is one account. Names and e-mails are kept as the database keeps them:
// the user name and e-mail in lower case, an empty name as none.
type user struct {
	id    string
	realm *realm

	username, email, firstName, lastName string

	emailVerified, enabled bool
	created                int64 // ms since 1970
	attributes             map[string][]string
	requiredActions        []string
	notBefore              int64
	groups                 []*group
	roles                  []*role
	// serviceAccount is the client whose account this is.
	serviceAccount *client

	password *password
	history  []*password // former ones, newest first
}

// userStore finds users by id, user name and e-mail, and lists them in order.
type userStore struct {
	byID       map[string]*user
	byUsername map[string]*user
	byEmail    map[string]*user // the first one, where duplicates are allowed
	sorted     []*user          // by user name
}

func newUserStore() userStore {
	return userStore{byID: map[string]*user{}, byUsername: map[string]*user{}, byEmail: map[string]*user{}}
}

func compareUsers(a, b *user) int { return cmp.Compare(a.username, b.username) }

// add takes a user in. The user name and id must be free.
func (s *userStore) add(u *user) {
	s.byID[u.id], s.byUsername[u.username] = u, u
	if u.email != "" && s.byEmail[u.email] == nil {
		s.byEmail[u.email] = u
	}
	i, _ := slices.BinarySearchFunc(s.sorted, u, compareUsers)
	s.sorted = slices.Insert(s.sorted, i, u)
}

// remove takes a user out.
func (s *userStore) remove(u *user) {
	delete(s.byID, u.id)
	delete(s.byUsername, u.username)
	s.dropEmail(u)
	if i, ok := slices.BinarySearchFunc(s.sorted, u, compareUsers); ok {
		s.sorted = slices.Delete(s.sorted, i, i+1)
	}
}

// rename changes what the indices are made of.
func (s *userStore) rename(u *user, username, email string) {
	if username != u.username {
		s.remove(u)
		u.username = username
		s.add(u)
	}
	if email != u.email {
		s.dropEmail(u)
		u.email = email
		if email != "" && s.byEmail[email] == nil {
			s.byEmail[email] = u
		}
	}
}

func (s *userStore) dropEmail(u *user) {
	if u.email == "" || s.byEmail[u.email] != u {
		return
	}
	delete(s.byEmail, u.email)
	for _, o := range s.sorted {
		if o != u && o.email == u.email {
			s.byEmail[u.email] = o
			return
		}
	}
}

// find looks a user up by what is entered at a sign-in.
func (rm *realm) findUser(name string) *user {
	name = strings.ToLower(strings.TrimSpace(name))
	if is(rm.rep, "loginWithEmailAllowed") && strings.Contains(name, "@") {
		if u := rm.users.byEmail[name]; u != nil {
			return u
		}
	}
	return rm.users.byUsername[name]
}

// removeUser deletes an account and ends its sessions.
func (rm *realm) removeUser(u *user) {
	rm.users.remove(u)
	delete(rm.failures, u.id)
	for _, g := range u.groups {
		g.removeMember(u)
	}
	for id, s := range rm.sessions {
		if s.user == u {
			delete(rm.sessions, id)
		}
	}
}

func (u *user) addRequiredAction(action string) {
	if !slices.Contains(u.requiredActions, action) {
		u.requiredActions = append(u.requiredActions, action)
	}
}

func (u *user) removeRequiredAction(action string) {
	u.requiredActions = slices.DeleteFunc(u.requiredActions, func(a string) bool { return a == action })
}

func (u *user) join(g *group) {
	if !slices.Contains(u.groups, g) {
		u.groups = append(u.groups, g)
		g.addMember(u)
	}
}

func (u *user) leave(g *group) {
	u.groups = slices.DeleteFunc(u.groups, func(o *group) bool { return o == g })
	g.removeMember(u)
}

// userRepresentation is a UserRepresentation as the server writes it. What is
// a pointer is left out of the brief form.
type userRepresentation struct {
	ID                         string              `json:"id"`
	Username                   string              `json:"username"`
	FirstName                  string              `json:"firstName,omitempty"`
	LastName                   string              `json:"lastName,omitempty"`
	Email                      string              `json:"email,omitempty"`
	EmailVerified              bool                `json:"emailVerified"`
	Attributes                 map[string][]string `json:"attributes,omitempty"`
	UserProfileMetadata        object              `json:"userProfileMetadata,omitempty"`
	Enabled                    bool                `json:"enabled"`
	CreatedTimestamp           int64               `json:"createdTimestamp"`
	TOTP                       *bool               `json:"totp,omitempty"`
	DisableableCredentialTypes *[]string           `json:"disableableCredentialTypes,omitempty"`
	RequiredActions            *[]string           `json:"requiredActions,omitempty"`
	NotBefore                  *int64              `json:"notBefore,omitempty"`
	Access                     map[string]bool     `json:"access,omitempty"`
}

func (u *user) representation(brief bool) userRepresentation {
	r := userRepresentation{
		ID: u.id, Username: u.username, FirstName: u.firstName, LastName: u.lastName, Email: u.email,
		EmailVerified: u.emailVerified, Enabled: u.enabled, CreatedTimestamp: u.created,
	}
	if !brief {
		actions := append([]string{}, u.requiredActions...)
		r.Attributes = u.visibleAttributes()
		r.TOTP, r.DisableableCredentialTypes = new(bool), &[]string{}
		r.RequiredActions, r.NotBefore = &actions, &u.notBefore
	}
	return r
}
