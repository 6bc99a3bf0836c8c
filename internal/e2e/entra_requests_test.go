package e2e

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	emulator "github.com/idpctl/idpctl/emulator/entra"
	"github.com/idpctl/idpctl/plan"
)

// graphRequests are how many requests went to Graph, a batch being one.
func (d *entraTenant) graphRequests() int {
	n := 0
	for route, times := range d.server.Requests() {
		if strings.Contains(route, "oauth2") || strings.Contains(route, "openid-configuration") || strings.Contains(route, "discovery") {
			continue
		}
		n += times
	}
	return n
}

func manyUsers(n int) string {
	var b strings.Builder
	b.WriteString("locals {\n  emails = [\n")
	for i := range n {
		fmt.Fprintf(&b, "    \"user%05d@example.com\",\n", i)
	}
	b.WriteString(`  ]
}
client "influxctl" {
  tenant = tenant.contoso
}
user "all" {
  for_each   = toset(local.emails)
  tenant     = tenant.contoso
  email      = each.value
  first_name = "First"
  last_name  = "Last"
}
`)
	return b.String()
}

// TestEntraRequests holds the number of requests for a thousand users, and for
// five in a directory of ten thousand.
func TestEntraRequests(t *testing.T) {
	count := func(d *entraTenant, what string, most int, do func()) {
		t.Helper()
		d.server.ResetRequests()
		do()
		n := d.graphRequests()
		t.Logf("%s: %d requests, at most %d", what, n, most)
		if n > most {
			t.Errorf("%s: %d requests, and %d are allowed: %v", what, n, most, d.server.Requests())
		}
	}
	synctest.Test(t, func(t *testing.T) {
		d := newEntraTenant(t, emulator.Options{}, manyUsers(1000))
		d.opts.Parallelism = 8
		count(d, "1,000 new", 65, func() { d.must(plan.Normal) })
		count(d, "1,000, nothing to do", 8, d.empty)
	})
	synctest.Test(t, func(t *testing.T) {
		d := newEntraTenant(t, emulator.Options{}, manyUsers(5))
		all := make([]map[string]any, 10000)
		for i := range all {
			all[i] = map[string]any{"userPrincipalName": fmt.Sprintf("other%05d@example.com", i), "displayName": "Other", "mailNickname": "other", "accountEnabled": true}
		}
		d.server.AddUsers(all...)
		d.must(plan.Normal)
		count(d, "5 of 10,000, nothing to do", 6, d.empty)
	})
}

// TestEntraThrottled applies a thousand users within the quota of the smallest
// tenant: no request before its Retry-After, and no failure.
func TestEntraThrottled(t *testing.T) {
	for _, decimal := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			d := newEntraTenant(t, emulator.Options{Throttle: emulator.Throttle{On: true, Units: 350, Writes: 300, WriteWindow: 15 * time.Second, Decimal: decimal}}, manyUsers(1000))
			d.opts.Parallelism = 8
			d.must(plan.Normal)
			d.empty()
			if v := d.server.Violations(); len(v) > 0 {
				t.Errorf("%d requests before their time, the first %+v", len(v), v[0])
			}
			if d.server.Throttled() == 0 {
				t.Error("nothing was throttled")
			}
			t.Logf("throttled %d times", d.server.Throttled())
		})
	}
}
