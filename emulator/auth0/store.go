package auth0

import (
	"slices"
	"strings"
	"time"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
)

// Kind is a kind of objects in a tenant.
type Kind string

// The kinds.
const (
	KindClient      Kind = "client"
	KindConnection  Kind = "connection"
	KindAPI         Kind = "resource_server"
	KindClientGrant Kind = "client_grant"
	KindUser        Kind = "user"
	KindRole        Kind = "role"
)

// state is an object at one time. It is never changed, but replaced.
type state struct {
	// props are those that the API answers with.
	props object
	// password of a user in plain text; hashed: it came as a hash, so nobody
	// can sign in with it here.
	password string
	hashed   bool
	// connection is the id of a user's connection.
	connection string
	// secret of a client, even where it is hidden.
	secret string
	// members are the ids of the users of a role, or of the clients of a
	// connection, in the order in which they were added.
	members []string
	// permissions of a user or role.
	permissions []permission
}

// permission is a scope of an API, by its identifier.
type permission struct{ api, name string }

func (st *state) copy() *state {
	next := *st
	next.props, _ = jsonvalue.Clone(st.props).(object)
	next.members, next.permissions = slices.Clone(st.members), slices.Clone(st.permissions)
	return &next
}

// entry is an object and what it was while lists do not show it yet.
type entry struct {
	id  string
	now *state // nil: deleted
	// history has what lists show until a time, oldest first; nil is nothing.
	history []version
}

type version struct {
	until time.Time
	was   *state
}

// table has the objects of a kind in the order of their creation.
type table struct {
	byID  map[string]*entry
	order []*entry
}

func newTables() map[Kind]*table {
	out := map[Kind]*table{}
	for _, k := range []Kind{KindClient, KindConnection, KindAPI, KindClientGrant, KindUser, KindRole} {
		out[k] = &table{byID: map[string]*entry{}}
	}
	return out
}

// write stores a state; nil deletes. Lists show it when the lag is over.
func (s *Server) write(kind Kind, id string, st *state) {
	t := s.tables[kind]
	e := t.byID[id]
	if e == nil {
		e = &entry{id: id}
		t.byID[id] = e
		t.order = append(t.order, e)
	}
	lag := s.opts.Lag.Lists
	if kind == KindUser {
		lag = s.opts.Lag.Search
	}
	if kind == KindUser {
		s.index(e.now, st)
	}
	if lag > 0 {
		e.history = append(e.history, version{s.now().Add(lag), e.now})
	}
	e.now = st
	if st == nil && lag == 0 {
		t.forget(e)
	}
}

// index keeps the users by what is unique in a connection.
func (s *Server) index(before, after *state) {
	if before != nil {
		for _, k := range userKeys(before.connection, str(before.props, "email"), str(before.props, "username")) {
			if s.users[k] == before.props["user_id"] {
				delete(s.users, k)
			}
		}
	}
	if after != nil {
		for _, k := range userKeys(after.connection, str(after.props, "email"), str(after.props, "username")) {
			s.users[k] = str(after.props, "user_id")
		}
	}
}

// userKeys are the keys of a user in a connection, by e-mail and user name;
// what is empty has none.
func userKeys(connection, email, username string) []string {
	var out []string
	for i, v := range []string{email, username} {
		if v != "" {
			out = append(out, connection+" "+[]string{"email", "username"}[i]+" "+strings.ToLower(v))
		}
	}
	return out
}

func (t *table) forget(e *entry) {
	delete(t.byID, e.id)
	t.order = slices.DeleteFunc(t.order, func(o *entry) bool { return o == e })
}

// get returns an object as it is; nil if there is none.
func (s *Server) get(kind Kind, id string) *state {
	if e := s.tables[kind].byID[id]; e != nil {
		return e.now
	}
	return nil
}

// listed returns the objects that lists show, in the order of their creation.
func (s *Server) listed(kind Kind) []*state {
	t, now := s.tables[kind], s.now()
	var out []*state
	for _, e := range slices.Clone(t.order) {
		e.history = slices.DeleteFunc(e.history, func(v version) bool { return !now.Before(v.until) })
		st := e.now
		if len(e.history) > 0 {
			st = e.history[0].was
		} else if st == nil {
			t.forget(e)
		}
		if st != nil {
			out = append(out, st)
		}
	}
	return out
}

// shown is an object as lists show it; nil if they do not.
func (s *Server) shown(kind Kind, id string) *state {
	e := s.tables[kind].byID[id]
	if e == nil {
		return nil
	}
	for _, v := range e.history {
		if s.now().Before(v.until) {
			return v.was
		}
	}
	return e.now
}

// all returns the objects as they are, in the order of their creation.
func (s *Server) all(kind Kind) []*state {
	var out []*state
	for _, e := range s.tables[kind].order {
		if e.now != nil {
			out = append(out, e.now)
		}
	}
	return out
}

// find returns the first object with a text as the value of a property.
func (s *Server) find(kind Kind, property, value string) *state {
	for _, st := range s.all(kind) {
		if v, is := st.props[property].(string); is && v == value {
			return st
		}
	}
	return nil
}
