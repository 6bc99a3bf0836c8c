package work

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/zclconf/go-cty/cty"
	"golang.org/x/sync/errgroup"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
	"github.com/idpctl/idpctl/resource"
)

// Each does operations, at most parallelism at once, and reports each result as it
// comes. When ctx ends no other one is begun; those are reported as not attempted.
// Nobody waits to hand something over: where the server has the processors, each
// wait costs a turn of theirs.
func Each(ctx context.Context, ops []providers.Operation, parallelism int, do func(op *providers.Operation) providers.Result, report func(providers.Result)) {
	todo, results := make(chan int, len(ops)), make(chan providers.Result, len(ops))
	for i := range ops {
		todo <- i
	}
	close(todo)
	var workers sync.WaitGroup
	for range min(len(ops), max(parallelism, 1)) {
		workers.Go(func() {
			for i := range todo {
				res := providers.Result{Err: NotAttempted(ctx)}
				if ctx.Err() == nil {
					res = do(&ops[i])
				}
				res.Index = i
				results <- res
			}
		})
	}
	go func() {
		workers.Wait()
		close(results)
	}()
	for res := range results {
		report(res)
	}
}

// NotAttempted is the error of an operation that was not begun.
func NotAttempted(ctx context.Context) error {
	return &providers.Error{Class: providers.NotAttempted, Summary: "Not begun: the run was interrupted", Err: ctx.Err()}
}

// All calls do for 0 to n-1, at most parallelism at once, and returns the first
// error. It stops at an error.
func All(ctx context.Context, n, parallelism int, do func(ctx context.Context, i int) error) error {
	group, inner := errgroup.WithContext(ctx)
	group.SetLimit(max(parallelism, 1))
	for i := range n {
		if inner.Err() != nil {
			break
		}
		group.Go(func() error {
			if inner.Err() != nil {
				return nil
			}
			return do(inner, i)
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return &providers.Error{Class: providers.NotAttempted, Summary: "Interrupted", Err: err}
	}
	return nil
}

// Changes reports whether an attribute is to be written: all that is set of a new
// object, and what differs of an existing one.
func Changes(op *providers.Operation, name string) bool {
	if op.Verb == providers.Create {
		return attr.IsSet(op.After, name)
	}
	return slices.Contains(op.Changed, name)
}

// Added and Removed are the elements of a set that an operation adds and removes.
func Added(op *providers.Operation, name string) []string {
	return attr.Without(attr.Strings(op.After, name), attr.Strings(op.Before, name))
}

// Removed is documented with Added.
func Removed(op *providers.Operation, name string) []string {
	return attr.Without(attr.Strings(op.Before, name), attr.Strings(op.After, name))
}

// Password is the first password of an operation whose kind has the attribute
// initial_password, "" for none.
func Password(op *providers.Operation) string {
	if !op.Password.IsZero() {
		return op.Password.Reveal()
	}
	if op.Verb == providers.Create {
		return attr.String(op.After, "initial_password")
	}
	return ""
}

// Blanks are objects of each kind with everything null, to be cloned and filled.
func Blanks(kinds []resource.Kind) map[string]map[string]cty.Value {
	out := make(map[string]map[string]cty.Value, len(kinds))
	for _, k := range kinds {
		out[k.Name] = attr.Nulls(k)
	}
	return out
}

// UnknownKind is the error of a kind that a provider does not have.
func UnknownKind(provider, kind string) error {
	return &providers.Error{Class: providers.Internal, Summary: fmt.Sprintf("The provider %s has no kind %s", provider, Quoted(kind))}
}

// NoVerb is the error of an operation that says nothing.
func NoVerb() error {
	return &providers.Error{Class: providers.Internal, Summary: "An operation without a verb"}
}

// Gone is the error of a change to what is not there any more.
func Gone(op *providers.Operation) error {
	return &providers.Error{Class: providers.NotFound, Summary: fmt.Sprintf("The %s is not there any more (id %s)", op.Kind, providers.Clean(op.ID, 120)), Hint: "Plan again"}
}

// IsAbsent reports whether an error says that something is not there.
func IsAbsent(err error) bool { return err != nil && providers.ClassOf(err) == providers.NotFound }

// Quoted is a text of a server or a configuration as messages show it.
func Quoted(s string) string { return `"` + providers.Clean(s, 120) + `"` }

// Invalid is the error of a value that a server could not have.
func Invalid(attribute, hint, format string, args ...any) error {
	return &providers.Error{Class: providers.Invalid, Attribute: attribute, Summary: fmt.Sprintf(format, args...), Hint: hint}
}

// Temporary reports whether the first password of an operation has to be changed at
// the first sign-in.
func Temporary(op *providers.Operation) bool {
	if !op.Password.IsZero() {
		return op.PasswordTemporary
	}
	return attr.Bool(op.After, "initial_password_temporary", true)
}

// ThrownAway is a password that nobody knows, for servers that ask for one of every
// new user. It meets the policies of all: 42 characters of four classes, and no
// three alike in a row, which chance alone would give one in forty.
func ThrownAway() string {
	var b strings.Builder
	for pair := range slices.Chunk([]byte(rand.Text()), 2) {
		b.Write(pair)
		b.WriteByte('-')
	}
	return b.String() + "aA1"
}

// IgnoreAbsent takes it for a success that something is not there.
func IgnoreAbsent(err error) error {
	if IsAbsent(err) {
		return nil
	}
	return err
}
