package main

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	emulator "github.com/idpctl/idpctl/emulator/keycloak"
	"github.com/idpctl/idpctl/internal/cli"
	"github.com/idpctl/idpctl/providers"
	auth0provider "github.com/idpctl/idpctl/providers/auth0"
	entraprovider "github.com/idpctl/idpctl/providers/entra"
	keycloakprovider "github.com/idpctl/idpctl/providers/keycloak"
)

// asIdpctl in the environment makes this test binary idpctl.
const asIdpctl = "BENCH_TEST_AS_IDPCTL"

func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == measureCommand {
		os.Exit(measureChild(os.Args[2:], os.Stdout))
	}
	if os.Getenv(asIdpctl) != "" {
		os.Exit(cli.Main(context.Background(), os.Args[1:], &cli.Env{
			Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Environ: os.Environ(),
			Providers: []providers.Provider{keycloakprovider.New(), entraprovider.New(), auth0provider.New()}, Version: "test", Exit: os.Exit,
		}))
	}
	os.Exit(m.Run())
}

// emulated is a bench with an emulated Keycloak behind its proxy.
func emulated(t *testing.T) *keycloak {
	t.Helper()
	server := httptest.NewServer(emulator.New(emulator.Options{}))
	t.Cleanup(server.Close)
	p, err := startProxy(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	b := &bench{dir: t.TempDir(), say: t.Logf}
	return newKeycloak(b, p, self(t), "admin", "admin")
}

// self is this test binary as idpctl.
func self(t *testing.T) command {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return command{bin: exe, env: append(os.Environ(), asIdpctl+"=1")}
}

// The whole of it, with fewer users: both sides do the same work, all of it
// is counted, and nothing is left behind.
func TestEverythingIsMeasured(t *testing.T) {
	b, ctx := emulated(t), t.Context()
	if err := b.lifecycle(ctx, 12, 2, target{}, target{}); err != nil {
		t.Fatal(err)
	}
	if err := b.directory(ctx, 30, 3); err != nil {
		t.Fatal(err)
	}
	requests := map[string]int{}
	for _, r := range b.results {
		name := r.users + ": " + r.work
		for i, f := range r.idpctl {
			if f.seconds <= 0 || f.cpu <= 0 || f.memory <= 0 || f.requests <= 0 {
				t.Errorf("%s: idpctl took %+v", name, f)
			}
			if len(r.raw) > 0 && r.raw[i].seconds <= 0 {
				t.Errorf("%s: raw calls took %+v", name, r.raw[i])
			}
		}
		if len(r.raw) > 0 {
			requests[name] = r.raw[0].requests
		}
	}
	for name, want := range map[string]int{
		"12: apply, all new":           1 + 2 + 12 + 1, // token, realm and client, users, reading back
		"12: plan, nothing to do":      1 + 1,
		"12: plan, cold cache":         1 + 1,
		"12: destroy":                  1 + 1,
		"30: plan, nothing to do":      1 + 1,
		"3 of 30: plan, nothing to do": 1 + 1,
	} {
		if requests[name] != want {
			t.Errorf("%s: %d raw requests, want %d", name, requests[name], want)
		}
	}
	if err := b.cleanUp(ctx); err != nil {
		t.Fatal(err)
	}
	for _, realm := range b.realms {
		if err := b.raw.session().lookUp(ctx, realm, []string{"x"}); !errors.Is(err, errAbsent) {
			t.Errorf("realm %s is still there: %v", realm, err)
		}
	}
	if len(b.realms) != 5 {
		t.Errorf("%d realms, want one for each side and turn, and the large one", len(b.realms))
	}
}

// What does not do its work is an error, not a good figure.
func TestWorkThatWasNotDone(t *testing.T) {
	b, ctx := emulated(t), t.Context()
	s := b.raw.session()
	if err := s.create(ctx, "here", emails(0, 3)); err != nil {
		t.Fatal(err)
	}
	if err := s.list(ctx, "here", 4, false); err == nil {
		t.Error("a list that lacks a user is no error")
	}
	if err := s.create(ctx, "here", nil); err == nil || !strings.Contains(err.Error(), "409") {
		t.Errorf("a realm made twice: %v", err)
	}
	if _, err := b.idpctl.run(ctx, b.dir, 0, "plan"); err == nil || !strings.Contains(err.Error(), "exit code 1") {
		t.Errorf("a plan of nothing: %v", err)
	}
}

func TestTable(t *testing.T) {
	f := func(ms, requests int, mib int64) figures {
		return figures{seconds: time.Duration(ms) * time.Millisecond, cpu: time.Millisecond, memory: mib << 20, sent: sent{requests: requests}}
	}
	quota := func(refused, early int) figures {
		q := f(1000, 4, 50)
		q.signIns, q.refused, q.early = 3, refused, early
		return q
	}
	looked := func(f figures, looks int) figures {
		f.looks = looks
		return f
	}
	results := []*result{
		{work: "version", target: target{seconds: 20 * time.Millisecond, memory: 40 << 20}, idpctl: []figures{f(25, 0, 30), f(10, 0, 41), f(21, 0, 41)}},
		{server: "Keycloak", users: "100", work: "apply", target: target{ratio: 1.5, requests: 110}, // slow turns are slow on both sides
			idpctl: []figures{f(1000, 110, 50), f(3000, 110, 50), f(1200, 111, 50)}, raw: []figures{f(1000, 100, 0), f(2000, 100, 0), f(400, 100, 0)}},
		{users: "100", work: "not reached"},
		{server: "Entra ID", users: "9", work: "apply", target: target{unhurried: true, refused: 3}, // turns add up
			idpctl: []figures{quota(1, 0), quota(2, 0), quota(0, 0)}, raw: []figures{f(500, 2, 0), f(500, 2, 0), f(500, 2, 0)}},
		{server: "Entra ID", users: "9", work: "apply", target: target{unhurried: true, refused: 1}, idpctl: []figures{quota(0, 1), quota(0, 0), quota(0, 0)}},
		{server: "Entra ID", users: "9", work: "apply", target: target{unhurried: true}, idpctl: []figures{quota(0, 0)}},
		{server: "Auth0", users: "9", work: "apply", target: target{unrefused: true}, idpctl: []figures{looked(quota(0, 0), 3)}, raw: []figures{looked(f(500, 4, 0), 5)}},
		{server: "Auth0", users: "9", work: "plan", target: target{unrefused: true}, idpctl: []figures{quota(1, 0), quota(0, 0), quota(0, 0)}},
	}
	var out strings.Builder
	if missed := writeTable(&out, results); missed != 5 {
		t.Errorf("%d missed, want the seconds and the memory of version, both figures of a quota, and the 429 of a plan", missed)
	}
	got := strings.Split(out.String(), "\n")
	for i := range got {
		got[i] = strings.Join(strings.Fields(got[i]), " ")
	}
	want := []string{
		"server users work figure idpctl raw ratio target",
		"version seconds 0.021 ≤ 0.020 MISSED",
		"CPU seconds 0.001",
		"peak memory 41.0 MiB ≤ 40.0 MiB MISSED",
		"Keycloak 100 apply seconds 1.200 1.000 1.50 ≤ 1.5 × raw met",
		"CPU seconds 0.001",
		"requests 110 100 1.10 ≤ 110 met",
		"peak memory 50.0 MiB",
		"Entra ID 9 apply seconds 1.000 0.500 2.00",
		"CPU seconds 0.001",
		"requests 4 2 2.00",
		"token, discovery 3 0",
		"refused with 429 3 ≥ 3 met",
		"before Retry-After 0 0 met",
		"peak memory 50.0 MiB",
		"Entra ID 9 apply seconds 1.000",
		"CPU seconds 0.001",
		"requests 4",
		"token, discovery 3",
		"refused with 429 0 ≥ 1 MISSED",
		"before Retry-After 1 0 MISSED",
		"peak memory 50.0 MiB",
		"Entra ID 9 apply seconds 1.000",
		"CPU seconds 0.001",
		"requests 4",
		"token, discovery 3",
		"refused with 429 0",
		"before Retry-After 0 0 met",
		"peak memory 50.0 MiB",
		"Auth0 9 apply seconds 1.000 0.500 2.00",
		"CPU seconds 0.001",
		"requests 4 4 1.00",
		"token, discovery 3 0",
		"looks at jobs 3 5",
		"refused with 429 0 0 met",
		"before Retry-After 0 0 met",
		"peak memory 50.0 MiB",
		"Auth0 9 plan seconds 1.000",
		"CPU seconds 0.001",
		"requests 4",
		"token, discovery 3",
		"refused with 429 1 0 MISSED",
		"before Retry-After 0 0 met",
		"peak memory 50.0 MiB",
	}
	if fmt.Sprint(got[:len(want)]) != fmt.Sprint(want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestMedian(t *testing.T) {
	for _, tt := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{5, 1, 2}, 2}, {[]float64{4, 1, 2, 10}, 3}} {
		if got := median(tt.values); got != tt.want {
			t.Errorf("median of %v is %v, want %v", tt.values, got, tt.want)
		}
	}
}

func TestProxyCountsByRoute(t *testing.T) {
	b, ctx := emulated(t), t.Context()
	f, err := count(ctx, b.theirs(func(ctx context.Context, s *keycloakSession) error {
		for _, id := range []string{"11111111-2222-3333-4444-555555555555", "11111111-2222-3333-4444-666666666666"} {
			if err := s.call(ctx, "GET", "/admin/realms/master/users/"+id, nil, nil); err == nil {
				t.Error("there is no such user")
			}
		}
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := "    2 GET /admin/realms/master/users/{id}\n    1 POST /realms/master/protocol/openid-connect/token"
	if got := b.proxy.routes(""); got != want || f.requests != 3 {
		t.Errorf("%d requests:\n%s\nwant 3:\n%s", f.requests, got, want)
	}
}

func TestChildEnvironment(t *testing.T) {
	got := childEnv([]string{"PATH=/bin", "KEYCLOAK_URL=x", "IDPCTL_LOG=debug", "https_proxy=y", "AZURE_TENANT_ID=z", "AUTH0_DOMAIN=d", "SSL_CERT_FILE=f"}, "A=u", "B=n")
	if want := "[PATH=/bin A=u B=n]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

func TestRunSaysWhatIsMissing(t *testing.T) {
	for name, tt := range map[string]struct {
		env, want string
		args      []string
	}{
		"no server":   {"", envURL, nil},
		"no idpctl":   {"http://127.0.0.1:1", "build it first", []string{"-idpctl", "absent"}},
		"arguments":   {"", "only flags", []string{"x"}},
		"no provider": {"", `no "okta"`, []string{"-only", "okta"}},
		// Entra ID and Auth0 need no server of which variables tell.
		"no idpctl, Entra ID": {"", "build it first", []string{"-idpctl", "absent", "-only", "entra"}},
		"no idpctl, Auth0":    {"", "build it first", []string{"-idpctl", "absent", "-only", "auth0"}},
	} {
		t.Setenv(envURL, tt.env)
		t.Setenv(envUser, "admin")
		if _, _, err := run(t.Context(), tt.args); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
