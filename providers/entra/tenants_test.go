package entra

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/idpctl/idpctl/providers"
)

// All who ask for the tenant at the same time wait once for a server that hangs.
func TestTenantIsAskedForOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		n := 0
		c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			mu.Lock()
			n++
			mu.Unlock()
			time.Sleep(time.Second)
			w.WriteHeader(http.StatusForbidden)
		}))
		var group sync.WaitGroup
		for _, kind := range []string{"tenant", "client", "user", "group"} {
			group.Go(func() {
				if _, err := c.List(context.Background(), providers.Query{Kind: kind, Parent: tenantGUID, All: true}); providers.ClassOf(err) != providers.Forbidden {
					t.Errorf("%s: %v", kind, err)
				}
			})
		}
		group.Wait()
		if n != 1 {
			t.Errorf("%d requests", n)
		}
	})
}
