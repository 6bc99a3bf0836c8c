//go:build kubernetes

package e2e

import (
	"fmt"
	"net/http"
	"os"
	"testing"
)

// kubernetesOrdeal is an apply that adds an admin and takes another out of an object.
func kubernetesOrdeal() ordeal {
	return ordeal{
		name: "apply, an AppInstance in Kubernetes", calls: 3,
		prepare: func(w *world) { kubeOf(w).exchange() },
		command: func(w *world) []string { return w.applyArgs() },
		converged: func(w *world) {
			k := &kube{world: w, namespace: w.home}
			k.connect()
			k.lists("ada@example.com", "cleo@example.com", "dan@example.com", "zoe@foreign.example.com")
			w.empty()
			w.tidy()
			w.passwordsWork(w.home, map[string]string{"user.cleo": "cleo@example.com", "user.dan": "dan@example.com"})
		},
	}
}

// exchange makes what is there before the ordeal: ben is to go, cleo and dan come, and
// zoe is somebody else's.
func (k *kube) exchange() {
	k.Helper()
	k.kubectlApply()
	k.team("force = true", "ada", "ben")
	k.apply()
	if err := os.Remove(k.path(credentialsFile)); err != nil {
		k.Fatal(err)
	}
	k.add("second", "zoe")
	k.team("force = true", "ada", "cleo", "dan")
}

// TestKubernetesKilled kills the process at every moment of an apply, those between the
// identity provider and the object included, and applies once more.
func TestKubernetesKilled(t *testing.T) {
	t.Parallel()
	on := targets(t)[0]
	kubernetesOrdeal().run(t, on)
}

// TestKubernetesKilledAtTheObject kills it when a write of the object is under way:
// before the server does it, and when it is done.
func TestKubernetesKilledAtTheObject(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 2; n++ { // ben out, cleo and dan in
		for _, done := range []bool{false, true} {
			t.Run(fmt.Sprintf("write %d, done %v", n, done), func(t *testing.T) {
				t.Parallel()
				k := newKube(t)
				o := kubernetesOrdeal()
				k.exchange()
				started, gone := make(chan int), make(chan struct{})
				k.proxy.interfere(nil, func(_ http.ResponseWriter, r *http.Request) bool {
					if r.Method != http.MethodPatch || r.URL.Query().Get("dryRun") != "" || k.proxy.count() != n {
						return false
					}
					if done {
						k.proxy.pass.ServeHTTP(discard{http.Header{}}, r)
					}
					if p, err := os.FindProcess(<-started); err == nil {
						_ = p.Kill()
					}
					<-gone
					panic(http.ErrAbortHandler)
				})
				if !k.runAndWait(started, gone, o.command(k.world)...) {
					t.Fatal("the process was to be killed, and ended by itself")
				}
				k.proxy.up()
				k.apply()
				o.converged(k.world)
			})
		}
	}
}
