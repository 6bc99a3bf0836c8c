package entra

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
)

// What follows is for tests: it looks into the server beside its API, past lag
// and permissions.

// User is a user as the directory has it.
type User struct {
	ID, UserPrincipalName, DisplayName, GivenName, Surname, Mail, MailNickname string
	// UserType is "Member" or "Guest"; ExternalUserState that of a guest.
	UserType, ExternalUserState string
	OtherMails, ProxyAddresses  []string
	Enabled                     bool
	// HasPassword: one was set. MustChange: it has to be changed.
	HasPassword, MustChange bool
	Created                 time.Time
}

// Group is a group as the directory has it.
type Group struct {
	ID, DisplayName, Description, MailNickname, UniqueName string
	// Members and Owners are ids in order.
	Members, Owners []string
}

// Application is an application registration as the directory has it.
type Application struct {
	ID, AppID, DisplayName, UniqueName, SignInAudience string
	Tags, IdentifierURIs                               []string
	PublicClient                                       bool
	// TokenVersion is api.requestedAccessTokenVersion; 0 is null.
	TokenVersion int64
	Owners       []string
}

// ServicePrincipal is a service principal as the directory has it.
type ServicePrincipal struct {
	ID, AppID, DisplayName      string
	Tags                        []string
	Enabled, AssignmentRequired bool
	Owners                      []string
}

// Deleted is an object in the recycle bin.
type Deleted struct {
	Kind            Kind
	ID, DisplayName string
	Since           time.Time
}

// each calls f with all live objects of a kind, by id.
func (s *Server) each(kind Kind, f func(*state)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.dir.tables[kind].all() {
		if e.now != nil && !e.now.deleted() {
			f(e.now)
		}
	}
}

// Users returns the users by user principal name, deleted ones aside.
func (s *Server) Users() []User {
	var out []User
	s.each(KindUser, func(st *state) {
		p := st.props
		created, _ := time.Parse(time.RFC3339, str(p, "createdDateTime"))
		out = append(out, User{
			ID: str(p, "id"), UserPrincipalName: str(p, "userPrincipalName"), DisplayName: str(p, "displayName"), GivenName: str(p, "givenName"),
			Surname: str(p, "surname"), Mail: str(p, "mail"), MailNickname: str(p, "mailNickname"), UserType: str(p, "userType"),
			ExternalUserState: str(p, "externalUserState"), OtherMails: jsonvalue.Texts(p["otherMails"]), ProxyAddresses: jsonvalue.Texts(p["proxyAddresses"]),
			Enabled: is(p, "accountEnabled"), HasPassword: st.password != "", MustChange: st.mustChange, Created: created,
		})
	})
	slices.SortFunc(out, func(a, b User) int { return strings.Compare(a.UserPrincipalName, b.UserPrincipalName) })
	return out
}

// Groups returns the groups by name and id, deleted ones aside.
func (s *Server) Groups() []Group {
	var out []Group
	s.each(KindGroup, func(st *state) {
		p := st.props
		g := Group{ID: str(p, "id"), DisplayName: str(p, "displayName"), Description: str(p, "description"), MailNickname: str(p, "mailNickname"),
			UniqueName: str(p, "uniqueName"), Members: slices.Clone(st.members), Owners: slices.Clone(st.owners)}
		slices.Sort(g.Members)
		slices.Sort(g.Owners)
		out = append(out, g)
	})
	slices.SortStableFunc(out, func(a, b Group) int { return strings.Compare(a.DisplayName, b.DisplayName) })
	return out
}

// Applications returns the registrations by name and id, deleted ones and the
// automation application aside.
func (s *Server) Applications() []Application {
	var out []Application
	s.each(KindApplication, func(st *state) {
		p := st.props
		if str(p, "appId") == s.opts.App.ClientID {
			return
		}
		version, _ := sub(p, "api")["requestedAccessTokenVersion"].(int64)
		out = append(out, Application{
			ID: str(p, "id"), AppID: str(p, "appId"), DisplayName: str(p, "displayName"), UniqueName: str(p, "uniqueName"),
			SignInAudience: str(p, "signInAudience"), Tags: jsonvalue.Texts(p["tags"]), IdentifierURIs: jsonvalue.Texts(p["identifierUris"]),
			PublicClient: is(p, "isFallbackPublicClient"), TokenVersion: version, Owners: slices.Clone(st.owners),
		})
	})
	slices.SortStableFunc(out, func(a, b Application) int { return strings.Compare(a.DisplayName, b.DisplayName) })
	return out
}

// ServicePrincipals returns the service principals by name and id, deleted
// ones, Graph's and that of the automation application aside.
func (s *Server) ServicePrincipals() []ServicePrincipal {
	var out []ServicePrincipal
	s.each(KindServicePrincipal, func(st *state) {
		p := st.props
		if id := str(p, "appId"); id == s.opts.App.ClientID || id == graphAppID {
			return
		}
		out = append(out, ServicePrincipal{
			ID: str(p, "id"), AppID: str(p, "appId"), DisplayName: str(p, "displayName"), Tags: jsonvalue.Texts(p["tags"]),
			Enabled: is(p, "accountEnabled"), AssignmentRequired: is(p, "appRoleAssignmentRequired"), Owners: slices.Clone(st.owners),
		})
	})
	slices.SortStableFunc(out, func(a, b ServicePrincipal) int { return strings.Compare(a.DisplayName, b.DisplayName) })
	return out
}

// DeletedItems returns what is in the recycle bin, by kind and id.
func (s *Server) DeletedItems() []Deleted {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.purgeExpired()
	var out []Deleted
	for _, kind := range slices.Sorted(maps.Keys(s.bin)) {
		for _, id := range slices.Sorted(maps.Keys(s.bin[kind])) {
			out = append(out, Deleted{kind, id, str(s.dir.tables[kind].byID[id].now.props, "displayName"), s.bin[kind][id]})
		}
	}
	return out
}

// Assignments returns who is assigned to an application, by the id of its
// service principal: the ids of the principals in order.
func (s *Server) Assignments(servicePrincipal string) []string {
	var out []string
	s.each(KindAppRoleAssignment, func(st *state) {
		if str(st.props, "resourceId") == servicePrincipal {
			out = append(out, str(st.props, "principalId"))
		}
	})
	slices.Sort(out)
	return out
}

// Requests returns how many requests each route got, by method and pattern,
// such as "GET users/{id}", "POST $batch" or "POST
// /{tenant}/oauth2/v2.0/token". A batch counts as one.
func (s *Server) Requests() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.requests)
}

// BatchItems returns how many items of batches each route got.
func (s *Server) BatchItems() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.inner)
}

// ResetRequests sets all counts to zero, and forgets the violations.
func (s *Server) ResetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.requests)
	clear(s.inner)
	s.meter.violations = nil
}

// Outbox returns the invitations that were made, oldest first.
func (s *Server) Outbox() []Invitation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.invitations)
}

// PasswordIs reports whether a user has this password.
func (s *Server) PasswordIs(upn, password string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.dir.find(KindUser, "userPrincipalName", upn)
	return e != nil && e.now != nil && e.now.password != "" && e.now.password == password
}

// AutomationID is the id of the automation application's service principal.
func (s *Server) AutomationID() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dir.find(KindServicePrincipal, "appId", s.opts.App.ClientID).id
}

// Options returns what the tenant is like, with all defaults filled in.
func (s *Server) Options() Options { return s.opts }

// Object returns a copy of an object's properties by id, deleted or not, and
// whether there is one.
func (s *Server) Object(kind Kind, id string) (map[string]any, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.dir.tables[kind].byID[id]
	if e == nil || e.now == nil {
		return nil, false
	}
	return jsonvalue.Clone(e.now.props).(object), true
}
