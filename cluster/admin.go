package cluster

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/idpctl/idpctl/cluster/internal/yamledit"
	"github.com/idpctl/idpctl/diag"
)

// The section's keys; the same in an AppInstance and in Helm values.
const (
	keyProvider = "identityProvider"
	keyJWKS     = "jwksEndpoint"
	keyUsers    = "users"
	keyGroups   = "userGroups"
)

// textKeys are the keys of an entry of users that idpctl sets, in the order of
// InfluxData's documentation.
var textKeys = [...]string{"id", "firstName", "lastName", "email"}

func (a Admin) text(key string) string {
	switch key {
	case "id":
		return a.ID
	case "firstName":
		return a.FirstName
	case "lastName":
		return a.LastName
	default:
		return a.Email
	}
}

// section is an admin section in a YAML file.
type section struct {
	file *yamledit.File
	doc  int
	path []string

	parent *yaml.Node // the deepest mapping on the path
	have   int        // how many keys of the path parent stands at
	empty  int        // index of path[have] in parent, with an empty value; -1 if it is missing
	admin  *yaml.Node // nil if the path does not lead to a mapping with keys

	provider, jwks, users int // indices in admin, -1 if missing
	entries               []entry
}

// entry is an item of users.
type entry struct {
	item        *yaml.Node     // as it stands in the list
	node        *yaml.Node     // the mapping, which an alias may refer to
	index       map[string]int // of textKeys and keyGroups in node
	admin       Admin
	placeholder bool
}

// openSection finds the section at path in the doc-th document of f. An error
// is a [diag.Diagnostic]. What it finds in a state that an edit has to refuse,
// but that can be read, is no error yet.
func openSection(f *yamledit.File, doc int, path []string) (*section, error) {
	s := &section{file: f, doc: doc, path: path, empty: -1, provider: -1, jwks: -1, users: -1}
	cur := f.Docs()[doc]
	for i, key := range path {
		s.parent, s.have = cur, i
		at, err := f.Find(cur, key)
		if err != nil || at < 0 {
			return s, err
		}
		next := cur.Content[at+1]
		where := strings.Join(path[:i+1], ".")
		switch {
		case next.Kind == yaml.AliasNode:
			return nil, f.Problem(next, where+" is an alias",
				"*%s takes it from %s, where a change would be one of both places. Write the mapping out here and run again.", next.Value, f.Range(next.Alias))
		case f.Opaque(next) != nil:
			return nil, f.Opaque(next)
		case yamledit.IsNull(next) && next.Kind != yaml.SequenceNode:
			s.empty = at
			return s, nil
		case next.Kind != yaml.MappingNode:
			return nil, f.Problem(next, where+" is not a mapping", "A mapping is expected here, and there is a %s. Correct the file and run again.", yamledit.KindName(next))
		}
		cur = next
	}
	s.admin = cur
	var err error
	for key, at := range map[string]*int{keyProvider: &s.provider, keyJWKS: &s.jwks, keyUsers: &s.users} {
		if *at, err = f.Find(cur, key); err != nil {
			return nil, err
		}
	}
	return s, s.readEntries()
}

func (s *section) readEntries() error {
	f := s.file
	list := resolve(s.value(s.users))
	if list == nil || yamledit.IsNull(list) {
		return nil
	}
	if err := f.Opaque(list); err != nil {
		return err
	}
	if list.Kind != yaml.SequenceNode {
		return f.Problem(list, "users is not a list", "A list is expected here, and there is a %s. Correct the file and run again.", yamledit.KindName(list))
	}
	seen := map[string]*yaml.Node{}
	for _, item := range list.Content {
		e, err := s.readEntry(item)
		if err != nil {
			return err
		}
		if !e.placeholder {
			if first := seen[e.admin.ID]; first != nil {
				return f.Problem(item, "Two users have the same id",
					"The id %q is at %s already. Remove one of the two entries and run again.", e.admin.ID, f.Range(first))
			}
			seen[e.admin.ID] = item
		}
		s.entries = append(s.entries, e)
	}
	return nil
}

func (s *section) readEntry(item *yaml.Node) (entry, error) {
	f := s.file
	e := entry{item: item, node: resolve(item), index: map[string]int{}}
	if err := f.Opaque(e.node); err != nil {
		return e, err
	}
	if e.node.Kind != yaml.MappingNode {
		return e, f.Problem(item, "A user is not a mapping", "An entry of users has id, firstName, lastName and email; here is a %s. Correct or remove it and run again.", yamledit.KindName(e.node))
	}
	blank := true
	for _, key := range append(textKeys[:], keyGroups) {
		at, err := f.Find(e.node, key)
		if err != nil {
			return e, err
		}
		e.index[key] = at
		if at < 0 || key == keyGroups {
			continue
		}
		text, _ := yamledit.Text(e.node.Content[at+1])
		blank = blank && placeholderText.MatchString(text)
		switch key {
		case "id":
			e.admin.ID = text
		case "firstName":
			e.admin.FirstName = text
		case "lastName":
			e.admin.LastName = text
		case "email":
			e.admin.Email = text
		}
	}
	e.admin.UserGroups = e.groups()
	if at := e.index["id"]; at >= 0 {
		id := e.node.Content[at+1]
		if err := f.Opaque(id); err != nil {
			return e, err
		}
		if _, ok := yamledit.Text(id); !ok {
			return e, f.Problem(id, "The id of a user is not a text", "A text is expected here, and there is a %s. Correct the file and run again.", yamledit.KindName(resolve(id)))
		}
	} else if err := f.NoMerge(e.node); err != nil {
		return e, err
	} else if !blank {
		return e, f.Problem(item, "A user has no id", "The cluster knows a user by its id alone. Add the id that the identity provider gives this user, or remove the entry, and run again.")
	}
	e.placeholder = placeholderID.MatchString(e.admin.ID)
	return e, nil
}

func (e entry) groups() []string {
	at := e.index[keyGroups]
	if at < 0 {
		return nil
	}
	groups := []string{}
	if list := resolve(e.node.Content[at+1]); list.Kind == yaml.SequenceNode {
		for _, g := range list.Content {
			text, _ := yamledit.Text(g)
			groups = append(groups, text)
		}
	}
	return groups
}

// value is the section's value at an index of [yamledit.File.Find].
func (s *section) value(at int) *yaml.Node {
	if s.admin == nil || at < 0 {
		return nil
	}
	return s.admin.Content[at+1]
}

func resolve(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// says is what the section says now.
func (s *section) says() Section {
	var out Section
	out.IdentityProvider, _ = yamledit.Text(s.value(s.provider))
	out.JWKSEndpoint, _ = yamledit.Text(s.value(s.jwks))
	for _, e := range s.entries {
		if !e.placeholder {
			out.Admins = append(out.Admins, e.admin)
		}
	}
	return out
}

// userValue is a new entry, its keys in the order of those that are there.
func (s *section) userValue(a Admin) yamledit.Value {
	order := textKeys[:]
	for _, e := range slices.Backward(s.entries) {
		known := slices.DeleteFunc(slices.Clone(order), func(k string) bool { return e.index[k] < 0 })
		if len(known) == len(order) {
			slices.SortStableFunc(known, func(a, b string) int { return e.index[a] - e.index[b] })
			order = known
			break
		}
	}
	v := yamledit.Value{}
	for _, key := range order {
		v.Map = append(v.Map, yamledit.Field{Key: key, Value: yamledit.String(a.text(key))})
	}
	if len(a.UserGroups) > 0 {
		v.Map = append(v.Map, yamledit.Field{Key: keyGroups, Value: yamledit.List(a.UserGroups)})
	}
	return v
}

// dsnWarning tells of a section whose dsn the cluster cannot use: the schema
// does not require one, InfluxData's chart does and renders an empty one
// without a word.
func (s *section) dsnWarning() diag.Diagnostics {
	f := s.file
	at := s.parent
	if s.admin != nil {
		at = s.admin
	}
	warn := func(n *yaml.Node, summary string) diag.Diagnostics {
		return diag.Diagnostics{{
			Severity: diag.Warning, Summary: summary, Subject: f.Range(n),
			Detail: strings.Join(s.path, ".") + ".dsn tells the cluster where its catalog database is; InfluxData's example has it, and the Helm chart requires it. " +
				"Set it to the same secret as the dsn of the catalog: dsn.valueFrom.secretKeyRef with name and key. idpctl never sets it.",
		}}
	}
	if s.admin == nil {
		return warn(at, "The admin section has no dsn")
	}
	i, err := f.Find(s.admin, "dsn")
	if err != nil {
		return problem(err)
	}
	if i < 0 {
		if f.NoMerge(s.admin) != nil {
			return nil // it may come from the merge key
		}
		return warn(at, "The admin section has no dsn")
	}
	if n := s.admin.Content[i+1]; !filledIn(n, 0) {
		return warn(n, "The dsn of the admin section is not filled in")
	}
	return nil
}

// filledIn reports whether every value in n says something: none is empty or
// a placeholder. It looks at a few levels only, as aliases may make any number
// of values of a few lines.
func filledIn(n *yaml.Node, depth int) bool {
	n = resolve(n)
	if n.Kind == yaml.ScalarNode {
		text, _ := yamledit.Text(n)
		return !placeholderText.MatchString(text)
	}
	if len(n.Content) == 0 || depth > 3 || len(n.Content) > 20 {
		return len(n.Content) > 0
	}
	for i, c := range n.Content {
		if key := n.Kind == yaml.MappingNode && i%2 == 0; !key && !filledIn(c, depth+1) {
			return false
		}
	}
	return true
}
