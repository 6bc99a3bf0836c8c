package cluster

import (
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/idpctl/idpctl/cluster/internal/yamledit"
	"github.com/idpctl/idpctl/diag"
)

// verify parses the result of an edit and compares it with what was there: all
// outside of the three keys has to be equal, and the section has to read as
// wanted. It returns the section in the result.
func (s *section) verify(content []byte, o outcome) (*section, error) {
	at := s.parent
	if s.admin != nil {
		at = s.admin
	}
	fail := func(why string) error {
		return diag.Diagnostic{
			Summary: "The file could not be edited in place",
			Detail: "The result was checked before writing, and " + why + ". The file was not changed. " +
				"Write its admin section in the usual form (one key a line), and please report this with the section as it is now.",
			Subject: s.file.Range(at),
		}
	}
	f, err := yamledit.Parse("result", content)
	if err != nil {
		return nil, fail("it would not be valid YAML")
	}
	before, after := s.file.Docs(), f.Docs()
	if len(before) != len(after) {
		return nil, fail("its number of documents would change")
	}
	for i := range before {
		same := i == s.doc || yamledit.Equal(before[i], after[i])
		if i == s.doc {
			same = yamledit.EqualExcept(before[i], after[i], s.path, func(a, b *yaml.Node) bool { return s.verifyAdmin(a, b, o) })
		}
		if !same {
			return nil, fail("a value that idpctl does not manage would change, or the admin section would not say what it should")
		}
	}
	res, err := openSection(f, s.doc, s.path)
	if err != nil {
		return nil, fail("its admin section could not be read")
	}
	if o.mode == full && res.admin == nil {
		return nil, fail("it would have no admin section")
	}
	return res, nil
}

// verifyAdmin compares the section a (nil if it was not there) with the
// section b that was made of it.
func (s *section) verifyAdmin(a, b *yaml.Node, o outcome) bool {
	if b == nil || b.Kind != yaml.MappingNode {
		return o.mode == prune && (a == nil && b == nil || a != nil && b != nil && yamledit.Equal(a, b))
	}
	managed := func(key string) bool { return key == keyProvider || key == keyJWKS || key == keyUsers }
	seen := map[string]*yaml.Node{}
	var oldKeys []*yaml.Node
	if a != nil && a.Kind == yaml.MappingNode {
		oldKeys = a.Content
	}
	i := 0
	for j := 0; j+1 < len(b.Content); j += 2 {
		key, value := b.Content[j], b.Content[j+1]
		if i+1 < len(oldKeys) {
			// What was there stands first, in its order.
			if !yamledit.Equal(oldKeys[i], key) || !managed(key.Value) && !yamledit.Equal(oldKeys[i+1], value) {
				return false
			}
			i += 2
		} else if !managed(key.Value) || seen[key.Value] != nil {
			return false
		}
		seen[key.Value] = value
	}
	if i < len(oldKeys) {
		return false
	}
	old := func(at int) *yaml.Node { return s.value(at) }
	text := func(key string, at int, want string) bool {
		if o.mode == prune {
			return at < 0 && seen[key] == nil || at >= 0 && yamledit.Equal(old(at), seen[key])
		}
		return yamledit.IsText(seen[key], want)
	}
	return text(keyProvider, s.provider, o.want.IdentityProvider) &&
		text(keyJWKS, s.jwks, o.want.JWKSEndpoint) &&
		s.verifyUsers(old(s.users), seen[keyUsers], o)
}

func (s *section) verifyUsers(a, b *yaml.Node, o outcome) bool {
	changed := len(o.items) != len(s.entries) || slices.ContainsFunc(o.items, func(r result) bool { return r.admin != nil })
	if a != nil && !changed {
		return b != nil && yamledit.Equal(a, b)
	}
	if a == nil && o.mode == prune {
		return b == nil
	}
	if b == nil || b.Kind != yaml.SequenceNode || len(b.Content) != len(o.items) {
		return false
	}
	for i, r := range o.items {
		item := b.Content[i]
		switch {
		case r.admin == nil:
			if !yamledit.Equal(r.entry.item, item) {
				return false
			}
		case !verifyEntry(r, item):
			return false
		}
	}
	return true
}

// verifyEntry compares an entry that was made or changed with what it is to be.
func verifyEntry(r result, b *yaml.Node) bool {
	if b.Kind != yaml.MappingNode {
		return false
	}
	var rest []*yaml.Node // of the keys that stay as they are
	if r.entry != nil {
		for i := 0; i+1 < len(r.entry.node.Content); i += 2 {
			if key := r.entry.node.Content[i]; !r.sets(key.Value) {
				rest = append(rest, key, r.entry.node.Content[i+1])
			}
		}
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(b.Content); i += 2 {
		key, value := b.Content[i], b.Content[i+1]
		same := len(rest) >= 2 && yamledit.Equal(rest[0], key) && yamledit.Equal(rest[1], value)
		switch {
		case key.Value == keyGroups && r.sets(keyGroups):
			same = !seen[keyGroups] && len(r.admin.UserGroups) > 0 && sameGroups(value, r.admin.UserGroups)
		case r.sets(key.Value):
			same = !seen[key.Value] && yamledit.IsText(value, r.admin.text(key.Value))
		case same:
			rest = rest[2:]
		}
		if seen[key.Value] = true; !same {
			return false
		}
	}
	for _, key := range textKeys {
		if !seen[key] {
			return false
		}
	}
	return len(rest) == 0 && (len(r.admin.UserGroups) == 0 || seen[keyGroups])
}

// sets reports whether the edit decides on a key of the entry.
func (r result) sets(key string) bool {
	if key == keyGroups {
		return r.admin.UserGroups != nil || r.slot
	}
	return slices.Contains(textKeys[:], key)
}

// sameGroups reports whether n is a list of the wanted texts.
func sameGroups(n *yaml.Node, want []string) bool {
	return want != nil && n.Kind == yaml.SequenceNode && slices.EqualFunc(n.Content, want, yamledit.IsText)
}
