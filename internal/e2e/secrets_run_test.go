package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/providers"
)

// TestNoSecretInARun: neither a password, nor what lets idpctl in, nor a token is
// in the state, in what a run logs, or in anything that it gives to those who show
// it, whether it succeeds or is refused.
func TestNoSecretInARun(t *testing.T) {
	forEachSubject(t, func(t *testing.T, s subject) {
		t.Run("done", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { keepsToItself(t, s, s.crash.emulate(), true) })
		})
		t.Run("refused", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var server emulation
				s.block, server = s.refused(t)
				keepsToItself(t, s, server, false)
			})
		})
	})
}

func keepsToItself(t *testing.T, s subject, server emulation, done bool) {
	b := newBubble(t, s, server, s.crash.hcl)
	var mu sync.Mutex
	var told strings.Builder
	requests := 0
	b.opts.Log = func(l providers.RequestLog) {
		mu.Lock()
		defer mu.Unlock()
		requests++
		fmt.Fprintf(&told, "%+v\n", l)
	}
	sum, diags := b.try(plan.Normal)
	if done == (diags.HasErrors() || sum == nil || !sum.OK()) {
		t.Fatalf("%v %+v", diags, sum)
	}
	if requests == 0 {
		t.Error("no request was logged")
	}
	fmt.Fprintf(&told, "%v %+v\n", diags, sum)
	files, err := filepath.Glob(filepath.Join(b.dir, "idpctl.*"))
	if err != nil || done && len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		told.Write(raw)
	}
	secrets, delivered := slices.Clone(s.secrets), 0
	for _, password := range s.crash.passwords {
		if password != "" {
			secrets = append(secrets, password)
		}
	}
	for _, list := range b.delivered {
		delivered += len(list)
		secrets = append(secrets, list...)
	}
	if done && delivered == 0 {
		t.Error("no password was delivered")
	}
	for _, secret := range secrets {
		if strings.Contains(told.String(), secret) {
			t.Errorf("%.6s… is told", secret)
		}
	}
}
