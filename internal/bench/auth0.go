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

	emulator "github.com/idpctl/idpctl/emulator/auth0"
)

// managementDelay is how long each request to the Management API takes beside its
// work, and importDuration a job that imports users.
const (
	managementDelay = 50 * time.Millisecond
	importDuration  = 5 * time.Second
)

// auth0Turns is how often each is done with Auth0: what takes time there is the
// limit, which does not vary.
const auth0Turns = 1

// auth0 measures with emulated tenants of Auth0.
type auth0 struct {
	*bench
	*loopback
	idpctl command // without what says which tenant
	rate   emulator.Rate
	job    time.Duration
}

// auth0 measures what is asked of Auth0.
func (b *bench) auth0(ctx context.Context, bin string, quick bool) error {
	a, err := newAuth0(b, command{bin: bin, env: os.Environ()})
	if err != nil {
		return err
	}
	return a.measure(ctx, quick)
}

func newAuth0(b *bench, idpctl command) (*auth0, error) {
	lo, err := newLoopback(b.dir)
	return &auth0{bench: b, loopback: lo, idpctl: idpctl, rate: emulator.FreeRate(), job: importDuration}, err
}

func (a *auth0) result(users, work string, t target) *result {
	return a.bench.result("Auth0", users, work+", Free plan", t)
}

func (a *auth0) measure(ctx context.Context, quick bool) error {
	unrefused := func(requests int) target { return target{requests: requests, unrefused: true} }
	if err := a.lifecycle(ctx, 100, auth0Turns, unrefused(0), unrefused(0)); err != nil || quick {
		return err
	}
	if err := a.lifecycle(ctx, 1000, auth0Turns, unrefused(12), unrefused(16)); err != nil {
		return err
	}
	return a.tenantOf(ctx, 10000, 5, auth0Turns, unrefused(8))
}

// lifecycle measures users who are all new, each turn in tenants of its own,
// then a plan with nothing to do.
func (a *auth0) lifecycle(ctx context.Context, n, turns int, applying, planning target) error {
	users := fmt.Sprint(n)
	created, planned := a.result(users, "apply, all new", applying), a.result(users, "plan, nothing to do", planning)
	for turn := range turns {
		a.say("Auth0, %d users, turn %d of %d", n, turn+1, turns)
		if err := a.life(ctx, created, planned, turn, n); err != nil {
			return err
		}
	}
	return nil
}

func (a *auth0) life(ctx context.Context, created, planned *result, turn, n int) error {
	ours, err := a.tenant()
	if err != nil {
		return err
	}
	defer ours.close()
	theirs, err := a.tenant()
	if err != nil {
		return err
	}
	defer theirs.close()
	dir, err := a.folder(ours.config(), n)
	if err != nil {
		return err
	}
	emails := emails(0, n)
	if err := a.turn(ctx, created, turn, nil, ours.idpctl(dir, "apply", "-auto-approve"),
		theirs.raw(func(ctx context.Context, s *auth0Session) error { return s.create(ctx, emails) })); err != nil {
		return err
	}
	if err := errors.Join(ours.has(n), theirs.has(n)); err != nil {
		return err
	}
	return a.turn(ctx, planned, turn, a.refilled(ctx), ours.idpctl(dir, "plan", "-detailed-exitcode"),
		theirs.raw(func(ctx context.Context, s *auth0Session) error { return s.list(ctx, n) }))
}

// refilled waits until a limit is as if nobody had asked for anything: who begins
// cannot know what others used up a moment ago.
func (a *auth0) refilled(ctx context.Context) func() error {
	if a.rate == (emulator.Rate{}) {
		return nil
	}
	return func() error { return pause(ctx, time.Second) }
}

// tenantOf measures plans for a few users in a tenant that has n.
func (a *auth0) tenantOf(ctx context.Context, n, few, turns int, planning target) error {
	t, err := a.tenant()
	if err != nil {
		return err
	}
	defer t.close()
	others := make([]map[string]any, 0, n-few)
	for _, email := range emails(few, n) {
		others = append(others, map[string]any{"email": email, "given_name": "First", "family_name": "Last"})
	}
	t.server.AddUsers(others...)
	dir, err := a.folder(t.config(), few)
	if err != nil {
		return err
	}
	if _, err := t.idpctl(dir, "apply", "-auto-approve").run(ctx); err != nil {
		return err
	}
	var ids []string
	for _, u := range t.server.Users()[:few] { // by e-mail, so the few come first
		ids = append(ids, u.ID)
	}
	some := a.result(fmt.Sprintf("%d of %d", few, n), "plan, nothing to do", planning)
	for turn := range turns {
		a.say("Auth0, %d of %d users, turn %d of %d", few, n, turn+1, turns)
		if err := a.turn(ctx, some, turn, a.refilled(ctx), t.idpctl(dir, "plan", "-detailed-exitcode"),
			t.raw(func(ctx context.Context, s *auth0Session) error { return s.lookUp(ctx, ids) })); err != nil {
			return err
		}
	}
	return t.has(n)
}

// auth0Tenant is an emulated tenant of Auth0. It counts its requests itself.
type auth0Tenant struct {
	*auth0
	domain string
	server *emulator.Server
	web    *http.Server
	// before is how many 429s there had been when the counts were reset.
	before int
}

// tenant starts a tenant that has no users in it.
func (a *auth0) tenant() (*auth0Tenant, error) {
	t := &auth0Tenant{auth0: a}
	var err error
	_, t.web, err = a.serve(regexp.MustCompile(`^/api/v2/`), managementDelay, func(host string) http.Handler {
		t.domain = host
		t.server = emulator.New(emulator.Options{Domain: host, Rate: a.rate, ImportDuration: a.job, Key: a.key})
		return t.server
	})
	return t, err
}

func (t *auth0Tenant) close() { _ = t.web.Close() }

// config manages users and a client in the tenant.
func (t *auth0Tenant) config() string {
	return fmt.Sprintf(`provider "auth0" {}

tenant "bench" {
  domain = %q
}

client "influxctl" {
  tenant = tenant.bench
}

user "all" {
  for_each   = toset(local.emails)
  tenant     = tenant.bench
  email      = each.value
  first_name = "First"
  last_name  = "Last"
}
`, t.domain)
}

// idpctl and raw are the sides.
func (t *auth0Tenant) idpctl(dir string, args ...string) side {
	c := t.auth0.idpctl
	c.env = childEnv(c.env, "AUTH0_DOMAIN="+t.domain, "AUTH0_CLIENT_ID="+emulator.DefaultClientID,
		"AUTH0_CLIENT_SECRET="+emulator.DefaultClientSecret, "AUTH0_CA_FILE="+t.ca)
	return side{t, c.with(dir, 0, args...)}
}

func (t *auth0Tenant) raw(do func(context.Context, *auth0Session) error) side {
	return side{t, timed(func(ctx context.Context) error { return do(ctx, t.session()) })}
}

func (t *auth0Tenant) reset() {
	t.server.ResetRequests()
	t.before = t.server.Throttled()
}

// count tells requests to the Management API from looks at jobs, and from what is
// asked of the Authentication API, whose routes begin with a slash.
func (t *auth0Tenant) count() sent {
	s := sent{refused: t.server.Throttled() - t.before, early: len(t.server.Violations())}
	for route, n := range t.server.Requests() {
		switch {
		case strings.Contains(route, " /"):
			s.signIns += n
		case route == "GET jobs/{id}":
			s.looks += n
		default:
			s.requests += n
		}
	}
	return s
}

func (t *auth0Tenant) routes(indent string) string { return routeLines(t.server.Requests(), indent) }

// has is an error if the tenant has not n users.
func (t *auth0Tenant) has(n int) error {
	if got := len(t.server.Users()); got != n {
		return fmt.Errorf("the tenant has %d users, not %d", got, n)
	}
	return nil
}
