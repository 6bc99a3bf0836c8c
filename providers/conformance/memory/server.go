package memory

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// server is what would stand behind the wire.
type server struct {
	opts Options

	mu      sync.Mutex // guards what follows
	records []*record
	lastID  map[string]int
	reads   int
}

// record is one object through time.
type record struct{ versions []version }

type version struct {
	at     time.Time
	stored *Stored // nil: it was deleted
}

func (r *record) now() *Stored { return r.versions[len(r.versions)-1].stored }

// last is what there was before it was deleted.
func (r *record) last() *Stored {
	for _, v := range slices.Backward(r.versions) {
		if v.stored != nil {
			return v.stored
		}
	}
	return &Stored{}
}

// at is what a read sees that may only see writes made until t.
func (r *record) at(t time.Time) *Stored {
	for _, v := range slices.Backward(r.versions) {
		if !v.at.After(t) {
			return v.stored
		}
	}
	return nil
}

func (s Stored) clone() Stored {
	written := map[string]cty.Value{}
	maps.Copy(written, s.WriteOnly)
	s.WriteOnly = written
	return s
}

// values returns the attributes as a map that may be changed.
func (s Stored) values() map[string]cty.Value { return s.Attrs.AsValueMap() }

func newServer(opts Options) *server {
	s := &server{opts: opts, lastID: map[string]int{}}
	st := Stored{Object: resource.Object{Kind: "site", ID: "site-0001", Attrs: complete("site", map[string]cty.Value{
		"id": cty.StringVal("site-0001"), "name": cty.StringVal(mainName), "greeting": cty.StringVal("Welcome"),
	})}}
	s.records = []*record{{versions: []version{{time.Time{}, &st}}}}
	return s
}

// complete makes an object of the kind's type; what is missing is empty or
// null, as servers show what is unset.
func complete(kind string, values map[string]cty.Value) cty.Value {
	k, _ := kindNamed(kind)
	out := map[string]cty.Value{}
	for _, a := range k.All() {
		typ := k.Type().AttributeType(a.Name)
		v, ok := values[a.Name]
		switch {
		case a.WriteOnly || a.Local || a.OnCreate:
			v = cty.NullVal(typ)
		case ok && !v.IsNull():
		case a.Default != cty.NilVal:
			v = a.Default
		case typ.IsListType():
			v = cty.ListValEmpty(typ.ElementType())
		case typ.IsSetType():
			v = cty.SetValEmpty(typ.ElementType())
		case typ.IsMapType():
			v = cty.MapValEmpty(typ.ElementType())
		default:
			v = cty.NullVal(typ)
		}
		out[a.Name] = v
	}
	return cty.ObjectVal(out)
}

func (s *server) add(st Stored) {
	s.records = append(s.records, &record{versions: []version{{s.opts.Now(), &st}}})
}

func (s *server) put(r *record, st *Stored) {
	r.versions = append(r.versions, version{s.opts.Now(), st})
}

func (s *server) record(kind, id string) (*record, *Stored) {
	for _, r := range s.records {
		if st := r.now(); st != nil && st.Kind == kind && st.ID == id {
			return r, st
		}
	}
	return nil, nil
}

// do carries out one operation, or with partly all but its last steps.
func (s *server) do(op providers.Operation, partly bool) (id string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := kindNamed(op.Kind)
	if !ok {
		return "", refused(providers.Internal, "", "there is no kind %q", op.Kind)
	}
	switch op.Verb {
	case providers.Create:
		return s.create(k, op, partly)
	case providers.Update:
		return s.update(k, op, partly)
	case providers.Delete:
		return "", s.remove(k, op.ID)
	default:
		return "", refused(providers.Internal, "", "there is no verb %d", op.Verb)
	}
}

func (s *server) create(k resource.Kind, op providers.Operation, partly bool) (string, error) {
	if k.AdoptOnly {
		return "", refused(providers.Forbidden, "", "a %s cannot be created", k.Name)
	}
	if op.ID != "" && !k.ChosenID && !k.UpsertKey {
		return "", refused(providers.Invalid, "id", "a %s cannot be given an id", k.Name)
	}
	if err := checkDecided(k, op.After); err != nil {
		return "", err
	}
	if k.Restores && op.Restore != "" {
		return s.restore(k, op, partly)
	}
	st := Stored{WriteOnly: map[string]cty.Value{}}
	st.Kind, st.Created = k.Name, s.opts.Now()
	if k.UpsertKey {
		if made := s.upserted(k, op.ID); made != nil {
			return s.upsert(k, op, made, partly)
		}
		st.UpsertKey = op.ID
	} else {
		st.ID = op.ID
		if _, there := s.record(k.Name, op.ID); there != nil {
			return "", refused(providers.Conflict, "id", "a %s with the same id exists", k.Name)
		}
	}
	if k.Marked {
		st.Marker = op.Marker
	}
	if st.ID == "" {
		s.lastID[k.Name]++
		st.ID = fmt.Sprintf("%s-%04d", k.Name, s.lastID[k.Name])
	}
	values, null := map[string]cty.Value{"id": cty.StringVal(st.ID)}, cty.NullVal(cty.DynamicPseudoType)
	for _, a := range k.Attributes {
		v := resource.Attr(op.After, a.Name)
		if partly && a.Partial {
			continue
		}
		values[a.Name] = st.set(a, v, null, null)
	}
	decide(k.Name, values)
	st.Attrs = complete(k.Name, values)
	if err := s.check(k, &st); err != nil {
		return "", err
	}
	if !partly {
		st.credentials(op)
	}
	s.add(st)
	if k.Name == "space" {
		s.lastID["team"]++
		id := fmt.Sprintf("team-%04d", s.lastID["team"])
		t := map[string]cty.Value{"id": cty.StringVal(id), "space": values["name"], "name": cty.StringVal(everyone)}
		decide("team", t)
		s.add(Stored{Parent: values["name"].AsString(), Object: resource.Object{
			Kind: "team", ID: id, Created: st.Created, Builtin: true, Attrs: complete("team", t),
		}})
	}
	return st.ID, nil
}

// upserted is the object that was created with a key.
func (s *server) upserted(k resource.Kind, key string) *Stored {
	for _, r := range s.records {
		if st := r.now(); st != nil && st.Kind == k.Name && key != "" && st.UpsertKey == key {
			return st
		}
	}
	return nil
}

// restore brings a deleted object back, as it is wanted now.
func (s *server) restore(k resource.Kind, op providers.Operation, partly bool) (string, error) {
	for _, r := range s.records {
		if r.now() == nil && r.last().Kind == k.Name && r.last().ID == op.Restore {
			back := r.last().clone()
			s.put(r, &back)
			return s.upsert(k, op, &back, partly)
		}
	}
	return "", refused(providers.NotFound, "", "there is no deleted %s with this id", k.Name)
}

// upsert makes an object that was created with the same key as it is wanted now.
func (s *server) upsert(k resource.Kind, op providers.Operation, made *Stored, partly bool) (string, error) {
	op.Verb, op.ID, op.Before = providers.Update, made.ID, cty.NullVal(k.Type())
	for _, a := range k.Attributes {
		if !a.ForceNew {
			op.Changed = append(op.Changed, a.Name)
		}
	}
	return s.update(k, op, partly)
}

func (s *server) update(k resource.Kind, op providers.Operation, partly bool) (string, error) {
	r, old := s.record(k.Name, op.ID)
	if old == nil {
		return "", refused(providers.NotFound, "", "there is no %s with this id", k.Name)
	}
	st := old.clone()
	values := st.values()
	for _, a := range k.Attributes {
		if !slices.Contains(op.Changed, a.Name) || partly && a.Partial {
			continue
		}
		if a.ForceNew {
			return "", refused(providers.Invalid, a.Name, "%s cannot be changed", a.Name)
		}
		values[a.Name] = st.set(a, resource.Attr(op.After, a.Name), resource.Attr(op.Before, a.Name), values[a.Name])
	}
	if k.Marked && op.Marker != "" {
		st.Marker = op.Marker
	}
	st.Attrs = complete(k.Name, values)
	if err := s.check(k, &st); err != nil {
		return "", err
	}
	if !partly {
		st.credentials(op)
	}
	s.put(r, &st)
	return st.ID, nil
}

// set is the value that an attribute has after a write of after.
func (s *Stored) set(a resource.Attribute, after, before, live cty.Value) cty.Value {
	null := cty.NullVal(cty.DynamicPseudoType)
	switch {
	case a.WriteOnly:
		if !a.OnCreate && !after.IsNull() {
			s.WriteOnly[a.Name] = after
		}
		return null
	case a.Local || a.OnCreate:
		return null
	case a.Block != nil:
		return s.setBlock(a, after)
	case a.Partial:
		return mergePartial(a.Type, live, before, after)
	case after.IsNull() && a.Computed:
		return live
	case after.IsNull() || a.Normalize != resource.Lower:
		return after
	default:
		return cty.StringVal(strings.ToLower(strings.TrimSpace(after.AsString())))
	}
}

// setBlock keeps the write-only parts of a nested block apart, and forgets
// them with the block.
func (s *Stored) setBlock(a resource.Attribute, after cty.Value) cty.Value {
	typ := resource.BlockType(a.Block)
	if after.IsNull() {
		for _, in := range a.Block {
			delete(s.WriteOnly, a.Name+"."+in.Name)
		}
		return cty.NullVal(typ)
	}
	inner := map[string]cty.Value{}
	for _, in := range a.Block {
		v := resource.Attr(after, in.Name)
		if in.WriteOnly && !v.IsNull() {
			s.WriteOnly[a.Name+"."+in.Name] = v
		}
		if in.WriteOnly || in.Local || v.IsNull() {
			v = cty.NullVal(in.Type)
		}
		inner[in.Name] = v
	}
	return cty.ObjectVal(inner)
}

// mergePartial adds what is new in after and removes what is gone from before.
func mergePartial(typ cty.Type, live, before, after cty.Value) cty.Value {
	if typ.IsMapType() {
		out := elements(live)
		for k := range elements(before) {
			delete(out, k)
		}
		maps.Copy(out, elements(after))
		if len(out) == 0 {
			return cty.MapValEmpty(typ.ElementType())
		}
		return cty.MapVal(out)
	}
	out := cty.NewValueSet(typ.ElementType())
	for v := range values(live) {
		out.Add(v)
	}
	for v := range values(before) {
		out.Remove(v)
	}
	for v := range values(after) {
		out.Add(v)
	}
	return cty.SetValFromValueSet(out)
}

func elements(v cty.Value) map[string]cty.Value {
	if v == cty.NilVal || v.IsNull() {
		return map[string]cty.Value{}
	}
	m := v.AsValueMap()
	if m == nil {
		m = map[string]cty.Value{}
	}
	return m
}

func values(v cty.Value) func(func(cty.Value) bool) {
	if v == cty.NilVal || v.IsNull() {
		return func(func(cty.Value) bool) {}
	}
	return slices.Values(v.AsValueSlice())
}

// decide fills in what the server decides on.
func decide(kind string, values map[string]cty.Value) {
	fill := func(name, value string) {
		if v, ok := values[name]; !ok || v.IsNull() {
			values[name] = cty.StringVal(value)
		}
	}
	switch kind {
	case "space":
		fill("theme", "plain")
		for name, path := range map[string]string{"issuer": "", "device_authorization_endpoint": "/device", "token_endpoint": "/token"} {
			values[name] = cty.NullVal(cty.String)
			if n := values["name"]; !n.IsNull() {
				values[name] = cty.StringVal("memory://spaces/" + n.AsString() + path)
			}
		}
	case "team":
		fill("tier", "small")
	case "app":
		fill("client_id", "client-of-"+values["id"].AsString())
	}
}

// credentials does what an operation says of a first password.
func (s *Stored) credentials(op providers.Operation) {
	if !op.Password.IsZero() {
		s.Password, s.Temporary = op.Password.Reveal(), op.PasswordTemporary
		s.Passwords++
	}
	if op.Invite {
		s.Invitations++
	}
}

// remove deletes an object with what is in it; one that is not there is fine.
func (s *server) remove(k resource.Kind, id string) error {
	r, st := s.record(k.Name, id)
	if st == nil {
		return nil
	}
	if k.AdoptOnly || st.Builtin {
		return refused(providers.Forbidden, "", "this %s cannot be deleted", k.Name)
	}
	s.put(r, nil)
	for _, other := range s.records {
		o := other.now()
		switch {
		case o == nil:
		case k.Name == "space" && o.Parent == nameOf(*st):
			s.put(other, nil)
		case k.Name == "person" && o.Kind == "team":
			left := o.clone()
			vals := left.values()
			gone := cty.SetVal([]cty.Value{cty.StringVal(id)})
			vals["members"] = mergePartial(cty.Set(cty.String), vals["members"], gone, cty.NullVal(cty.Set(cty.String)))
			left.Attrs = complete("team", vals)
			if !left.Attrs.RawEquals(o.Attrs) {
				s.put(other, &left)
			}
		}
	}
	return nil
}
