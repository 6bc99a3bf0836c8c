package conformance

import (
	"context"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// The ways to be wrong that take more than a line.

func remove(names []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(s string) bool { return s == name })
}

// one does one operation and returns its result.
func one(ctx context.Context, c providers.Conn, op providers.Operation) (res providers.Result) {
	c.Apply(ctx, []providers.Operation{op}, func(r providers.Result) { res = r })
	return res
}

// eachOp does operations one by one; instead decides on some of them.
func eachOp(ctx context.Context, c providers.Conn, ops []providers.Operation, report func(providers.Result), instead func(providers.Operation) (providers.Result, bool)) {
	for i, op := range ops {
		res, done := instead(op)
		if !done {
			res = one(ctx, c, op)
		}
		res.Index = i
		report(res)
	}
}

// recreate deletes and creates instead of changing.
func recreate(ctx context.Context, c providers.Conn, ops []providers.Operation, report func(providers.Result)) {
	eachOp(ctx, c, ops, report, func(op providers.Operation) (providers.Result, bool) {
		if op.Verb != providers.Update || op.Kind != "person" {
			return providers.Result{}, false
		}
		one(ctx, c, providers.Operation{Verb: providers.Delete, Kind: op.Kind, ID: op.ID})
		op.Verb, op.ID, op.Before = providers.Create, "", cty.NullVal(op.After.Type())
		return one(ctx, c, op), true
	})
}

// wholeMembers removes all members that are not named.
func wholeMembers(ctx context.Context, c providers.Conn, ops []providers.Operation, report func(providers.Result)) {
	eachOp(ctx, c, ops, report, func(op providers.Operation) (providers.Result, bool) {
		if op.Verb != providers.Update || op.Kind != "team" {
			return providers.Result{}, false
		}
		q := providers.Query{Kind: "team", Parent: op.After.GetAttr("space").AsString(), IDs: []string{op.ID}}
		if live, err := c.List(ctx, q); err == nil && len(live) == 1 {
			op.Before = with(op.Before, map[string]cty.Value{"members": live[0].Attr("members")})
		}
		return one(ctx, c, op), true
	})
}

// takeOver changes what has the key instead of refusing.
func takeOver(ctx context.Context, c providers.Conn, ops []providers.Operation, report func(providers.Result)) {
	eachOp(ctx, c, ops, report, func(op providers.Operation) (providers.Result, bool) {
		res := one(ctx, c, op)
		if op.Verb != providers.Create || op.Kind != "person" || providers.ClassOf(res.Err) != providers.Conflict {
			return res, true
		}
		q := providers.Query{Kind: "person", Parent: op.After.GetAttr("space").AsString(), Keys: []map[string]string{{"username": op.After.GetAttr("username").AsString()}}}
		if live, err := c.List(ctx, q); err == nil && len(live) == 1 {
			op.Verb, op.ID, op.Before, op.Changed = providers.Update, live[0].ID, live[0].Attrs, []string{"full_name"}
			res = one(ctx, c, op)
		}
		return res, true
	})
}

// strictDelete fails where there is nothing.
func strictDelete(ctx context.Context, c providers.Conn, ops []providers.Operation, report func(providers.Result)) {
	eachOp(ctx, c, ops, report, func(op providers.Operation) (providers.Result, bool) {
		if op.Verb != providers.Delete || op.Kind != "person" {
			return providers.Result{}, false
		}
		q := providers.Query{Kind: op.Kind, Parent: op.Before.GetAttr("space").AsString(), IDs: []string{op.ID}}
		if live, err := c.List(ctx, q); err == nil && len(live) == 0 {
			return providers.Result{Err: &providers.Error{Class: providers.NotFound, Summary: "there is no such person"}}, true
		}
		return providers.Result{}, false
	})
}

// touchAnother changes somebody else with every change.
func touchAnother(ctx context.Context, c providers.Conn, ops []providers.Operation, report func(providers.Result)) {
	eachOp(ctx, c, ops, report, func(op providers.Operation) (providers.Result, bool) {
		if op.Verb != providers.Update || op.Kind != "person" {
			return providers.Result{}, false
		}
		all, _ := c.List(ctx, providers.Query{Kind: op.Kind, Parent: op.After.GetAttr("space").AsString(), All: true})
		for _, o := range all {
			if o.ID != op.ID {
				after := with(o.Attrs, map[string]cty.Value{"full_name": cty.StringVal("somebody")})
				one(ctx, c, providers.Operation{Verb: providers.Update, Kind: op.Kind, ID: o.ID, Before: o.Attrs, After: after, Changed: []string{"full_name"}})
				break
			}
		}
		return providers.Result{}, false
	})
}

// spoilt fails all operations if one fails.
func spoilt(ctx context.Context, c providers.Conn, ops []providers.Operation, report func(providers.Result)) {
	var results []providers.Result
	var bad error
	c.Apply(ctx, ops, func(res providers.Result) {
		results = append(results, res)
		if res.Err != nil {
			bad = res.Err
		}
	})
	for _, res := range results {
		if bad != nil {
			res.Err, res.Object = bad, nil
		}
		report(res)
	}
}

// firstFour does the first four operations and says that it has done all.
func firstFour(ctx context.Context, c providers.Conn, ops []providers.Operation, report func(providers.Result)) {
	c.Apply(ctx, ops[:min(4, len(ops))], report)
	for i := 4; i < len(ops); i++ {
		report(providers.Result{Index: i, ID: "person-0001"})
	}
}

// repeats sends again what was lost.
func repeats(ctx context.Context, c providers.Conn, ops []providers.Operation, report func(providers.Result)) {
	eachOp(ctx, c, ops, report, func(op providers.Operation) (providers.Result, bool) {
		res := one(ctx, c, op)
		if providers.ClassOf(res.Err) == providers.Ambiguous {
			res = one(ctx, c, op)
		}
		return res, true
	})
}

// filtered changes what a query finds of persons.
func filtered(f func(providers.Query, []resource.Object) []resource.Object) func(context.Context, providers.Conn, providers.Query) ([]resource.Object, error) {
	return func(ctx context.Context, c providers.Conn, q providers.Query) ([]resource.Object, error) {
		found, err := c.List(ctx, q)
		if q.Kind == "person" {
			found = f(q, found)
		}
		return found, err
	}
}

// twice returns an object once for every way to find it.
func twice(ctx context.Context, c providers.Conn, q providers.Query) ([]resource.Object, error) {
	byID, byKey := q, q
	byID.Keys, byKey.IDs = nil, nil
	a, err := c.List(ctx, byID)
	if err != nil || len(q.Keys) == 0 {
		return a, err
	}
	b, err := c.List(ctx, byKey)
	return append(a, b...), err
}

// bySubstring finds what has a part of the key.
func bySubstring(ctx context.Context, c providers.Conn, q providers.Query) ([]resource.Object, error) {
	found, err := c.List(ctx, q)
	if q.Kind != "person" || len(q.Keys) == 0 || err != nil {
		return found, err
	}
	all, err := c.List(ctx, providers.Query{Kind: q.Kind, Parent: q.Parent, All: true})
	for _, o := range all {
		for _, key := range q.Keys {
			hit := len(key) > 0
			for name, v := range key {
				hit = hit && v != "" && strings.Contains(o.Attr(name).AsString(), v)
			}
			if hit && !slices.ContainsFunc(found, func(have resource.Object) bool { return have.ID == o.ID }) {
				found = append(found, o)
			}
		}
	}
	return found, err
}

// everywhere looks for ids in all spaces.
func everywhere(ctx context.Context, c providers.Conn, q providers.Query) ([]resource.Object, error) {
	if q.Kind != "person" || len(q.IDs) == 0 {
		return c.List(ctx, q)
	}
	spaces, err := c.List(ctx, providers.Query{Kind: "space", All: true})
	var out []resource.Object
	for _, s := range spaces {
		q.Parent = s.Attr("name").AsString()
		found, err := c.List(ctx, q)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, err
}

// apps are all of the site.
func apps(ctx context.Context, c providers.Conn) []resource.Object {
	all, _ := c.List(ctx, providers.Query{Kind: "app", Parent: "main", All: true})
	return all
}

// creatingApp does something else instead of some creations of apps.
func creatingApp(instead func(context.Context, providers.Conn, providers.Operation) (providers.Result, bool)) func(context.Context, providers.Conn, []providers.Operation, func(providers.Result)) {
	return func(ctx context.Context, c providers.Conn, ops []providers.Operation, report func(providers.Result)) {
		eachOp(ctx, c, ops, report, func(op providers.Operation) (providers.Result, bool) {
			if op.Verb != providers.Create || op.Kind != "app" {
				return providers.Result{}, false
			}
			return instead(ctx, c, op)
		})
	}
}

// refuseKeyAgain calls a key that is there a conflict.
func refuseKeyAgain(ctx context.Context, c providers.Conn, ops []providers.Operation, report func(providers.Result)) {
	creatingApp(func(ctx context.Context, c providers.Conn, op providers.Operation) (providers.Result, bool) {
		for _, o := range apps(ctx, c) {
			if o.UpsertKey == op.ID {
				return providers.Result{Err: &providers.Error{Class: providers.Conflict, Summary: "the key is taken"}}, true
			}
		}
		return providers.Result{}, false
	})(ctx, c, ops, report)
}

// keepUpserted leaves what has the key as it is.
func keepUpserted(ctx context.Context, c providers.Conn, ops []providers.Operation, report func(providers.Result)) {
	creatingApp(func(ctx context.Context, c providers.Conn, op providers.Operation) (providers.Result, bool) {
		for _, o := range apps(ctx, c) {
			if o.UpsertKey == op.ID {
				return providers.Result{ID: o.ID}, true
			}
		}
		return providers.Result{}, false
	})(ctx, c, ops, report)
}

// oneOfATitle takes an app with the same title for the one to create.
func oneOfATitle(ctx context.Context, c providers.Conn, ops []providers.Operation, report func(providers.Result)) {
	creatingApp(func(ctx context.Context, c providers.Conn, op providers.Operation) (providers.Result, bool) {
		for _, o := range apps(ctx, c) {
			if o.Attr("title").RawEquals(op.After.GetAttr("title")) {
				return providers.Result{ID: o.ID}, true
			}
		}
		return providers.Result{}, false
	})(ctx, c, ops, report)
}
