//go:build kubernetes

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestKubernetesLife is what happens to an AppInstance from the first plan to the
// destroy.
func TestKubernetesLife(t *testing.T) {
	t.Parallel()
	k := newKube(t)
	k.kubectlApply()
	k.team("", "ada", "ben")

	r := k.must(2, "plan", "-detailed-exitcode")
	says(t, r, "AppInstance "+k.namespace+"/influxdb (context test)", "+ admin ada@example.com", "+ admin ben@example.com", "~ jwksEndpoint")
	if strings.Contains(r.stdout, "a-signing-key-id") {
		t.Errorf("the plan shows what is not its own: %s", r)
	}
	if admin := k.adminSection(); admin["users"] != nil {
		t.Fatalf("a plan has written %v", admin)
	}

	k.apply()
	k.lists(crewEmails("ada", "ben")...)
	if admin := k.adminSection(); admin["identityProvider"] != "keycloak" || !strings.Contains(fmt.Sprint(admin["jwksEndpoint"]), k.home) {
		t.Errorf("the section is %v", admin)
	}
	k.empty()

	// What kubit says about the object is no change of it.
	k.touchStatus("applied")
	k.empty()

	// An entry of somebody else stays, with everything in it, through all changes.
	k.add("second", "zoe")
	k.empty()
	k.team("", "ada", "ben", "cleo")
	says(t, k.must(1, "plan"), "second has set users")
	k.team("force = true", "ada", "ben", "cleo")
	k.wants(`user.cleo create`, `cluster.production.kubernetes update`)
	k.apply()
	k.lists(append(crewEmails("ada", "ben", "cleo"), "zoe@foreign.example.com")...)

	// Out of the list of admins; then the user as well.
	k.team("", "ada", "ben (no admin)", "cleo")
	if r := k.apply(); strings.Contains(r.stdout, "undo this") {
		t.Errorf("the file has no such fields, and it warns: %s", r)
	}
	k.lists(append(crewEmails("ada", "cleo"), "zoe@foreign.example.com")...)
	k.team("", "ada", "ben")
	k.apply()
	k.lists(append(crewEmails("ada", "ben"), "zoe@foreign.example.com")...)
	k.empty()
	i := slices.IndexFunc(k.adminSection()["users"].([]any), func(u any) bool { return u.(map[string]any)["id"] == "foreign-zoe" })
	if got, want := fmt.Sprint(k.adminSection()["users"].([]any)[i]), fmt.Sprint(entry("zoe")); got != want {
		t.Errorf("the foreign entry is %s, not %s", got, want)
	}

	k.must(0, "destroy", "-auto-approve", "-allow-empty-admins", "-input=false")
	k.lists("zoe@foreign.example.com")
	if admin := k.adminSection(); admin["identityProvider"] != "keycloak" || admin["jwksEndpoint"] == nil {
		t.Errorf("a destroy has changed more than the list: %v", admin)
	}
}

// TestKubernetesLostState: what stands there is taken back, and nobody is listed twice.
func TestKubernetesLostState(t *testing.T) {
	t.Parallel()
	k := newKube(t)
	k.kubectlApply()
	k.team("", "ada", "ben")
	k.apply()
	k.loseState()
	k.apply("-allow-adopt")
	k.lists(crewEmails("ada", "ben")...)
	k.team("", "ada", "ben (no admin)")
	k.apply()
	k.lists(crewEmails("ada")...)
}

// TestKubernetesDestroyKeepsTheList: nobody else is in it, and idpctl alone manages
// it, so that not to mention it would delete it.
func TestKubernetesDestroyKeepsTheList(t *testing.T) {
	t.Parallel()
	k := newKube(t)
	k.kubectlApply()
	k.team("", "ada")
	k.apply()
	k.must(0, "destroy", "-auto-approve", "-allow-empty-admins", "-input=false")
	if users, ok := k.adminSection()["users"].([]any); !ok || len(users) != 0 {
		t.Errorf("the list is %v", k.adminSection()["users"])
	}
	if len(k.stateNow().Targets) != 0 {
		t.Errorf("the state knows %v", k.stateNow().Targets)
	}

	// The same by taking the cluster block out.
	k.team("", "ada")
	k.apply()
	k.configure("")
	k.apply("-allow-empty-admins")
	if users, ok := k.adminSection()["users"].([]any); !ok || len(users) != 0 {
		t.Errorf("the list is %v", k.adminSection()["users"])
	}
}

// theirs is a file that says who the admins are by itself.
func theirs() []string {
	return []string{
		"identityProvider: azure", "jwksEndpoint: https://sso.example.com/keys", "users:",
		"- {id: foreign-1, firstName: Fay, lastName: Foreign, email: fay@foreign.example.com}",
	}
}

func TestKubernetesConflict(t *testing.T) {
	t.Parallel()
	k := newKube(t)
	k.kubectlApply(theirs()...)
	before := k.object().GetResourceVersion()
	k.team("", "ada")
	r := k.must(1, "plan")
	says(t, r, "kubectl-client-side-apply has set", "identityProvider", "jwksEndpoint", "users", "the next `kubectl apply` of the file sets its values again",
		"kubectl apply --server-side", "main.idp.hcl line", "kubernetes {", "force = true")
	if r := k.must(1, k.applyArgs()...); k.exists(k.home) {
		t.Errorf("something was made at the identity provider: %s", r)
	}
	if now := k.object().GetResourceVersion(); now != before {
		t.Error("the object was written")
	}

	// Taken over, which is said, and whoever is in the list stays.
	k.team("force = true", "ada")
	r = k.must(0, "plan")
	says(t, r, "Fields of the AppInstance are taken over", "kubectl-client-side-apply has set")
	k.apply()
	k.lists("ada@example.com", "fay@foreign.example.com")
	k.empty()

	// What the message says of kubectl: it sets its own values again, and the plan
	// shows that.
	k.kubectlApply(theirs()...)
	if got, _ := k.listed(); !slices.Equal(got, []string{"fay@foreign.example.com"}) {
		t.Errorf("after kubectl apply the list is %v", got)
	}
	k.wants("cluster.production.kubernetes update")
	k.apply()

	// And the way out of it: the file without the fields, by server-side apply.
	k.kubectlIn(k.appInstanceFile(), "apply", "--server-side", "--filename=-")
	k.lists("ada@example.com", "fay@foreign.example.com")
	k.empty()
	k.kubectlIn(strings.Replace(k.appInstanceFile(), "influxdb:latest", "influxdb:next", 1), "apply", "--server-side", "--filename=-")
	k.lists("ada@example.com", "fay@foreign.example.com")
	k.team("", "ada", "ben") // no force is needed any more
	k.apply()
	k.lists("ada@example.com", "ben@example.com", "fay@foreign.example.com")
}

// TestKubernetesEqualIsShared: what says the same is no conflict.
func TestKubernetesEqualIsShared(t *testing.T) {
	t.Parallel()
	k := newKube(t)
	k.kubectlApply()
	k.team("", "ada")
	k.apply()
	user := k.adminSection()["users"].([]any)[0].(map[string]any)
	same := []string{
		"identityProvider: keycloak", fmt.Sprintf("jwksEndpoint: %v", k.adminSection()["jwksEndpoint"]),
		"users:", fmt.Sprintf("- {id: %v, firstName: %v, lastName: %v, email: %v}", user["id"], user["firstName"], user["lastName"], user["email"]),
	}
	k.kubectlApply(same...)
	k.empty()
	k.team("", "ada", "ben")
	// The file would undo that, and kubectl is no manager of what it did not change.
	says(t, k.must(0, "plan"), "kubectl apply would undo this", "has other values of users:")
}

// TestKubernetesManagers: the message says what each of them will do.
func TestKubernetesManagers(t *testing.T) {
	t.Parallel()
	k := newKube(t)
	k.kubectlApply()
	for manager, words := range map[string]string{
		"helm": "the next `helm upgrade`", "argocd-controller": "ignoreDifferences", "kustomize-controller": "Flux", "kubectl-edit": "by hand with `kubectl edit`", "strange-tool": "it is not known what strange-tool does next",
	} {
		k.kubectlIn(fmt.Sprintf(`{"apiVersion":"kubecfg.dev/v1alpha1","kind":"AppInstance","metadata":{"name":"influxdb","namespace":%q},
			"spec":{"package":{"spec":{"admin":{"identityProvider":"theirs"}}}}}`, k.namespace), "apply", "--server-side", "--force-conflicts", "--field-manager="+manager, "--filename=-")
		k.team("", "ada")
		says(t, k.must(1, "plan"), manager+" has set identityProvider", words)
	}
}

// TestKubernetesSecondWriter lets somebody else add and remove entries while idpctl
// applies, a hundred times. None of either is lost, and none is there twice.
func TestKubernetesSecondWriter(t *testing.T) {
	t.Parallel()
	k := newKube(t)
	k.kubectlApply()
	crew := []string{"ada", "ben", "cleo", "dan"}
	k.team("force = true", crew...)
	k.apply()
	failures := 0
	var foreign []string
	for round := range 100 {
		var admins []string
		for i, name := range crew {
			if i > 0 && (round>>i)&1 == round&1 {
				name += " (no admin)"
			}
			admins = append(admins, name)
		}
		k.team("force = true", admins...)
		var wg sync.WaitGroup
		wg.Go(func() { // as long as an apply takes: it meets the plan, the reads and the write
			name := fmt.Sprint("f", round)
			k.add("second", name)
			if round > 0 {
				k.takeOut("second", fmt.Sprint("f", round-1))
			}
			k.add("second", name+"b")
			k.takeOut("second", name+"b")
		})
		r := k.idpctl(k.applyArgs()...)
		wg.Wait()
		for tries := 0; r.code != 0; tries++ {
			if failures++; tries == 5 || !strings.Contains(r.stdout+r.stderr, "changed since") {
				t.Fatalf("round %d: %s", round, r)
			}
			r = k.idpctl(k.applyArgs()...)
		}
		want := []string{fmt.Sprintf("f%d@foreign.example.com", round)}
		foreign = want
		for _, name := range admins {
			if !strings.HasSuffix(name, "(no admin)") {
				want = append(want, name+"@example.com")
			}
		}
		k.lists(want...)
	}
	t.Logf("%d of the applies came too late, and were repeated; at the end %v is there beside idpctl's", failures, foreign)
	k.empty()
}

// TestKubernetesMeetsAWriter lets somebody else write between idpctl's last read and
// its write, each time.
func TestKubernetesMeetsAWriter(t *testing.T) {
	t.Parallel()
	k := newKube(t)
	k.kubectlApply()
	k.team("", "ada")

	// The status alone: idpctl reads again and writes.
	k.proxy.interfere(func(n int) {
		if n <= 3 {
			k.touchStatus(fmt.Sprint("log ", n))
		}
	}, nil)
	k.apply()
	if k.proxy.count() != 4 {
		t.Errorf("there were %d writes", k.proxy.count())
	}
	k.lists("ada@example.com")

	// The list: nothing is written, and the next apply has both.
	k.team("force = true", "ada", "ben")
	k.proxy.interfere(func(n int) {
		if n == 1 {
			k.add("second", "zoe")
		}
	}, nil)
	says(t, k.must(1, k.applyArgs()...), "The AppInstance has changed since it was read")
	k.lists("ada@example.com", "zoe@foreign.example.com")
	k.proxy.up()
	k.apply()
	k.lists("ada@example.com", "ben@example.com", "zoe@foreign.example.com")

	// The answer gets lost after the server has done it: it is not done twice, and not
	// taken for somebody else's.
	k.team("force = true", "ada", "ben", "cleo")
	lost := false
	k.proxy.interfere(nil, func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPatch || r.URL.Query().Get("dryRun") != "" || lost {
			return false
		}
		lost = true
		again := k.proxy.pass
		again.ServeHTTP(discard{w.Header()}, r)
		panic(http.ErrAbortHandler)
	})
	k.apply()
	if !lost {
		t.Error("no answer was lost")
	}
	k.proxy.up()
	k.lists("ada@example.com", "ben@example.com", "cleo@example.com", "zoe@foreign.example.com")
	k.empty()
}

// TestKubernetesManagerSinceThePlan: who became the manager of a field after the plan was
// made was not named by it, and is not overridden, neither without force nor with it.
func TestKubernetesManagerSinceThePlan(t *testing.T) {
	t.Parallel()
	for _, block := range []string{"", "force = true"} {
		k := newKube(t)
		k.kubectlApply()
		k.team(block, "ada")
		k.apply()
		section := k.adminSection()
		same, err := json.Marshal(map[string]any{
			"apiVersion": "kubecfg.dev/v1alpha1", "kind": "AppInstance", "metadata": map[string]any{"name": "influxdb", "namespace": k.namespace},
			"spec": map[string]any{"package": map[string]any{"spec": map[string]any{"admin": map[string]any{"users": section["users"]}}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		k.team(block, "ada", "ben")
		k.proxy.interfere(func(n int) {
			if n == 1 { // it says the same as is there, so that only the manager is another one
				k.kubectlIn(string(same), "apply", "--server-side", "--field-manager=helm", "--filename=-")
			}
		}, nil)
		says(t, k.must(1, k.applyArgs()...), "helm has set users")
		k.lists("ada@example.com")
	}
}

// discard is the client of an answer that gets lost.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// TestKubernetesPaused: kubit looks away, which is no reason not to write.
func TestKubernetesPaused(t *testing.T) {
	t.Parallel()
	k := newKube(t)
	k.kubectlApply()
	k.kubectl("patch", "appinstance", "influxdb", "--namespace", k.namespace, "--type=merge", `--patch={"spec":{"pause":true}}`)
	k.team("", "ada")
	says(t, k.must(0, "plan"), "Kubit is paused for the AppInstance", "takes effect when that ends")
	k.apply()
	k.lists("ada@example.com")
	if r := k.must(0, "plan"); strings.Contains(r.stdout+r.stderr, "paused") {
		t.Errorf("there is nothing to do, and it warns: %s", r)
	}
}

// TestKubernetesAdminToken tells how old the token of the installation is, and never
// gets the token itself.
func TestKubernetesAdminToken(t *testing.T) {
	t.Parallel()
	k := newKube(t)
	target := k.target()
	token, ds := target.AdminToken(t.Context())
	if ds.HasErrors() || token != nil {
		t.Fatalf("there is none, and it is %v (%v)", token, ds)
	}
	k.kubectl("create", "secret", "generic", "admin-token", "--namespace", k.namespace, "--from-literal=token=do-not-read-me")
	var seen []string
	k.proxy.interfere(nil, func(_ http.ResponseWriter, r *http.Request) bool {
		seen = append(seen, r.URL.Path+" "+r.Header.Get("Accept"))
		return false
	})
	token, ds = target.AdminToken(t.Context())
	if ds.HasErrors() || token == nil || token.Age < -time.Minute || token.Age > 10*time.Minute || token.Secret != "admin-token" {
		t.Fatalf("it is %+v (%v)", token, ds)
	}
	if !slices.Contains(token.Rotate, "kubectl delete secret rsa-keys admin-token --namespace "+k.namespace) {
		t.Errorf("it is rotated by %q", token.Rotate)
	}
	if len(seen) != 1 || !strings.Contains(seen[0], "PartialObjectMetadata") {
		t.Errorf("it was asked for %q", seen)
	}
	if token.OfInstallation {
		t.Error("it is said to be of the installation, of which nothing is known")
	}
}

// TestKubernetesVerify has verify tell of the token of the installation, with the
// commands that replace it, and of an AppInstance that is not as it should be.
func TestKubernetesVerify(t *testing.T) {
	t.Parallel()
	k := newKube(t)
	k.kubectlApply()
	k.kubectl("create", "secret", "generic", "admin-token", "--namespace", k.namespace, "--from-literal=token=do-not-read-me")
	k.team("", "ada")
	k.apply()
	r := k.must(0, "verify", "-no-sign-in")
	said := strings.Join(strings.Fields(r.stdout), " ")
	for _, want := range []string{
		"warned Admin token of the installation: the secret admin-token in the namespace " + k.namespace + " is 0 days old",
		"kubectl delete secret rsa-keys admin-token --namespace " + k.namespace, "passed Files of the cluster",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("verify does not say %q:\n%s", want, r.stdout)
		}
	}
	if strings.Contains(r.stdout+r.stderr, "do-not-read-me") {
		t.Error("the token is shown")
	}
	k.kubectl("delete", "secret", "admin-token", "--namespace", k.namespace)
	if r := k.must(0, "verify", "-no-sign-in"); !strings.Contains(strings.Join(strings.Fields(r.stdout), " "), "passed Admin token of the installation: there is none") {
		t.Errorf("verify says:\n%s", r.stdout)
	}
}

// TestKubernetesJobExample: the API server takes the manifest as it is, and its service
// account may do what the configuration beside it asks for.
func TestKubernetesJobExample(t *testing.T) {
	t.Parallel()
	k := newKube(t)
	k.kubectlApply()
	manifest, err := os.ReadFile("../../examples/kubernetes-job/job.yaml")
	if err != nil {
		t.Fatal(err)
	}
	k.kubectlIn(string(manifest), "apply", "--filename=-", "--namespace", k.namespace, "--validate=strict")
	t.Cleanup(func() {
		k.kubectl("delete", "jobs,persistentvolumeclaims", "--all", "--namespace", k.namespace, "--wait=false")
	})
	configuration, err := os.ReadFile("../../examples/kubernetes-job/influxdb.idp.hcl")
	if err != nil {
		t.Fatal(err)
	}
	k.write("main.idp.hcl", strings.Replace(string(configuration), `display_name = "InfluxDB Clustered"`, fmt.Sprintf("realm = %q", k.home), 1))
	k.reach(k.proxy.URL, strings.TrimSpace(k.kubectl("create", "token", "idpctl", "--namespace", k.namespace)))
	k.apply()
	k.lists("marty@example.com")
	k.empty()
}
