package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	emulator "github.com/idpctl/idpctl/emulator/entra"
)

// emulatedEntra measures this test binary with tenants of Entra ID.
func emulatedEntra(t *testing.T) *entra {
	t.Helper()
	e, err := newEntra(&bench{dir: t.TempDir(), say: t.Logf}, self(t))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func emptyTenant(t *testing.T, quota emulator.Throttle) *tenant {
	t.Helper()
	in, err := emulatedEntra(t).tenant(quota)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(in.close)
	return in
}

// The whole of it, with fewer users: both sides do the same work, and all of it
// is counted.
func TestEntraIsMeasured(t *testing.T) {
	e, ctx := emulatedEntra(t), t.Context()
	quota := emulator.Throttle{On: true, Writes: 5, WriteWindow: time.Second}
	if err := errors.Join(e.lifecycle(ctx, 25, 2, target{}, target{}), e.directory(ctx, 30, 3, 2, target{}),
		e.throttled(ctx, 6, "throttled", quota, target{unhurried: true})); err != nil {
		t.Fatal(err)
	}
	raw := map[string]int{
		"25: apply, all new":           2 + 2, // application and service principal, two batches
		"25: plan, nothing to do":      1 + 1, // a batch, a page
		"3 of 30: plan, nothing to do": 1 + 1,
		"6: throttled":                 0,
	}
	for _, r := range e.results {
		name := r.users + ": " + r.work
		want, known := raw[name]
		if !known || r.server != "Entra ID" {
			t.Errorf("%s: %s was measured", r.server, name)
		}
		delete(raw, name)
		for _, f := range r.idpctl {
			if f.seconds <= 0 || f.cpu <= 0 || f.memory <= 0 || f.requests <= 0 || f.signIns <= 0 {
				t.Errorf("%s: idpctl took %+v", name, f)
			}
			if throttled := f.refused > 0; throttled != (r.work == "throttled") {
				t.Errorf("%s: %d requests were refused", name, f.refused)
			}
		}
		for _, f := range r.raw {
			if f.requests != want || f.signIns != 1 || f.seconds <= 0 {
				t.Errorf("%s: raw calls took %+v, want %d requests and a token", name, f, want)
			}
		}
		if (len(r.raw) > 0) != (want > 0) {
			t.Errorf("%s: %d turns of raw calls", name, len(r.raw))
		}
	}
	if len(raw) > 0 {
		t.Errorf("not measured: %v", raw)
	}
}

// Requests of Graph, token and discovery, 429s and those who do not wait are
// told apart, and a side begins at zero.
func TestTenantCounts(t *testing.T) {
	in := emptyTenant(t, emulator.Throttle{On: true, Units: 2})
	impatient := in.raw(func(ctx context.Context, s *entraSession) error {
		if err := s.call(ctx, "GET", "/"+emulator.DefaultTenantID+"/v2.0/.well-known/openid-configuration", nil, nil); err != nil {
			return err
		}
		for range 2 {
			if err := s.call(ctx, "GET", "/v1.0/groups", nil, nil); err != nil {
				return err
			}
		}
		// What comes soon after the first 429 may have been under way.
		for in.count().early == 0 {
			if err := s.call(ctx, "GET", "/v1.0/groups", nil, nil); err == nil || !strings.Contains(err.Error(), "429") {
				return err
			}
		}
		return nil
	})
	got, err := count(t.Context(), impatient)
	if err != nil {
		t.Fatal(err)
	}
	if got.early != 1 || got.refused < 2 || got.requests != got.refused+2 || got.signIns != 2 {
		t.Errorf("counted %+v", got.sent)
	}
	if want := "POST /{tenant}/oauth2/v2.0/token"; !strings.Contains(in.routes("  "), "\n      1 "+want) {
		t.Errorf("routes without %s:\n%s", want, in.routes("  "))
	}
	got, err = count(t.Context(), in.raw(func(context.Context, *entraSession) error { return nil }))
	if err != nil || got.sent != (sent{}) {
		t.Errorf("nothing was sent, and counted %+v, %v", got.sent, err)
	}
}

// Graph takes its time for each request. That is the least of it, so it does not
// depend on the machine.
func TestGraphIsSlow(t *testing.T) {
	const requests = 25
	f, err := count(t.Context(), emptyTenant(t, emulator.Throttle{}).raw(func(ctx context.Context, s *entraSession) error {
		for range requests {
			if err := s.call(ctx, "GET", "/v1.0/groups", nil, nil); err != nil {
				return err
			}
		}
		return nil
	}))
	if err != nil || f.seconds < requests*graphDelay {
		t.Errorf("%d requests took %v, %v", f.requests, f.seconds, err)
	}
}

// What does not do its work is an error, not a good figure.
func TestEntraWorkThatWasNotDone(t *testing.T) {
	in, ctx := emptyTenant(t, emulator.Throttle{}), t.Context()
	s := in.session()
	if err := s.create(ctx, emails(0, 3)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(in.has(3), s.list(ctx, 3)); err != nil {
		t.Error(err)
	}
	if in.has(4) == nil || s.list(ctx, 4) == nil {
		t.Error("a user who is missing is no error")
	}
	if err := s.create(ctx, emails(2, 4)); err == nil || !strings.Contains(err.Error(), "status 400, not 201") {
		t.Errorf("a user made twice: %v", err)
	}
	if err := s.lookUp(ctx, []string{emulator.DefaultTenantID}); err == nil {
		t.Error("a user who is not there was found")
	}
}
