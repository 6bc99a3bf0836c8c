package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"time"

	emulator "github.com/idpctl/idpctl/emulator/entra"
)

// graphDelay is how long each request to Graph takes beside its work.
const graphDelay = 2 * time.Millisecond

// entraTurns is how often each is done with Entra ID, apart from what waits.
const entraTurns = 5

// smallTenant is the quota of a tenant of the smallest size (S), whole: 3,500
// resource units in 10 s, 3,000 writes in 150 s.
func smallTenant() emulator.Throttle { return emulator.Throttle{On: true, Decimal: true} }

// smallTenantTenth is the same with windows of a tenth: as much each second, but
// only a tenth of it at once. A thousand users do not use up the whole quota,
// and who does waits for two minutes and a half.
func smallTenantTenth() emulator.Throttle {
	return emulator.Throttle{On: true, Decimal: true, Units: 350, UnitWindow: time.Second, Writes: 300, WriteWindow: 15 * time.Second}
}

// throttledUsers need three windows of smallTenantTenth, which is half a minute.
const throttledUsers = 800

// entra measures with emulated tenants of Entra ID.
type entra struct {
	*bench
	*loopback
	idpctl command // without what says which tenant
}

// entra measures what is asked of Entra ID.
func (b *bench) entra(ctx context.Context, bin string, quick bool) error {
	e, err := newEntra(b, command{bin: bin, env: os.Environ()})
	if err != nil {
		return err
	}
	return e.measure(ctx, quick)
}

func newEntra(b *bench, idpctl command) (*entra, error) {
	lo, err := newLoopback(b.dir)
	return &entra{bench: b, loopback: lo, idpctl: idpctl}, err
}

func (e *entra) result(users, work string, t target) *result {
	return e.bench.result("Entra ID", users, work, t)
}

func (e *entra) measure(ctx context.Context, quick bool) error {
	if err := e.lifecycle(ctx, 100, entraTurns, target{}, target{}); err != nil || quick {
		return err
	}
	if err := e.lifecycle(ctx, 1000, entraTurns, target{requests: 65}, target{requests: 8}); err != nil {
		return err
	}
	if err := e.directory(ctx, 10000, 5, entraTurns, target{requests: 6}); err != nil {
		return err
	}
	if err := e.throttled(ctx, 1000, "apply, all new, quota S", smallTenant(), target{unhurried: true}); err != nil {
		return err
	}
	return e.throttled(ctx, throttledUsers, "apply, all new, quota S, windows a tenth", smallTenantTenth(), target{unhurried: true, refused: 1})
}

// lifecycle measures users who are all new, each turn in tenants of its own,
// then a plan with nothing to do.
func (e *entra) lifecycle(ctx context.Context, n, turns int, applying, planning target) error {
	users := fmt.Sprint(n)
	created, planned := e.result(users, "apply, all new", applying), e.result(users, "plan, nothing to do", planning)
	for turn := range turns {
		e.say("Entra ID, %d users, turn %d of %d", n, turn+1, turns)
		if err := e.life(ctx, created, planned, turn, n); err != nil {
			return err
		}
	}
	return nil
}

func (e *entra) life(ctx context.Context, created, planned *result, turn, n int) error {
	ours, err := e.tenant(emulator.Throttle{})
	if err != nil {
		return err
	}
	defer ours.close()
	theirs, err := e.tenant(emulator.Throttle{})
	if err != nil {
		return err
	}
	defer theirs.close()
	dir, err := e.folder(tenantConfig, n)
	if err != nil {
		return err
	}
	emails := emails(0, n)
	if err := e.turn(ctx, created, turn, nil, ours.idpctl(dir, "apply", "-auto-approve"),
		theirs.raw(func(ctx context.Context, s *entraSession) error { return s.create(ctx, emails) })); err != nil {
		return err
	}
	if err := errors.Join(ours.has(n), theirs.has(n)); err != nil {
		return err
	}
	return e.turn(ctx, planned, turn, nil, ours.idpctl(dir, "plan", "-detailed-exitcode"),
		theirs.raw(func(ctx context.Context, s *entraSession) error { return s.list(ctx, n) }))
}

// directory measures plans for a few users in a tenant that has n.
func (e *entra) directory(ctx context.Context, n, few, turns int, planning target) error {
	t, err := e.tenant(emulator.Throttle{})
	if err != nil {
		return err
	}
	defer t.close()
	others := make([]map[string]any, 0, n-few)
	for _, email := range emails(few, n) {
		others = append(others, map[string]any{"userPrincipalName": email, "mail": email, "givenName": "First", "surname": "Last", "displayName": "First Last"})
	}
	t.server.AddUsers(others...)
	dir, err := e.folder(tenantConfig, few)
	if err != nil {
		return err
	}
	if _, err := t.idpctl(dir, "apply", "-auto-approve").run(ctx); err != nil {
		return err
	}
	var ids []string
	for _, u := range t.server.Users()[:few] { // by name, so the few come first
		ids = append(ids, u.ID)
	}
	some := e.result(fmt.Sprintf("%d of %d", few, n), "plan, nothing to do", planning)
	for turn := range turns {
		e.say("Entra ID, %d of %d users, turn %d of %d", few, n, turn+1, turns)
		if err := e.turn(ctx, some, turn, nil, t.idpctl(dir, "plan", "-detailed-exitcode"),
			t.raw(func(ctx context.Context, s *entraSession) error { return s.lookUp(ctx, ids) })); err != nil {
			return err
		}
	}
	return t.has(n)
}

// throttled measures idpctl alone where there is a quota: raw calls that wait
// would measure the quota.
func (e *entra) throttled(ctx context.Context, n int, work string, quota emulator.Throttle, t target) error {
	e.say("Entra ID, %d users, %s", n, work)
	in, err := e.tenant(quota)
	if err != nil {
		return err
	}
	defer in.close()
	dir, err := e.folder(tenantConfig, n)
	if err != nil {
		return err
	}
	if err := e.alone(ctx, e.result(fmt.Sprint(n), work, t), in.idpctl(dir, "apply", "-auto-approve")); err != nil {
		return err
	}
	return in.has(n)
}

// tenantConfig manages users and a client in a tenant that is there.
const tenantConfig = `provider "entra" {}

data "tenant" "bench" {
  domain = "example.com"
}

client "influxctl" {
  tenant = data.tenant.bench
}

user "all" {
  for_each   = toset(local.emails)
  tenant     = data.tenant.bench
  email      = each.value
  first_name = "First"
  last_name  = "Last"
}
`

// tenant is an emulated tenant of Entra ID. It counts its requests itself.
type tenant struct {
	*entra
	url    string
	server *emulator.Server
	web    *http.Server
	// before is how many 429s there had been when the counts were reset.
	before int
}

// tenant starts a tenant that has nothing in it.
func (e *entra) tenant(quota emulator.Throttle) (*tenant, error) {
	t := &tenant{entra: e, server: emulator.New(emulator.Options{VerifiedDomains: []string{"example.com"}, Throttle: quota, Key: e.key})}
	var err error
	t.url, t.web, err = e.serve(regexp.MustCompile(`^/v1\.0/`), graphDelay, func(string) http.Handler { return t.server })
	return t, err
}

func (t *tenant) close() { _ = t.web.Close() }

// idpctl and raw are the sides.
func (t *tenant) idpctl(dir string, args ...string) side {
	c := t.entra.idpctl
	c.env = childEnv(c.env, "AZURE_TENANT_ID="+emulator.DefaultTenantID, "AZURE_CLIENT_ID="+emulator.DefaultClientID,
		"AZURE_CLIENT_SECRET="+emulator.DefaultClientSecret, "ENTRA_AUTHORITY_ENDPOINT="+t.url, "ENTRA_GRAPH_ENDPOINT="+t.url, "ENTRA_CA_FILE="+t.ca)
	return side{t, c.with(dir, 0, args...)}
}

func (t *tenant) raw(do func(context.Context, *entraSession) error) side {
	return side{t, timed(func(ctx context.Context) error { return do(ctx, t.session()) })}
}

func (t *tenant) reset() {
	t.server.ResetRequests()
	t.before = t.server.Throttled()
}

// count tells requests of Graph, a batch being one, from those of the login
// service, whose routes begin with a slash.
func (t *tenant) count() sent {
	s := sent{refused: t.server.Throttled() - t.before, early: len(t.server.Violations())}
	for route, n := range t.server.Requests() {
		if strings.Contains(route, " /") {
			s.signIns += n
		} else {
			s.requests += n
		}
	}
	return s
}

func (t *tenant) routes(indent string) string { return routeLines(t.server.Requests(), indent) }

// has is an error if the tenant has not n users.
func (t *tenant) has(n int) error {
	if got := len(t.server.Users()); got != n {
		return fmt.Errorf("the tenant has %d users, not %d", got, n)
	}
	return nil
}
