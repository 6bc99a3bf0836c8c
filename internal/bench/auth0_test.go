package main

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	emulator "github.com/idpctl/idpctl/emulator/auth0"
)

// emulatedAuth0 measures this test binary with tenants of Auth0 that have a limit.
func emulatedAuth0(t *testing.T, rate emulator.Rate) *auth0 {
	t.Helper()
	a, err := newAuth0(&bench{dir: t.TempDir(), say: t.Logf}, self(t))
	if err != nil {
		t.Fatal(err)
	}
	a.rate, a.job = rate, 0
	return a
}

func emptyAuth0(t *testing.T, rate emulator.Rate) *auth0Tenant {
	t.Helper()
	in, err := emulatedAuth0(t, rate).tenant()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(in.close)
	return in
}

// The whole of it, with fewer users and without a limit: both sides do the same
// work, and all of it is counted.
func TestAuth0IsMeasured(t *testing.T) {
	a, ctx := emulatedAuth0(t, emulator.Rate{}), t.Context()
	asked := target{unrefused: true}
	if err := errors.Join(a.lifecycle(ctx, 25, 1, asked, asked), a.tenantOf(ctx, 30, 3, 2, asked)); err != nil {
		t.Fatal(err)
	}
	raw := map[string]sent{
		"25: apply, all new, Free plan":           {requests: 3 + 1, signIns: 1, looks: 1}, // the database, the client, enabled, a job
		"25: plan, nothing to do, Free plan":      {requests: 3 + 1, signIns: 1},           // settings, clients, databases, a page
		"3 of 30: plan, nothing to do, Free plan": {requests: 3 + 1, signIns: 1},
	}
	for _, r := range a.results {
		name := r.users + ": " + r.work
		want, known := raw[name]
		if !known || r.server != "Auth0" {
			t.Errorf("%s: %s was measured", r.server, name)
		}
		delete(raw, name)
		for _, f := range r.idpctl {
			if f.seconds <= 0 || f.cpu <= 0 || f.memory <= 0 || f.requests <= 0 || f.signIns <= 0 || (f.looks > 0) != (want.looks > 0) || f.refused > 0 {
				t.Errorf("%s: idpctl took %+v", name, f)
			}
		}
		for _, f := range r.raw {
			if f.sent != want || f.seconds <= 0 {
				t.Errorf("%s: raw calls took %+v, want %+v", name, f, want)
			}
		}
		if len(r.raw) == 0 || len(r.raw) != len(r.idpctl) {
			t.Errorf("%s: %d turns of raw calls, %d of idpctl", name, len(r.raw), len(r.idpctl))
		}
	}
	if len(raw) > 0 {
		t.Errorf("not measured: %v", raw)
	}
}

// What is measured is a tenant of the Free plan.
func TestAuth0HasTheFreePlan(t *testing.T) {
	a, err := newAuth0(&bench{dir: t.TempDir()}, command{})
	if err != nil {
		t.Fatal(err)
	}
	in, err := a.tenant()
	if err != nil {
		t.Fatal(err)
	}
	defer in.close()
	if o := in.server.Options(); o.Rate != emulator.FreeRate() || o.ImportDuration != importDuration {
		t.Errorf("the tenant has %+v", o)
	}
}

// Requests to the Management API, looks at jobs, tokens and 429s are told apart, and
// a side begins at zero.
func TestAuth0TenantCounts(t *testing.T) {
	in := emptyAuth0(t, emulator.Rate{Global: emulator.Bucket{Burst: 3, Refill: 1, Per: time.Hour}})
	got, err := count(t.Context(), in.raw(func(ctx context.Context, s *auth0Session) error {
		s.client.Transport = s.client.Transport.(*frugal).next
		get := func(path string) error { return s.call(ctx, http.MethodGet, "/api/v2/"+path, nil, nil) }
		if err := get("jobs/job_absent"); !errors.Is(err, errAbsent) {
			t.Errorf("a job that is not there: %v", err)
		}
		if err := errors.Join(get("clients"), get("connections/con_absent/clients?take=1")); !errors.Is(err, errAbsent) {
			t.Errorf("a connection that is not there: %v", err)
		}
		if err := get("clients"); err == nil || !strings.Contains(err.Error(), "429") {
			t.Errorf("one request too many: %v", err)
		}
		return nil
	}))
	if want := (sent{requests: 3, signIns: 1, looks: 1, refused: 1}); err != nil || got.sent != want {
		t.Errorf("counted %+v, want %+v, %v", got.sent, want, err)
	}
	if want := "POST /oauth/token"; !strings.Contains(in.routes("  "), "\n      1 "+want) {
		t.Errorf("routes without %s:\n%s", want, in.routes("  "))
	}
	got, err = count(t.Context(), in.raw(func(context.Context, *auth0Session) error { return nil }))
	if err != nil || got.sent != (sent{}) {
		t.Errorf("nothing was sent, and counted %+v, %v", got.sent, err)
	}
}

// Raw calls send as much as the Free plan allows, and no more.
func TestFrugal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newAuth0Session(emulator.DefaultDomain, nil)
		s.client.Transport.(*frugal).next = handlerTransport{emulator.New(emulator.Options{Rate: emulator.FreeRate()})}
		get := func(ctx context.Context) error { return s.call(ctx, http.MethodGet, "/api/v2/clients", nil, nil) }
		begin := time.Now()
		for range 6 { // two at once, then one each half a second
			if err := get(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(begin); took != 2*time.Second {
			t.Errorf("six requests took %v", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := get(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who is interrupted does not wait: %v", err)
		}
	})
}

// handlerTransport asks a handler without a network.
type handlerTransport struct{ http.Handler }

func (h handlerTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	w, r := httptest.NewRecorder(), req.Clone(req.Context())
	if r.TLS = (&tls.ConnectionState{}); r.Body == nil {
		r.Body = http.NoBody
	}
	h.ServeHTTP(w, r)
	return w.Result(), nil
}

// What does not do its work is an error, not a good figure.
func TestAuth0WorkThatWasNotDone(t *testing.T) {
	in, ctx := emptyAuth0(t, emulator.Rate{}), t.Context()
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
	if err := s.create(ctx, emails(2, 4)); err == nil || !strings.Contains(err.Error(), "made 1 of 2 users") {
		t.Errorf("a user made twice: %v", err)
	}
	if err := s.lookUp(ctx, []string{"auth0|absent"}); err == nil {
		t.Error("a user who is not there was found")
	}
}
