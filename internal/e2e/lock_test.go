package e2e

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/idpctl/idpctl/emulator/fault"
)

// TestTwoAtOnce: while one run is at work, another one is told who that is, and
// changes nothing; it may read.
func TestTwoAtOnce(t *testing.T) {
	forEachTarget(t, func(t *testing.T, on *target) {
		w := newWorld(t, on)
		prepareNew(w)
		arrived, release := make(chan struct{}), make(chan struct{})
		w.faults.Add(fault.Rule{Mutation: 1, Do: func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				close(arrived)
				<-release
				next.ServeHTTP(rw, r)
			})
		}})
		first := make(chan result)
		go func() { first <- w.idpctl(w.applyArgs()...) }()
		select {
		case <-arrived:
		case r := <-first:
			t.Fatalf("the first run ended without a request: %s", r)
		}
		host, err := os.Hostname()
		if err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{w.applyArgs(), {"destroy", "-auto-approve", "-allow-empty-admins", "-input=false"}} {
			r := w.idpctl(args...)
			said := strings.Join(strings.Fields(r.stderr), " ")
			for _, want := range []string{"State is locked", fmt.Sprintf("process %d", os.Getpid()), "@" + host, "idpctl"} {
				if r.code != 1 || !strings.Contains(said, want) {
					t.Errorf("the second %s does not say %q: %s", args[0], want, r)
				}
			}
		}
		if n := w.faults.Mutations(); n != 1 {
			t.Errorf("%d requests that change something were sent, and the second run may send none", n)
		}
		close(release)
		if r := <-first; r.code != 0 {
			t.Fatalf("the first run: %s", r)
		}
		convergedNew(w)
	})
}
