package apply

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/internal/parallel"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
	"github.com/idpctl/idpctl/state"
)

// settle finishes a layer: it reads back what the answers did not hold,
// compares that with the plan, records it, and delivers the credentials.
func (e *executor) settle(tasks []*task) {
	readErr := e.readBack(tasks)
	parallel.Each(len(tasks), func(i int) {
		t := tasks[i]
		if t.object != nil && t.err == nil {
			t.lost = plan.Remaining(t.change, t.kind, t.object)
		}
		t.known = t.value()
		if t.object != nil && t.settled && t.id != "" {
			t.record = t.stateObject(t.known)
		}
	})
	var records []state.Record
	var credentials []Credential
	var delivered []state.Record
	for _, t := range tasks {
		e.Resolver.Set(t.change.Address, t.known)
		if t.settled && t.id != "" && t.object != nil {
			records = append(records, state.Put{Object: t.record})
		}
		if t.settled && t.id != "" && t.change.MovedFrom != (resource.Address{}) {
			records = append(records, state.Remove{Address: t.change.MovedFrom})
		}
		switch {
		case t.err != nil && providers.ClassOf(t.err) == providers.NotAttempted:
			e.skip(t.change, e.whyStopped())
		case t.err != nil:
			e.fail(t.change, t.diagnose())
		case t.object == nil && readErr != nil:
			e.fail(t.change, *readErr)
		case t.object == nil:
			e.fail(t.change, diag.Diagnostic{
				Summary: "Object vanished",
				Detail:  fmt.Sprintf("%s was done (id %s), but reading it back found nothing. Somebody else may have removed it; apply again.", t.change.Address, t.id),
			})
		default:
			if len(t.lost) > 0 {
				e.fail(t.change, e.notKept(t, t.lost))
			} else {
				e.done(t.change, t.id)
			}
		}
		if t.err != nil && t.intent.Credential != state.NoCredential && t.settled && t.id != "" {
			// Made, but a later step failed: what was sent may not be set, so
			// nothing is delivered. The next apply does it anew.
			continue
		}
		if t.err != nil {
			continue
		}
		switch t.intent.Credential {
		case state.Password:
			credentials = append(credentials, Credential{
				Address: t.change.Address, UserName: t.userName(), Password: t.password, Temporary: t.op.PasswordTemporary,
			})
			delivered = append(delivered, state.Delivered{Intent: t.intent.Seq})
		case state.Invite:
			records = append(records, state.Delivered{Intent: t.intent.Seq})
		}
	}
	e.append(records...)
	e.deliver(credentials, delivered)
}

// notKept says that the server accepted a value and did not keep it.
func (e *executor) notKept(t *task, lost []string) diag.Diagnostic {
	d := diag.Diagnostic{
		Summary: "The server did not keep " + strings.Join(lost, ", "),
		Detail: fmt.Sprintf("The request for %s succeeded, but reading it back shows another value. Either somebody changed it at the same time, or something at the server overrides it, such as a policy or a read-only attribute; the next plan will show the difference.",
			t.change.Address),
	}
	if top, _, _ := strings.Cut(lost[0], "."); t.change.Desired != nil {
		d.Subject = t.change.Desired.AttrRange(top)
	}
	return d
}

// deliver hands out passwords, and only then notes that they are delivered.
func (e *executor) deliver(credentials []Credential, delivered []state.Record) {
	if len(credentials) == 0 || e.isBroken() {
		return
	}
	if e.Deliver == nil {
		e.summary.Credentials = append(e.summary.Credentials, credentials...)
		e.summary.Shown = append(e.summary.Shown, delivered...)
		return
	}
	if err := e.Deliver(credentials); err != nil {
		e.summary.Diagnostics = append(e.summary.Diagnostics, diag.Diagnostic{
			Summary: "First passwords could not be delivered",
			Detail:  fmt.Sprintf("The passwords of %s were set and could not be written: %s. Mend that and apply again: new ones will be made.", addresses(credentials), err),
		})
		return
	}
	e.append(delivered...)
}

// addresses names whose credentials they are, the first few of many.
func addresses(list []Credential) string {
	const most = 5
	var names []string
	for _, c := range list[:min(len(list), most)] {
		names = append(names, c.Address.String())
	}
	if n := len(list) - most; n > 0 {
		names = append(names, fmt.Sprintf("%d more", n))
	}
	return strings.Join(names, ", ")
}

// readBack reads, with one query for each kind and parent and all of them at
// once, the objects that the answers of the server did not hold.
func (e *executor) readBack(tasks []*task) *diag.Diagnostic {
	type where struct{ provider, kind, parent string }
	missing := map[where][]*task{}
	for _, t := range tasks {
		if t.id != "" && t.object == nil && t.settled {
			w := where{t.change.Provider, t.change.Kind, t.parent()}
			missing[w] = append(missing[w], t)
		}
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failure *diag.Diagnostic
	for w, group := range missing {
		wg.Go(func() {
			if d := e.readGroup(w.provider, providers.Query{Kind: w.kind, Parent: w.parent}, group); d != nil {
				mu.Lock()
				defer mu.Unlock()
				failure = d
			}
		})
	}
	wg.Wait()
	return failure
}

// readGroup reads the objects of some tasks by their ids.
func (e *executor) readGroup(provider string, q providers.Query, tasks []*task) *diag.Diagnostic {
	conn, diags := e.Conn(e.finish, provider)
	if diags.HasErrors() {
		return &diags[0]
	}
	q.Omit = e.Omit(provider, q.Kind)
	byID := make(map[string]*task, len(tasks))
	expected := make([]Expected, 0, len(tasks))
	for _, t := range tasks {
		x := Expected{ID: t.id, Written: t.written, Seen: t.shown}
		if t.kind.AdoptOnly {
			x.Name = t.intent.Key
		}
		x.addTo(&q)
		byID[t.id] = t
		expected = append(expected, x)
	}
	objects, err := e.patience().List(e.finish, conn, q, expected)
	for i, o := range objects {
		if t, ok := byID[o.ID]; ok {
			t.object = &objects[i]
		}
	}
	if err != nil {
		return &diag.Diagnostic{Summary: "Cannot read back what was done", Detail: sentence(err.Error()) + " It is recorded in the state; plan again to compare."}
	}
	return nil
}

// shown reports whether an object has what was written to it; of one of which a
// step failed it is enough to be there.
func (t *task) shown(o *resource.Object) bool {
	if o == nil || t.err != nil {
		return o != nil
	}
	marked := !t.kind.Marked || o.Marker == t.op.Marker
	return marked && len(plan.Remaining(t.change, t.kind, o)) == 0
}

// sentence ends a text in a full stop.
func sentence(s string) string { return strings.TrimSuffix(s, ".") + "." }

// value is what the object is known to be: as read back, with what only the
// state knows, what is managed of partial attributes, and the marks.
func (t *task) value() cty.Value {
	after := t.change.After
	if t.object == nil {
		if t.id == "" {
			return after
		}
		vals := after.AsValueMap()
		vals["id"] = cty.StringVal(t.id)
		return cty.ObjectVal(vals)
	}
	vals := t.object.Attrs.AsValueMap()
	for _, a := range t.kind.Attributes {
		planned := resource.Attr(after, a.Name)
		switch {
		case a.Local, a.Partial:
			vals[a.Name] = planned
		case a.WriteOnly, a.OnCreate:
			vals[a.Name] = cty.NullVal(typeOf(a))
		case a.Block != nil:
			vals[a.Name] = withLocals(a.Block, vals[a.Name], planned)
		case resource.IsSensitive(planned):
			vals[a.Name] = vals[a.Name].Mark(resource.Sensitive)
		}
		if vals[a.Name] == cty.NilVal || vals[a.Name].IsNull() {
			vals[a.Name] = cty.NullVal(typeOf(a))
		}
	}
	vals["id"] = cty.StringVal(t.object.ID)
	return cty.ObjectVal(vals)
}

// withLocals puts what only the state knows into a nested block as read.
func withLocals(attrs []resource.Attribute, live, planned cty.Value) cty.Value {
	if live == cty.NilVal || live.IsNull() || planned.IsNull() || !planned.IsKnown() {
		return live
	}
	vals := live.AsValueMap()
	for _, a := range attrs {
		v := resource.Attr(planned, a.Name)
		switch {
		case a.Local:
			vals[a.Name] = v
		case a.Sensitive || resource.IsSensitive(v):
			vals[a.Name] = vals[a.Name].Mark(resource.Sensitive)
		}
	}
	return cty.ObjectVal(vals)
}

// stateObject is what the state shall hold of the object, of which value is
// known.
func (t *task) stateObject(value cty.Value) state.Object {
	c := t.change
	o := state.Object{
		Address: c.Address, Kind: c.Kind, Provider: c.Provider, Parent: t.stateParent(), ID: t.id,
		Origin: c.Origin, DependsOn: c.DependsOn,
	}
	if o.Origin == "" {
		o.Origin = resource.Created
	}
	if d := c.Desired; d != nil {
		o.PreventDestroy, o.ForceDestroy, o.OnDestroy = d.PreventDestroy, d.ForceDestroy, d.OnDestroy
	}
	o.Attributes, _ = resource.EncodeAttrs(t.kind.Attributes, value) // the types are the kind's own
	for _, a := range t.kind.Attributes {
		if !a.Sensitive && resource.IsSensitive(resource.Attr(c.After, a.Name)) {
			o.Sensitive = append(o.Sensitive, a.Name)
		}
	}
	owned := plan.NewOwned(c, t.kind)
	if t.err != nil && t.object != nil {
		owned = plan.OwnedAfterFailure(c, t.kind, t.object)
	}
	o.Owned = encodeOwned(t.kind, owned, c.Desired)
	switch {
	case !t.written.IsZero():
		o.Written = t.written
	case t.op.Verb != 0:
		o.Written = t.intent.ServerTime
	case c.Prior != nil:
		o.Written = c.Prior.Written
	}
	return o
}

func (t *task) stateParent() string {
	if p := resource.Attr(t.change.After, t.kind.Parent); !p.IsNull() && p.IsKnown() {
		p, _ = p.Unmark()
		return p.AsString()
	}
	return t.change.Parent
}

// encodeOwned leaves out what is sensitive, as the state holds no secret. Of a
// map with sensitive elements the keys are kept, which say what to remove once
// the configuration no longer names them.
func encodeOwned(kind resource.Kind, owned map[string]cty.Value, desired *resource.Desired) map[string]json.RawMessage {
	var out map[string]json.RawMessage
	for name, v := range owned {
		a, ok := kind.Attribute(name)
		if !ok || a.Sensitive {
			continue
		}
		if desired != nil {
			switch want := resource.Attr(desired.Attrs, name); {
			case want.IsMarked():
				continue
			case resource.IsSensitive(want):
				v = keysOnly(v)
			}
		}
		raw, err := resource.EncodeValue(v, a.Type)
		if err != nil {
			continue
		}
		if out == nil {
			out = map[string]json.RawMessage{}
		}
		out[name] = raw
	}
	return out
}

// keysOnly is a map without its values.
func keysOnly(v cty.Value) cty.Value {
	if !v.Type().IsMapType() {
		return cty.NullVal(v.Type())
	}
	keys := map[string]cty.Value{}
	for k := range v.AsValueMap() {
		keys[k] = cty.NullVal(v.Type().ElementType())
	}
	return cty.MapVal(keys)
}

// userName is what a person types to sign in.
func (t *task) userName() string {
	if c := t.kind.Credential; c != nil && c.SignIn != "" {
		if v := resource.Attr(t.op.After, c.SignIn); !v.IsNull() && v.Type() == cty.String {
			return v.AsString()
		}
	}
	if len(t.kind.Key) == 0 {
		return t.id
	}
	key, _ := plan.KeyOf(t.kind.Key, t.op.After)
	var parts []string
	for _, name := range t.kind.Key {
		if key[name] != "" && name != t.kind.Parent {
			parts = append(parts, key[name])
		}
	}
	return strings.Join(parts, " ")
}
