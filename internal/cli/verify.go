package cli

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/idpctl/idpctl/diag"
	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/internal/view"
	"github.com/idpctl/idpctl/oidc"
	"github.com/idpctl/idpctl/plan"
	"github.com/idpctl/idpctl/state"
)

// verifyCommand is `idpctl verify`.
func (a *app) verifyCommand() *cobra.Command {
	var flags runFlags
	var noSignIn bool
	var only string
	c := &cobra.Command{
		Use:   "verify [CLUSTER]",
		Short: "Sign in and prove that the cluster would accept the token",
		Long: `verify checks the issuer, the signing keys and the device flow of a cluster's
identity provider, then signs in as influxctl does: it prints an address and a
code, waits until somebody has signed in there, and checks the access token as
the cluster would. It changes nothing.`,
		Example: "  idpctl verify\n  idpctl verify -no-sign-in   # in a pipeline: everything that needs no person",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				only = strings.TrimPrefix(args[0], "cluster.")
			}
			return a.verify(&flags, only, !noSignIn)
		},
	}
	flags.add(c)
	c.Flags().BoolVar(&noSignIn, "no-sign-in", false, "check only what needs no person")
	c.Flags().BoolVar(&a.json, "json", false, "print the checks as JSON")
	return c
}

func (a *app) verify(flags *runFlags, only string, signIn bool) error {
	opts, err := a.options(flags, state.NotLocked)
	if err != nil {
		return err
	}
	ctx, stop := a.interruptible()
	defer stop()
	r, module, diags := run.Open(ctx, opts)
	if diags.HasErrors() {
		return a.tell(diags, source(module))
	}
	clusters, ds := r.Clusters(ctx)
	diags = append(diags, ds...)
	var clients map[string]*oidc.Client
	if !diags.HasErrors() {
		clients, ds = oidcClients(r, clusters, a.Version)
		diags = append(diags, ds...)
	}
	closeRun(r, &diags)
	var chosen []run.Cluster
	for _, c := range clusters {
		if only == "" || c.Address.Name == only || "cluster."+only == c.Address.String() {
			chosen = append(chosen, c)
		}
	}
	if !diags.HasErrors() {
		diags = append(diags, choice(clusters, chosen, only)...)
	}
	if diags.HasErrors() {
		return a.tell(diags, source(module))
	}
	failed := false
	for _, c := range chosen {
		checks := a.verifyCluster(ctx, clients[c.Provider], c, signIn)
		if err := a.view().Checks(c.Address.String(), checks); err != nil {
			return err
		}
		for _, check := range checks {
			failed = failed || check.Status == view.Failed
		}
	}
	if failed {
		return failure
	}
	return nil
}

// choice says why there is nothing to verify, or not yet.
func choice(all, chosen []run.Cluster, only string) diag.Diagnostics {
	var diags diag.Diagnostics
	switch {
	case len(all) == 0:
		return diags.Errorf("Nothing to verify", "The configuration has no cluster block, so there is no one whose sign-in could be verified.")
	case len(chosen) == 0:
		return diags.Errorf("No such cluster", "There is no cluster %q in the configuration.", only)
	}
	for _, c := range chosen {
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

// verifyCluster makes all checks of one cluster, the device sign-in last.
func (a *app) verifyCluster(ctx context.Context, client *oidc.Client, c run.Cluster, signIn bool) []view.Check {
	report := client.CheckIssuer(ctx, c.Issuer)
	checks := report.Checks
	keys := report.Keys
	if c.JWKSEndpoint != report.Discovery.JWKSURI {
		exported, err := client.FetchJWKS(ctx, c.JWKSEndpoint)
		check := oidc.Check{ID: "jwks.exported", Name: "Keys where the cluster looks for them", Status: oidc.Passed, Value: c.JWKSEndpoint}
		if err != nil {
			check.Status, check.Hint = oidc.Failed, err.Error()
		}
		keys = exported
		checks = append(checks, check)
	}
	checks = append(checks, filesAgree(c.FilesDiffer))
	flow := oidc.DeviceFlow{Client: client, ClientID: c.ClientID, DeviceURL: c.DeviceURL, TokenURL: c.TokenURL, Scopes: c.Scopes, Audience: c.Audience, Hints: c.SignInHints}
	if !signIn || oidc.AnyFailed(report.Checks) {
		return viewChecks(append(checks, flow.Probe(ctx)...))
	}
	token, err := a.signIn(ctx, flow)
	if err != nil {
		checks = append(checks, oidc.Check{ID: "device.sign_in", Name: "Device sign-in", Status: oidc.Failed, Hint: err.Error()})
		return viewChecks(checks)
	}
	checks = append(checks, oidc.Check{ID: "device.sign_in", Name: "Device sign-in", Status: oidc.Passed, Value: "done"})
	now := time.Now()
	checks = append(checks, oidc.VerifyAccessToken(token.AccessToken, keys, oidc.Expectation{
		Issuer: c.Issuer, SubjectClaim: c.SubjectClaim, AdminIDs: c.Admins, ClientID: c.ClientID, Audience: c.Audience,
		Now: now, ServerNow: token.ServerNow(now), Fresh: true,
	})...)
	return viewChecks(checks)
}

// filesAgree is the check of a cluster's files: it names those that differ, and
// what in them.
func filesAgree(differ []*plan.TargetChange) oidc.Check {
	check := oidc.Check{ID: "cluster.files", Name: "Files of the cluster", Status: oidc.Passed, Value: "as the configuration says"}
	if len(differ) == 0 {
		return check
	}
	var files []string
	for _, t := range differ {
		files = append(files, t.Path+" "+difference(t))
	}
	check.Status, check.Value = oidc.Failed, strings.Join(files, "; ")
	check.Hint = "Run `idpctl plan` to see each line that differs, and `idpctl apply` to make them agree."
	return check
}

// difference says as a clause what in a file is not as the configuration says.
func difference(t *plan.TargetChange) string {
	if t.Action == plan.Create {
		return "is not there"
	}
	if t.OutOfReach {
		return "cannot be reached"
	}
	const most = 4 // names of a list
	var parts []string
	for _, p := range []struct {
		what  string
		names []string
	}{
		{"lacks ", t.Added},
		{"has other data of ", t.Updated},
		{"lists who is no admin: ", t.Removed},
		{"has another ", t.Fields},
	} {
		if len(p.names) > 0 {
			parts = append(parts, p.what+shortList(p.names, most))
		}
	}
	if len(parts) == 0 {
		return "differs"
	}
	return strings.Join(parts, ", ")
}

// signIn begins a device sign-in, tells the person where to go, and waits.
func (a *app) signIn(ctx context.Context, flow oidc.DeviceFlow) (oidc.Token, error) {
	code, err := flow.Start(ctx)
	if err != nil {
		return oidc.Token{}, err
	}
	out := a.Stdout
	if a.json {
		out = a.Stderr
	}
	if code.VerificationURIComplete != "" {
		fmt.Fprintf(out, "To sign in, open this page:\n\n  %s\n\nIt should show the code %s. ", code.VerificationURIComplete, code.UserCode)
	} else {
		fmt.Fprintf(out, "To sign in, open this page and enter the code:\n\n  %s\n  %s\n\n", code.VerificationURI, code.UserCode)
	}
	fmt.Fprintf(out, "Waiting until %s…\n", code.Expires.Format(time.TimeOnly))
	return flow.Poll(ctx, code, nil)
}

func viewChecks(checks []oidc.Check) []view.Check {
	out := make([]view.Check, len(checks))
	for i, c := range checks {
		out[i] = view.Check{ID: c.ID, Name: c.Name, Status: statuses[c.Status], Value: c.Value, Want: c.Want, Hint: c.Hint}
	}
	return out
}

var statuses = map[oidc.Status]view.CheckStatus{
	oidc.Passed: view.Passed, oidc.Failed: view.Failed, oidc.Warned: view.Warned, oidc.Skipped: view.Skipped,
}
