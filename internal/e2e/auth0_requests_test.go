package e2e

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"text/tabwriter"
	"time"

	emulator "github.com/idpctl/idpctl/emulator/auth0"
	"github.com/idpctl/idpctl/emulator/fault"
	"github.com/idpctl/idpctl/emulator/memnet"
	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/auth0"
)

// pacedTenant is a tenant of Auth0 with a rate limit, one configuration and one
// state, in a bubble of synctest.
type pacedTenant struct {
	t      *testing.T
	server *emulator.Server
	opts   run.Options
}

const pacedDomain = "tenant.eu.auth0.com"

const pacedBlock = `provider "auth0" {
  domain        = "` + pacedDomain + `"
  client_id     = "` + emulator.DefaultClientID + `"
  client_secret = "` + emulator.DefaultClientSecret + `"
}
tenant "acme" {
  domain = "` + pacedDomain + `"
}
`

// pacedUsers are a client and some users of whom nothing is said that a job cannot
// import.
func pacedUsers(n int) string {
	return strings.ReplaceAll(manyUsers(n), "tenant.contoso", "tenant.acme")
}

// newPacedTenant has each request take a while, so that several are under way at
// once.
func newPacedTenant(t *testing.T, o emulator.Options, p auth0.Options, latency time.Duration, users int) *pacedTenant {
	t.Helper()
	o.Domain = pacedDomain
	d := &pacedTenant{t: t, server: emulator.New(o)}
	slow := fault.New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.TLS = &tls.ConnectionState{} // Auth0 has nothing without
		d.server.ServeHTTP(w, r)
	}))
	slow.Add(fault.Rule{Do: fault.Delay(latency)})
	client, stop := memnet.Serve(slow)
	t.Cleanup(stop)
	p.DialContext, p.PlainHTTP = client.Transport.(*http.Transport).DialContext, true
	d.opts = run.Options{Dir: t.TempDir(), Parallelism: 8, Version: "0.0.0", Providers: []providers.Provider{auth0.NewWith(p)}}
	if err := os.WriteFile(filepath.Join(d.opts.Dir, "main.idp.hcl"), []byte(pacedBlock+pacedUsers(users)), 0o600); err != nil {
		t.Fatal(err)
	}
	return d
}

// run plans, and applies if there is something to do. It returns the plan.
func (d *pacedTenant) run() *plan.Plan {
	d.t.Helper()
	ctx := context.Background()
	r, _, diags := run.Open(ctx, d.opts)
	if diags.HasErrors() {
		d.t.Fatal(diags)
	}
	p, diags := r.Plan(ctx, plan.Normal)
	if diags.HasErrors() {
		d.t.Fatal(diags)
	}
	if !p.Empty() {
		if s, diags := r.Apply(ctx, p, run.ApplyOptions{}); diags.HasErrors() || !s.OK() {
			d.t.Fatalf("%v, %+v", diags, s)
		}
	}
	if diags := r.Close(); diags.HasErrors() {
		d.t.Fatal(diags)
	}
	return p.Plan
}

// measured is what one run took: requests, those for a token and discovery among
// them, and looks at jobs.
type measured struct {
	requests, looks int
	took            time.Duration
	routes          string
}

func (d *pacedTenant) measure(do func()) measured {
	d.server.ResetRequests()
	begin := time.Now()
	do()
	m := measured{took: time.Since(begin)}
	counts := d.server.Requests()
	for _, route := range slices.Sorted(maps.Keys(counts)) {
		m.routes += fmt.Sprintf("\n%5d %s", counts[route], route)
		if route == "GET jobs/{id}" {
			m.looks += counts[route]
		} else {
			m.requests += counts[route]
		}
	}
	return m
}

// most measures a run that has a number of requests to keep to, none of which may
// be refused.
func (d *pacedTenant) most(what string, most int, do func()) {
	d.t.Helper()
	m := d.measure(do)
	d.t.Logf("%s: %d requests, at most %d, and %d looks at jobs; %.1f s", what, m.requests, most, m.looks, m.took.Seconds())
	if m.requests > most {
		d.t.Errorf("%s: %d requests, and %d are allowed:%s", what, m.requests, most, m.routes)
	}
	d.unrefused(what)
}

// unrefused demands that no request ever got a 429.
func (d *pacedTenant) unrefused(what string) {
	d.t.Helper()
	if n := d.server.Throttled(); n > 0 {
		d.t.Errorf("%s: %d requests were refused with 429", what, n)
	}
	if v := d.server.Violations(); len(v) > 0 {
		d.t.Errorf("%s: %d requests before their time, the first %+v", what, len(v), v[0])
	}
}

func (d *pacedTenant) empty() {
	d.t.Helper()
	if p := d.run(); !p.Empty() {
		d.t.Errorf("the plan is not empty: %+v", p.Counts())
	}
}

// strangers are users whom no configuration names.
func strangers(n int) []map[string]any {
	out := make([]map[string]any, n)
	for i := range out {
		out[i] = map[string]any{"email": fmt.Sprintf("other%05d@example.com", i)}
	}
	return out
}

// TestAuth0Requests holds the number of requests for a thousand users, and for five
// in a tenant of ten thousand, on the Free plan: two requests a second.
func TestAuth0Requests(t *testing.T) {
	for _, latency := range []time.Duration{0, 80 * time.Millisecond, 700 * time.Millisecond} {
		free := emulator.Options{Rate: emulator.FreeRate(), ImportDuration: 10 * time.Second}
		synctest.Test(t, func(t *testing.T) {
			t.Logf("requests take %v, a job %v", latency, free.ImportDuration)
			d := newPacedTenant(t, free, auth0.Options{}, latency, 1000)
			d.most("1,000 new", 12, func() { d.run() })
			if n := len(d.server.Users()); n != 1000 {
				t.Errorf("the tenant has %d users", n)
			}
			time.Sleep(time.Second) // who begins cannot know what others used up
			d.most("1,000 made a moment ago, nothing to do", 16, d.empty)
			time.Sleep(time.Hour)
			d.most("1,000, nothing to do", 16, d.empty)
		})
		synctest.Test(t, func(t *testing.T) {
			d := newPacedTenant(t, free, auth0.Options{}, latency, 5)
			d.server.AddUsers(strangers(9995)...)
			d.run()
			time.Sleep(time.Hour)
			d.most("5 of 10,000, nothing to do", 8, d.empty)
		})
	}
}

// TestAuth0Pace: where all that one could ask of a limit is asked for, no request is
// refused either.
func TestAuth0Pace(t *testing.T) {
	for name, rate := range map[string]emulator.Rate{"Free": emulator.FreeRate(), "Essentials": emulator.EssentialsRate()} {
		synctest.Test(t, func(t *testing.T) {
			d := newPacedTenant(t, emulator.Options{Rate: rate}, auth0.Options{ImportLeast: 1000}, 80*time.Millisecond, 200)
			m := d.measure(func() { d.run() })
			t.Logf("%s, 200 new one by one: %d requests, %.1f s", name, m.requests, m.took.Seconds())
			d.unrefused(name)
			if n := len(d.server.Users()); n != 200 {
				t.Errorf("%s: the tenant has %d users", name, n)
			}
		})
	}
}

// TestAuth0Imports shows from how many new users on a job is quicker on the Free
// plan, in seconds of the virtual clock, and holds what was decided by it: 20 users
// are imported, fewer are made one by one. How long Auth0 takes for a job, it does not
// say.
func TestAuth0Imports(t *testing.T) {
	const latency = 80 * time.Millisecond
	jobs := []time.Duration{1 * time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 20 * time.Second}
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "\nFree plan, apply of new users, seconds (requests + looks at jobs)\nusers\tone by one")
	for _, d := range jobs {
		fmt.Fprintf(w, "\tby a job of %v", d)
	}
	// apply measures an apply of n new users.
	apply := func(n, least int, job time.Duration) (m measured) {
		synctest.Test(t, func(t *testing.T) {
			d := newPacedTenant(t, emulator.Options{Rate: emulator.FreeRate(), ImportDuration: job}, auth0.Options{ImportLeast: least}, latency, n)
			m = d.measure(func() { d.run() })
			fmt.Fprintf(w, "\t%.1f (%d + %d)", m.took.Seconds(), m.requests, m.looks)
			d.unrefused(fmt.Sprint(n, " new"))
		})
		return m
	}
	for _, n := range []int{5, 10, 20, 50} {
		fmt.Fprintf(w, "\n%d", n)
		single := apply(n, n+1, 0)
		for _, job := range jobs {
			by := apply(n, 1, job)
			if job == 5*time.Second && (by.took < single.took) != (n >= 20) && n != 10 { // at ten it is about the same
				t.Errorf("%d users: %v one by one, and %v by a job of %v", n, single.took, by.took, job)
			}
		}
	}
	_ = w.Flush()
	t.Log(table.String())
	w = tabwriter.NewWriter(io.Discard, 0, 0, 2, ' ', 0)
	for n, want := range map[int]string{19: "19 POST users", 20: "1 POST jobs/users-imports"} {
		if m := apply(n, 0, time.Second); !strings.Contains(m.routes+"\n", " "+want+"\n") {
			t.Errorf("%d new users, and not %s:%s", n, want, m.routes)
		}
	}
}
