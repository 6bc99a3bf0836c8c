package entra

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/idpctl/idpctl/providers"
)

// One of several answers is wrong: the good ones after it do not hide that.
func TestOneWrongAnswerOfSeveral(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for wrong := range 4 {
			n := 0
			s := &script{item: func(_, path, _ string) (int, map[string]string, string) {
				if n++; strings.HasPrefix(path, "/users") && n-1 == wrong {
					return 200, nil, "{}"
				}
				return 200, nil, `{"value":[]}`
			}}
			q := providers.Query{Kind: "user", Parent: tenantGUID, Keys: []map[string]string{{"email": "m@contoso.com"}}}
			if _, err := connect(t, s).List(context.Background(), q); err == nil {
				t.Errorf("the answer to item %d is wrong, and there is no error", wrong)
			}
		}
	})
}

// wrongBatches changes the answers to batches.
func wrongBatches(change func(list []map[string]any) []map[string]any) http.Handler {
	s := &script{item: func(string, string, string) (int, map[string]string, string) {
		return 201, nil, `{"id":"` + userGUID + `"}`
	}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/$batch") {
			s.ServeHTTP(w, r)
			return
		}
		var in batchRequest
		raw, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(raw, &in)
		var list []map[string]any
		for _, q := range in.Requests {
			list = append(list, map[string]any{"id": q.ID, "status": 201, "body": map[string]any{"id": userGUID}})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"responses": change(list)})
	})
}

// An answer to a batch that does not fit its requests tells of none of them that
// it was done.
func TestBatchThatDoesNotFit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, c := range map[string]struct {
			change func([]map[string]any) []map[string]any
			lost   int
		}{
			"lacks one":     {func(l []map[string]any) []map[string]any { return l[1:] }, 1},
			"one twice":     {func(l []map[string]any) []map[string]any { return append(l, l[0]) }, 3},
			"not asked":     {func(l []map[string]any) []map[string]any { return append(l, map[string]any{"id": "7", "status": 201}) }, 3},
			"no number":     {func(l []map[string]any) []map[string]any { l[0]["id"] = "x"; return l }, 3},
			"below zero":    {func(l []map[string]any) []map[string]any { l[0]["id"] = "-1"; return l }, 3},
			"no status":     {func(l []map[string]any) []map[string]any { delete(l[0], "status"); return l }, 1},
			"a status of 1": {func(l []map[string]any) []map[string]any { l[0]["status"] = 1; return l }, 1},
		} {
			lost := 0
			for _, r := range apply(connect(t, wrongBatches(c.change)), creations(3)) {
				if providers.ClassOf(r.Err) == providers.Ambiguous {
					lost++
				} else if r.Err != nil {
					t.Errorf("%s: %v", name, r.Err)
				}
			}
			if lost != c.lost {
				t.Errorf("%s: %d of 3 are in doubt, and not %d", name, lost, c.lost)
			}
		}
	})
}

// An item waits as long as it is told, but not for a day.
func TestItemsThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, c := range map[string]struct {
			status      int
			after       string
			least, most time.Duration
		}{
			"429 for a day":   {429, "86400", 0, time.Second},
			"429 for an age":  {429, "1e300", 0, time.Second},
			"429 for a while": {429, "100", 3 * time.Minute, 5*time.Minute + time.Second},
			"503 at once":     {503, "0", 0, 5 * time.Second},
			"no number":       {429, "NaN", time.Second, 5 * time.Minute},
		} {
			s := &script{item: func(string, string, string) (int, map[string]string, string) {
				return c.status, map[string]string{"Retry-After": c.after}, `{"error":{"code":"x","message":"y"}}`
			}}
			began := time.Now()
			q := providers.Query{Kind: "user", Parent: tenantGUID, Keys: []map[string]string{{"email": "m@contoso.com"}}}
			if _, err := connect(t, s).List(context.Background(), q); err == nil {
				t.Errorf("%s: no error", name)
			}
			if d := time.Since(began); d < c.least || d > c.most {
				t.Errorf("%s: given up after %s", name, d)
			}
		}
	})
}

// A redirect to the same server is not followed, and what was asked is not done.
func TestRedirectIsNoAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, status := range []int{302, 307, 308, 304} {
			moved := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodGet && !strings.Contains(r.URL.Path, "/users") {
					(&script{}).ServeHTTP(w, r)
					return
				}
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(status)
			})
			for _, n := range []int{1, 3} {
				for _, r := range apply(connect(t, moved), creations(n)) {
					if r.Err == nil {
						t.Errorf("%d: taken for done", status)
					}
				}
			}
		}
	})
}
