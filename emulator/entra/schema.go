package entra

import (
	"strings"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
)

// valueType is the type of a property's values.
type valueType uint8

const (
	tString valueType = iota
	tBool
	tInt
	tStrings
	tObject  // with the properties of fields
	tObjects // a list of them
	tAny     // kept as it comes
)

// property is one of a resource or of a part of it.
type property struct {
	typ valueType
	// readOnly: refused in requests. fixed: taken at creation only.
	readOnly, fixed bool
	// secret: never given back.
	secret bool
	// onSelect: given back only if $select names it.
	onSelect bool
	// initial is the value if none was ever given; a nil of a list is [].
	initial any
	fields  schema
}

// schema says what a resource consists of.
type schema map[string]property

// check normalises what a request sets and refuses what the schema does not
// have, as section 1 says. Annotations are left out, except for those that
// bind relations, which the caller takes out before.
func (s schema) check(kind Kind, in object, create bool) (object, error) {
	out := object{}
	for name, v := range in {
		if strings.HasPrefix(name, "@odata.") || strings.HasSuffix(name, "@odata.type") {
			continue
		}
		p, ok := s[name]
		if !ok {
			return nil, badRequest("Invalid property '%s'.", name).with("InvalidProperty", name)
		}
		if p.readOnly || p.fixed && !create {
			return nil, badRequest("Property '%s' is read-only and cannot be set.", name).with("PropertyNotUpdatable", name)
		}
		checked, err := p.check(kind, name, v, create)
		if err != nil {
			return nil, err
		}
		out[name] = checked
	}
	return out, nil
}

func (p property) check(kind Kind, name string, v any, create bool) (any, error) {
	wrong := invalidValue(kind, name)
	if v == nil {
		switch p.typ {
		case tStrings, tObjects:
			return []any{}, nil
		case tBool:
			if p.initial != nil {
				return nil, wrong
			}
		}
		return nil, nil
	}
	switch p.typ {
	case tString:
		t, ok := v.(string)
		// The directory refuses empty texts of users and groups (mem).
		if !ok || t == "" && (kind == KindUser || kind == KindGroup) {
			return nil, wrong
		}
	case tBool:
		if _, ok := v.(bool); !ok {
			return nil, wrong
		}
	case tInt:
		if _, ok := v.(int64); !ok {
			return nil, wrong
		}
	case tStrings:
		list, ok := v.([]any)
		if !ok || len(jsonvalue.Texts(v)) != len(list) {
			return nil, wrong
		}
	case tObject:
		o, ok := v.(object)
		if !ok {
			return nil, wrong
		}
		return p.fields.check(kind, o, create)
	case tObjects:
		list, ok := v.([]any)
		if !ok || len(jsonvalue.Objects(v)) != len(list) {
			return nil, wrong
		}
		out := make([]any, len(list))
		for i, o := range jsonvalue.Objects(v) {
			checked, err := p.fields.check(kind, o, create)
			if err != nil {
				return nil, err
			}
			out[i] = checked
		}
		return out, nil
	case tAny:
	}
	return v, nil
}

// fresh is an object of which nothing is set yet.
func (s schema) fresh() object {
	o := object{}
	for name, p := range s {
		if p.secret {
			continue
		}
		o[name] = p.empty()
	}
	return o
}

func (p property) empty() any {
	switch {
	case p.initial != nil:
		return jsonvalue.Clone(p.initial)
	case p.typ == tStrings, p.typ == tObjects:
		return []any{}
	case p.typ == tObject && p.fields != nil:
		return p.fields.fresh()
	}
	return nil
}

// merge sets what a request set: parts of an object one by one, everything
// else as a whole.
func (s schema) merge(to, set object) {
	for name, v := range set {
		p := s[name]
		if p.secret {
			continue
		}
		if part, ok := v.(object); ok && p.typ == tObject {
			old, _ := to[name].(object)
			if old == nil {
				old = p.fields.fresh()
			}
			p.fields.merge(old, part)
			to[name] = old
			continue
		}
		if v == nil && p.typ == tObject {
			v = p.empty()
		}
		if list, ok := v.([]any); ok && p.typ == tObjects {
			for i, e := range list {
				full := p.fields.fresh()
				p.fields.merge(full, e.(object)) // checked before
				list[i] = full
			}
		}
		to[name] = v
	}
}

// shown is what a request gets to see of an object: all that is not onSelect,
// or what it selected.
func (s schema) shown(o object, selected []string) (object, error) {
	out := object{}
	if len(selected) == 0 {
		for name, p := range s {
			if !p.onSelect && !p.secret {
				out[name] = o[name]
			}
		}
		return out, nil
	}
	for _, name := range selected {
		p, ok := s[name]
		if !ok {
			return nil, malformed("Parsing OData Select and Expand failed: Could not find a property named '%s' on the type.", name)
		}
		out[name] = o[name]
		if p.secret {
			out[name] = nil
		}
	}
	return out, nil
}

// properties makes a schema of names that have one shape.
func properties(shape property, names string) schema {
	s := schema{}
	for n := range strings.FieldsSeq(names) {
		s[n] = shape
	}
	return s
}

// join puts schemas together.
func join(all ...schema) schema {
	out := schema{}
	for _, s := range all {
		for n, p := range s {
			out[n] = p
		}
	}
	return out
}
