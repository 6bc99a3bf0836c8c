package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// bench is one run of the program.
type bench struct {
	proxy   *proxy
	raw     *raw
	idpctl  command
	dir     string
	say     func(format string, a ...any)
	verbose bool

	realms  []string // made by idpctl or raw calls, and to be removed
	results []*result
}

// How often each is done: more often what takes less time.
const (
	versionTurns   = 15
	applyTurns     = 9
	planTurns      = 5
	directoryTurns = 5
)

// reading is a way in which a plan is measured: with the server's cache of
// users as it is or emptied before, and next to raw calls that read users with
// or without their attributes. idpctl does without them in these plans.
type reading struct {
	work        string
	cold, brief bool
}

func readings() []reading {
	return []reading{
		{"plan, nothing to do", false, false},
		{"plan, nothing to do, next to brief pages", false, true},
		{"plan, cold cache", true, false},
		{"plan, cold cache, next to brief pages", true, true},
	}
}

// plans measures a plan with nothing to do in all ways. realm is the one of
// idpctl's configuration in dir, theirs the one that raw calls read.
func (b *bench) plans(ctx context.Context, users string, t target, turns int, dir, realm, theirs string, n int) error {
	for _, way := range readings() {
		asked := t
		if way.brief {
			asked.ratio = 0
		}
		r := b.result(users, way.work, asked)
		for turn := range turns {
			b.say("%s users, %s, turn %d of %d", users, way.work, turn+1, turns)
			fresh := func() error {
				if !way.cold {
					return nil
				}
				s := b.raw.session()
				return errors.Join(s.clearCache(ctx, realm), s.clearCache(ctx, theirs))
			}
			if err := b.turn(ctx, r, turn, fresh, b.idpctl.with(dir, 0, "plan", "-detailed-exitcode"),
				func(ctx context.Context, s *session) error { return s.list(ctx, theirs, n, way.brief) }); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) measure(ctx context.Context, quick bool) error {
	if err := b.version(ctx); err != nil {
		return err
	}
	if err := b.lifecycle(ctx, 100, 5, target{}, target{}); err != nil || quick {
		return err
	}
	err := b.lifecycle(ctx, 1000, applyTurns, target{ratio: 1.3, requests: 1030}, target{ratio: 1.5, requests: 10})
	if err != nil {
		return err
	}
	return b.directory(ctx, 10000, 5)
}

func (b *bench) version(ctx context.Context) error {
	b.say("version")
	r := b.result("", "version", target{seconds: 20 * time.Millisecond, memory: 40 << 20})
	for range versionTurns {
		f, err := b.idpctl.run(ctx, b.dir, 0, "version")
		if err != nil {
			return err
		}
		r.idpctl = append(r.idpctl, f)
	}
	return nil
}

// lifecycle measures users from nothing to nothing, each turn in realms of its
// own: apply, plan with nothing to do, destroy.
func (b *bench) lifecycle(ctx context.Context, n, turns int, applying, planning target) error {
	users := fmt.Sprint(n)
	created, destroyed := b.result(users, "apply, all new", applying), b.result(users, "destroy", target{})
	for turn := range turns {
		b.say("%d users, turn %d of %d", n, turn+1, turns)
		ours, theirs := b.realm(), b.realm()
		dir, err := b.folder(ours, homeConfig, n)
		if err != nil {
			return err
		}
		emails := emails(0, n)
		if err := b.turn(ctx, created, turn, nil, b.idpctl.with(dir, 0, "apply", "-auto-approve"),
			func(ctx context.Context, s *session) error { return s.create(ctx, theirs, emails) }); err != nil {
			return err
		}
		if turn == 0 {
			if err := b.plans(ctx, users, planning, planTurns, dir, ours, theirs, n); err != nil {
				return err
			}
		}
		if err := b.turn(ctx, destroyed, turn, nil, b.idpctl.with(dir, 0, "destroy", "-auto-approve"),
			func(ctx context.Context, s *session) error { return s.remove(ctx, theirs) }); err != nil {
			return err
		}
	}
	return nil
}

// directory measures plans in a realm with n users: all of them managed, and
// a few.
func (b *bench) directory(ctx context.Context, n, few int) error {
	realm := b.realm()
	home, err := b.folder(realm, homeConfig, 0)
	if err != nil {
		return err
	}
	b.say("%d users: making them by partial import", n)
	if _, err := b.idpctl.run(ctx, home, 0, "apply", "-auto-approve"); err != nil {
		return err
	}
	if err := b.raw.session().importUsers(ctx, realm, emails(0, n)); err != nil {
		return err
	}
	if err := writeConfig(home, realm, homeConfig, n); err != nil {
		return err
	}
	adopted := b.result(fmt.Sprint(n), "apply, all adopted", target{})
	b.say("%d users: adopting them", n)
	f, err := b.count(func() (figures, error) {
		return b.idpctl.run(ctx, home, 0, "apply", "-auto-approve", "-allow-adopt")
	})
	if err != nil {
		return err
	}
	adopted.idpctl = append(adopted.idpctl, f)

	guest, err := b.folder(realm, guestConfig, few)
	if err != nil {
		return err
	}
	if _, err := b.idpctl.run(ctx, guest, 0, "apply", "-auto-approve", "-allow-adopt"); err != nil {
		return err
	}
	ids, err := b.raw.session().ids(ctx, realm, emails(0, few))
	if err != nil {
		return err
	}
	err = b.plans(ctx, fmt.Sprint(n), target{ratio: 1.5, requests: 20}, directoryTurns, home, realm, realm, n)
	if err != nil {
		return err
	}
	some := b.result(fmt.Sprintf("%d of %d", few, n), "plan, nothing to do", target{requests: 8})
	for turn := range directoryTurns {
		b.say("%d of %d users, turn %d of %d", few, n, turn+1, directoryTurns)
		if err := b.turn(ctx, some, turn, nil, b.idpctl.with(guest, 0, "plan", "-detailed-exitcode"),
			func(ctx context.Context, s *session) error { return s.lookUp(ctx, realm, ids) }); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) result(users, work string, t target) *result {
	r := &result{users: users, work: work, target: t}
	b.results = append(b.results, r)
	return r
}

// turn measures both sides once, each after fresh. Who goes first changes from
// turn to turn, as the second finds a server that is warm.
func (b *bench) turn(ctx context.Context, r *result, turn int, fresh func() error, idpctl func(context.Context) (figures, error), raw func(context.Context, *session) error) error {
	sides := []func() error{
		func() error {
			f, err := b.count(func() (figures, error) { return idpctl(ctx) })
			r.idpctl = append(r.idpctl, f)
			b.tell("idpctl", r, f)
			return err
		},
		func() error {
			f, err := b.count(func() (figures, error) {
				s, start := b.raw.session(), time.Now()
				err := raw(ctx, s)
				return figures{seconds: time.Since(start)}, err
			})
			r.raw = append(r.raw, f)
			b.tell("raw", r, f)
			return err
		},
	}
	if turn%2 == 1 {
		sides[0], sides[1] = sides[1], sides[0]
	}
	for _, side := range sides {
		if fresh != nil {
			if err := fresh(); err != nil {
				return err
			}
		}
		if err := side(); err != nil {
			return err
		}
	}
	return nil
}

// count adds the requests that went through the proxy meanwhile.
func (b *bench) count(do func() (figures, error)) (figures, error) {
	b.proxy.reset()
	f, err := do()
	f.requests = b.proxy.count()
	return f, err
}

func (b *bench) tell(side string, r *result, f figures) {
	if b.verbose {
		b.say("  %-6s %s, %s: %.3f s (CPU %.3f), %d requests, %s\n%s", side, r.users, r.work, f.seconds.Seconds(), f.cpu.Seconds(), f.requests, mebibytes(f.memory), b.proxy.routes("    "))
	}
}

// realm is the name of a realm that is nobody else's.
func (b *bench) realm() string {
	name := "idpctl-bench-" + strings.ToLower(rand.Text()[:12])
	b.realms = append(b.realms, name)
	return name
}

// cleanUp removes every realm that may still be there.
func (b *bench) cleanUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	s := b.raw.session()
	var errs []error
	for _, realm := range b.realms {
		if err := s.remove(ctx, realm); err != nil && !errors.Is(err, errAbsent) {
			errs = append(errs, fmt.Errorf("realm %s may be left behind: %w", realm, err))
		}
	}
	return errors.Join(errs...)
}

// folder makes a folder with a configuration of its own.
func (b *bench) folder(realm, config string, n int) (string, error) {
	dir, err := os.MkdirTemp(b.dir, "config-*")
	if err != nil {
		return "", err
	}
	return dir, writeConfig(dir, realm, config, n)
}

// homeConfig owns the realm; guestConfig only users in it.
const (
	homeConfig = `provider "keycloak" {}

realm "bench" {
  realm = local.realm
}

client "influxctl" {
  realm = realm.bench
}

user "all" {
  for_each   = toset(local.emails)
  realm      = realm.bench
  email      = each.value
  first_name = "First"
  last_name  = "Last"
}
`
	guestConfig = `provider "keycloak" {}

data "realm" "bench" {
  realm = local.realm
}

user "all" {
  for_each   = toset(local.emails)
  realm      = data.realm.bench
  email      = each.value
  first_name = "First"
  last_name  = "Last"
}
`
)

// writeConfig writes the configuration for the first n users.
func writeConfig(dir, realm, config string, n int) error {
	var locals strings.Builder
	fmt.Fprintf(&locals, "locals {\n  realm  = %q\n  emails = [\n", realm)
	for _, e := range emails(0, n) {
		fmt.Fprintf(&locals, "    %q,\n", e)
	}
	locals.WriteString("  ]\n}\n")
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "bench.idp.hcl"), []byte(config), 0o600),
		os.WriteFile(filepath.Join(dir, "users.idp.hcl"), []byte(locals.String()), 0o600))
}

// emails are those of the users from first to last, without last.
func emails(first, last int) []string {
	out := make([]string, 0, last-first)
	for i := first; i < last; i++ {
		out = append(out, fmt.Sprintf("user%05d@example.com", i))
	}
	return out
}
