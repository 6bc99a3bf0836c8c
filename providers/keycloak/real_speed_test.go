//go:build keycloak

package keycloak

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/attr"
)

// fill imports users past the provider: 50 at a time, as Keycloak is fastest.
func (r *real) fill(realm string, n int) {
	r.t.Helper()
	for i := 0; i < n; i += 50 {
		var users []map[string]any
		for j := i; j < min(i+50, n); j++ {
			name := fmt.Sprintf("u%05d@example.com", j)
			users = append(users, map[string]any{"username": name, "email": name, "firstName": "F", "lastName": "L", "enabled": true})
		}
		if code := r.raw("POST", "/admin/realms/"+realm+"/partialImport", map[string]any{"ifResourceExists": "SKIP", "users": users}, nil); code != 200 {
			r.t.Fatalf("status %d", code)
		}
	}
}

// How many requests reading takes; the seconds are measured by the benchmarks.
func TestRealRequests(t *testing.T) {
	r := open(t, nil)
	realm := r.newRealm(nil)
	r.fill(realm, 2100)
	all := r.list(providers.Query{Kind: "user", Parent: realm, All: true})
	if len(all) != 2100 {
		t.Fatalf("%d users", len(all))
	}
	brief := []string{"attributes"}
	var ids []string
	var names []map[string]string
	for _, o := range all {
		ids = append(ids, o.ID)
		names = append(names, map[string]string{"username": attr.String(o.Attrs, "username")})
	}
	for _, c := range []struct {
		name           string
		q              providers.Query
		want, requests int
	}{
		{"all", providers.Query{All: true}, 2100, 1 + 7},
		{"all by ids", providers.Query{IDs: ids}, 2100, 8},
		{"all by names", providers.Query{Keys: names}, 2100, 1 + 7},
		{"all without attributes", providers.Query{All: true, Omit: brief}, 2100, 1 + 3},
		{"all by ids, without attributes", providers.Query{IDs: ids, Omit: brief}, 2100, 3},
		{"all by names, without attributes", providers.Query{Keys: names, Omit: brief}, 2100, 1 + 3},
		{"half by ids, without attributes", providers.Query{IDs: ids[1050:], Omit: brief}, 1050, 2 + 5},
		{"most by ids, one absent", providers.Query{IDs: append(ids[:2000:2000], "absent"), Omit: brief}, 2000, 3 + 1},
		{"five ids", providers.Query{IDs: ids[:5]}, 5, 1},
		{"five names", providers.Query{Keys: names[:5]}, 5, 5},
		{"five e-mails and five ids, one the same", providers.Query{
			IDs: ids[:5], Keys: []map[string]string{{"email": "u00007@example.com"}, {"email": "u00008@example.com"}, {"email": "absent@example.com"}, {"username": "u0000"}},
		}, 7, 5},
		{"absent", providers.Query{IDs: []string{"a", "b"}}, 0, 1},
		{"search", providers.Query{Filters: filter(map[string]cty.Value{"search": s("u0010")})}, 10, 1},
	} {
		r.reset()
		c.q.Kind, c.q.Parent = "user", realm
		got := r.list(c.q)
		var sent []string
		for _, line := range r.sent() {
			if !strings.Contains(line, "/token") && !strings.Contains(line, "/"+realm+" ") { // signing in again, and the settings for doubts
				sent = append(sent, line)
			}
		}
		if len(got) != c.want || len(sent) != c.requests {
			t.Errorf("%s: %d users by %d requests, want %d by %d\n%s", c.name, len(got), len(sent), c.want, c.requests, strings.Join(sent, "\n"))
		}
	}
}

func filter(over map[string]cty.Value) cty.Value {
	k, _ := New().Info().Kind("user")
	vals := map[string]cty.Value{}
	for _, a := range k.Filters {
		vals[a.Name] = cty.NullVal(a.Type)
		if v, ok := over[a.Name]; ok {
			vals[a.Name] = v
		}
	}
	return cty.ObjectVal(vals)
}

// Nobody who was there all the time is missed while others come and go.
func TestRealListWhileChanging(t *testing.T) {
	r := open(t, nil)
	realm := r.newRealm(nil)
	r.fill(realm, 2500)
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			res := r.try(providers.Operation{Verb: providers.Create, Kind: "user", After: r.object("user", person(realm, fmt.Sprintf("a%05d", i)))})
			if i%2 == 0 {
				r.try(providers.Operation{Verb: providers.Delete, Kind: "user", ID: res[0].ID, Before: r.object("user", person(realm, "a"))})
			}
		}
	})
	for range 6 {
		seen := map[string]int{}
		for _, o := range r.list(providers.Query{Kind: "user", Parent: realm, All: true, Brief: true}) {
			seen[attr.String(o.Attrs, "username")]++
		}
		for i := range 2500 {
			if name := fmt.Sprintf("u%05d@example.com", i); seen[name] != 1 {
				t.Errorf("%s: seen %d times", name, seen[name])
			}
		}
	}
	cancel()
	wg.Wait()
}

func TestRealFilters(t *testing.T) {
	r := open(t, nil)
	realm := r.newRealm(nil)
	r.allow(realm, "ENABLED")
	var ids []string
	for i, name := range []string{"ann", "bob", "cid"} {
		attrs := person(realm, name)
		attrs["enabled"] = cty.BoolVal(i != 1)
		attrs["attributes"] = multi(map[string][]string{"team": {"a \"b\"", fmt.Sprint(i)}})
		ids = append(ids, r.create("user", attrs))
	}
	group := r.create("group", map[string]cty.Value{"realm": s(realm), "name": s("g"), "members": set(ids[0], ids[1])})
	for _, c := range []struct {
		name string
		args map[string]cty.Value
		want int
	}{
		{"all", nil, 3},
		{"enabled", map[string]cty.Value{"enabled": cty.True}, 2},
		{"disabled", map[string]cty.Value{"enabled": cty.False}, 1},
		{"search", map[string]cty.Value{"search": s("bob")}, 1},
		{"group", map[string]cty.Value{"group": s(group)}, 2},
		{"enabled in the group", map[string]cty.Value{"group": s(group), "enabled": cty.True}, 1},
		{"search in the group", map[string]cty.Value{"group": s(group), "search": s("cid")}, 0},
		{"a group that is not there", map[string]cty.Value{"group": s("nope")}, 0},
		{"one attribute", map[string]cty.Value{"attributes": mapVal(map[string]string{"team": `a "b"`})}, 3},
		{"attribute that differs", map[string]cty.Value{"attributes": mapVal(map[string]string{"team": "2"})}, 1},
		{"attribute in the group", map[string]cty.Value{"attributes": mapVal(map[string]string{"team": "0"}), "group": s(group)}, 1},
	} {
		for _, brief := range []bool{false, true} {
			got := r.list(providers.Query{Kind: "user", Parent: realm, Filters: filter(c.args), Brief: brief})
			if len(got) != c.want {
				t.Errorf("%s: %d users, want %d", c.name, len(got), c.want)
			}
		}
	}
	_, err := r.List(t.Context(), providers.Query{Kind: "user", Parent: realm, Filters: filter(map[string]cty.Value{
		"search": s("x"), "attributes": mapVal(map[string]string{"a": "b"}),
	})})
	invalid(t, err, "attributes")
}

// rawAll sends requests eight at a time and reads their answers.
func rawAll(b *testing.B, r *real, n int, request func(i int) (method, path string, body any)) {
	b.Helper()
	var wg sync.WaitGroup
	next := make(chan int)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	defer client.CloseIdleConnections()
	for range 8 {
		wg.Go(func() {
			for i := range next {
				tok, err := r.auth.token(context.Background())
				if err != nil {
					b.Error(err)
					continue
				}
				method, path, body := request(i)
				var rd io.Reader
				if body != nil {
					js, _ := json.Marshal(body)
					rd = bytes.NewReader(js)
				}
				req, _ := http.NewRequestWithContext(context.Background(), method, r.auth.baseURL()+path, rd)
				req.Header.Set("Authorization", "Bearer "+tok.access)
				req.Header.Set("Content-Type", "application/json")
				resp, err := client.Do(req)
				if err != nil {
					b.Error(err)
					continue
				}
				if method == http.MethodGet {
					var users []map[string]any
					_ = json.NewDecoder(resp.Body).Decode(&users)
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

// BenchmarkReal compares the provider with raw requests for the same; run it
// with -benchtime 3x.
func BenchmarkReal(b *testing.B) {
	r := open(b, nil)
	big := r.newRealm(nil)
	r.fill(big, 10000)
	ids := make([]string, 0, 10000)
	for _, o := range r.list(providers.Query{Kind: "user", Parent: big, All: true, Brief: true}) {
		ids = append(ids, o.ID)
	}
	b.Run("create 1000/raw", func(b *testing.B) {
		for range b.N {
			b.StopTimer()
			realm := r.newRealm(nil)
			b.StartTimer()
			rawAll(b, r, 1000, func(i int) (string, string, any) {
				name := fmt.Sprintf("u%05d", i)
				return "POST", "/admin/realms/" + realm + "/users", map[string]any{
					"username": name, "email": name + "@example.com", "firstName": "First", "lastName": "Last", "enabled": true,
				}
			})
		}
	})
	b.Run("create 1000/provider", func(b *testing.B) {
		for range b.N {
			b.StopTimer()
			realm := r.newRealm(nil)
			ops := make([]providers.Operation, 1000)
			for i := range ops {
				ops[i] = providers.Operation{Verb: providers.Create, Kind: "user", After: r.object("user", person(realm, fmt.Sprintf("u%05d", i)))}
			}
			b.StartTimer()
			r.try(ops...)
		}
	})
	for _, n := range []int{1000, 10000} {
		b.Run(fmt.Sprintf("list %d of 10000/raw pages", n), func(b *testing.B) {
			for range b.N {
				rawAll(b, r, n/1000, func(i int) (string, string, any) {
					return "GET", fmt.Sprintf("/admin/realms/%s/users?first=%d&max=1000&briefRepresentation=false", big, i*1000), nil
				})
			}
		})
		b.Run(fmt.Sprintf("list %d of 10000/provider by ids", n), func(b *testing.B) {
			for range b.N {
				if got := r.list(providers.Query{Kind: "user", Parent: big, IDs: ids[:n]}); len(got) != n {
					b.Fatal(len(got))
				}
			}
		})
	}
	b.Run("list 10000/provider all", func(b *testing.B) {
		for range b.N {
			r.list(providers.Query{Kind: "user", Parent: big, All: true})
		}
	})
	b.Run("list 5 of 10000/provider by ids", func(b *testing.B) {
		for range b.N {
			r.list(providers.Query{Kind: "user", Parent: big, IDs: ids[:5]})
		}
	})
}
