package oidc_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/idpctl/idpctl/oidc"
)

// A hint is found by a code or by words, as whole ones, and the first of several
// counts.
func TestHints(t *testing.T) {
	hints := map[string]string{
		"AADSTS70021": "the code", "AADSTS65001": "another code", "Service not enabled within domain": "the sentence", "allowed": "a word",
	}
	for said, want := range map[string]string{
		"AADSTS70021: No credential":                   "the code",
		"AADSTS700211: No credential":                  "",
		"XAADSTS70021":                                 "",
		"AADSTS700211, and AADSTS70021":                "the code",
		"AADSTS65001 after AADSTS70021":                "another code",
		"Service not enabled within domain: https://x": "the sentence",
		"Service not enabled within domains":           "",
		"disallowed, not allowed":                      "a word",
		"":                                             "",
	} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			w.mux.HandleFunc(devPath, func(rw http.ResponseWriter, _ *http.Request) {
				writeJSON(rw, http.StatusForbidden, map[string]any{"error": "access_denied", "error_description": said})
			})
			flow := w.flow()
			_, err := flow.Start(context.Background())
			var plain, hinted *oidc.Error
			if !errors.As(err, &plain) {
				t.Fatal(err)
			}
			flow.Hints = hints
			if _, err = flow.Start(context.Background()); !errors.As(err, &hinted) {
				t.Fatal(err)
			}
			if want == "" {
				want = plain.Hint
			}
			if hinted.Hint != want {
				t.Errorf("%q: %q, wanted %q", said, hinted.Hint, want)
			}
		})
	}
}
