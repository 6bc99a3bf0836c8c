package conformance

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/conformance/memory"
	"github.com/idpctl/idpctl/resource"
)

// mutant is a provider that is wrong in one way, and the check that must say so.
type mutant struct {
	name, check string
	bend        bend
}

func null(typ cty.Type) map[string]cty.Value {
	return map[string]cty.Value{"full_name": cty.NullVal(typ)}
}

// Wrong in what is written and read.
func valueMutants() []mutant {
	return []mutant{
		{"drops an attribute of a new object", "person/round trip", bend{op: on("person", func(op *providers.Operation) {
			op.After = with(op.After, null(cty.String))
		})}},
		{"drops an attribute of a new object", "person/each attribute alone", bend{op: on("person", func(op *providers.Operation) {
			op.After = with(op.After, null(cty.String))
		})}},
		{"does not change an attribute", "person/each attribute changed", bend{op: onUpdate("person", func(op *providers.Operation) {
			op.Changed = remove(op.Changed, "full_name")
		})}},
		{"says that an attribute can be changed which cannot", "person/each attribute changed", bend{
			info: attribute("person", "username", func(a *resource.Attribute) { a.ForceNew = false }),
		}},
		{"makes a new object of a change", "person/each attribute changed", bend{apply: recreate}},
		{"changes what nobody named", "space/each attribute changed", bend{op: onUpdate("space", func(op *providers.Operation) {
			op.Changed = append(op.Changed, "labels")
			op.After = with(op.After, map[string]cty.Value{"labels": cty.MapValEmpty(cty.String)})
		})}},
		{"resets what is left to the server", "space/each attribute changed", bend{op: onUpdate("space", func(op *providers.Operation) {
			if op.After.GetAttr("theme").IsNull() {
				op.Changed = append(op.Changed, "theme")
				op.After = with(op.After, map[string]cty.Value{"theme": cty.StringVal("plain")})
			}
		})}},
		{"keeps what is unset", "person/each attribute unset", bend{op: onUpdate("person", func(op *providers.Operation) {
			if op.After.GetAttr("full_name").IsNull() {
				op.Changed = remove(op.Changed, "full_name")
			}
		})}},
		{"keeps a block that is unset", "space/each attribute unset", bend{op: onUpdate("space", func(op *providers.Operation) {
			if op.After.GetAttr("mail").IsNull() {
				op.Changed = remove(op.Changed, "mail")
			}
		})}},
		{"ignores a part of a block", "space/each attribute changed", bend{op: onUpdate("space", func(op *providers.Operation) {
			if m := op.After.GetAttr("mail"); !m.IsNull() {
				m = with(m, map[string]cty.Value{"port": cty.NumberIntVal(25)})
				op.After = with(op.After, map[string]cty.Value{"mail": m})
			}
		})}},
		{"trims texts", "person/odd texts", bend{op: onUpdate("person", func(op *providers.Operation) {
			if v := op.After.GetAttr("full_name"); !v.IsNull() {
				op.After = with(op.After, map[string]cty.Value{"full_name": cty.StringVal(strings.TrimSpace(v.AsString()))})
			}
		})}},
		{"refuses texts without saying so", "person/odd texts", bend{result: func(op providers.Operation, res *providers.Result) {
			if op.Verb == providers.Update && strings.Contains(op.After.GetAttr("full_name").GoString(), "<b>") {
				res.Err = &providers.Error{Class: providers.Internal, Summary: "the server failed"}
			}
		}}},
		{"does not lower-case", "person/normalised attributes", bend{object: objectOf("person", func(o *resource.Object) {
			o.Attrs = with(o.Attrs, map[string]cty.Value{"email": cty.StringVal(strings.ToUpper(o.Attr("email").AsString()))})
		})}},
		{"does not say that the server lower-cases", "person/round trip", bend{info: attribute("person", "username", func(a *resource.Attribute) {
			a.Normalize = resource.AsIs
		})}},
		{"loses the order of a list", "space/round trip", bend{object: objectOf("space", func(o *resource.Object) {
			if l := o.Attr("languages").AsValueSlice(); len(l) > 1 {
				l[0], l[1] = l[1], l[0]
				o.Attrs = with(o.Attrs, map[string]cty.Value{"languages": cty.ListVal(l)})
			}
		})}},
		{"returns a write-only value", "person/write-only attributes", bend{object: setAll("person", "pin", cty.StringVal("1234"))}},
		{"returns a local value", "team/round trip", bend{object: setAll("team", "exclusive", cty.True)}},
		{"returns an on-create value", "person/round trip", bend{object: setAll("person", "invite", cty.False)}},
		{"never sends a write-only value", "person/write-only attributes", bend{op: on("person", func(op *providers.Operation) {
			op.After = with(op.After, map[string]cty.Value{"pin": cty.NullVal(cty.String)})
		})}},
		{"does not send a write-only value again", "person/write-only attributes", bend{op: onUpdate("person", func(op *providers.Operation) {
			op.Changed = remove(op.Changed, "pin")
		})}},
		{"always sends a write-only value again", "person/write-only attributes", bend{op: onUpdate("person", func(op *providers.Operation) {
			op.Changed = append(op.Changed, "pin")
			op.After = with(op.After, map[string]cty.Value{"pin": cty.StringVal("other")})
		})}},
		{"does not send a secret of a block", "space/write-only attributes", bend{op: on("space", func(op *providers.Operation) {
			if m := resource.Attr(op.After, "mail"); !m.IsNull() {
				op.After = with(op.After, map[string]cty.Value{"mail": with(m, map[string]cty.Value{"password": cty.NullVal(cty.String)})})
			}
		})}},
		{"takes a partial attribute for the whole", "team/partial attributes", bend{apply: wholeMembers}},
		{"takes a partial map for the whole", "person/partial attributes", bend{op: onUpdate("person", func(op *providers.Operation) {
			op.Before = with(op.Before, map[string]cty.Value{"attributes": cty.MapVal(map[string]cty.Value{"key-0": cty.StringVal("x")})})
			for n := range 100 {
				m := op.Before.GetAttr("attributes").AsValueMap()
				m["key-"+cty.NumberIntVal(int64(n)).AsBigFloat().String()] = cty.StringVal("x")
				op.Before = with(op.Before, map[string]cty.Value{"attributes": cty.MapVal(m)})
			}
		})}},
		{"does not remove from a partial attribute", "team/partial attributes", bend{op: onUpdate("team", func(op *providers.Operation) {
			op.Before = with(op.Before, map[string]cty.Value{"members": cty.SetValEmpty(cty.String)})
		})}},
		{"does not add to a partial attribute", "team/partial attributes", bend{op: onUpdate("team", func(op *providers.Operation) {
			op.After = with(op.After, map[string]cty.Value{"members": cty.SetValEmpty(cty.String)})
		})}},
		{"keeps an attribute that forces replacement", "team/replace", bend{op: on("team", func(op *providers.Operation) {
			op.After = with(op.After, map[string]cty.Value{"tier": cty.StringVal("small")})
		})}},
		{"returns marked values", "team/round trip", bend{object: setAll("team", "tier", cty.StringVal("small").Mark(resource.Sensitive))}},
		{"returns unknown values", "team/round trip", bend{object: setAll("team", "tier", cty.UnknownVal(cty.String))}},
		{"returns the wrong id", "team/round trip", bend{object: setAll("team", "id", cty.StringVal("x"))}},
		{"answers with what was sent, not with what is", "space/round trip", bend{result: func(op providers.Operation, res *providers.Result) {
			if res.Object != nil && op.Kind == "space" {
				res.Object.Attrs = with(res.Object.Attrs, map[string]cty.Value{"issuer": cty.StringVal("x")})
			}
		}}},
		{"cannot adopt", "site/adopted", bend{op: onUpdate("site", func(op *providers.Operation) { op.Changed = nil })}},
	}
}

// Wrong in which objects there are.
func objectMutants() []mutant {
	return []mutant{
		{"ignores the chosen id", "space/ids and duplicates", bend{op: on("space", func(op *providers.Operation) {
			if op.Verb == providers.Create {
				op.ID = ""
			}
		})}},
		{"takes over what exists", "person/ids and duplicates", bend{apply: takeOver}},
		{"calls a conflict invalid", "person/ids and duplicates", bend{result: reclass(providers.Conflict, providers.Invalid)}},
		{"calls a missing object a defect", "person/ids and duplicates", bend{result: reclass(providers.NotFound, providers.Internal)}},
		{"fails to delete what is gone", "person/delete", bend{apply: strictDelete}},
		{"does not delete", "person/delete", bend{apply: func(ctx context.Context, c providers.Conn, ops []providers.Operation, report func(providers.Result)) {
			eachOp(ctx, c, ops, report, func(op providers.Operation) (providers.Result, bool) {
				return providers.Result{}, op.Verb == providers.Delete
			})
		}}},
		{"writes no marker", "space/marker", bend{op: on("space", func(op *providers.Operation) { op.Marker = "" })}},
		{"shows the marker", "space/marker", bend{object: objectOf("space", func(o *resource.Object) {
			o.Attrs = with(o.Attrs, map[string]cty.Value{"labels": cty.MapVal(map[string]cty.Value{"idpctl": cty.StringVal(o.Marker)})})
		})}},
		{"does not rewrite the marker", "space/marker", bend{op: onUpdate("space", func(op *providers.Operation) { op.Marker = "" })}},
		{"forgets the marker in brief", "space/marker", bend{list: func(ctx context.Context, c providers.Conn, q providers.Query) ([]resource.Object, error) {
			found, err := c.List(ctx, q)
			for i := range found {
				if q.Brief {
					found[i].Marker = ""
				}
			}
			return found, err
		}}},
		{"marks what has no place for it", "team/marker", bend{object: objectOf("team", func(o *resource.Object) { o.Marker = "m" })}},
		{"does not tell when an object was made", "team/created", bend{object: objectOf("team", func(o *resource.Object) { o.Created = time.Time{} })}},
		{"has a clock that goes wrong", "team/created", bend{clock: func(t time.Time) time.Time { return t.Add(time.Hour) }}},
		{"sets no password", "person/credential", bend{op: on("person", func(op *providers.Operation) { op.Password = resource.Secret{} })}},
		{"sets a password that stays", "person/credential", bend{op: on("person", func(op *providers.Operation) { op.PasswordTemporary = false })}},
		{"sets no password anew", "person/credential", bend{op: onUpdate("person", func(op *providers.Operation) { op.Password = resource.Secret{} })}},
		{"counts its own as somebody's", "space/contents", bend{object: objectOf("team", func(o *resource.Object) { o.Builtin = false })}},
		{"counts somebody's as its own", "space/contents", bend{object: objectOf("team", func(o *resource.Object) { o.Builtin = true })}},
		{"touches another object", "person/strangers", bend{apply: touchAnother}},
	}
}

// Wrong in what a query finds.
func queryMutants() []mutant {
	return []mutant{
		{"cuts at the page", "person/pages", bend{list: filtered(func(_ providers.Query, all []resource.Object) []resource.Object {
			return all[:min(len(all), 10)]
		})}},
		{"loses the first of the second page", "person/pages", bend{list: filtered(func(_ providers.Query, all []resource.Object) []resource.Object {
			if len(all) > 10 {
				return append(all[:10:10], all[11:]...)
			}
			return all
		})}},
		{"doubles the last of the page", "person/pages", bend{list: filtered(func(_ providers.Query, all []resource.Object) []resource.Object {
			if len(all) > 10 {
				return append(all, all[9])
			}
			return all
		})}},
		{"finds an object twice", "person/queries", bend{list: twice}},
		{"finds by a part of the key", "person/queries", bend{list: bySubstring}},
		{"finds in every parent", "person/queries", bend{list: everywhere}},
		{"finds everything if asked for nothing", "person/queries", bend{list: func(ctx context.Context, c providers.Conn, q providers.Query) ([]resource.Object, error) {
			q.All = q.All || len(q.IDs)+len(q.Keys) == 0 && q.Filters == cty.NilVal
			return c.List(ctx, q)
		}}},
		{"finds less by e-mail", "person/queries", bend{list: func(ctx context.Context, c providers.Conn, q providers.Query) ([]resource.Object, error) {
			for _, key := range q.Keys {
				if key["email"] != "" {
					q.Keys = nil
				}
			}
			return c.List(ctx, q)
		}}},
		{"returns less in a list of all", "person/queries", bend{list: func(ctx context.Context, c providers.Conn, q providers.Query) ([]resource.Object, error) {
			found, err := c.List(ctx, q)
			for i := range found {
				if q.All && !q.Brief {
					found[i].Attrs = with(found[i].Attrs, map[string]cty.Value{"full_name": cty.NullVal(cty.String)})
				}
			}
			return found, err
		}}},
		{"has no key in brief", "person/queries", bend{list: func(ctx context.Context, c providers.Conn, q providers.Query) ([]resource.Object, error) {
			found, err := c.List(ctx, q)
			for i := range found {
				if q.Brief {
					found[i].Attrs = with(found[i].Attrs, map[string]cty.Value{"username": cty.NullVal(cty.String)})
				}
			}
			return found, err
		}}},
		{"omits more than it was told", "person/queries", bend{list: func(ctx context.Context, c providers.Conn, q providers.Query) ([]resource.Object, error) {
			found, err := c.List(ctx, q)
			for i := range found {
				if len(q.Omit) > 0 {
					found[i].Attrs = with(found[i].Attrs, map[string]cty.Value{"full_name": cty.NullVal(cty.String)})
				}
			}
			return found, err
		}}},
		{"omits objects", "team/queries", bend{list: func(ctx context.Context, c providers.Conn, q providers.Query) ([]resource.Object, error) {
			found, err := c.List(ctx, q)
			if len(q.Omit) > 0 && len(found) > 1 {
				found = found[1:]
			}
			return found, err
		}}},
		{"fails where there is no parent", "person/absent parent", bend{list: func(ctx context.Context, c providers.Conn, q providers.Query) ([]resource.Object, error) {
			if q.Parent != "" {
				spaces, err := c.List(ctx, providers.Query{Kind: "space", Keys: []map[string]string{{"name": q.Parent}}})
				if err != nil || len(spaces) == 0 {
					return nil, errors.Join(err, &providers.Error{Class: providers.NotFound, Summary: "no space"})
				}
			}
			return c.List(ctx, q)
		}}},
		{"ignores a filter", "person/filters", bend{list: func(ctx context.Context, c providers.Conn, q providers.Query) ([]resource.Object, error) {
			q.All = q.All || q.Filters != cty.NilVal
			return c.List(ctx, q)
		}}},
		{"ignores a false filter", "person/filters", bend{list: func(ctx context.Context, c providers.Conn, q providers.Query) ([]resource.Object, error) {
			if q.Filters != cty.NilVal && resource.Attr(q.Filters, "enabled").RawEquals(cty.False) {
				q.Filters = with(q.Filters, map[string]cty.Value{"enabled": cty.NullVal(cty.Bool)})
			}
			return c.List(ctx, q)
		}}},
	}
}

// Wrong with what has no natural key, goes by several names, or lags.
func keylessMutants() []mutant {
	asking := func(change func(*providers.Query)) func(context.Context, providers.Conn, providers.Query) ([]resource.Object, error) {
		return func(ctx context.Context, c providers.Conn, q providers.Query) ([]resource.Object, error) {
			change(&q)
			return c.List(ctx, q)
		}
	}
	info := func(change func(k *resource.Kind)) bend {
		return bend{info: func(i *providers.Info) {
			for n := range i.Kinds {
				if i.Kinds[n].Name == "app" {
					change(&i.Kinds[n])
				}
			}
		}}
	}
	fresh := on("app", func(op *providers.Operation) {
		if op.Verb == providers.Create {
			op.ID += rand.Text()
		}
	})
	binned := func(change func(*providers.Query)) bend {
		return bend{list: asking(func(q *providers.Query) {
			if q.Deleted {
				change(q)
			}
		})}
	}
	return []mutant{
		{"takes the living for deleted", "app/restored", binned(func(q *providers.Query) { q.Deleted = false })},
		{"does not find the deleted by id", "app/restored", binned(func(q *providers.Query) { q.IDs = nil })},
		{"does not find the deleted by marker", "app/restored", binned(func(q *providers.Query) { q.Markers = nil })},
		{"makes another one instead of restoring", "app/restored", bend{op: on("app", func(op *providers.Operation) { op.Restore = "" })}},
		{"makes a second object by the same key", "app/upsert key", bend{op: fresh}},
		{"ignores the upsert key", "app/upsert key", bend{op: on("app", func(op *providers.Operation) {
			if op.Verb == providers.Create {
				op.ID = ""
			}
		})}},
		{"refuses the same key", "app/upsert key", bend{apply: refuseKeyAgain}},
		{"does nothing when the key is there", "app/upsert key", bend{apply: keepUpserted}},
		{"returns the key for the id", "app/upsert key", bend{result: func(op providers.Operation, res *providers.Result) {
			if op.Kind == "app" && op.Verb == providers.Create && res.Err == nil {
				res.ID = op.ID
			}
		}}},
		{"does not find by upsert key", "app/upsert key", bend{list: asking(func(q *providers.Query) { q.UpsertKeys = nil })}},
		{"finds all by upsert key", "app/upsert key", bend{list: asking(func(q *providers.Query) { q.All = q.All || len(q.UpsertKeys) > 0 })}},
		{"does not tell the upsert key", "app/upsert key", bend{object: objectOf("app", func(o *resource.Object) { o.UpsertKey = "" })}},
		{"does not find by marker", "app/found by marker", bend{list: asking(func(q *providers.Query) { q.Markers = nil })}},
		{"finds all by marker", "app/found by marker", bend{list: asking(func(q *providers.Query) { q.All = q.All || len(q.Markers) > 0 })}},
		{"asks for some markers only", "app/found by marker", bend{list: asking(func(q *providers.Query) {
			q.Markers = q.Markers[max(0, len(q.Markers)-15):]
		})}},
		{"finds less by marker", "app/found by marker", bend{list: func(ctx context.Context, c providers.Conn, q providers.Query) ([]resource.Object, error) {
			found, err := c.List(ctx, q)
			for i := range found {
				if len(q.Markers) > 0 {
					found[i].Attrs = with(found[i].Attrs, map[string]cty.Value{"title": cty.StringVal("")})
				}
			}
			return found, err
		}}},
		{"keeps the former marker", "app/found by marker", bend{op: onUpdate("app", func(op *providers.Operation) { op.Marker = "" })}},
		{"takes equal titles for one app", "app/ids and duplicates", bend{apply: oneOfATitle}},
		{"finds an app in every site", "app/absent parent", bend{list: asking(func(q *providers.Query) {
			if q.Kind == "app" {
				q.Parent = "main"
			}
		})}},
		{"has neither key nor marker", "info", info(func(k *resource.Kind) { k.Marked = false })},
		{"has an upsert key and a chosen id", "info", info(func(k *resource.Kind) { k.ChosenID = true })},
		{"answers by its first name", "site/adopted", bend{list: func(ctx context.Context, c providers.Conn, q providers.Query) ([]resource.Object, error) {
			if q.Kind == "site" && len(q.IDs) > 0 {
				q.Keys = nil
			}
			return c.List(ctx, q)
		}}},
		{"lags longer than it says", "app/round trip", bend{opts: memory.Options{Lag: time.Minute}, lag: func(d time.Duration) time.Duration { return d / 2 }}},
		{"lags in turn, and does not say so", "team/delete", bend{opts: memory.Options{Lag: time.Minute, Alternate: true}, lag: func(time.Duration) time.Duration { return 0 }}},
		{"has a negative lag", "connection", bend{lag: func(time.Duration) time.Duration { return -time.Second }}},
		{"has another lag each time", "connection", bend{lag: func() func(time.Duration) time.Duration {
			n := 0
			return func(time.Duration) time.Duration { n++; return time.Duration(n) }
		}()}},
	}
}

// Wrong in how operations are done.
func processMutants() []mutant {
	invalid := &providers.Error{Class: providers.Invalid, Summary: "no"}
	type ops = []providers.Operation
	return []mutant{
		{"foresees nothing", "person/refusals foreseen", bend{check: func(_ context.Context, _ providers.Conn, ops ops) []error { return make([]error, len(ops)) }}},
		{"refuses everything beforehand", "person/refusals foreseen", bend{check: func(_ context.Context, _ providers.Conn, ops ops) []error {
			return slices.Repeat([]error{invalid}, len(ops))
		}}},
		{"refuses beforehand what is done", "team/round trip", bend{check: func(_ context.Context, _ providers.Conn, ops ops) []error {
			return slices.Repeat([]error{invalid}, len(ops))
		}}},
		{"answers for one too few", "person/refusals foreseen", bend{check: func(_ context.Context, _ providers.Conn, ops ops) []error {
			return make([]error, len(ops)-1)
		}}},
		{"does it to see whether it can", "person/refusals foreseen", bend{check: func(ctx context.Context, c providers.Conn, ops ops) []error {
			c.Apply(ctx, ops, func(providers.Result) {})
			return c.Check(ctx, ops)
		}}},
		{"reports twice", "person/batches", bend{apply: func(ctx context.Context, c providers.Conn, ops []providers.Operation, report func(providers.Result)) {
			c.Apply(ctx, ops, func(res providers.Result) { report(res); report(res) })
		}}},
		{"forgets to report", "person/batches", bend{apply: func(ctx context.Context, c providers.Conn, ops []providers.Operation, report func(providers.Result)) {
			c.Apply(ctx, ops, func(res providers.Result) {
				if res.Index != 1 {
					report(res)
				}
			})
		}}},
		{"mixes up its results", "person/batches", bend{apply: func(ctx context.Context, c providers.Conn, ops []providers.Operation, report func(providers.Result)) {
			c.Apply(ctx, ops, func(res providers.Result) { res.Index = len(ops) - 1 - res.Index; report(res) })
		}}},
		{"spoils a batch by one bad operation", "person/batches", bend{apply: spoilt}},
		{"loses what does not fit into a request", "person/batches", bend{opts: memory.Options{Bulk: 4}, apply: firstFour}},
		{"goes on after the end", "person/cancelled", bend{apply: func(_ context.Context, c providers.Conn, ops []providers.Operation, report func(providers.Result)) {
			c.Apply(context.Background(), ops, report)
		}}},
		{"says nothing was tried of what was", "person/cancelled", bend{result: func(op providers.Operation, res *providers.Result) {
			if res.Err == nil && op.Kind == "person" {
				res.Err = &providers.Error{Class: providers.NotAttempted, Summary: "interrupted"}
			}
		}}},
		{"gives up when it is told to wait", "person/faults", bend{opts: memory.Options{Retries: -1}}},
		{"does not tell that it waits", "person/faults", bend{config: func(c *providers.Config) { c.Wait = nil }}},
		{"repeats what may have been done", "person/faults", bend{apply: repeats}},
		{"says that nothing was done", "person/faults", bend{result: reclass(providers.Ambiguous, providers.Unreachable)}},
		{"says that all was done", "person/faults", bend{result: func(_ providers.Operation, res *providers.Result) {
			if providers.ClassOf(res.Err) == providers.Ambiguous {
				res.Err, res.ID = nil, "person-0000"
			}
		}}},
		{"calls a lost answer a defect", "person/faults", bend{result: reclass(providers.Ambiguous, providers.Internal)}},
		{"calls a throttled request a defect", "person/faults", bend{result: reclass(providers.Throttled, providers.Internal)}},
		{"has a secret in an error", "person/credential", bend{result: func(op providers.Operation, res *providers.Result) {
			if !op.Password.IsZero() {
				res.Err = &providers.Error{Class: providers.Invalid, Summary: "the password " + op.Password.Reveal() + " is too short"}
			}
		}}},
		{"has a terminal's control characters in an error", "person/ids and duplicates", bend{result: func(_ providers.Operation, res *providers.Result) {
			var e *providers.Error
			if errors.As(res.Err, &e) {
				e.Hint = "\x1b[31mred"
			}
		}}},
		{"returns errors of its own kind", "person/ids and duplicates", bend{result: func(_ providers.Operation, res *providers.Result) {
			if res.Err != nil {
				res.Err = errors.New("409 Conflict")
			}
		}}},
	}
}

// Wrong in what it says of itself.
func infoMutants() []mutant {
	info := func(name string, f func(*providers.Info)) mutant { return mutant{name, "info", bend{info: f}} }
	return []mutant{
		info("has no type", func(i *providers.Info) { i.Type = "" }),
		info("has a kind twice", func(i *providers.Info) { i.Kinds = append(i.Kinds, i.Kinds[0]) }),
		info("has a key that is no attribute", func(i *providers.Info) { i.Kinds[1].Key = []string{"nick"} }),
		info("has no key", func(i *providers.Info) { i.Kinds[1].Key = nil }),
		info("has no example", func(i *providers.Info) { i.Kinds[1].Example = "" }),
		info("has an environment variable for nothing", func(i *providers.Info) { i.Env["token"] = []string{"TOKEN"} }),
		info("has a default of another type", attribute("space", "title", func(a *resource.Attribute) { a.Default = cty.True })),
		info("calls its own attribute foreign", func(i *providers.Info) {
			i.Kinds[1].Foreign = map[string]resource.Foreign{i.Kinds[1].Attributes[0].Name: {Of: "elsewhere"}}
		}),
		info("always has elements of a text", attribute("space", "title", func(a *resource.Attribute) { a.Always = []string{"x"} })),
		info("has a default for what is computed", attribute("space", "theme", func(a *resource.Attribute) { a.Default = cty.StringVal("dark") })),
		info("has no documentation", attribute("space", "title", func(a *resource.Attribute) { a.Doc = "" })),
		info("shows a write-only value", attribute("person", "pin", func(a *resource.Attribute) { a.Sensitive = false })),
		info("has a version that is sent", attribute("person", "pin_version", func(a *resource.Attribute) { a.Local = false })),
		info("has a reference to nothing", attribute("team", "members", func(a *resource.Attribute) { a.Ref.Kinds = []string{"robot"} })),
		info("has a partial number", attribute("space", "lifetime", func(a *resource.Attribute) { a.Partial = true })),
		info("lets an object move", attribute("team", "space", func(a *resource.Attribute) { a.ForceNew = false })),
		info("has an argument twice", attribute("space", "title", func(a *resource.Attribute) { a.Name = "name" })),
		info("takes from the provider block what is not there", func(i *providers.Info) { i.FromBlock.Scopes = "scopes" }),
		info("is given and managed", func(i *providers.Info) { i.Kinds[1].Given = true }),
		info("has the only one found by a name", func(i *providers.Info) { i.Kinds[1].Lookup = append(i.Kinds[1].Lookup, nil) }),
		info("is looked up alone, and deleted", func(i *providers.Info) {
			i.Kinds[1].DataOnly, i.Kinds[1].Contains = true, []string{"person"}
		}),
		info("says it differently each time", func() func(*providers.Info) {
			n := 0
			return func(i *providers.Info) { n++; i.Lag = time.Duration(n) }
		}()),
	}
}

func TestEveryMutantIsCaught(t *testing.T) {
	for _, group := range [][]mutant{valueMutants(), objectMutants(), queryMutants(), keylessMutants(), dataOnlyMutants(), processMutants(), infoMutants()} {
		for _, m := range group {
			t.Run(m.name+"/"+m.check, func(t *testing.T) {
				h := memoryHarness(m.bend.opts, func(p *memory.Provider) providers.Provider { return bent{p, m.bend} })
				found := false
				for _, c := range checks(h.info(t)) {
					if c.name != m.check {
						continue
					}
					found = true
					var problems []string
					synctest.Test(t, func(t *testing.T) {
						h.examine(t, c, func(p string) { problems = append(problems, p) })
					})
					if len(problems) == 0 {
						t.Error("nothing was noticed")
					}
					t.Log(strings.Join(problems, "\n"))
				}
				if !found {
					t.Errorf("there is no check %q", m.check)
				}
			})
		}
	}
}
