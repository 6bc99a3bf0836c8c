package work

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/resource"
)

// Each operation is reported once, no more than allowed are under way, and none is
// begun once the run is interrupted.
func TestEach(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ops := make([]providers.Operation, 50)
	var now, most, done atomic.Int32
	var reported []int
	skipped := 0
	Each(ctx, ops, 4, func(*providers.Operation) providers.Result {
		for n := now.Add(1); ; {
			if m := most.Load(); n <= m || most.CompareAndSwap(m, n) {
				break
			}
		}
		if done.Add(1) == 20 {
			cancel()
		}
		now.Add(-1)
		return providers.Result{ID: "x"}
	}, func(r providers.Result) {
		reported = append(reported, r.Index)
		if providers.ClassOf(r.Err) == providers.NotAttempted {
			skipped++
		}
	})
	slices.Sort(reported)
	if len(slices.Compact(reported)) != len(ops) {
		t.Errorf("%d of %d are reported", len(reported), len(ops))
	}
	if most.Load() > 4 || int(done.Load())+skipped != len(ops) || done.Load() > 24 {
		t.Errorf("%d at once, %d done, %d not begun", most.Load(), done.Load(), skipped)
	}
}

// The first error ends All.
func TestAll(t *testing.T) {
	broken := errors.New("broken")
	var begun atomic.Int32
	err := All(t.Context(), 1000, 2, func(_ context.Context, i int) error {
		begun.Add(1)
		if i == 3 {
			return broken
		}
		return nil
	})
	if !errors.Is(err, broken) || begun.Load() > 10 {
		t.Errorf("%v after %d", err, begun.Load())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := All(ctx, 3, 1, func(context.Context, int) error { return nil }); providers.ClassOf(err) != providers.NotAttempted {
		t.Errorf("interrupted: %v", err)
	}
}

// Who asks while it is read waits for that, and what failed is read again.
func TestOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var once Once[int]
		reads := 0
		if _, err := once.Get(func() (int, error) { reads++; return 0, errors.New("not now") }); err == nil {
			t.Error("the error is lost")
		}
		var all sync.WaitGroup
		gate := make(chan struct{})
		for range 5 {
			all.Go(func() {
				if v, err := once.Get(func() (int, error) { reads++; <-gate; return 7, nil }); v != 7 || err != nil {
					t.Error(v, err)
				}
			})
		}
		synctest.Wait()
		close(gate)
		all.Wait()
		if reads != 2 {
			t.Errorf("it was read %d times", reads)
		}
	})
}

// No secret that was sent, and none of the latest tokens, is in a text.
func TestSecrets(t *testing.T) {
	var s Secrets
	s.Remember("", "correct-horse")
	s.RememberOf([]providers.Operation{{Password: resource.NewSecret("battery-staple"), Secrets: []resource.Secret{resource.NewSecret("from-a-variable")}}})
	s.RememberTokens("token-number-one")
	text := "correct-horse battery-staple from-a-variable token-number-one and the rest"
	if got := s.Redact(text); strings.Contains(got, "-") || !strings.Contains(got, "and the rest") {
		t.Errorf("%s", got)
	}
	err := s.Redacted(&providers.Error{Summary: text, Hint: text})
	if strings.Contains(err.Error(), "-") {
		t.Errorf("%v", err)
	}
	for range tokensKept {
		s.RememberTokens("another")
	}
	if got := s.Redact("token-number-one"); got != "token-number-one" {
		t.Errorf("a token of long ago is kept: %s", got)
	}
}

// A password that nobody knows meets the strictest policy each time, and no two
// are alike.
func TestThrownAway(t *testing.T) {
	seen := map[string]bool{}
	for range 2000 {
		pw := ThrownAway()
		if len(pw) < 16 || len(pw) > 72 || seen[pw] {
			t.Fatalf("%q", pw)
		}
		seen[pw] = true
		for i := range len(pw) - 2 {
			if pw[i] == pw[i+1] && pw[i] == pw[i+2] {
				t.Fatalf("%q has three alike in a row", pw)
			}
		}
		for _, class := range []string{"abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789", "-"} {
			if !strings.ContainsAny(pw, class) {
				t.Fatalf("%q has nothing of %q", pw, class)
			}
		}
	}
}

// A key counts for the first name that it has; what is empty asks for nothing.
func TestAsked(t *testing.T) {
	by := Asked(providers.Query{
		IDs:  []string{"1", ""},
		Keys: []map[string]string{{"id": "2", "name": "x"}, {"name": "n", "email": "e"}, {"email": "f"}, {"email": ""}, {"other": "o"}},
	}, "name", "email")
	for name, want := range map[string][]string{"id": {"1", "2"}, "name": {"n"}, "email": {"f"}} {
		if got := slices.Sorted(maps.Keys(by[name])); !slices.Equal(got, want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}
