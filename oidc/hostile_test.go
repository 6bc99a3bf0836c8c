package oidc_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/idpctl/idpctl/oidc"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// hostile is something that a server does, and what becomes of it.
type hostile struct {
	name string
	// do has it happen and returns what the user is told.
	do func(ctx context.Context, w *world) string
	// within is the most time that it may take, by the bubble's clock.
	within time.Duration
}

// TestHostileServers shows that whatever a server does ends in time and with a
// message of its own. The messages stand in testdata/hostile.golden to be read.
func TestHostileServers(t *testing.T) {
	cases := slices.Concat(hostileDocuments(), hostileTransports(), hostileKeys(), hostileDevices(), hostileTokens())
	var golden strings.Builder
	seen, messages := map[string]string{}, map[string]string{}
	for _, tc := range cases {
		var message string
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				start := time.Now()
				message = tc.do(t.Context(), w)
				if took := time.Since(start); took > tc.within {
					t.Errorf("took %s, allowed are %s", took, tc.within)
				}
			})
		})
		if message == "" {
			t.Errorf("%s: no message", tc.name)
		}
		if strings.Contains(message, canary) {
			t.Errorf("%s: shows a secret: %s", tc.name, message)
		}
		if i := strings.IndexFunc(message, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
			t.Errorf("%s: not clean: %q", tc.name, message)
		}
		if n := len([]rune(message)); n > 900 {
			t.Errorf("%s: a message of %d characters", tc.name, n)
		}
		if other, ok := seen[message]; ok {
			t.Errorf("%s and %s have the same message: %s", tc.name, other, message)
		}
		seen[message] = tc.name
		if _, twice := messages[tc.name]; twice {
			t.Errorf("two cases are called %q", tc.name)
		}
		messages[tc.name] = message
		fmt.Fprintf(&golden, "%s\n    %s\n", tc.name, message)
	}
	compareGolden(t, "hostile.golden", golden.String())
	defects := knownDefects()
	if len(defects) < 30 || len(cases) < len(defects) {
		t.Errorf("%d defects, %d cases", len(defects), len(cases))
	}
	for _, d := range defects {
		if message, ok := messages[d.by]; !ok || !strings.Contains(message, d.says) {
			t.Errorf("%s (%s): %q is not said in %q", d.what, d.by, d.says, message)
		}
	}
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i, line := range gotLines {
		if i >= len(wantLines) || line != wantLines[i] {
			other := "(nothing)"
			if i < len(wantLines) {
				other = wantLines[i]
			}
			t.Fatalf("%s line %d (go test -update rewrites it)\n got: %s\nwant: %s", name, i+1, line, other)
		}
	}
	t.Fatalf("%s has more lines than there were (go test -update rewrites it)", name)
}

// said is an error with its kind, which has to be one.
func said(err error) string {
	if err == nil {
		return ""
	}
	if oidc.KindOf(err) == 0 {
		return "NO KIND: " + err.Error()
	}
	// Several errors are joined line by line.
	return strings.ReplaceAll(err.Error(), "\n", " | ")
}

// failed shows one check, which must not have passed.
func failed(checks []oidc.Check, id string) string {
	for _, c := range checks {
		if c.ID == id {
			if c.Status == oidc.Passed {
				return ""
			}
			return fmt.Sprintf("%s, %s: %s [want %s] %s", c.Name, c.Status, c.Value, c.Want, c.Hint)
		}
	}
	return ""
}
