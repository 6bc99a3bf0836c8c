//go:build !keycloak

package keycloak

import (
	"context"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/idpctl/idpctl/emulator/fault"
	emulator "github.com/idpctl/idpctl/emulator/keycloak"
	"github.com/idpctl/idpctl/emulator/memnet"
	"github.com/idpctl/idpctl/providers"
	"github.com/idpctl/idpctl/providers/transport"
)

// inMemory is the provider with a dialler of the test's own.
type inMemory struct {
	provider
	dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

func (p inMemory) Open(_ context.Context, cfg providers.Config) (providers.Conn, error) {
	creds, err := readCredentials(cfg.Attrs)
	if err != nil {
		return nil, err
	}
	opts := transport.Options{Server: "Keycloak", Config: cfg, CAHint: "ca_file", Timeout: time.Minute, DialContext: p.dial}
	c := newConn(creds, transport.New(opts), cfg.Parallelism)
	c.page, c.fullPage = testPage, testPage
	return c, nil
}

// TestConformance runs the suite on the emulator, under a virtual clock: no
// wait before a repetition takes real time. With the tag keycloak, it runs on
// a real server.
func TestConformance(t *testing.T) {
	server := emulator.New(emulator.Options{}) // one for all checks, as making its signing key takes long
	conform(t, func(t *testing.T) site {
		injector := fault.New(server)
		client, stop := memnet.Serve(injector)
		t.Cleanup(stop)
		return site{
			provider: inMemory{dial: client.Transport.(*http.Transport).DialContext},
			injector: injector, client: client,
			url: "http://keycloak.example.com", user: "admin", password: "admin",
		}
	}, synctest.Test)
}
