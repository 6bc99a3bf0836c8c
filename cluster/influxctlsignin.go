package cluster

import (
	"slices"
	"strings"

	"github.com/idpctl/idpctl/cluster/internal/tomledit"
)

// secretAndScopes sets what stands beside the client.
func (e *profileEdit) secretAndScopes(s SignIn) error {
	secret := e.get(secretKey)
	switch {
	case e.LegacyClientSecret && secret == nil:
		e.field(secretKey, "", "")
		if err := e.set(secretKey, tomledit.String("")); err != nil {
			return err
		}
	case !e.LegacyClientSecret && e.owned[secretKey] && e.mine(secretKey, secret):
		if err := e.remove(secretKey); err != nil {
			return err
		}
	case !e.LegacyClientSecret:
		delete(e.owned, secretKey)
	}
	old := e.get(scopesKey)
	switch {
	case len(s.Scopes) == 0 && e.owned[scopesKey]:
		return e.remove(scopesKey)
	case len(s.Scopes) == 0, old != nil && sameTexts(old, s.Scopes):
		return nil
	}
	e.field(scopesKey, "", strings.Join(s.Scopes, " "))
	return e.set(scopesKey, tomledit.Strings(s.Scopes))
}

// sameTexts reports whether a list holds these texts, in any order.
func sameTexts(n *tomledit.Node, want []string) bool {
	var have []string
	for _, i := range n.Items {
		if i.Kind != tomledit.Text {
			return false
		}
		have = append(have, i.Value)
	}
	return n.Kind == tomledit.List && slices.Equal(slices.Sorted(slices.Values(have)), slices.Sorted(slices.Values(want)))
}

// audience sets the audience among the parameters, and keeps others.
func (e *profileEdit) audience(want string) error {
	params := e.get(paramsKey)
	switch {
	case want == "" && e.owned[audienceKey] && params != nil && e.owned[paramsKey] && params.Kind == tomledit.Table && !e.foreign(params, paramsKey+"."):
		delete(e.owned, audienceKey)
		return e.remove(paramsKey)
	case want == "" && e.owned[audienceKey]:
		return e.remove(audienceKey)
	case want == "":
		return nil
	case params == nil:
		e.field(audienceKey, "", want)
		e.owned[audienceKey] = true
		return e.set(paramsKey, tomledit.Inline(tomledit.Field{Key: "audience", Text: want}))
	default:
		return e.text(audienceKey, want)
	}
}
