package oidc

import (
	"testing"
	"testing/synctest"

	"github.com/zclconf/go-cty/cty"

	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/conformance"
)

// TestConformance runs what the suite has for a provider that manages nothing.
func TestConformance(t *testing.T) {
	conformance.Run(t, conformance.Harness{
		Wrap: synctest.Test,
		Start: func(t *testing.T) conformance.Target {
			return conformance.Target{
				Provider: served(t, newIssuer(t)),
				Config:   providers.Config{Attrs: block(map[string]cty.Value{"issuer": cty.StringVal(testIssuer)}), Parallelism: 4, UserAgent: "test"},
			}
		},
	})
}
