package auth0

import (
	"maps"
	"slices"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
	"github.com/idpctl/idpctl/emulator/oidc"
)

// What follows changes the tenant behind the back of its clients, as its
// administrators do in the dashboard. Searches and lists show it at once.

// place stores a new object without any lag.
func (s *Server) place(kind Kind, id string, st *state) string {
	s.write(kind, id, st)
	s.tables[kind].byID[id].history = nil
	return id
}

// AddUser adds a user from the properties of the API; email is enough. Without
// a connection it is the tenant's first database connection. A password is not
// held against the policy. It returns the user's id.
func (s *Server) AddUser(props map[string]any) string { return s.AddUsers(props)[0] }

// AddUsers adds many users.
func (s *Server) AddUsers(all ...map[string]any) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]string, len(all))
	for i, props := range all {
		in := normal(props)
		con := s.find(KindConnection, "name", str(in, "connection"))
		if con == nil {
			con = s.find(KindConnection, "strategy", "auth0")
		}
		st := s.newUser(in, con)
		ids[i] = s.place(KindUser, str(st.props, "user_id"), st)
	}
	return ids
}

// AddRole adds a role with members.
func (s *Server) AddRole(name, description string, members ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := object{"id": newID("rol_"), "name": name}
	if description != "" {
		in["description"] = description
	}
	return s.place(KindRole, str(in, "id"), &state{props: in, members: slices.Clone(members)})
}

// AddClient adds a client from the properties of the API; name is enough. It
// returns its client id.
func (s *Server) AddClient(props map[string]any) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := oidc.RandomText(32, alphanumeric)
	return s.place(KindClient, id, s.newClient(normal(props), id, oidc.RandomText(64, alphanumeric)))
}

// AddConnection adds a connection from the properties of the API; name is
// enough for a database.
func (s *Server) AddConnection(props map[string]any) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := normal(props)
	defaults(in, object{"strategy": "auth0"})
	st := newConnection(in, newID("con_"))
	return s.place(KindConnection, str(st.props, "id"), st)
}

// AddAPI adds a resource server from the properties of the API; identifier is
// enough. It returns its id.
func (s *Server) AddAPI(props map[string]any) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := newAPI(normal(props))
	return s.place(KindAPI, str(st.props, "id"), st)
}

// Change changes an object's properties; f gets those of JSON. It reports
// whether there is such an object.
func (s *Server) Change(kind Kind, id string, f func(props map[string]any)) bool {
	return s.reshape(kind, id, func(st *state) {
		f(st.props)
		st.props = normal(st.props)
	})
}

// ChangeSettings changes the tenant's settings.
func (s *Server) ChangeSettings(f func(settings map[string]any)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, _ := jsonvalue.Clone(s.settings).(object)
	f(o)
	s.settings = normal(o)
}

// SetMembers makes ids the users of a role, or the clients of a connection.
func (s *Server) SetMembers(kind Kind, id string, ids ...string) bool {
	return s.reshape(kind, id, func(st *state) { st.members = slices.Clone(ids) })
}

// SetPassword sets the password of a user.
func (s *Server) SetPassword(user, password string) bool {
	return s.reshape(KindUser, user, func(st *state) { st.setPassword(password, timestamp(s.now())) })
}

func (s *Server) reshape(kind Kind, id string, f func(*state)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.get(kind, id)
	if st == nil {
		return false
	}
	next := st.copy()
	f(next)
	s.place(kind, id, next)
	return true
}

// Remove deletes an object as an administrator does, with what hangs on it. It
// reports whether there was one.
func (s *Server) Remove(kind Kind, id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.get(kind, id)
	if st == nil {
		return false
	}
	switch kind {
	case KindUser:
		s.dropUser(id)
	case KindClient:
		s.dropClient(id)
	case KindConnection:
		s.dropConnection(id)
	case KindAPI:
		s.dropAPI(st)
	default:
		s.write(kind, id, nil)
	}
	s.settle()
	return true
}

// RevokeTokens makes the refresh and opaque tokens of a user worthless.
func (s *Server) RevokeTokens(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	of := func(_ string, sn session) bool { return sn.user == user }
	maps.DeleteFunc(s.refresh, of)
	maps.DeleteFunc(s.opaque, of)
}

// Settle lets searches and lists show what there is, as if the lag were over.
func (s *Server) Settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
}

func (s *Server) settle() {
	for _, t := range s.tables {
		for _, e := range slices.Clone(t.order) {
			if e.history = nil; e.now == nil {
				t.forget(e)
			}
		}
	}
}
