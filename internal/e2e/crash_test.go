package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/pelletier/go-toml/v2"

	"github.com/idpctl/idpctl/emulator/fault"
	"github.com/idpctl/idpctl/plan"
)

// crash is what the process of one identity provider dies in: an apply that makes
// one of everything.
type crash struct {
	// emulate starts a server, whose reads lag if those of the real one do.
	emulate func() emulation
	// hcl is the configuration, with client.influxctl and the users admins.
	hcl    string
	admins []string
	// calls that change something at the server, at least; about says that it may
	// be a few more or less, as what a replica shows is luck.
	calls, about int
	// objects are all that is there in the end.
	objects []string
	// passwords are by the addresses of users: those that the configuration says,
	// and "" where one is delivered.
	passwords map[string]string
}

// moments are the points of a mutating request at which the process dies.
var moments = []string{"before", "done", "answered", "noted"}

// clusterFiles are the files of a cluster, each with all of its admins.
func clusterFiles() []string { return []string{"myinfluxdb.yml", "values.yaml"} }

// profileFile is the file of influxctl beside them.
const profileFile = "config.toml"

// cluster is the block of a cluster with an AppInstance, Helm values and a profile of
// influxctl.
func cluster(admins []string) string {
	return fmt.Sprintf(`
cluster "production" {
  client = client.influxctl
  admins = [%s]
%s}
`, strings.Join(admins, ", "), clusterTargets)
}

// newCrash is a bubble in which nothing has happened yet.
func newCrash(t *testing.T, s subject) (*bubble, emulation) {
	t.Helper()
	server := s.crash.emulate()
	b := newBubble(t, s, server, s.crash.hcl+cluster(s.crash.admins))
	for _, name := range clusterFiles() {
		if err := os.WriteFile(filepath.Join(b.dir, name), []byte(testdata(t, name)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return b, server
}

// profileIsThere demands one profile of influxctl that can be signed in with.
func profileIsThere(t testing.TB, dir string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, profileFile))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Profile []struct {
			Name, Host, Port string
			Auth             struct {
				OAuth2 struct {
					ClientID  string `toml:"client_id"`
					DeviceURL string `toml:"device_url"`
					TokenURL  string `toml:"token_url"`
				}
			}
		}
	}
	if err := toml.Unmarshal(raw, &file); err != nil || len(file.Profile) != 1 {
		t.Fatalf("%v in\n%s", err, raw)
	}
	p := file.Profile[0]
	if p.Name != "default" || p.Host != "cluster-host.com" || p.Port != "8086" || p.Auth.OAuth2.ClientID == "" || p.Auth.OAuth2.DeviceURL == "" || p.Auth.OAuth2.TokenURL == "" {
		t.Errorf("the profile is\n%s", raw)
	}
}

// dieAt kills the process at the nth request that changes something: before the
// server does anything, when it is done and nothing is answered, when it is
// answered and nothing noted, and when the journal has it.
func (b *bubble) dieAt(n int, moment string) {
	b.faults.Add(fault.Rule{Mutation: n, Do: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch moment {
			case "before":
				b.dead.Store(true)
				panic(http.ErrAbortHandler)
			case "done":
				next.ServeHTTP(httptest.NewRecorder(), r)
				b.dead.Store(true)
				panic(http.ErrAbortHandler)
			default:
				answer := httptest.NewRecorder()
				next.ServeHTTP(answer, r)
				if moment == "noted" {
					b.noting.Store(true)
				} else {
					b.dead.Store(true)
				}
				maps.Copy(w.Header(), answer.Header())
				w.WriteHeader(answer.Code)
				_, _ = w.Write(answer.Body.Bytes())
			}
		})
	}})
}

// converged demands that everything is there once, that nothing is left over or
// left to do, and that everybody has the password that was delivered last.
func (b *bubble) converged(t *testing.T, s subject, server emulation) {
	t.Helper()
	b.empty()
	tidy(t, b.dir)
	if got, want := server.objects(t), slices.Sorted(slices.Values(s.crash.objects)); !slices.Equal(got, want) {
		t.Errorf("there are\n  %s\nand not\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
	emails, owned := map[string]string{}, []string{}
	for _, o := range stateIn(t, b.dir).Objects {
		owned = append(owned, o.Address.String())
		if name, is := strings.CutPrefix(o.Address.String(), "user."); is {
			emails["user."+name] = name + "@example.com"
		}
	}
	slices.Sort(owned)
	if twice := slices.Compact(slices.Clone(owned)); len(twice) != len(owned) {
		t.Errorf("the state knows %v", owned)
	}
	for address, password := range s.crash.passwords {
		got := b.delivered[address]
		if password == "" && len(got) > 0 {
			password = got[len(got)-1]
		}
		if password == "" || !server.accepts(t, emails[address], password) {
			t.Errorf("%s: the latest of %d passwords delivered is not the one that is set", address, len(got))
		}
	}
	for address := range b.delivered {
		if want, ok := s.crash.passwords[address]; !ok || want != "" {
			t.Errorf("%s got a password", address)
		}
	}
	var want []string
	for _, address := range s.crash.admins {
		want = append(want, emails[address]+" "+server.id(t, emails[address]))
	}
	for _, name := range clusterFiles() {
		raw, err := os.ReadFile(filepath.Join(b.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		var listed []string
		for _, u := range sectionOf(t, string(raw)).Users {
			listed = append(listed, u.Email+" "+u.ID)
		}
		if !slices.Equal(listed, want) {
			t.Errorf("%s lists %v, not %v", name, listed, want)
		}
	}
	profileIsThere(t, b.dir)
}

// TestCrash kills the process at every point of every request that changes
// something, and applies once more. Nothing is there twice then, nothing is left
// over, and nothing is to be done by hand.
func TestCrash(t *testing.T) {
	forEachSubject(t, func(t *testing.T, s subject) {
		t.Parallel()
		n := 0
		synctest.Test(t, func(t *testing.T) {
			b, server := newCrash(t, s)
			b.must(plan.Normal)
			b.converged(t, s, server)
			n = b.faults.Mutations()
		})
		if n < s.crash.calls {
			t.Fatalf("%d requests change something", n)
		}
		var died atomic.Int64
		defer func() { t.Logf("%d requests change something; the process died at %d points", n, died.Load()) }()
		for request := 1; request <= n; request++ {
			for _, moment := range moments {
				t.Run(fmt.Sprintf("%d %s", request, moment), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						b, server := newCrash(t, s)
						b.dieAt(request, moment)
						sum, diags := b.try(plan.Normal)
						if b.dead.Load() {
							died.Add(1)
						} else if request <= n-s.crash.about {
							t.Fatalf("the process was to die, and came to its end: %v %+v", diags, sum)
						}
						b.revive()
						b.must(plan.Normal)
						b.converged(t, s, server)
					})
				})
			}
		}
	})
}
