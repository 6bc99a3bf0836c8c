//go:build keycloak

package keycloak

import (
	"context"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/idpctl/idpctl/emulator/fault"
	"github.com/idpctl/idpctl/providers"
)

// inPages is the provider with small pages.
type inPages struct{ provider }

func (p inPages) Open(ctx context.Context, cfg providers.Config) (providers.Conn, error) {
	opened, err := p.provider.Open(ctx, cfg)
	if c, ok := opened.(*conn); ok {
		c.page, c.fullPage = testPage, testPage
	}
	return opened, err
}

// TestConformance runs the suite on a real server, through a proxy that makes
// requests fail.
func TestConformance(t *testing.T) {
	target, err := url.Parse(setting(t, "IDPCTL_TEST_KEYCLOAK"))
	if err != nil {
		t.Fatal(err)
	}
	conform(t, func(t *testing.T) site {
		injector := fault.NewProxy(target)
		srv := httptest.NewServer(injector)
		t.Cleanup(srv.Close)
		return site{
			provider: inPages{}, injector: injector, client: srv.Client(), url: srv.URL,
			user: setting(t, "IDPCTL_TEST_KEYCLOAK_USER"), password: setting(t, "IDPCTL_TEST_KEYCLOAK_PASSWORD"),
		}
	}, nil)
}
