package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/internal/view"
	"github.com/idpctl/idpctl/oidc"
)

// checkFlags are the flags of check.
type checkFlags struct {
	caFile, clientID, audience, junit string
	scopes, origins                   []string
}

// checkCommand is `idpctl check`.
func (a *app) checkCommand() *cobra.Command {
	var flags checkFlags
	c := &cobra.Command{
		Use:   "check URL",
		Short: "Check whether an identity provider meets InfluxDB's requirements",
		Long: `check looks at an issuer as InfluxDB and influxctl do: its discovery document,
endpoints, signing keys, and TLS certificate. It needs no configuration and no
credentials, and changes nothing. URL is the issuer, or its discovery document.

With -client-id it also begins a device sign-in as that client, and leaves it to
run out. Entra ID wants a scope for that: -scope CLIENT_ID/.default.`,
		Example: `  idpctl check https://sso.example.com/realms/influxdb
  idpctl check example.eu.auth0.com
  idpctl check https://login.microsoftonline.com/TENANT_ID/v2.0
  idpctl check https://sso.example.com/realms/influxdb -client-id influxctl`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("%s takes one URL, that of the issuer, as in `idpctl check https://sso.example.com/realms/influxdb`", c.CommandPath())
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			return a.report("idpctl check", flags.junit, func() ([]view.Suite, error) { return a.check(&flags, args[0]) })
		},
	}
	f := c.Flags()
	f.StringVar(&flags.caFile, "ca-file", "", "trust the certificate authorities in this PEM `FILE` too")
	f.StringVar(&flags.clientID, "client-id", "", "begin a device sign-in as the client with this `ID`")
	f.StringSliceVar(&flags.scopes, "scope", nil, "a `SCOPE` to ask for with -client-id; may be repeated")
	f.StringVar(&flags.audience, "audience", "", "the `AUDIENCE` to ask for with -client-id")
	f.StringSliceVar(&flags.origins, "origin", nil, "an origin (`URL`) on which endpoints may be beside the issuer's; may be repeated")
	f.StringVar(&flags.junit, "junit", "", junitUsage)
	f.BoolVar(&a.json, "json", false, "print the checks as JSON")
	return c
}

// check checks one issuer.
func (a *app) check(flags *checkFlags, given string) ([]view.Suite, error) {
	if flags.clientID == "" && (len(flags.scopes) > 0 || flags.audience != "") {
		return nil, errors.New("-scope and -audience are asked for by a client: give -client-id too")
	}
	for _, o := range flags.origins {
		if err := checkOrigin(o); err != nil {
			return nil, err
		}
	}
	transport, err := run.PublicTransport(a.below(flags.caFile), "-ca-file")
	if err != nil {
		return nil, err
	}
	client := &oidc.Client{HTTP: &http.Client{Transport: transport}, UserAgent: "idpctl/" + a.Version, AllowedOrigins: flags.origins}
	for _, p := range a.Providers {
		client.UnusedOrigins = append(client.UnusedOrigins, p.Info().Origins...)
	}
	ctx, stop := a.interruptible()
	defer stop()
	issuer, notes := issuerOf(given)
	report := client.CheckIssuer(ctx, issuer)
	if claimed := report.Claimed; claimed != issuer && strings.TrimSuffix(claimed, "/") == strings.TrimSuffix(issuer, "/") {
		// Who types a URL means the issuer; how it ends, the issuer knows.
		note := "with the slash at its end, which belongs to it"
		if !strings.HasSuffix(claimed, "/") {
			note = "without the slash at its end"
		}
		issuer, notes = claimed, append(notes, note)
		report = client.CheckIssuer(ctx, issuer)
	}
	checks := report.Checks
	if len(notes) > 0 && checks[0].Value != "" {
		checks[0].Value += " (" + strings.Join(notes, "; ") + ")"
	}
	if flags.clientID != "" {
		checks = append(checks, probe(ctx, client, report.Discovery, flags)...)
	}
	suite := view.Suite{Subject: "issuer " + subject(issuer), Checks: viewChecks(checks)}
	return []view.Suite{suite}, a.view().Checks(suite.Subject, suite.Checks)
}

// probe begins a device sign-in, if there is an endpoint that can be trusted.
func probe(ctx context.Context, client *oidc.Client, d oidc.Discovery, flags *checkFlags) []oidc.Check {
	if d.DeviceAuthorizationEndpoint == "" {
		return []oidc.Check{{ID: "device.endpoint", Name: "Device authorization", Status: oidc.Skipped, Hint: "Could not be checked: an earlier check failed."}}
	}
	return oidc.DeviceFlow{
		Client: client, ClientID: flags.clientID, Scopes: flags.scopes, Audience: flags.audience,
		DeviceURL: d.DeviceAuthorizationEndpoint, TokenURL: d.TokenEndpoint,
	}.Probe(ctx)
}

// checkOrigin refuses what is no origin: a path would have no effect.
func checkOrigin(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("-origin takes scheme and host alone, as in https://login.example.com, not %q", s)
	}
	return nil
}

// issuerOf makes an issuer of what people have at hand: a host, an issuer with
// blanks around it, or the URL of its discovery document. notes say what was
// done.
func issuerOf(given string) (issuer string, notes []string) {
	issuer = strings.TrimSpace(given)
	if issuer != "" && !strings.Contains(issuer, "://") {
		scheme := "https"
		host, _, _ := strings.Cut(issuer, "/")
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		if addr, err := netip.ParseAddr(strings.Trim(host, "[]")); host == "localhost" || err == nil && addr.IsLoopback() {
			scheme = "http"
		}
		issuer = scheme + "://" + issuer
		notes = append(notes, scheme+" is taken for granted")
	}
	// Between host and path in RFC 8414 section 3, after the path in OpenID
	// Connect Discovery; keys and others may stand there as well.
	before, after, found := strings.Cut(issuer, "/.well-known/")
	if !found {
		return issuer, notes
	}
	name, path, _ := strings.Cut(after, "/")
	name, _, _ = strings.Cut(name, "?")
	issuer = before
	if path = strings.TrimSuffix(path, "/"); path != "" && (name == "openid-configuration" || name == "oauth-authorization-server") {
		issuer += "/" + path
	}
	return issuer, append(notes, "from the URL of its document")
}

// subject is an issuer for a heading: without what must not be shown.
func subject(issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" {
		return "unknown"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
