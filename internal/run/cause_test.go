package run

import (
	"errors"
	"testing"

	"github.com/idpctl/idpctl/providers"
)

// Errors with one remedy are told once; others are not hidden by them.
func TestCause(t *testing.T) {
	lacks := func(what, hint string) error {
		return &providers.Error{Class: providers.Forbidden, Summary: "refused to list " + what, Hint: hint}
	}
	for name, c := range map[string]struct {
		a, b error
		same bool
	}{
		"one permission":        {lacks("users", "Grant User.Read.All"), lacks("deleted users", "Grant User.Read.All"), true},
		"two permissions":       {lacks("users", "Grant User.Read.All"), lacks("groups", "Grant Group.Read.All"), false},
		"no hint":               {lacks("users", ""), lacks("groups", ""), false},
		"the same words":        {errors.New("no"), errors.New("no"), true},
		"one hint, two reasons": {&providers.Error{Summary: "a", Hint: "c"}, &providers.Error{Summary: "b", Hint: "c"}, false},
	} {
		if same := cause(c.a) == cause(c.b); same != c.same {
			t.Errorf("%s: told once: %t", name, same)
		}
	}
}
