package entra

import (
	"cmp"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
)

// Kind is the type of a directory object, as in "#microsoft.graph.user".
type Kind string

// The kinds that are emulated.
const (
	KindUser              Kind = "user"
	KindGroup             Kind = "group"
	KindApplication       Kind = "application"
	KindServicePrincipal  Kind = "servicePrincipal"
	KindAppRoleAssignment Kind = "appRoleAssignment"
	KindPermissionGrant   Kind = "oAuth2PermissionGrant"
)

// state is an object at one time. It never changes once it is stored: a write
// stores another one, so that replicas can go on showing the old one.
type state struct {
	props object
	// members of a group, owners of a group, application or service
	// principal: ids in the order of their addition.
	members, owners []string
	// password of a user; empty if nobody knows it.
	password string
	// mustChange: the password has to be changed at the next sign-in.
	mustChange bool
	// upn of a deleted user before it was mangled.
	upn string
}

func (s *state) copy() *state {
	c := *s
	c.props = jsonvalue.Clone(s.props).(object)
	c.members, c.owners = slices.Clone(s.members), slices.Clone(s.owners)
	return &c
}

// deleted reports whether the object is in the recycle bin.
func (s *state) deleted() bool { return s.props["deletedDateTime"] != nil }

// version is a state and when each replica begins to show it.
type version struct {
	state *state
	shown []time.Time // by replica; nil is always
}

// entity is an object with its history.
type entity struct {
	kind Kind
	id   string
	// now is the state at the primary; nil after a deletion for good.
	now *state
	// history is what replicas may show, oldest first; empty: only now.
	history []version
	// settled is when all replicas show now.
	settled time.Time
}

// fresh stands for the primary where a replica is expected.
const fresh = -1

// table holds all objects of a kind, deleted ones too.
type table struct {
	byID   map[string]*entity
	order  []*entity
	sorted bool
}

// all lists a table by id. Graph promises no order; that of creation would be
// one that clients come to rely on.
func (t *table) all() []*entity {
	if !t.sorted {
		slices.SortFunc(t.order, func(a, b *entity) int { return cmp.Compare(a.id, b.id) })
		t.sorted = true
	}
	return t.order
}

// store is the directory.
type store struct {
	tables map[Kind]*table
	// unique finds the id of the object that has a value that no other may have.
	unique map[string]string
	writes uint64
}

func newStore() store {
	s := store{tables: map[Kind]*table{}, unique: map[string]string{}}
	for kind := range typeNames {
		s.tables[kind] = &table{byID: map[string]*entity{}}
	}
	return s
}

func uniqueKey(kind Kind, property, value string) string {
	return string(kind) + "|" + property + "|" + strings.ToLower(value)
}

// claim is a value that an object keeps others from having.
type claim struct{ property, key string }

// claims are the values that an object keeps others from having. A deleted
// user gives its names up; a deleted application or group keeps its uniqueName
// (section 2), and the appId of a deleted application is nobody else's.
func claims(kind Kind, s *state) []claim {
	if s == nil {
		return nil
	}
	var list []claim
	add := func(space Kind, property string, values ...string) {
		for _, v := range values {
			if v != "" {
				list = append(list, claim{property, uniqueKey(space, property, v)})
			}
		}
	}
	switch kind {
	case KindUser:
		if !s.deleted() {
			add(KindUser, "userPrincipalName", str(s.props, "userPrincipalName"))
			add("", "proxyAddresses", jsonvalue.Texts(s.props["proxyAddresses"])...)
		}
	case KindGroup:
		add(kind, "uniqueName", str(s.props, "uniqueName"))
		if !s.deleted() && slices.Contains(jsonvalue.Texts(s.props["groupTypes"]), "Unified") {
			add(kind, "mailNickname", str(s.props, "mailNickname"))
		}
	case KindApplication:
		add(kind, "appId", str(s.props, "appId"))
		add(kind, "uniqueName", str(s.props, "uniqueName"))
		if !s.deleted() {
			add(kind, "identifierUris", jsonvalue.Texts(s.props["identifierUris"])...)
		}
	case KindServicePrincipal:
		add(kind, "appId", str(s.props, "appId"))
	}
	return list
}

// conflict returns the property whose value another object has.
func (s *store) conflict(kind Kind, id string, next *state) string {
	for _, c := range claims(kind, next) {
		if owner := s.unique[c.key]; owner != "" && owner != id {
			return c.property
		}
	}
	return ""
}

// find returns the object that a unique value belongs to; nil if there is none.
func (s *store) find(kind Kind, property, value string) *entity {
	return s.tables[kind].byID[s.unique[uniqueKey(kind, property, value)]]
}

// put stores a state for good, seen by all at once.
func (s *store) put(kind Kind, id string, next *state) *entity {
	t := s.tables[kind]
	e := t.byID[id]
	if e == nil {
		e = &entity{kind: kind, id: id}
		t.byID[id] = e
		t.sorted = false
		t.order = append(t.order, e)
	}
	for _, c := range claims(kind, e.now) {
		delete(s.unique, c.key)
	}
	for _, c := range claims(kind, next) {
		s.unique[c.key] = id
	}
	e.now, e.history = next, nil
	return e
}

// forget drops an object that nobody shows any more.
func (s *store) forget(e *entity) {
	t := s.tables[e.kind]
	delete(t.byID, e.id)
	t.order = slices.DeleteFunc(t.order, func(o *entity) bool { return o == e })
}

// write is put as a client does it: replicas show it later. next nil deletes
// for good.
func (s *Server) write(kind Kind, id string, next *state) *entity {
	s.dir.writes++
	var history []version
	var before *state
	if old := s.dir.tables[kind].byID[id]; old != nil {
		history, before = old.history, old.now
	}
	e := s.dir.put(kind, id, next)
	lag := s.opts.Lag
	if lag.Max <= 0 {
		if next == nil {
			s.dir.forget(e)
		}
		return e
	}
	if len(history) == 0 {
		history = []version{{state: before}}
	}
	now := s.now()
	shown := make([]time.Time, lag.Replicas)
	slowest := int(s.dir.writes % uint64(lag.Replicas))
	for r := range shown {
		delay := lag.Max
		if r != slowest {
			h := fnv.New64a()
			_, _ = h.Write([]byte(strconv.FormatUint(lag.Seed, 10) + "/" + strconv.FormatUint(s.dir.writes, 10) + "/" + strconv.Itoa(r)))
			delay = time.Duration(h.Sum64() % uint64(lag.Max))
		}
		shown[r] = now.Add(delay)
	}
	e.history, e.settled = append(slices.Clip(history), version{next, shown}), now.Add(lag.Max)
	return e
}

// show is an object as a replica shows it; nil if it shows none.
func (s *Server) show(e *entity, replica int) *state {
	if e == nil {
		return nil
	}
	if len(e.history) == 0 || replica == fresh {
		return e.now
	}
	now := s.now()
	if !now.Before(e.settled) {
		e.history = nil
		return e.now
	}
	for _, v := range slices.Backward(e.history) {
		if len(v.shown) == 0 || !now.Before(v.shown[replica]) {
			return v.state
		}
	}
	return nil
}

// replicated reports whether all replicas show the object as it is.
func (s *Server) replicated(e *entity) bool {
	return len(e.history) == 0 || !s.now().Before(e.settled)
}

// live is an object that is there and not deleted, as a replica shows it.
func (s *Server) live(kind Kind, id string, replica int) *state {
	st := s.show(s.dir.tables[kind].byID[strings.ToLower(id)], replica)
	if st == nil || st.deleted() {
		return nil
	}
	return st
}

// objectKinds are the kinds that a reference may name.
func objectKinds() []Kind {
	return []Kind{KindUser, KindGroup, KindServicePrincipal, KindApplication}
}

// anyObject finds a directory object of whatever kind.
func (s *Server) anyObject(id string, replica int) (Kind, *state) {
	for _, kind := range objectKinds() {
		if st := s.live(kind, id, replica); st != nil {
			return kind, st
		}
	}
	return "", nil
}

// retention is how long deleted objects are kept (sections 2 and 4).
const retention = 30 * 24 * time.Hour

// purgeExpired deletes for good what has been in the recycle bin too long.
func (s *Server) purgeExpired() {
	for _, kind := range slices.Sorted(maps.Keys(s.bin)) {
		for id, since := range s.bin[kind] {
			if s.now().After(since.Add(retention)) {
				delete(s.bin[kind], id)
				s.drop(kind, id)
			}
		}
	}
}
