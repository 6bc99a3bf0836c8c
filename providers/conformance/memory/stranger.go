package memory

import (
	"fmt"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// Put makes an object as a stranger would: without a marker, by no connection,
// without requests, and visible at once. It returns its id, and panics if the
// server would refuse it: that is a mistake in a test.
func (p *Provider) Put(kind string, values map[string]cty.Value) string {
	k, ok := kindNamed(kind)
	if !ok {
		panic(fmt.Sprintf("memory: there is no kind %q", kind))
	}
	after := map[string]cty.Value{}
	for name, typ := range k.Type().AttributeTypes() {
		after[name] = cty.NullVal(typ)
	}
	for _, a := range k.Attributes {
		if a.Default != cty.NilVal {
			after[a.Name] = a.Default
		}
	}
	for name, v := range values {
		if _, ok := after[name]; !ok {
			panic(fmt.Sprintf("memory: a %s has no %s", kind, name))
		}
		after[name] = v
	}
	id, err := p.server.do(providers.Operation{Verb: providers.Create, Kind: kind, After: cty.ObjectVal(after)}, false)
	if err != nil {
		panic("memory: " + err.Error())
	}
	p.reveal()
	return id
}

// Do carries out an operation whose request was long under way.
func (p *Provider) Do(op providers.Operation) {
	if _, err := p.server.do(op, false); err != nil {
		panic("memory: " + err.Error())
	}
}

// Change sets one attribute of an object as a stranger would: it may be any,
// also one that the API does not change, and nothing is checked. It panics if
// there is no such object.
func (p *Provider) Change(kind, id, attribute string, v cty.Value) {
	p.alter(kind, id, func(s *Stored) {
		values := s.values()
		if _, ok := values[attribute]; !ok {
			panic(fmt.Sprintf("memory: a %s has no %s", kind, attribute))
		}
		values[attribute] = v
		s.Attrs = complete(kind, values)
	})
}

// SetMarker replaces the marker of an object.
func (p *Provider) SetMarker(kind, id, marker string) {
	p.alter(kind, id, func(s *Stored) { s.Marker = marker })
}

// Remove deletes an object as a stranger would, with what is in it.
func (p *Provider) Remove(kind, id string) {
	if _, err := p.server.do(providers.Operation{Verb: providers.Delete, Kind: kind, ID: id}, false); err != nil {
		panic("memory: " + err.Error())
	}
	p.reveal()
}

func (p *Provider) alter(kind, id string, change func(*Stored)) {
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	r, old := p.server.record(kind, id)
	if old == nil {
		panic(fmt.Sprintf("memory: there is no %s %q", kind, id))
	}
	st := old.clone()
	change(&st)
	r.versions = []version{{time.Time{}, &st}}
}

// reveal ends the lag of everything written until now.
func (p *Provider) reveal() {
	p.server.mu.Lock()
	defer p.server.mu.Unlock()
	for _, r := range p.server.records {
		last, now := r.last(), r.now()
		r.versions = []version{{time.Time{}, last}}
		if now == nil {
			r.versions = append(r.versions, version{time.Time{}, nil})
		}
	}
}

// Member is a shorthand for the values of a person: its space and its e-mail
// address, which is also its user name.
func Member(space, email string) map[string]cty.Value {
	return map[string]cty.Value{
		"space": cty.StringVal(space), "email": cty.StringVal(email), "username": cty.StringVal(email),
	}
}

// Text is the value of an attribute of an object as a string; "" if it is null.
func (s Stored) Text(attribute string) string {
	if v := resource.Attr(s.Attrs, attribute); !v.IsNull() && v.Type() == cty.String {
		return v.AsString()
	}
	return ""
}
