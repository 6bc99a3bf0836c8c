package cli

import (
	"bytes"
	"testing"
	"time"

	"github.com/idpctl/idpctl/apply"
	"github.com/idpctl/idpctl/internal/view"
)

// While a plan is made nothing is shown, so that it is told what it waits for; a
// request that is repeated is too quick for that.
func TestAPlanTellsThatItWaits(t *testing.T) {
	var out bytes.Buffer
	a := &app{Env: &Env{Stderr: &out}}
	var progress *view.Progress
	wait := waiting(&progress, a.waits())
	wait("https://sso.example.com: too many requests", time.Second)
	wait(apply.Replicating, 3*time.Second)
	for range 8 { // requests that wait for the same
		wait("waiting for Auth0's rate limit", 2*time.Second)
	}
	if got := out.String(); got != "Waiting for the directory to replicate: 3 s\nWaiting for Auth0's rate limit: 2 s\n" {
		t.Errorf("told %q", got)
	}
}
