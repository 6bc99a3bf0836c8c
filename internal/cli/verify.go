package cli

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/internal/view"
	"github.com/idpctl/idpctl/oidc"
	"github.com/idpctl/idpctl/resource"
	"github.com/idpctl/idpctl/state"
)

// verifyFlags are the flags of verify.
type verifyFlags struct {
	runFlags
	signIn      signInFlags
	noSignIn    bool
	user, junit string
}

// verifyCommand is `idpctl verify`.
func (a *app) verifyCommand() *cobra.Command {
	var flags verifyFlags
	var only string
	c := &cobra.Command{
		Use:   "verify [CLUSTER]",
		Short: "Sign in and prove that the cluster would accept the token",
		Long: `verify checks the issuer, the signing keys and the device flow of a cluster's
identity provider, its admins and its files. Then it signs in as influxctl does:
it shows an address and a code, waits until somebody has signed in there, and
checks the access token as the cluster would. It changes nothing.

On a terminal the address is shown as a QR code too, for a phone, and opened in
the browser of this machine if it has one.`,
		Example: "  idpctl verify\n  idpctl verify -user marty@example.com\n\n  # in a pipeline: what needs no person\n  idpctl verify -no-sign-in -junit verify.xml",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				only = args[0]
			}
			if flags.noSignIn && flags.user != "" {
				return errors.New("-user says who signs in, and -no-sign-in that nobody does: leave one of them out")
			}
			return a.report("idpctl verify", flags.junit, func() ([]view.Suite, error) { return a.verify(&flags, only) })
		},
	}
	flags.add(c)
	c.Flags().BoolVar(&flags.noSignIn, "no-sign-in", false, "check only what needs no person")
	c.Flags().StringVar(&flags.user, "user", "", "the admin, by `EMAIL` or id, who has to be the one that signs in")
	flags.signIn.add(c)
	c.Flags().StringVar(&flags.junit, "junit", "", junitUsage)
	c.Flags().BoolVar(&a.json, "json", false, "print the checks as JSON")
	return c
}

// verify checks the chosen clusters and returns what was found of each.
func (a *app) verify(flags *verifyFlags, only string) ([]view.Suite, error) {
	opts, err := a.options(&flags.runFlags, state.NotLocked)
	if err != nil {
		return nil, err
	}
	ctx, stop := a.interruptible()
	defer stop()
	r, module, diags := run.Open(ctx, opts)
	if diags.HasErrors() {
		return nil, a.tell(diags, source(module))
	}
	clusters, ds := r.Clusters(ctx)
	diags = append(diags, ds...)
	var clients map[string]*oidc.Client
	if !diags.HasErrors() {
		clients, ds = oidcClients(r, clusters, a.Version)
		diags = append(diags, ds...)
	}
	closeRun(r, &diags)
	if !diags.HasErrors() {
		clusters, ds = chosen(r.ClusterBlocks(), clusters, func(c run.Cluster) resource.Address { return c.Address }, only)
		diags = append(append(diags, ds...), unapplied(clusters)...)
	}
	who := map[resource.Address]string{}
	if !diags.HasErrors() && flags.user != "" {
		who, ds = theOne(clusters, flags.user)
		diags = append(diags, ds...)
	}
	if diags.HasErrors() {
		return nil, a.tell(diags, source(module))
	}
	var suites []view.Suite
	for _, c := range clusters {
		v := verification{app: a, client: clients[c.Provider], cluster: c, onlyID: who[c.Address]}
		checks := v.run(ctx, flags)
		if err := a.view().Checks(c.Address.String(), checks); err != nil {
			return nil, err
		}
		suites = append(suites, view.Suite{Subject: c.Address.String(), Checks: checks})
	}
	return suites, nil
}

// unapplied says of which clusters there is nothing to verify yet.
func unapplied(clusters []run.Cluster) diag.Diagnostics {
	var diags diag.Diagnostics
	for _, c := range clusters {
		if len(c.Missing) > 0 {
			diags = append(diags, diag.Diagnostic{
				Summary: "Not applied yet", Address: c.Address.String(),
				Detail: fmt.Sprintf("%s of %s will be known after an apply: run `idpctl apply` first.", shortList(c.Missing, 4), c.Address),
			})
		}
	}
	return diags
}

// oidcClients makes one client for each provider, which trusts the CA that the
// provider block names.
func oidcClients(r *run.Run, clusters []run.Cluster, version string) (map[string]*oidc.Client, diag.Diagnostics) {
	out := map[string]*oidc.Client{}
	var diags diag.Diagnostics
	for _, c := range clusters {
		if out[c.Provider] != nil {
			continue
		}
		transport, ds := r.PublicTransport(c.Provider)
		diags = append(diags, ds...)
		out[c.Provider] = &oidc.Client{HTTP: &http.Client{Transport: transport}, UserAgent: "idpctl/" + version, AllowedOrigins: c.Origins}
	}
	return out, diags
}

// theOne finds the admin who has to sign in, for each cluster.
func theOne(clusters []run.Cluster, user string) (map[resource.Address]string, diag.Diagnostics) {
	var diags diag.Diagnostics
	found := map[resource.Address]string{}
	for _, c := range clusters {
		var ids, admins []string
		for id, name := range c.Admins {
			if id == user || strings.EqualFold(name, user) {
				ids = append(ids, id)
			}
			if name == "" {
				name = id
			}
			admins = append(admins, name)
		}
		slices.Sort(ids)
		slices.Sort(admins)
		d := diag.Diagnostic{Address: c.Address.String()}
		switch {
		case len(ids) == 1:
			found[c.Address] = ids[0]
			continue
		case len(ids) > 1:
			d.Summary = "More than one admin of that name"
			d.Detail = fmt.Sprintf("%s has several admins with the e-mail %s. Name the id instead: %s.", c.Address, user, strings.Join(ids, ", "))
		case len(admins) == 0:
			d.Summary = "Not an admin"
			d.Detail = fmt.Sprintf("%s has no admins, so that nobody can sign in to it.", c.Address)
		default:
			d.Summary = "Not an admin"
			d.Detail = fmt.Sprintf("%s is no admin of %s. Its admins are: %s.", user, c.Address, shortList(admins, 20))
		}
		diags = append(diags, d)
	}
	return found, diags
}
