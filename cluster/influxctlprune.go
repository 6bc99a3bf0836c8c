package cluster

import (
	"slices"
	"strings"

	"github.com/idpctl/idpctl/cluster/internal/textedit"
	"github.com/idpctl/idpctl/cluster/internal/tomledit"
	"github.com/idpctl/idpctl/diag"
)

// Prune does nothing as long as anything is wanted, as nobody's access ends by
// influxctl's file. With nothing wanted it takes out what is owned: the profile
// with all that is in it if idpctl made it and nothing else is in it, and single
// keys otherwise.
func (p Profile) Prune(label string, live Live, want Desired, own Ownership) (Change, diag.Diagnostics) {
	if !live.Exists {
		return Change{}, nil
	}
	if s := want.SignIn; s.ClientID != "" || s.DeviceURL != "" || s.TokenURL != "" {
		return Change{Content: live.Content, Owned: own.Owned}, nil
	}
	e, err := p.open(label, live, want, own)
	if err != nil {
		return Change{}, problem(err)
	}
	if e.at != nil && len(own.Owned) > 0 {
		if err = e.prune(); err == nil {
			e.owned = nil
			err = e.finish()
		}
	}
	if err != nil {
		return Change{}, problem(err)
	}
	return e.c, nil
}

func (e *profileEdit) prune() error {
	if e.owned[profileKey] && !e.foreign(e.at, "") {
		e.field(profileKey, "", "")
		return e.edits.Remove(e.at)
	}
	return e.pruneIn(e.at, "")
}

// pruneIn removes what is owned in a table, prefix being its key with a dot.
func (e *profileEdit) pruneIn(t *tomledit.Node, prefix string) error {
	for _, n := range t.Keys() {
		key := prefix + n.Name
		switch {
		case n.Kind == tomledit.Table && (!e.owned[key] || e.foreign(n, key+".")):
			if err := e.pruneIn(n, key+"."); err != nil {
				return err
			}
		case n.Kind == tomledit.Table, e.mine(key, n) && key != nameKey && (key != productKey || !e.owned[profileKey]):
			e.field(key, "", "")
			if err := e.edits.Remove(n); err != nil {
				return err
			}
		}
	}
	return nil
}

// foreign reports whether a table has anything that idpctl did not put there.
func (e *profileEdit) foreign(t *tomledit.Node, prefix string) bool {
	return slices.ContainsFunc(t.Keys(), func(n *tomledit.Node) bool {
		key := prefix + n.Name
		if n.Kind == tomledit.Table {
			return e.foreign(n, key+".") || len(n.Keys()) == 0 && !e.owned[key]
		}
		return !e.mine(key, n)
	})
}

// mine reports whether a value is idpctl's. A client secret that somebody has
// filled in is not.
func (e *profileEdit) mine(key string, n *tomledit.Node) bool {
	if key == nameKey {
		return e.owned[profileKey]
	}
	if key == secretKey && (n == nil || n.Kind != tomledit.Text || n.Value != "") {
		return false
	}
	return e.owned[key] && ownable(key)
}

// shown is a file with everything masked that is not idpctl's to set, but for what
// tells one profile from another.
func (e *profileEdit) shown(f *tomledit.File) []byte {
	var base []string
	if at, err := e.find(f); err == nil && at != nil {
		base = at.Path()
	}
	return f.Mask(func(path []string) textedit.Look {
		if path[0] != profileKey {
			return textedit.Hidden
		}
		if last := path[len(path)-1]; (last == nameKey || last == productKey) && len(path) <= 3 {
			return textedit.Shown
		}
		if base == nil || len(path) <= len(base) || !slices.Equal(path[:len(base)], base) {
			return textedit.Hidden
		}
		key := path[len(base):]
		if strings.HasPrefix(key[len(key)-1], "[") {
			key = key[:len(key)-1] // an element of scopes
		}
		joined := strings.Join(key, ".")
		switch {
		case slices.Contains(e.hidden, joined):
			return textedit.Secret
		case ownable(joined) && joined != secretKey:
			return textedit.Shown
		}
		return textedit.Hidden
	})
}
