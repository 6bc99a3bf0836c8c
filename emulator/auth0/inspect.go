package auth0

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
)

// What follows is for tests: it looks into the server beside its API, past lag
// and scopes.

// User is a user as the tenant has it.
type User struct {
	ID, Email, Username, Name, Nickname, GivenName, FamilyName string
	// Connection is the name of the user's database connection.
	Connection             string
	EmailVerified, Blocked bool
	// HasPassword: one was set, or came as a hash.
	HasPassword                bool
	UserMetadata, AppMetadata  map[string]any
	Logins                     int64
	Created, LastPasswordReset time.Time
	// Roles are the names of the user's roles in order.
	Roles []string
}

// Role is a role as the tenant has it.
type Role struct {
	ID, Name, Description string
	// Members are the ids of its users in order, Permissions its permissions as
	// "API scope".
	Members, Permissions []string
}

// Client is a client as the tenant has it.
type Client struct {
	ID, Name, AppType, AuthMethod string
	GrantTypes, Callbacks         []string
	OIDCConformant                bool
	Metadata                      map[string]any
}

// Connection is a connection as the tenant has it.
type Connection struct {
	ID, Name, Strategy string
	Options            map[string]any
	// Clients are the ids of those that it is enabled for, in order.
	Clients []string
}

// API is a resource server as the tenant has it.
type API struct {
	ID, Identifier, Name string
	AllowOfflineAccess   bool
	TokenLifetime        int64
	Scopes               []string
}

func texttime(o object, name string) time.Time {
	t, _ := time.Parse(time.RFC3339, str(o, name)) // zero if it is not set
	return t
}

// Users returns the users by e-mail and id.
func (s *Server) Users() []User {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.runJobs()
	var out []User
	for _, st := range s.all(KindUser) {
		p := st.props
		u := User{ID: str(p, "user_id"), Email: str(p, "email"), Username: str(p, "username"), Name: str(p, "name"), Nickname: str(p, "nickname"),
			GivenName: str(p, "given_name"), FamilyName: str(p, "family_name"), Connection: str(jsonvalue.Objects(p["identities"])[0], "connection"),
			EmailVerified: is(p, "email_verified"), Blocked: is(p, "blocked"), HasPassword: st.hashed || st.password != "",
			UserMetadata: maps.Clone(sub(p, "user_metadata")), AppMetadata: maps.Clone(sub(p, "app_metadata")), Logins: number(p, "logins_count"),
			Created: texttime(p, "created_at"), LastPasswordReset: texttime(p, "last_password_reset")}
		for _, r := range s.all(KindRole) {
			if slices.Contains(r.members, u.ID) {
				u.Roles = append(u.Roles, str(r.props, "name"))
			}
		}
		slices.Sort(u.Roles)
		out = append(out, u)
	}
	slices.SortFunc(out, func(a, b User) int { return strings.Compare(a.Email+" "+a.ID, b.Email+" "+b.ID) })
	return out
}

// Roles returns the roles by name.
func (s *Server) Roles() []Role {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Role
	for _, st := range s.all(KindRole) {
		r := Role{ID: str(st.props, "id"), Name: str(st.props, "name"), Description: str(st.props, "description"), Members: slices.Sorted(slices.Values(st.members))}
		for _, p := range st.permissions {
			r.Permissions = append(r.Permissions, p.api+" "+p.name)
		}
		slices.Sort(r.Permissions)
		out = append(out, r)
	}
	slices.SortStableFunc(out, func(a, b Role) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Clients returns the clients by name, the global one and the automation
// application aside.
func (s *Server) Clients() []Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Client
	for _, st := range s.all(KindClient) {
		p := st.props
		if is(p, "global") || p["client_id"] == s.opts.App.ClientID {
			continue
		}
		out = append(out, Client{ID: str(p, "client_id"), Name: str(p, "name"), AppType: str(p, "app_type"), AuthMethod: str(p, "token_endpoint_auth_method"),
			GrantTypes: jsonvalue.Texts(p["grant_types"]), Callbacks: jsonvalue.Texts(p["callbacks"]), OIDCConformant: is(p, "oidc_conformant"), Metadata: maps.Clone(sub(p, "client_metadata"))})
	}
	slices.SortStableFunc(out, func(a, b Client) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Connections returns the connections by name.
func (s *Server) Connections() []Connection {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Connection
	for _, st := range s.all(KindConnection) {
		options, _ := jsonvalue.Clone(sub(st.props, "options")).(object)
		out = append(out, Connection{ID: str(st.props, "id"), Name: str(st.props, "name"), Strategy: str(st.props, "strategy"), Options: options,
			Clients: slices.Sorted(slices.Values(st.members))})
	}
	slices.SortFunc(out, func(a, b Connection) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// APIs returns the resource servers by identifier, the Management API aside.
func (s *Server) APIs() []API {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []API
	for _, st := range s.all(KindAPI) {
		p := st.props
		if is(p, "is_system") {
			continue
		}
		out = append(out, API{ID: str(p, "id"), Identifier: str(p, "identifier"), Name: str(p, "name"), AllowOfflineAccess: is(p, "allow_offline_access"),
			TokenLifetime: number(p, "token_lifetime"), Scopes: scopeNames(st)})
	}
	slices.SortFunc(out, func(a, b API) int { return strings.Compare(a.Identifier, b.Identifier) })
	return out
}

// Settings returns a copy of the tenant's settings.
func (s *Server) Settings() map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, _ := jsonvalue.Clone(s.settings).(object)
	return o
}

// Object returns a copy of an object's properties by its id, and whether there
// is one. The id of a client is its client_id, that of a user its user_id.
func (s *Server) Object(kind Kind, id string) (map[string]any, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.get(kind, id)
	if st == nil {
		return nil, false
	}
	return st.copy().props, true
}

// PasswordIs reports whether a user has this password.
func (s *Server) PasswordIs(user, password string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.get(KindUser, user)
	return st != nil && st.password != "" && st.password == password
}

// Outbox returns the mails that were sent, oldest first.
func (s *Server) Outbox() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.outbox)
}

// Requests returns how many requests each route got, by method and pattern,
// such as "GET users/{id}" or "POST /oauth/token".
func (s *Server) Requests() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.requests)
}

// ResetRequests sets all counts to zero, and forgets the violations.
func (s *Server) ResetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.requests)
	s.meter.violations = nil
}

// Options returns what the tenant is like, with all defaults filled in.
func (s *Server) Options() Options { return s.opts }

// Audience is that of the Management API.
func (s *Server) Audience() string { return s.opts.audience() }
