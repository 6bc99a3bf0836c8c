package cluster

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/idpctl/idpctl/cluster/internal/yamledit"
	"github.com/idpctl/idpctl/diag"
)

// mode tells the two merges apart.
type mode uint8

const (
	full  mode = iota // make it say what is wanted
	prune             // only take out what is owned and no longer wanted
)

// outcome is what an edit is to lead to: what the result is checked against,
// and what the change tells.
type outcome struct {
	mode   mode
	want   Section
	items  []result // users, in their order
	change Change
}

// result is one entry of users after the edit. Without an entry it is new;
// without an admin it is untouched.
type result struct {
	entry *entry
	admin *Admin
	slot  bool // the entry was a placeholder
}

// edit works out the edits that make the section say want. want is checked
// and has each id once.
func (s *section) edit(want Section, own Ownership, m mode) (*yamledit.Edits, outcome, error) {
	e := s.file.Edit()
	o := outcome{mode: m, want: want}
	if m == full {
		was := s.says()
		o.field(keyProvider, was.IdentityProvider, want.IdentityProvider, yamledit.IsText(s.value(s.provider), want.IdentityProvider))
		o.field(keyJWKS, was.JWKSEndpoint, want.JWKSEndpoint, yamledit.IsText(s.value(s.jwks), want.JWKSEndpoint))
	}
	remove, add := s.decide(&o, own)
	var err error
	switch {
	case s.admin != nil:
		err = s.editAdmin(e, &o, remove, add)
	case m == full:
		err = s.insertAdmin(e, &o, add)
	}
	o.finish(own)
	return e, o, err
}

// field notes a difference of a value beside users.
func (o *outcome) field(name, before, after string, same bool) {
	if !same {
		o.change.Fields = append(o.change.Fields, FieldChange{Name: name, Before: before, After: after})
	}
}

// decide says what becomes of each entry: remove is true for those that go,
// add are the new ones.
func (s *section) decide(o *outcome, own Ownership) (remove []bool, add []Admin) {
	remove = make([]bool, len(s.entries))
	owned := set(own.Owned)
	there := map[string]bool{}
	for _, e := range s.entries {
		if !e.placeholder {
			there[e.admin.ID] = true
		}
	}
	var missing []Admin
	wanted := map[string]Admin{}
	for _, a := range o.want.Admins {
		if a.ID == KnownAfterApply || !there[a.ID] {
			missing = append(missing, a)
		} else {
			wanted[a.ID] = a
		}
	}
	if o.mode == prune {
		missing = nil
	}
	for i := range s.entries {
		e := &s.entries[i]
		a, want := wanted[e.admin.ID]
		switch {
		case e.placeholder && o.mode == prune:
			o.items = append(o.items, result{entry: e})
		case e.placeholder && len(missing) > 0 && s.reusable(e):
			a, missing = missing[0], missing[1:]
			o.items = append(o.items, result{entry: e, admin: &a, slot: true})
			o.change.Added = append(o.change.Added, a)
		case e.placeholder:
			remove[i] = true
		case want && o.mode == full && !e.says(a):
			after := a
			if a.UserGroups == nil {
				after.UserGroups = e.admin.UserGroups
			}
			o.items = append(o.items, result{entry: e, admin: &a})
			o.change.Updated = append(o.change.Updated, AdminChange{Before: e.admin, After: after})
		case !want && (owned[e.admin.ID] || own.Exclusive && o.mode == full):
			remove[i] = true
			o.change.Removed = append(o.change.Removed, e.admin)
		default:
			o.items = append(o.items, result{entry: e})
		}
	}
	for i := range missing {
		o.items = append(o.items, result{admin: &missing[i]})
	}
	o.change.Added = append(o.change.Added, missing...)
	return remove, missing
}

func set(ids []string) map[string]bool {
	m := make(map[string]bool, len(ids))
	for _, id := range ids {
		m[id] = true
	}
	return m
}

// says reports whether an entry is what a is, to every reader of YAML.
func (e *entry) says(a Admin) bool {
	for _, key := range textKeys {
		if at := e.index[key]; at < 0 || !yamledit.IsText(e.node.Content[at+1], a.text(key)) {
			return false
		}
	}
	return a.UserGroups == nil || slices.Equal(a.UserGroups, e.admin.UserGroups)
}

// reusable reports whether a placeholder's place, order of keys and comments
// can serve for a new entry.
func (s *section) reusable(e *entry) bool {
	if e.item.Kind == yaml.AliasNode || s.file.Removable(e.item) != nil {
		return false
	}
	for _, key := range textKeys {
		if at := e.index[key]; at < 0 || s.file.Replaceable(e.node.Content[at+1]) != nil {
			return false
		}
	}
	return true
}

// finish works out what the section says afterwards, and whose is what.
func (o *outcome) finish(own Ownership) {
	c := &o.change
	owned := set(own.Owned)
	if o.mode == full { // also who stands there already
		for _, a := range o.want.Admins {
			owned[a.ID] = true
		}
	}
	for _, r := range o.items {
		var a Admin
		switch {
		case r.admin == nil && r.entry.placeholder:
			continue
		case r.admin == nil:
			a = r.entry.admin
		default:
			a = *r.admin
			if a.UserGroups == nil && r.entry != nil && !r.slot {
				a.UserGroups = r.entry.admin.UserGroups
			}
		}
		c.Section.Admins = append(c.Section.Admins, a)
		if a.ID != KnownAfterApply && owned[a.ID] {
			c.Owned = append(c.Owned, a.ID)
		}
	}
}

// editAdmin edits a section that is there.
func (s *section) editAdmin(e *yamledit.Edits, o *outcome, remove []bool, add []Admin) error {
	var fields []yamledit.Field
	for _, c := range o.change.Fields {
		at := s.provider
		if c.Name == keyJWKS {
			at = s.jwks
		}
		if at < 0 {
			fields = append(fields, yamledit.Field{Key: c.Name, Value: yamledit.String(c.After)})
		} else if err := e.SetScalar(s.value(at), c.After); err != nil {
			return err
		}
	}
	if s.users < 0 && o.mode == full {
		fields = append(fields, yamledit.Field{Key: keyUsers, Value: s.usersValue(add)})
	}
	if s.users >= 0 {
		if err := s.editUsers(e, o, remove, add); err != nil {
			return err
		}
	}
	return e.AppendFields(s.admin, fields)
}

func (s *section) editUsers(e *yamledit.Edits, o *outcome, remove []bool, add []Admin) error {
	users := s.value(s.users)
	edited := slices.ContainsFunc(o.items, func(r result) bool { return r.admin != nil }) || slices.Contains(remove, true)
	if !edited {
		return nil
	}
	if users.Kind == yaml.AliasNode {
		return s.file.Replaceable(users) // says that it is an alias
	}
	if yamledit.IsNull(users) {
		return e.Fill(s.admin, s.users, s.usersValue(add))
	}
	for _, r := range o.items {
		if r.entry == nil || r.admin == nil {
			continue
		}
		if err := s.editEntry(e, r); err != nil {
			return err
		}
	}
	return e.List(s.admin, s.users, remove, s.usersValue(add).Items)
}

func (s *section) usersValue(admins []Admin) yamledit.Value {
	v := yamledit.Value{Items: []yamledit.Value{}}
	for _, a := range admins {
		v.Items = append(v.Items, s.userValue(a))
	}
	return v
}

// editEntry changes the values of an entry that differ, and leaves its other
// keys and its comments.
func (s *section) editEntry(e *yamledit.Edits, r result) error {
	en := r.entry
	if en.item.Kind == yaml.AliasNode {
		return s.file.Replaceable(en.item) // says that it is an alias
	}
	var fields []yamledit.Field
	for _, key := range textKeys {
		text, at := r.admin.text(key), en.index[key]
		switch {
		case at < 0:
			fields = append(fields, yamledit.Field{Key: key, Value: yamledit.String(text)})
		case !yamledit.IsText(en.node.Content[at+1], text):
			if err := e.SetScalar(en.node.Content[at+1], text); err != nil {
				return err
			}
		}
	}
	switch at := en.index[keyGroups]; {
	case (r.admin.UserGroups == nil && r.slot || r.admin.UserGroups != nil && len(r.admin.UserGroups) == 0) && at >= 0:
		if err := e.RemoveField(en.node, at); err != nil {
			return err
		}
	case r.admin.UserGroups == nil, slices.Equal(r.admin.UserGroups, en.admin.UserGroups):
	case at < 0:
		fields = append(fields, yamledit.Field{Key: keyGroups, Value: yamledit.List(r.admin.UserGroups)})
	default:
		if err := e.SetValue(en.node, at, yamledit.List(r.admin.UserGroups)); err != nil {
			return err
		}
	}
	return e.AppendFields(en.node, fields)
}

// insertAdmin writes a section that is not there, and what is missing of the
// path to it.
func (s *section) insertAdmin(e *yamledit.Edits, o *outcome, add []Admin) error {
	v := yamledit.Value{Map: []yamledit.Field{
		{Key: keyProvider, Value: yamledit.String(o.want.IdentityProvider)},
		{Key: keyJWKS, Value: yamledit.String(o.want.JWKSEndpoint)},
		{Key: keyUsers, Value: s.usersValue(add)},
	}}
	for _, key := range slices.Backward(s.path[s.have+1:]) {
		v = yamledit.Value{Map: []yamledit.Field{{Key: key, Value: v}}}
	}
	if s.empty >= 0 {
		return e.Fill(s.parent, s.empty, v)
	}
	return e.AppendFields(s.parent, []yamledit.Field{{Key: s.path[s.have], Value: v}})
}

// merge makes the section say want, or prunes it, and checks the result. name
// is what the diff calls the file.
func (s *section) merge(live Live, want Section, own Ownership, m mode, name string) (Change, diag.Diagnostics) {
	edits, o, err := s.edit(want, own, m)
	if err != nil {
		return Change{}, problem(err)
	}
	c := o.change
	c.Section.IdentityProvider, c.Section.JWKSEndpoint = want.IdentityProvider, want.JWKSEndpoint
	if m == prune {
		was := s.says()
		c.Section.IdentityProvider, c.Section.JWKSEndpoint = was.IdentityProvider, was.JWKSEndpoint
	}
	c.Unknown = c.Section.unknown()
	c.Content = live.Content
	if !edits.Changed() {
		return c, nil
	}
	if c.Content, err = edits.Bytes(); err != nil {
		return Change{}, problem(err)
	}
	after, err := s.verify(c.Content, o)
	if err != nil {
		return Change{}, problem(err)
	}
	c.Changed = true
	c.Diff = unified(name, s, name, after, want.Hidden)
	return c, nil
}
