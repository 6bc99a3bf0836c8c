package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// keycloak measures with a real Keycloak behind a proxy.
type keycloak struct {
	*bench
	proxy  *proxy
	raw    *rawKeycloak
	idpctl command

	realms []string // made by idpctl or raw calls, and to be removed
}

func (k *keycloak) result(users, work string, t target) *result {
	return k.bench.result("Keycloak", users, work, t)
}

// ours and theirs are the sides.
func (k *keycloak) ours(dir string, args ...string) side {
	return side{k.proxy, k.idpctl.with(dir, 0, args...)}
}

func (k *keycloak) theirs(do func(context.Context, *keycloakSession) error) side {
	return side{k.proxy, timed(func(ctx context.Context) error { return do(ctx, k.raw.session()) })}
}

// How often each is done. An apply begins with making a realm, which takes the
// server anything from 0.1 to 0.6 s: with few turns that is what is compared.
const (
	applyTurns     = 31
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
func (k *keycloak) plans(ctx context.Context, users string, t target, turns int, dir, realm, theirs string, n int) error {
	for _, way := range readings() {
		asked := t
		if way.brief {
			asked.ratio = 0
		}
		r := k.result(users, way.work, asked)
		for turn := range turns {
			k.say("Keycloak, %s users, %s, turn %d of %d", users, way.work, turn+1, turns)
			fresh := func() error {
				if !way.cold {
					return nil
				}
				s := k.raw.session()
				return errors.Join(s.clearCache(ctx, realm), s.clearCache(ctx, theirs))
			}
			if err := k.turn(ctx, r, turn, fresh, k.ours(dir, "plan", "-detailed-exitcode"),
				k.theirs(func(ctx context.Context, s *keycloakSession) error { return s.list(ctx, theirs, n, way.brief) })); err != nil {
				return err
			}
		}
	}
	return nil
}

// keycloak measures with the Keycloak at a URL, and removes what was made there.
func (b *bench) keycloak(ctx context.Context, bin, url, user, password string, quick bool) (err error) {
	p, err := startProxy(url)
	if err != nil {
		return err
	}
	defer p.close()
	k := newKeycloak(b, p, command{bin: bin, env: os.Environ()}, user, password)
	defer func() { err = errors.Join(err, k.cleanUp(context.WithoutCancel(ctx))) }()
	return k.measure(ctx, quick)
}

// newKeycloak is a Keycloak behind a proxy, with idpctl's environment
// completed by what finds it.
func newKeycloak(b *bench, p *proxy, idpctl command, user, password string) *keycloak {
	idpctl.env = childEnv(idpctl.env, "KEYCLOAK_URL="+p.url, "KEYCLOAK_USER="+user, "KEYCLOAK_PASSWORD="+password)
	return &keycloak{bench: b, proxy: p, raw: &rawKeycloak{url: p.url, user: user, password: password}, idpctl: idpctl}
}

func (k *keycloak) measure(ctx context.Context, quick bool) error {
	if err := k.lifecycle(ctx, 100, 5, target{}, target{}); err != nil || quick {
		return err
	}
	// Before the many realms of what follows: a server that has had more users than
	// it keeps in memory reads all of them anew, and the raw pages take six times as long.
	if err := k.directory(ctx, 10000, 5); err != nil {
		return err
	}
	return k.lifecycle(ctx, 1000, applyTurns, target{ratio: 1.3, requests: 1030}, target{ratio: 1.5, requests: 10})
}

// lifecycle measures users from nothing to nothing, each turn in realms of its
// own: apply, plan with nothing to do, destroy.
func (k *keycloak) lifecycle(ctx context.Context, n, turns int, applying, planning target) error {
	users := fmt.Sprint(n)
	created, destroyed := k.result(users, "apply, all new", applying), k.result(users, "destroy", target{})
	for turn := range turns {
		k.say("Keycloak, %d users, turn %d of %d", n, turn+1, turns)
		ours, theirs := k.realm(), k.realm()
		dir, err := k.folder(homeConfig(ours), n)
		if err != nil {
			return err
		}
		emails := emails(0, n)
		if err := k.turn(ctx, created, turn, nil, k.ours(dir, "apply", "-auto-approve"),
			k.theirs(func(ctx context.Context, s *keycloakSession) error { return s.create(ctx, theirs, emails) })); err != nil {
			return err
		}
		if turn == 0 {
			if err := k.plans(ctx, users, planning, planTurns, dir, ours, theirs, n); err != nil {
				return err
			}
		}
		if err := k.turn(ctx, destroyed, turn, nil, k.ours(dir, "destroy", "-auto-approve", "-allow-empty-admins"),
			k.theirs(func(ctx context.Context, s *keycloakSession) error { return s.remove(ctx, theirs) })); err != nil {
			return err
		}
	}
	return nil
}

// directory measures plans in a realm with n users: all of them managed, and
// a few.
func (k *keycloak) directory(ctx context.Context, n, few int) error {
	realm := k.realm()
	home, err := k.folder(homeConfig(realm), 0)
	if err != nil {
		return err
	}
	k.say("Keycloak, %d users: making them by partial import", n)
	if _, err := k.idpctl.run(ctx, home, 0, "apply", "-auto-approve"); err != nil {
		return err
	}
	if err := k.raw.session().importUsers(ctx, realm, emails(0, n)); err != nil {
		return err
	}
	if err := writeConfig(home, homeConfig(realm), n); err != nil {
		return err
	}
	adopted := k.result(fmt.Sprint(n), "apply, all adopted", target{})
	k.say("Keycloak, %d users: adopting them", n)
	if err := k.alone(ctx, adopted, k.ours(home, "apply", "-auto-approve", "-allow-adopt")); err != nil {
		return err
	}

	guest, err := k.folder(guestConfig(realm), few)
	if err != nil {
		return err
	}
	if _, err := k.idpctl.run(ctx, guest, 0, "apply", "-auto-approve", "-allow-adopt"); err != nil {
		return err
	}
	ids, err := k.raw.session().ids(ctx, realm, emails(0, few))
	if err != nil {
		return err
	}
	err = k.plans(ctx, fmt.Sprint(n), target{ratio: 1.5, requests: 20}, directoryTurns, home, realm, realm, n)
	if err != nil {
		return err
	}
	some := k.result(fmt.Sprintf("%d of %d", few, n), "plan, nothing to do", target{requests: 8})
	for turn := range directoryTurns {
		k.say("Keycloak, %d of %d users, turn %d of %d", few, n, turn+1, directoryTurns)
		if err := k.turn(ctx, some, turn, nil, k.ours(guest, "plan", "-detailed-exitcode"),
			k.theirs(func(ctx context.Context, s *keycloakSession) error { return s.lookUp(ctx, realm, ids) })); err != nil {
			return err
		}
	}
	return nil
}

// realm is the name of a realm that is nobody else's.
func (k *keycloak) realm() string {
	name := "idpctl-bench-" + strings.ToLower(rand.Text()[:12])
	k.realms = append(k.realms, name)
	return name
}

// cleanUp removes every realm that may still be there.
func (k *keycloak) cleanUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	s := k.raw.session()
	var errs []error
	for _, realm := range k.realms {
		if err := s.remove(ctx, realm); err != nil && !errors.Is(err, errAbsent) {
			errs = append(errs, fmt.Errorf("realm %s may be left behind: %w", realm, err))
		}
	}
	return errors.Join(errs...)
}

// homeConfig owns the realm; guestConfig only users in it.
func homeConfig(realm string) string {
	return fmt.Sprintf(`provider "keycloak" {}

realm "bench" {
  realm = %q
}

client "influxctl" {
  realm = realm.bench
}
`, realm) + realmUsers("realm.bench")
}

func guestConfig(realm string) string {
	return fmt.Sprintf(`provider "keycloak" {}

data "realm" "bench" {
  realm = %q
}
`, realm) + realmUsers("data.realm.bench")
}

func realmUsers(realm string) string {
	return fmt.Sprintf(`
user "all" {
  for_each   = toset(local.emails)
  realm      = %s
  email      = each.value
  first_name = "First"
  last_name  = "Last"
}
`, realm)
}
