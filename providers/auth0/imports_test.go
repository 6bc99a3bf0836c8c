package auth0

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/zclconf/go-cty/cty"

	emulator "github.com/idpctl/idpctl/emulator/auth0"
	"github.com/idpctl/idpctl/providers"
)

// A plan, in which new users have no id yet, knows which of them will be imported:
// it counts the requests of jobs, and asks for no right that jobs do not need.
func TestPlannedImports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := emulator.New(emulator.Options{Domain: testDomain})
		server.AddConnection(map[string]any{"name": "Closed", "strategy": "auth0"})
		c := connect(t, server, Options{}, nil)
		for name, test := range map[string]struct {
			n        int
			more     string
			requests int
			refused  bool
		}{
			"jobs":            {importLeast, "", 3, false},
			"few":             {importLeast - 1, "", importLeast - 1, true},
			"with a password": {importLeast, "generate_password", importLeast, true},
			"with a mail":     {importLeast, "invite", 2 * importLeast, true},
		} {
			ops := make([]providers.Operation, test.n)
			for i := range ops {
				vals := map[string]cty.Value{"connection": text("Closed")}
				if test.more != "" {
					vals[test.more] = cty.True
				}
				ops[i] = newUserOp(i, vals)
				ops[i].ID = ""
			}
			errs := c.Check(context.Background(), ops)
			if est := c.Estimate(ops); est.Requests != test.requests || (errs[0] != nil) != test.refused {
				t.Errorf("%s: about %d requests, wanted %d; %v", name, est.Requests, test.requests, errs[0])
			}
		}
	})
}
