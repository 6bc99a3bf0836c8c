package cli

import (
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/idpctl/idpctl/emulator/dashboard"
	"github.com/idpctl/idpctl/emulator/entra"
)

// entraFlags are those of `idpctl emulator entra`.
type entraFlags struct {
	listen, caOut                          string
	tenant, domain, clientID, clientSecret string
	domains                                []string
	lag                                    time.Duration
	throttle                               bool
}

// emulateEntra is `idpctl emulator entra`.
func (a *app) emulateEntra() *cobra.Command {
	var f entraFlags
	c := &cobra.Command{
		Use:   "entra",
		Short: "Run an Entra ID emulator: Microsoft Graph, keys, device flow with pages",
		Long: `emulator entra behaves as Microsoft Graph v1.0 and the login service of Entra ID do,
as far as idpctl, influxctl and InfluxDB use them, and as far as their
documentation tells. It serves TLS with a certificate of its own, as Microsoft's
libraries insist on it: what it prints makes programs of this shell trust it.
Everything is in memory and gone when it ends; a dashboard shows it, with the last
requests and mails, and sets faults. It is for trying and testing, on this machine
only: it is no identity provider for production.`,
		Example: "  idpctl emulator entra\n  idpctl emulator entra -listen 127.0.0.1:8443 -ca-out ca.pem -lag 20s",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return a.serveEntra(f) },
	}
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:0", "address `HOST:PORT` on this machine; port 0 takes a free one")
	c.Flags().StringVar(&f.caOut, "ca-out", "", "write the certificate to trust to this `FILE` and leave it there (default a temporary file)")
	c.Flags().StringVar(&f.tenant, "tenant-id", entra.DefaultTenantID, "id of the tenant")
	c.Flags().StringVar(&f.domain, "domain", entra.DefaultInitialDomain, "initial domain of the tenant")
	c.Flags().StringSliceVar(&f.domains, "verified-domain", nil, "another verified `DOMAIN`; the first one is the default")
	c.Flags().StringVar(&f.clientID, "client-id", entra.DefaultClientID, "id of the application that may change the tenant")
	c.Flags().StringVar(&f.clientSecret, "client-secret", entra.DefaultClientSecret, "secret of that application")
	c.Flags().DurationVar(&f.lag, "lag", 0, "how long replicas may show what was before a change, as 20s")
	c.Flags().BoolVar(&f.throttle, "throttle", false, "limit requests as Graph does in a small tenant")
	return c
}

func (a *app) serveEntra(f entraFlags) error {
	if err := loopback(f.listen); err != nil {
		return err
	}
	if err := noFile("ca-out", f.caOut, "leave it out for a temporary file"); err != nil {
		return err
	}
	for flag, id := range map[string]string{"-tenant-id": f.tenant, "-client-id": f.clientID} {
		if _, err := uuid.Parse(id); err != nil || len(id) != 36 {
			return fmt.Errorf("%s: write a GUID, as in %s", flag, entra.DefaultTenantID)
		}
	}
	return a.serveTLS(f.listen, a.below(f.caOut), func(address, file string) (http.Handler, error) {
		base := "https://" + address
		handler := entra.New(entra.Options{
			TenantID: f.tenant, InitialDomain: f.domain, VerifiedDomains: f.domains, App: entra.App{ClientID: f.clientID, Secret: f.clientSecret},
			Lag: entra.Lag{Max: f.lag}, Throttle: entra.Throttle{On: f.throttle},
		})
		fmt.Fprintf(a.Stdout, "Entra ID emulator at %s (Ctrl-C ends it)\n\n", base)
		fmt.Fprintf(a.Stdout, "  export AZURE_TENANT_ID=%s AZURE_CLIENT_ID=%s AZURE_CLIENT_SECRET=%s\n", f.tenant, f.clientID, shellWord(f.clientSecret))
		fmt.Fprintf(a.Stdout, "  export ENTRA_AUTHORITY_ENDPOINT=%s ENTRA_GRAPH_ENDPOINT=%s ENTRA_CA_FILE=%s\n\n", base, base, shellWord(file))
		fmt.Fprint(a.Stdout, "That is for idpctl. Other programs, such as Microsoft's libraries, take\n\n")
		fmt.Fprintf(a.Stdout, "  export AZURE_AUTHORITY_HOST=%s/ SSL_CERT_FILE=%s\n\n", base, shellWord(file))
		fmt.Fprintf(a.Stdout, "Microsoft Graph is at %s/v1.0, discovery at\n%s/%s/v2.0/.well-known/openid-configuration.\n\n", base, base, f.tenant)
		a.tellDashboard(base)
		fmt.Fprint(a.Stdout, "With SSL_CERT_FILE set, programs of that shell trust this emulator and nobody else.\n\n")
		return dashboard.New(handler, dashboard.Options{Mutating: entra.Mutates}), nil
	})
}
