package keycloak

import (
	"maps"
	"slices"
)

// What follows is for tests: it looks into the server beside its API.

// Outbox returns the mails that the server would have sent, oldest first.
func (s *Server) Outbox() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.outbox)
}

// Requests returns how many requests each route got, by method and pattern,
// such as "GET /admin/realms/{realm}/users".
func (s *Server) Requests() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.requests)
}

// User is a user of a realm as it stands.
type User struct {
	ID, Username, Email, FirstName, LastName string

	Enabled, EmailVerified bool
	// HasPassword: one was set.
	HasPassword     bool
	RequiredActions []string
	// Groups by path, in order.
	Groups     []string
	Attributes map[string][]string
	// ServiceAccount is the client whose account this is; empty for people.
	ServiceAccount string
}

// Users returns the users of a realm by user name, service accounts too; nil
// if there is no such realm.
func (s *Server) Users(realm string) []User {
	s.mu.Lock()
	defer s.mu.Unlock()
	rm := s.realms[realm]
	if rm == nil {
		return nil
	}
	out := make([]User, len(rm.users.sorted))
	for i, u := range rm.users.sorted {
		out[i] = User{
			ID: u.id, Username: u.username, Email: u.email, FirstName: u.firstName, LastName: u.lastName,
			Enabled: u.enabled, EmailVerified: u.emailVerified, HasPassword: u.password != nil,
			RequiredActions: slices.Clone(u.requiredActions), Attributes: maps.Clone(u.attributes),
		}
		for _, g := range u.groups {
			out[i].Groups = append(out[i].Groups, g.path())
		}
		slices.Sort(out[i].Groups)
		if u.serviceAccount != nil {
			out[i].ServiceAccount = u.serviceAccount.clientID
		}
	}
	return out
}

// PasswordIs reports whether a user of a realm has this password.
func (s *Server) PasswordIs(realm, username, value string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	rm := s.realms[realm]
	if rm == nil || rm.users.byUsername[username] == nil {
		return false
	}
	return rm.users.byUsername[username].password.matches(value)
}
