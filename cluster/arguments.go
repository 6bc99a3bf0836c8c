package cluster

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/resource"
)

// Arguments reads the arguments of a nested block of cluster.
type Arguments struct {
	// Problems are what is wrong with those that were read.
	Problems diag.Diagnostics

	kind  string
	attrs cty.Value
	// secret are the names of those that are sensitive.
	secret map[string]bool
}

// ReadArguments begins to read a block. attrs conforms to its attributes in [Spec].
func ReadArguments(kind string, attrs cty.Value) *Arguments {
	attrs, marks := attrs.UnmarkDeepWithPaths()
	a := &Arguments{kind: kind, attrs: attrs, secret: map[string]bool{}}
	for _, m := range marks {
		if step, ok := m.Path[0].(cty.GetAttrStep); ok {
			_, secret := m.Marks[resource.Sensitive]
			a.secret[step.Name] = a.secret[step.Name] || secret
		}
	}
	return a
}

// Secret reports whether an argument is sensitive.
func (a *Arguments) Secret(name string) bool { return a.secret[name] }

// Get is an argument of one type; ok is false if it is not there, or not as it has to be.
func (a *Arguments) Get(name string, typ cty.Type) (v cty.Value, ok bool) {
	v = resource.Attr(a.attrs, name)
	switch {
	case v.IsNull():
		return v, false
	case !v.IsWhollyKnown():
		a.Problems = a.Problems.Errorf("The value is known only after apply", "The %s of %s has to be known when the plan is made. Use a literal or a variable.", name, a.kind)
		return v, false
	case !v.Type().Equals(typ):
		a.Problems = a.Problems.Errorf("The value is of the wrong type", "The %s of %s has to be a %s.", name, a.kind, typ.FriendlyName())
		return v, false
	}
	return v, true
}

// Text is a text, empty without it.
func (a *Arguments) Text(name string) string {
	if v, ok := a.Get(name, cty.String); ok {
		return v.AsString()
	}
	return ""
}

// Flag is a boolean, false without it.
func (a *Arguments) Flag(name string) bool {
	v, ok := a.Get(name, cty.Bool)
	return ok && v.True()
}
