//go:build keycloak

// The tests behind this tag run on a real Keycloak. They need its address and
// an administrator of the realm master:
//
//	IDPCTL_TEST_KEYCLOAK=http://127.0.0.1:8080
//	IDPCTL_TEST_KEYCLOAK_USER=admin
//	IDPCTL_TEST_KEYCLOAK_PASSWORD=…
package keycloak

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// setting is a variable of the environment that the tests cannot do without.
func setting(t testing.TB, name string) string {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		t.Fatalf("%s is not set: these tests run on a real Keycloak", name)
	}
	return v
}

// real is a connection to the real server and what it sent.
type real struct {
	*conn
	t   testing.TB
	mu  sync.Mutex
	log []string
}

func (r *real) sent() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.log)
}

func (r *real) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log = nil
}

func config(t testing.TB, over map[string]cty.Value) cty.Value {
	t.Helper()
	attrs := map[string]cty.Value{}
	for _, a := range New().Info().Config {
		attrs[a.Name] = cty.NullVal(a.Type)
		if a.Default != cty.NilVal {
			attrs[a.Name] = a.Default
		}
	}
	for k, v := range over {
		attrs[k] = v
	}
	return cty.ObjectVal(attrs)
}

// open signs in as the administrator, or as over says.
func open(t testing.TB, over map[string]cty.Value) *real {
	t.Helper()
	attrs := map[string]cty.Value{"url": cty.StringVal(setting(t, "IDPCTL_TEST_KEYCLOAK"))}
	if over == nil {
		attrs["username"] = cty.StringVal(setting(t, "IDPCTL_TEST_KEYCLOAK_USER"))
		attrs["password"] = cty.StringVal(setting(t, "IDPCTL_TEST_KEYCLOAK_PASSWORD"))
	}
	for k, v := range over {
		attrs[k] = v
	}
	r := &real{t: t}
	opened, err := New().Open(t.Context(), providers.Config{
		Attrs: config(t, attrs), Parallelism: 8, UserAgent: "idpctl/test",
		Log: func(e providers.RequestLog) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.log = append(r.log, fmt.Sprintf("%s %s %d", e.Method, e.URL, e.Status))
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.conn = opened.(*conn)
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

var realmNumber atomic.Int64

// newRealm makes a realm that is deleted after the test, and returns its name.
func (r *real) newRealm(over map[string]cty.Value) string {
	r.t.Helper()
	name := fmt.Sprintf("kp-test-%d-%d", os.Getpid(), realmNumber.Add(1))
	attrs := map[string]cty.Value{"realm": cty.StringVal(name)}
	for k, v := range over {
		attrs[k] = v
	}
	id := uuid.NewString()
	r.do(providers.Operation{Verb: providers.Create, Kind: "realm", ID: id, After: r.object("realm", attrs)})
	r.t.Cleanup(func() {
		r.do(providers.Operation{Verb: providers.Delete, Kind: "realm", ID: id, Before: r.object("realm", attrs)})
	})
	return name
}

// object is a value of a kind, with its defaults.
func (r *real) object(kind string, attrs map[string]cty.Value) cty.Value {
	r.t.Helper()
	return objectOf(r.t, kind, attrs)
}

// try does operations and returns their results in order.
func (r *real) try(ops ...providers.Operation) []providers.Result {
	r.t.Helper()
	out := make([]providers.Result, len(ops))
	n := 0
	r.Apply(context.WithoutCancel(r.t.Context()), ops, func(res providers.Result) {
		out[res.Index] = res
		n++
	})
	if n != len(ops) {
		r.t.Fatalf("%d results for %d operations", n, len(ops))
	}
	return out
}

// do does one operation, which must succeed, and returns the object's id.
func (r *real) do(op providers.Operation) string {
	r.t.Helper()
	res := r.try(op)[0]
	if res.Err != nil {
		r.t.Fatalf("%s %s: %v", op.Verb, op.Kind, res.Err)
	}
	return res.ID
}

// create makes an object and returns its id.
func (r *real) create(kind string, attrs map[string]cty.Value) string {
	r.t.Helper()
	op := providers.Operation{Verb: providers.Create, Kind: kind, After: r.object(kind, attrs)}
	if k, _ := New().Info().Kind(kind); k.ChosenID {
		op.ID = uuid.NewString()
	}
	id := r.do(op)
	if op.ID != "" && op.ID != id {
		r.t.Fatalf("%s: chose id %s, got %s", kind, op.ID, id)
	}
	return id
}

// change sets attributes of a live object, as the core would.
func (r *real) changeOp(kind string, live resource.Object, attrs map[string]cty.Value) providers.Operation {
	r.t.Helper()
	k, _ := New().Info().Kind(kind)
	vals, before, changed := live.Attrs.AsValueMap(), live.Attrs.AsValueMap(), []string{}
	for name, v := range attrs {
		a, _ := k.Attribute(name)
		conv, err := convert.Convert(v, a.Type)
		if err != nil {
			r.t.Fatal(err)
		}
		vals[name] = conv
		changed = append(changed, name)
	}
	return providers.Operation{
		Verb: providers.Update, Kind: kind, ID: live.ID, Changed: changed,
		Before: cty.ObjectVal(before), After: cty.ObjectVal(vals),
	}
}

func (r *real) list(q providers.Query) []resource.Object {
	r.t.Helper()
	objs, err := r.List(r.t.Context(), q)
	if err != nil {
		r.t.Fatal(err)
	}
	return objs
}

func (r *real) one(kind, realm, id string) resource.Object {
	r.t.Helper()
	objs := r.list(providers.Query{Kind: kind, Parent: realm, IDs: []string{id}})
	if len(objs) != 1 {
		r.t.Fatalf("%d objects of kind %s with id %s", len(objs), kind, id)
	}
	return objs[0]
}

// raw sends a request of its own, past the provider.
func (r *real) raw(method, path string, body any, into any) int {
	r.t.Helper()
	tok, err := r.auth.token(context.WithoutCancel(r.t.Context()))
	if err != nil {
		r.t.Fatal(err)
	}
	var rd io.Reader
	if body != nil {
		b, _ := json.Marshal(body)
		rd = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(context.WithoutCancel(r.t.Context()), method, r.auth.baseURL()+path, rd)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+tok.access)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	if into != nil {
		if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
			r.t.Fatal(err)
		}
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// same compares attributes of a live object.
func same(t testing.TB, o resource.Object, want map[string]cty.Value) {
	t.Helper()
	for name, v := range want {
		got := o.Attr(name)
		conv, err := convert.Convert(v, got.Type())
		if err != nil || !got.RawEquals(conv) {
			t.Errorf("%s.%s is %#v, want %#v", o.Kind, name, got, v)
		}
	}
}
