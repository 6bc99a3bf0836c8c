package entra

import (
	"fmt"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
)

// What follows changes the directory behind the back of its clients, as other
// administrators do. All replicas show it at once.

// AddUser adds a user from Graph's properties: userPrincipalName is enough. A
// passwordProfile sets the password without looking at the policy. It returns
// the id; the properties must be valid.
func (s *Server) AddUser(props map[string]any) string { return s.AddUsers(props)[0] }

// AddUsers adds many users.
func (s *Server) AddUsers(all ...map[string]any) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := make([]string, len(all))
	for i, props := range all {
		in := normal(props)
		upn := str(in, "userPrincipalName")
		nick, _, _ := strings.Cut(upn, "@")
		defaults(in, object{"displayName": nick, "mailNickname": nick, "accountEnabled": true})
		st := s.newUser(in)
		ids[i] = s.place(KindUser, in, st)
	}
	return ids
}

// AddGuest adds a guest who was invited and has accepted.
func (s *Server) AddGuest(email string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.newGuest(email, "", "")
	st.props["externalUserState"] = "Accepted"
	return s.place(KindUser, object{}, st)
}

// AddGroup adds a security group with members; displayName is enough.
func (s *Server) AddGroup(props map[string]any, members ...string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := normal(props)
	defaults(in, object{"mailEnabled": false, "securityEnabled": true, "mailNickname": "group"})
	st := s.newGroup(in)
	st.members = slices.Clone(members)
	return s.place(KindGroup, in, st)
}

// AddApplication adds a registration and, with principal, its service
// principal. It returns the ids of both and the appId.
func (s *Server) AddApplication(props map[string]any, principal bool) (id, appID, principalID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := normal(props)
	st := s.newApplication(in)
	id = s.place(KindApplication, in, st)
	appID = str(st.props, "appId")
	if principal {
		principalID = s.place(KindServicePrincipal, object{}, s.newServicePrincipal(st, object{}))
	}
	return id, appID, principalID
}

// defaults fills in what is not there.
func defaults(in, with object) {
	for name, v := range with {
		if _, has := in[name]; !has {
			in[name] = v
		}
	}
}

// normal takes the values that a Go program writes for those of JSON.
func normal(props map[string]any) object {
	v, err := parse(jsonvalue.Encode(props))
	if err != nil {
		panic(err) // encode writes JSON
	}
	return v.(object)
}

// place stores a new object; an id among the properties is its id.
func (s *Server) place(kind Kind, in object, st *state) string {
	if id := str(in, "id"); id != "" {
		st.props["id"] = strings.ToLower(id)
	}
	if property := s.dir.conflict(kind, str(st.props, "id"), st); property != "" {
		panic(fmt.Sprintf("entra: another %s has the same %s", kind, property))
	}
	return s.dir.put(kind, str(st.props, "id"), st).id
}

// Change changes an object's properties; f gets those of JSON. It reports
// whether there is such an object.
func (s *Server) Change(kind Kind, id string, f func(props map[string]any)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.dir.tables[kind].byID[id]
	if e == nil || e.now == nil {
		return false
	}
	next := e.now.copy()
	f(next.props)
	next.props = normal(next.props)
	s.dir.put(kind, id, next)
	return true
}

// SetMembers makes ids the members of a group.
func (s *Server) SetMembers(group string, ids ...string) bool {
	return s.reshape(KindGroup, group, func(st *state) { st.members = slices.Clone(ids) })
}

// SetOwners makes ids the owners of a group, application or service principal.
func (s *Server) SetOwners(kind Kind, id string, ids ...string) bool {
	return s.reshape(kind, id, func(st *state) { st.owners = slices.Clone(ids) })
}

// SetPassword sets the password of a user; it need not be changed.
func (s *Server) SetPassword(user, password string) bool {
	return s.reshape(KindUser, user, func(st *state) { st.password, st.mustChange = password, false })
}

func (s *Server) reshape(kind Kind, id string, f func(*state)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.dir.tables[kind].byID[id]
	if e == nil || e.now == nil {
		return false
	}
	next := e.now.copy()
	f(next)
	s.dir.put(kind, id, next)
	return true
}

// Remove deletes an object as an administrator does: into the recycle bin
// where there is one for its kind. Replicas show it as after any write.
func (s *Server) Remove(kind Kind, id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.dir.tables[kind].byID[id]
	if e == nil || e.now == nil || e.now.deleted() {
		return false
	}
	switch kind {
	case KindUser:
		s.binUser(e)
	case KindGroup:
		s.removeGroup(e)
	case KindApplication:
		s.binApplication(e)
	case KindServicePrincipal:
		s.softDelete(e)
	default:
		s.write(kind, id, nil)
	}
	return true
}

// Purge deletes an object for good.
func (s *Server) Purge(kind Kind, id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.dir.tables[kind].byID[id]
	if e == nil || e.now == nil {
		return false
	}
	s.drop(kind, id)
	return true
}

// Assign assigns a user, group or service principal to an application, by the
// id of its service principal.
func (s *Server) Assign(servicePrincipal, principal string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	sp := s.live(KindServicePrincipal, servicePrincipal, fresh)
	_, st := s.anyObject(principal, fresh)
	if sp == nil || st == nil {
		return false
	}
	s.assign(st, sp, zeroGUID)
	return true
}

// ConsentForAll consents to User.Read for all users, as an administrator does
// in the portal, by the id of the application's service principal.
func (s *Server) ConsentForAll(servicePrincipal string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.live(KindServicePrincipal, servicePrincipal, fresh) == nil {
		return false
	}
	graph := s.dir.find(KindServicePrincipal, "appId", graphAppID)
	g := s.newGrant(object{"clientId": servicePrincipal, "consentType": "AllPrincipals", "resourceId": graph.id, "scope": "User.Read"})
	s.dir.put(KindPermissionGrant, str(g.props, "id"), g)
	return true
}

// Settle lets all replicas show what the primary has, as if the lag were over.
func (s *Server) Settle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.dir.tables {
		for _, e := range slices.Clone(t.order) {
			if e.history = nil; e.now == nil {
				s.dir.forget(e)
			}
		}
	}
}
