//go:build kubernetes

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
)

// TestKubernetesCannotBeReached: nobody's access is kept up by a cluster that cannot be
// reached, and nobody is let in.
func TestKubernetesCannotBeReached(t *testing.T) {
	t.Parallel()
	failures := map[string]func(k *kube){
		"the connection ends":    func(k *kube) { k.proxy.down() },
		"the token has expired":  func(k *kube) { k.reach(k.proxy.URL, "expired") },
		"there is no kubeconfig": func(k *kube) { os.Remove(k.file("kubeconfig")) },
		"the server is broken": func(k *kube) {
			k.proxy.interfere(nil, func(w http.ResponseWriter, _ *http.Request) bool {
				http.Error(w, "out of order", http.StatusInternalServerError)
				return true
			})
		},
		"nothing may be written": func(k *kube) {
			k.proxy.interfere(nil, func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodGet {
					return false
				}
				http.Error(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"admission webhook \"freeze\" denied the request: no changes today"}`, http.StatusForbidden)
				return true
			})
		},
	}
	heal := func(k *kube) { k.proxy.up(); k.reach(k.proxy.URL, k.restConfig().BearerToken) }
	for name, fail := range failures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKube(t)
			k.kubectlApply()
			k.team("", "ada", "ben", "cleo")
			k.apply()
			k.add("idpctl-friend", "zoe")
			ben := k.people(k.home)["ben@example.com"]

			// Who is let in: nothing is done at all.
			fail(k)
			k.team("force = true", "ada", "ben", "cleo", "dan")
			if r := k.must(1, k.applyArgs()...); len(k.people(k.home)) != 3 {
				t.Errorf("a user was made: %s", r)
			}

			// Who leaves loses the access, and the apply says what is left.
			k.team("force = true", "ada", "cleo (disabled)")
			r := k.must(0, "plan")
			says(t, r, "Entries are left in the cluster", "2 entries are left in it: user.ben ("+ben.id+"), user.cleo (", "user.ben will be destroyed", "stays as it is",
				"admin user.ben ("+ben.id+") is left in it")
			r = k.must(1, k.applyArgs()...)
			says(t, r, "Still in it: user.ben ("+ben.id+")", "1 destroyed")
			people := k.people(k.home)
			if _, there := people["ben@example.com"]; there || people["cleo@example.com"].enabled || !people["ada@example.com"].enabled {
				t.Errorf("the users are %+v", people)
			}

			// As long as nothing else changes, there is nothing that the plan could know.
			heal(k)
			k.lists("ada@example.com", "ben@example.com", "cleo@example.com", "zoe@foreign.example.com")
			k.wants("cluster.production.kubernetes update")
			k.apply()
			k.lists("ada@example.com", "cleo@example.com", "zoe@foreign.example.com")
			k.empty()

			// The same for a destroy.
			fail(k)
			r = k.must(1, "destroy", "-auto-approve", "-allow-empty-admins", "-input=false")
			says(t, r, "Still in it: user.ada (")
			if k.exists(k.home) {
				t.Error("the realm was not destroyed")
			}
			heal(k)
			k.must(0, "destroy", "-auto-approve", "-allow-empty-admins", "-input=false")
			k.lists("zoe@foreign.example.com")
			if s := k.stateNow(); !s.IsEmpty() {
				t.Errorf("the state has %+v", s)
			}
		})
	}
}

// TestKubernetesRemovalConflict: a manager that nothing was said about does not keep
// anybody in, either.
func TestKubernetesRemovalConflict(t *testing.T) {
	t.Parallel()
	k := newKube(t)
	k.kubectlApply()
	k.team("", "ada", "ben")
	k.apply()
	k.add("second", "zoe")
	k.team("", "ada")
	says(t, k.must(0, "plan"), "Entries are left in the cluster", "second has set users", "force = true")
	says(t, k.must(1, k.applyArgs()...), "Still in it: user.ben (")
	if _, there := k.people(k.home)["ben@example.com"]; there {
		t.Error("ben is still there")
	}
	k.team("force = true", "ada")
	k.apply()
	k.lists("ada@example.com", "zoe@foreign.example.com")
}

// TestKubernetesLastAdminUnseen: an unattended run does not decide on the last admin,
// where it cannot see whether there are others.
func TestKubernetesLastAdminUnseen(t *testing.T) {
	t.Parallel()
	k := newKube(t)
	k.kubectlApply()
	k.team("", "ada")
	k.apply()
	k.proxy.down()
	k.team("", "ada (no admin)")
	says(t, k.must(1, k.applyArgs()...), "-allow-empty-admins", "if others are not in it, which cannot be seen now")
	k.team("", "ada (disabled)")
	says(t, k.must(1, k.applyArgs()...), "-allow-empty-admins")
	if !k.people(k.home)["ada@example.com"].enabled {
		t.Error("ada was disabled")
	}
}

// TestKubernetesMistakes: each is an error of the plan that says what to do, and
// nothing was done at the identity provider.
func TestKubernetesMistakes(t *testing.T) {
	t.Parallel()
	const secret = "a-secret-that-must-not-be-shown"
	role := []string{"may not patch appinstances.kubecfg.dev in the namespace", "kind: Role", "verbs: [get, list, patch]", "system:serviceaccount:"}
	tests := map[string]struct {
		block string
		set   func(k *kube)
		words []string
	}{
		"no such context": {`context = "tset"`, nil, []string{`has no context "tset"`, "There is test", `Did you mean "test"?`}},
		"no such object":  {`name = "influxbd"`, nil, []string{"has no AppInstance influxbd in the namespace", "/influxdb", `Did you mean`}},
		"none in the namespace": {"", func(k *kube) { k.kubectl("delete", "appinstance", "influxdb", "--namespace", k.namespace) },
			[]string{"No such AppInstance", "idpctl does not make an AppInstance"}},
		"several": {"", func(k *kube) {
			k.kubectlIn(strings.Replace(k.appInstanceFile(), "name: influxdb", "name: second", 1), "apply", "--filename=-")
		}, []string{"there are influxdb, second", "Set name in the kubernetes block"}},
		"bad token":            {"", func(k *kube) { k.reach(k.proxy.URL, secret) }, []string{"answered 401", "wrong or expired", "(context test)"}},
		"no connection":        {"", func(k *kube) { k.proxy.down() }, []string{"cannot be reached", k0, "(context test)"}},
		"an unknown authority": {"", func(k *kube) { k.reach(k.restConfig().Host, "x") }, []string{"its certificate is of an authority that the kubeconfig does not name"}},
		"only reading":         {"", func(k *kube) { k.reach(k.proxy.URL, k.account("get", "list")) }, role},
		"nothing":              {"", func(k *kube) { k.reach(k.proxy.URL, k.account()) }, []string{"may not list appinstances.kubecfg.dev", "verbs: [get, list, patch]"}},
		"no program": {"", func(k *kube) {
			k.reachAs(k.proxy.URL, `user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: no-such-login, interactiveMode: Never, installHint: install it from the shop, env: [{name: X, value: `+secret+`}]}}`)
		}, []string{"no-such-login, which the context needs, is not there", "install it from the shop"}},
		"a program that fails": {"", func(k *kube) {
			k.reachAs(k.proxy.URL, `user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: sh, args: [-c, "echo `+secret+`; exit 3"], interactiveMode: Never}}`)
		}, []string{"sh failed with exit code 3"}},
		"a program that says nonsense": {"", func(k *kube) {
			k.reachAs(k.proxy.URL, `user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: sh, args: [-c, "echo '{\"token\":\"`+secret+`\"}'"], interactiveMode: Never}}`)
		}, []string{"sh gave no answer that can be used"}},
		"a broken kubeconfig": {"", func(k *kube) { k.reachAs(k.proxy.URL, "user: {token: ["+secret+"]}") }, []string{"is no kubeconfig"}},
		"no kubeconfig":       {"", func(k *kube) { os.Remove(k.file("kubeconfig")) }, []string{"There is no kubeconfig", "KUBECONFIG"}},
		"another kubeconfig":  {`kubeconfig = "elsewhere"`, nil, []string{"elsewhere", "Correct kubeconfig in the kubernetes block"}},
		"escapes": {"", func(k *kube) {
			k.proxy.interfere(nil, func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.Contains(r.URL.Path, "/appinstances") {
					w.Header().Set("Content-Type", "application/json")
					fmt.Fprint(w, `{"kind":"APIGroup","apiVersion":"v1","name":"kubecfg.dev","preferredVersion":{"groupVersion":"kubecfg.dev/v1alpha1","version":"v1alpha1"}}`)
					return true
				}
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusInternalServerError)
				fmt.Fprint(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","code":500,"message":"\u001b]0;title\u0007broken `+secret+`"}`)
				return true
			})
			k.reach(k.proxy.URL, secret)
		}, []string{"answered 500", "broken"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKube(t)
			k.kubectlApply()
			k.team(tt.block, "ada")
			if tt.set != nil {
				tt.set(k)
			}
			r := k.must(1, k.applyArgs()...)
			for _, w := range append(tt.words, "main.idp.hcl", "kubernetes {") {
				says(t, r, strings.ReplaceAll(w, k0, k.proxy.URL))
			}
			if all := r.stdout + r.stderr; strings.Contains(all, secret) || strings.ContainsAny(all, "\x1b\a") {
				t.Errorf("it shows what it must not: %q", all)
			}
			if k.exists(k.home) {
				t.Error("something was made at the identity provider")
			}
		})
	}
}

// k0 stands for the URL of the proxy.
const k0 = "@proxy"

// account makes a service account that may do some things with AppInstances, and
// returns a token of it.
func (k *kube) account(verbs ...string) string {
	k.Helper()
	k.kubectl("create", "serviceaccount", "idpctl", "--namespace", k.namespace)
	if len(verbs) > 0 {
		k.kubectl("create", "role", "idpctl", "--namespace", k.namespace, "--verb="+strings.Join(verbs, ","), "--resource=appinstances.kubecfg.dev")
		k.kubectl("create", "rolebinding", "idpctl", "--namespace", k.namespace, "--role=idpctl", "--serviceaccount="+k.namespace+":idpctl")
	}
	return strings.TrimSpace(k.kubectl("create", "token", "idpctl", "--namespace", k.namespace))
}

// TestKubernetesLeastPrivilege: with the Role of the message, and each right left out.
func TestKubernetesLeastPrivilege(t *testing.T) {
	t.Parallel()
	all := []string{"get", "list", "patch"}
	for _, without := range append(all, "nothing") {
		t.Run("without "+without, func(t *testing.T) {
			t.Parallel()
			k := newKube(t)
			k.kubectlApply()
			var verbs []string
			for _, v := range all {
				if v != without {
					verbs = append(verbs, v)
				}
			}
			k.reach(k.proxy.URL, k.account(verbs...))
			k.team("", "ada")
			if without != "nothing" {
				says(t, k.must(1, k.applyArgs()...), "may not "+without+" appinstances")
				return
			}
			k.apply()
			k.lists("ada@example.com")
			k.must(0, "destroy", "-auto-approve", "-allow-empty-admins", "-input=false")
			k.lists()
		})
	}
}

// TestKubernetesTwoBlocks: two blocks of one object are an error, however they say so.
func TestKubernetesTwoBlocks(t *testing.T) {
	t.Parallel()
	k := newKube(t)
	k.kubectlApply()
	two := func(a, b string) {
		k.configure(fmt.Sprintf(`
user "ada" {
  @home
  email = "ada@example.com"
  first_name = "ada"
  last_name = "Crew"
  generate_password = true
}
cluster "a" {
  client = client.influxctl
  admins = [user.ada]
  kubernetes {
    %s
  }
}
cluster "b" {
  client = client.influxctl
  admins = [user.ada]
  kubernetes {
    %s
  }
}
`, a, b))
	}
	two("", "")
	says(t, k.must(1, "validate"), "Two targets write one AppInstance")
	two(`name = "influxdb"`, "")
	says(t, k.must(1, "plan"), "Two targets write one AppInstance")
	two(`context = "test"`, fmt.Sprintf("namespace = %q", k.namespace))
	says(t, k.must(1, "plan"), "Two targets write one AppInstance")
}

// TestKubernetesContext: nobody is taken out of a cluster because the current context
// is another one; a context that the block names may change.
func TestKubernetesContext(t *testing.T) {
	t.Parallel()
	k := newKube(t)
	k.kubectlApply()
	k.team("", "ada")
	k.apply()
	other := newKubeProxy(t, k.restConfig())
	text := strings.Replace(k.folderFile("kubeconfig"), "contexts: [", fmt.Sprintf("contexts: [{name: other, context: {cluster: other, user: test, namespace: %s}}, ", k.namespace), 1)
	text = strings.Replace(text, "clusters: [", fmt.Sprintf("clusters: [{name: other, cluster: {server: %q, insecure-skip-tls-verify: true}}, ", other.URL), 1)
	text = strings.Replace(text, "current-context: test", "current-context: other", 1)
	k.folderWrite("kubeconfig", text)

	// The same object by another address, as a pod sees it: known by its UID.
	k.empty()

	// Another object: a second AppInstance.
	k.kubectl("delete", "appinstance", "influxdb", "--namespace", k.namespace)
	k.kubectlApply()
	says(t, k.must(1, "plan"), "The kubeconfig leads to another cluster", "Set context in the kubernetes block")
	k.team(`context = "test"`, "ada")
	k.wants("cluster.production.kubernetes update") // it was made anew
	k.apply()
	k.lists("ada@example.com")
}

func (k *kube) folderFile(name string) string {
	k.Helper()
	raw, err := os.ReadFile(k.file(name))
	if err != nil {
		k.Fatal(err)
	}
	return string(raw)
}

func (k *kube) folderWrite(name, text string) {
	k.Helper()
	if err := os.WriteFile(k.file(name), []byte(text), 0o600); err != nil {
		k.Fatal(err)
	}
}

// TestKubernetesWithoutTheResource: kubit is not installed. It is not parallel, since
// all tests share one server.
func TestKubernetesWithoutTheResource(t *testing.T) {
	k := newKube(t)
	k.kubectl("delete", "crd", "appinstances.kubecfg.dev")
	t.Cleanup(k.resourceIsThere)
	for { // the server takes a moment to forget it
		if _, err := k.tryKubectl("", "get", "--raw", "/apis/kubecfg.dev"); err != nil {
			break
		}
	}
	k.team("", "ada")
	says(t, k.must(1, k.applyArgs()...), "The cluster has no AppInstances", "the custom resource appinstances.kubecfg.dev of kubit", "(context test)")
	if k.exists(k.home) {
		t.Error("something was made at the identity provider")
	}
}
