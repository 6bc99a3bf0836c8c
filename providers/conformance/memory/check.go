package memory

import (
	"context"
	"fmt"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// Check refuses what the server would refuse for its own reasons, which are in
// no kind's description; see [providers.Conn].
func (c *conn) Check(_ context.Context, ops []providers.Operation) []error {
	errs := make([]error, len(ops))
	for i, op := range ops {
		if op.Verb != providers.Delete {
			errs[i] = checkCustom(op.Kind, op.After)
		}
		if k, _ := kindNamed(op.Kind); op.Verb == providers.Create && errs[i] == nil {
			errs[i] = checkDecided(k, op.After)
		}
	}
	return errs
}

// checkCustom refuses what this server does not take.
func checkCustom(kind string, attrs cty.Value) error {
	if v := resource.Attr(attrs, "full_name"); kind == "person" && !v.IsNull() && strings.Contains(v.AsString(), "<") {
		return refused(providers.Invalid, "full_name", "full_name has a character that the server does not take")
	}
	return nil
}

// checkDecided refuses a value for what the server alone decides on.
func checkDecided(k resource.Kind, attrs cty.Value) error {
	if v := resource.Attr(attrs, "client_id"); k.Name == "app" && !v.IsNull() {
		return refused(providers.Invalid, "client_id", "a new app cannot be given a client_id")
	}
	return nil
}

// check refuses what cannot be stored, and finds the home of the object.
func (s *server) check(k resource.Kind, st *Stored) error {
	for _, a := range k.Attributes {
		if err := checkValue(a, st.Object.Attr(a.Name)); err != nil {
			return err
		}
	}
	if err := checkCustom(k.Name, st.Attrs); err != nil {
		return err
	}
	if k.Parent != "" {
		st.Parent = s.home(k.Parent, st.Object.Attr(k.Parent).AsString())
		if !s.has(k.Parent, func(o Stored) bool { return nameOf(o) == st.Parent }) {
			return refused(providers.NotFound, k.Parent, "there is no %s %q", k.Parent, st.Parent)
		}
	}
	for _, set := range k.Identities() {
		taken := s.has(k.Name, func(o Stored) bool {
			return o.ID != st.ID && o.Parent == st.Parent && matches(o.Object, pick(st.Object, set))
		})
		if taken {
			return refused(providers.Conflict, set[0], "a %s with the same %s exists", k.Name, strings.Join(set, " and "))
		}
	}
	for m := range values(st.Object.Attr("members")) {
		if !s.has("person", func(o Stored) bool { return o.ID == m.AsString() && o.Parent == st.Parent }) {
			return refused(providers.Invalid, "members", "a member does not exist")
		}
	}
	return nil
}

func (s *server) has(kind string, is func(Stored) bool) bool {
	return slices.ContainsFunc(s.records, func(r *record) bool {
		o := r.now()
		return o != nil && o.Kind == kind && is(*o)
	})
}

func checkValue(a resource.Attribute, v cty.Value) error {
	bad := func(why string) error { return refused(providers.Invalid, a.Name, "%s %s", a.Name, why) }
	named := a.Required || a.DefaultFrom != ""
	if a.WriteOnly || a.Local || a.OnCreate {
		return nil
	}
	if v.IsNull() {
		if named {
			return bad("is missing")
		}
		return nil
	}
	switch {
	case a.Type == cty.String:
		str := v.AsString()
		n := utf8.RuneCountInString(str)
		switch {
		case named && str == "":
			return bad("is empty")
		case n < a.Check.MinLen, a.Check.MaxLen > 0 && n > a.Check.MaxLen:
			return bad("has a bad length")
		case len(a.Check.OneOf) > 0 && !slices.Contains(a.Check.OneOf, str):
			return bad("is none of " + strings.Join(a.Check.OneOf, ", "))
		}
		if a.Check.Email {
			if addr, err := mail.ParseAddress(str); err != nil || addr.Address != str {
				return bad("is not an e-mail address")
			}
		}
		if a.Check.Pattern != "" && !regexp.MustCompile(`\A(?:`+a.Check.Pattern+`)\z`).MatchString(str) {
			return bad("has a character that it must not have")
		}
	case a.Check.HasRange:
		n, _ := v.AsBigFloat().Int64()
		if n < a.Check.Min || n > a.Check.Max {
			return bad("is out of range")
		}
	}
	return nil
}

// refused is an error of the server.
func refused(class providers.Class, attribute, format string, args ...any) error {
	return &providers.Error{Class: class, Summary: fmt.Sprintf(format, args...), Attribute: attribute, Status: status(class)}
}

func status(class providers.Class) int {
	switch class {
	case providers.Invalid:
		return 400
	case providers.Unauthenticated:
		return 401
	case providers.Forbidden:
		return 403
	case providers.NotFound:
		return 404
	case providers.Conflict:
		return 409
	case providers.Throttled:
		return 429
	case providers.Unavailable:
		return 503
	default:
		return 500
	}
}

func nameOf(s Stored) string { return keyOf(s.Object) }

// keyOf is the value of an object's natural key; all keys here have one part.
// Of an app it is the title, which is none.
func keyOf(o resource.Object) string {
	k, _ := kindNamed(o.Kind)
	name := "title"
	if len(k.Key) > 0 {
		name = k.Key[0]
	}
	v := o.Attr(name)
	if v.IsNull() {
		return ""
	}
	return v.AsString()
}

func pick(o resource.Object, names []string) map[string]string {
	out := map[string]string{}
	for _, n := range names {
		if v := o.Attr(n); !v.IsNull() {
			out[n] = v.AsString()
		}
	}
	return out
}

// matches reports whether an object has all values of a key.
func matches(o resource.Object, key map[string]string) bool {
	for name, want := range key {
		have := "" // what is unset is empty in a key
		if v := o.Attr(name); !v.IsNull() && v.Type() == cty.String {
			have = v.AsString()
		}
		if have != want {
			return false
		}
	}
	return len(key) > 0
}
