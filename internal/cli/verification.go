package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/idpctl/idpctl/internal/run"
	"github.com/idpctl/idpctl/internal/view"
	"github.com/idpctl/idpctl/oidc"
	"github.com/idpctl/idpctl/plan"
)

// verification is the verification of one cluster.
type verification struct {
	*app
	client  *oidc.Client
	cluster run.Cluster
	// onlyID is the id of the admin who has to sign in; empty if any may.
	onlyID string
}

// run makes all checks of the cluster, the device sign-in last: what a person
// would have done in vain is found before.
func (v *verification) run(ctx context.Context, flags *verifyFlags) []view.Check {
	c := v.cluster
	report := v.client.CheckIssuer(ctx, c.Issuer)
	checks := report.Checks
	keys := report.Keys
	if c.JWKSEndpoint != report.Discovery.JWKSURI {
		var check oidc.Check
		keys, check = v.exportedKeys(ctx)
		checks = append(checks, check)
	}
	checks = append(checks, v.ofCluster()...)
	flow := oidc.DeviceFlow{Client: v.client, ClientID: c.ClientID, DeviceURL: c.DeviceURL, TokenURL: c.TokenURL, Scopes: c.Scopes, Audience: c.Audience, Hints: c.SignInHints}
	if flags.noSignIn || oidc.AnyFailed(report.Checks) {
		return viewChecks(append(checks, flow.Probe(ctx)...))
	}
	signIn := oidc.Check{ID: "device.sign_in", Name: "Device sign-in", Value: "done"}
	token, err := v.signIn(ctx, flow, flags.signIn, c.Admins[v.onlyID])
	if err != nil {
		signIn.Status, signIn.Value, signIn.Hint = oidc.Failed, "", err.Error()
		return viewChecks(append(checks, signIn))
	}
	checks = append(checks, signIn)
	judge := func(t oidc.Token) []oidc.Check {
		now := time.Now()
		return oidc.VerifyAccessToken(t.AccessToken, keys, oidc.Expectation{
			Issuer: c.Issuer, SubjectClaim: c.SubjectClaim, AdminIDs: c.Admins, OnlyID: v.onlyID, ClientID: c.ClientID, Audience: c.Audience,
			Now: now, ServerNow: t.ServerNow(now), Fresh: true,
		})
	}
	checks = append(checks, judge(token)...)
	return viewChecks(append(checks, flow.CheckSession(ctx, token, judge)))
}

// exportedKeys fetches the keys where the cluster does, which is not where the
// issuer says.
func (v *verification) exportedKeys(ctx context.Context) (oidc.KeySet, oidc.Check) {
	check := oidc.Check{ID: "jwks.exported", Name: "Keys where the cluster looks for them", Value: v.cluster.JWKSEndpoint}
	keys, err := v.client.FetchJWKS(ctx, v.cluster.JWKSEndpoint)
	if err != nil {
		check.Status, check.Hint = oidc.Failed, err.Error()
	}
	return keys, check
}

// ofCluster are the checks of the cluster's own side, which need no sign-in. What
// else is known of a cluster, such as whether the admin token of its installation
// is still valid, is one more here.
func (v *verification) ofCluster() []oidc.Check {
	checks := []oidc.Check{
		adminsThere(v.cluster),
		filesAgree(v.cluster.FilesDiffer),
	}
	for _, p := range v.cluster.Profiles {
		checks = append(checks, profileUsable(p))
	}
	for _, t := range v.cluster.AdminTokens {
		checks = append(checks, installationToken(t))
	}
	return checks
}

// oldToken is from when on an admin token should be replaced.
const oldToken = 90 * 24 * time.Hour

// installationToken is the check of the admin token that passes the identity provider
// by: InfluxData's page has the one of the installation replaced.
func installationToken(t run.AdminToken) oidc.Check {
	check := oidc.Check{ID: "cluster.admin_token", Name: "Admin token of the installation", Value: "there is none at " + t.At}
	switch {
	case len(t.Problem) > 0:
		check.Status, check.Value, check.Hint = oidc.Skipped, t.At, t.Problem[0].Summary+": "+t.Problem[0].Detail
		return check
	case t.Token == nil:
		return check
	}
	days := int(t.Token.Age / (24 * time.Hour))
	check.Value = fmt.Sprintf("the secret %s in the namespace %s is %d days old", t.Token.Secret, t.Token.Namespace, days)
	switch {
	case t.Token.OfInstallation:
		check.Want = "one that was made since the installation"
	case t.Token.Age >= oldToken:
		check.Want = fmt.Sprintf("less than %d days", oldToken/(24*time.Hour))
	default:
		return check
	}
	check.Status = oidc.Warned
	check.Hint = "Whoever has that token is an admin, whatever the identity provider says. Have a new one made, with these commands in order: " + strings.Join(t.Token.Rotate, "; ") + "."
	return check
}

// profileUsable is the check that influxctl could read a profile, by its own strict
// rules.
func profileUsable(p run.Profile) oidc.Check {
	check := oidc.Check{ID: "influxctl.profile", Name: "Profile of influxctl", Value: fmt.Sprintf("%s in %s", p.Name, p.Path)}
	if len(p.Problems) == 0 {
		return check
	}
	var parts []string
	for _, d := range p.Problems {
		parts = append(parts, fmt.Sprintf("line %d: %s", d.Subject.Start.Line, d.Summary))
	}
	check.Status, check.Value = oidc.Failed, fmt.Sprintf("%s in %s: %s", p.Name, p.Path, shortList(parts, 3))
	check.Hint = "influxctl would refuse it. " + p.Problems[0].Detail
	return check
}

// adminsThere is the check that every admin is there and may sign in.
func adminsThere(c run.Cluster) oidc.Check {
	const most = 4 // addresses of a list
	check := oidc.Check{ID: "cluster.admins", Name: "Admins at the identity provider", Value: "all there and enabled"}
	var parts, hints []string
	if len(c.Absent) > 0 {
		parts = append(parts, "not there: "+shortList(c.Absent, most))
		hints = append(hints, "Who is not there is made by `idpctl apply`; somebody may have deleted the account, and the new one has another id.")
	}
	if len(c.Disabled) > 0 {
		parts = append(parts, "cannot sign in: "+shortList(c.Disabled, most))
		hints = append(hints, "Who is disabled is no admin: enable the account, or take it out of the cluster's admins.")
	}
	switch {
	case len(parts) > 0:
		check.Status, check.Value, check.Hint = oidc.Failed, strings.Join(parts, "; "), strings.Join(hints, " ")
	case len(c.Admins) == 0:
		check.Status, check.Value = oidc.Failed, "none"
		check.Hint = "Nobody can administer the cluster. Name its admins in the configuration, and apply it."
	}
	return check
}

// filesAgree is the check of a cluster's files: it names those that differ, and
// what in them.
func filesAgree(differ []run.Target) oidc.Check {
	check := oidc.Check{ID: "cluster.files", Name: "Files of the cluster", Status: oidc.Passed, Value: "as the configuration says"}
	if len(differ) == 0 {
		return check
	}
	var files []string
	for _, t := range differ {
		files = append(files, t.Change.Path+" "+difference(t))
	}
	check.Status, check.Value = oidc.Failed, strings.Join(files, "; ")
	check.Hint = "Run `idpctl plan` to see each line that differs, and `idpctl apply` to make them agree; what somebody else put there is theirs to take out."
	return check
}

// difference says as a clause what in a file is not as the configuration says.
func difference(t run.Target) string {
	c := t.Change
	if c.Action == plan.Create {
		return "is not there"
	}
	if c.OutOfReach {
		return "cannot be reached"
	}
	const most = 4 // names of a list
	var parts []string
	for _, p := range []struct {
		what  string
		names []string
	}{
		{"lacks ", c.Added},
		{"has other data of ", c.Updated},
		{"lists who is no admin: ", slices.Concat(c.Removed, t.Strays)},
		{"has another ", c.Fields},
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
