package keycloak

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/idpctl/idpctl/providers"
)

// A list that is empty although the count is not may mean that the account may
// not see what is there, or that it was made in between.
func TestEmptyList(t *testing.T) {
	for name, tt := range map[string]struct {
		kind, first, counted, then string
		refused                    bool
	}{
		"users made meanwhile":  {"user", `[]`, `1`, `[{"id":"u1","username":"other"}]`, false},
		"users out of sight":    {"user", `[]`, `1`, `[]`, true},
		"no users":              {"user", `[]`, `0`, `[]`, false},
		"groups made meanwhile": {"group", `[]`, `{"count":1}`, `[{"id":"g1","name":"other"}]`, false},
		"groups out of sight":   {"group", `[]`, `{"count":1}`, `[]`, true},
	} {
		var counts atomic.Int32
		f := &fake{t: t, answer: func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.HasSuffix(r.URL.Path, "/count"):
				counts.Add(1)
				reply(w, 200, tt.counted)
			case counts.Load() > 0:
				reply(w, 200, tt.then)
			default:
				reply(w, 200, tt.first)
			}
		}}
		key := map[string]string{"user": "username", "group": "name"}[tt.kind]
		found, err := f.connect(nil).List(t.Context(), providers.Query{Kind: tt.kind, Parent: "r", Keys: []map[string]string{{key: "marty"}}})
		if got := providers.ClassOf(err) == providers.Forbidden; got != tt.refused || !got && err != nil || len(found) > 0 {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
}
