package cli

import (
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/idpctl/idpctl/emulator/auth0"
	"github.com/idpctl/idpctl/emulator/dashboard"
)

// auth0Flags are those of `idpctl emulator auth0`.
type auth0Flags struct {
	listen, caOut                      string
	connection, clientID, clientSecret string
	plan                               string
	customDomains                      []string
	lag                                time.Duration
}

// emulateAuth0 is `idpctl emulator auth0`.
func (a *app) emulateAuth0() *cobra.Command {
	var f auth0Flags
	c := &cobra.Command{
		Use:   "auth0",
		Short: "Run an Auth0 emulator: Management API, discovery, keys, device flow with pages",
		Long: `emulator auth0 behaves as the Management API v2 and the Authentication API of Auth0
do, as far as idpctl, influxctl and InfluxDB use them, and as far as recordings and
the documentation tell. It serves TLS with a certificate of its own, as Auth0's
libraries insist on it: what it prints makes programs of this shell trust it.
Everything is in memory and gone when it ends; a dashboard shows it, with the last
requests and mails, and sets faults. It is for trying and testing, on this machine
only: it is no identity provider for production.`,
		Example: "  idpctl emulator auth0\n  idpctl emulator auth0 -listen 127.0.0.1:8443 -ca-out ca.pem -plan free",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return a.serveAuth0(f) },
	}
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:0", "address `HOST:PORT` on this machine; port 0 takes a free one")
	c.Flags().StringVar(&f.caOut, "ca-out", "", "write the certificate to trust to this `FILE` and leave it there (default a temporary file)")
	c.Flags().StringVar(&f.connection, "connection", auth0.DefaultConnection, "name of the database connection")
	c.Flags().StringVar(&f.clientID, "client-id", auth0.DefaultClientID, "id of the application that may change the tenant")
	c.Flags().StringVar(&f.clientSecret, "client-secret", auth0.DefaultClientSecret, "secret of that application")
	c.Flags().StringSliceVar(&f.customDomains, "custom-domain", nil, "a verified custom `DOMAIN` that the tenant lists")
	c.Flags().StringVar(&f.plan, "plan", "", "limit requests and objects as this `PLAN` does: free or essentials (default no limits)")
	c.Flags().DurationVar(&f.lag, "lag", 0, "how long searches may not show a change, as 5s")
	return c
}

// options are those of the emulator, at an address.
func (f auth0Flags) options(address string) (auth0.Options, error) {
	opts := auth0.Options{Domain: address, Connection: f.connection, CustomDomains: f.customDomains, Lag: auth0.Lag{Search: f.lag},
		App: auth0.App{ClientID: f.clientID, Secret: f.clientSecret}}
	switch f.plan {
	case "":
	case "free":
		opts.Rate, opts.Quota = auth0.FreeRate(), auth0.FreeQuota()
	case "essentials":
		opts.Rate, opts.Quota = auth0.EssentialsRate(), auth0.SelfServiceQuota()
	default:
		return opts, fmt.Errorf("-plan: write free or essentials, not %q", f.plan)
	}
	return opts, nil
}

func (a *app) serveAuth0(f auth0Flags) error {
	if err := loopback(f.listen); err != nil {
		return err
	}
	if err := noFile("ca-out", f.caOut, "leave it out for a temporary file"); err != nil {
		return err
	}
	if _, err := f.options(""); err != nil {
		return err
	}
	return a.serveTLS(f.listen, a.below(f.caOut), func(domain, file string) (http.Handler, error) {
		opts, err := f.options(domain)
		if err != nil {
			return nil, err
		}
		handler := auth0.New(opts)
		fmt.Fprintf(a.Stdout, "Auth0 emulator at https://%s (Ctrl-C ends it)\n\n", domain)
		fmt.Fprintf(a.Stdout, "  export AUTH0_DOMAIN=%s AUTH0_CLIENT_ID=%s AUTH0_CLIENT_SECRET=%s\n", domain, shellWord(f.clientID), shellWord(f.clientSecret))
		fmt.Fprintf(a.Stdout, "  export AUTH0_CA_FILE=%s\n\n", shellWord(file))
		fmt.Fprintf(a.Stdout, "That is for idpctl. Other programs take\n\n  export SSL_CERT_FILE=%s\n\n", shellWord(file))
		fmt.Fprintf(a.Stdout, "The Management API is at https://%s/api/v2/, which is its audience too, discovery at\nhttps://%s/.well-known/openid-configuration.\n\n", domain, domain)
		a.tellDashboard("https://" + domain)
		fmt.Fprint(a.Stdout, "With SSL_CERT_FILE set, programs of that shell trust this emulator and nobody else.\n\n")
		return dashboard.New(handler, dashboard.Options{Mutating: auth0.Mutates}), nil
	})
}
