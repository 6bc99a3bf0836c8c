package oidc

import (
	"context"
	"slices"
	"strings"
)

// The identifiers of the checks of an issuer.
const (
	checkURL      = "issuer.url"
	checkDocument = "issuer.discovery"
	checkMatch    = "issuer.match"
	checkDevice   = "issuer.device_endpoint"
	checkToken    = "issuer.token_endpoint"
	checkJWKSURI  = "issuer.jwks_uri"
	checkHTTPS    = "issuer.https"
	checkOrigins  = "issuer.origins"
	checkGrant    = "issuer.device_grant"
	checkAlgs     = "issuer.algorithms"
	checkKeys     = "issuer.signing_keys"
	checkKeyIDs   = "issuer.key_ids"
	checkTLS      = "issuer.tls"
)

// issuerChecks are the checks of an issuer in the order to show.
func issuerChecks() []Check {
	return []Check{
		{ID: checkURL, Name: "Issuer URL"},
		{ID: checkDocument, Name: "Discovery document"},
		{ID: checkMatch, Name: "Issuer in the document"},
		{ID: checkDevice, Name: "Device authorization endpoint"},
		{ID: checkToken, Name: "Token endpoint"},
		{ID: checkJWKSURI, Name: "JWKS endpoint"},
		{ID: checkHTTPS, Name: "Encrypted endpoints"},
		{ID: checkOrigins, Name: "Origins of the endpoints"},
		{ID: checkGrant, Name: "Device grant announced"},
		{ID: checkAlgs, Name: "Signature algorithms announced"},
		{ID: checkKeys, Name: "Signing keys"},
		{ID: checkKeyIDs, Name: "Key IDs"},
		{ID: checkTLS, Name: "TLS certificate"},
	}
}

// IssuerReport is the outcome of CheckIssuer.
type IssuerReport struct {
	// Checks in the order to show. Every check is there, also those that
	// could not be made.
	Checks []Check
	// Claimed is what the document calls its issuer, a URL; empty if there is no
	// document, or none in it. Nothing vouches for it.
	Claimed string
	// Discovery is filled in if the document can be trusted, as by Discover.
	Discovery Discovery
	// Keys is filled in if there is a signing key.
	Keys KeySet
}

// CheckIssuer looks at everything that InfluxDB and influxctl require of an
// issuer and that can be seen without signing in: the discovery document and
// that it speaks for exactly this issuer, the endpoints, the signing keys, https
// and the certificate. It sends two requests and ends within two timeouts.
func (c *Client) CheckIssuer(ctx context.Context, issuer string) IssuerReport {
	r := &issuerRun{results: map[string]Check{}}
	r.run(ctx, c, issuer)
	for _, known := range issuerChecks() {
		check, ok := r.results[known.ID]
		if !ok {
			check = Check{Status: Skipped, Hint: "Could not be checked: an earlier check failed."}
		}
		check.ID, check.Name = known.ID, known.Name
		r.report.Checks = append(r.report.Checks, check)
	}
	return r.report
}

// issuerRun collects the results of one CheckIssuer.
type issuerRun struct {
	results map[string]Check
	report  IssuerReport
}

// put records a result unless the check has failed already.
func (r *issuerRun) put(id string, check Check) {
	if old, ok := r.results[id]; ok && old.Status == Failed {
		return
	}
	r.results[id] = check
}

func (r *issuerRun) pass(id, value string) { r.put(id, Check{Value: value}) }

func (r *issuerRun) fail(id string, err error) { r.put(id, failure(id, "", err)) }

func (r *issuerRun) run(ctx context.Context, c *Client, issuer string) {
	documentURL, err := c.documentURL(issuer)
	if KindOf(err) == Insecure {
		r.pass(checkURL, issuer)
		r.fail(checkHTTPS, err)
		return
	}
	if err != nil {
		r.fail(checkURL, err)
		return
	}
	r.url(issuer)

	doc, ans, err := c.document(ctx, documentURL)
	if err != nil {
		r.fail(checkDocument, err)
		if KindOf(err) == Untrusted {
			r.fail(checkTLS, err)
		}
		return
	}
	r.pass(checkDocument, ans.url)
	if claimed, err := inspectIssuer(doc, ""); err == nil {
		r.report.Claimed = claimed
	}
	d, problems := c.inspect(doc, documentURL, issuer)
	r.endpoints(d, problems)

	answers := []answer{ans}
	if d.JWKSURI != "" {
		keys, ans, err := c.fetchJWKS(ctx, d.JWKSURI)
		if err != nil {
			r.fail(checkKeys, err)
			if KindOf(err) == Untrusted {
				r.fail(checkTLS, err)
			}
		} else {
			answers = append(answers, ans)
			r.keys(keys)
		}
	}
	r.certificates(answers)
}

// url warns of an issuer that nobody but this machine can reach.
func (r *issuerRun) url(issuer string) {
	check := Check{Value: issuer}
	if u, err := parseURL(issuer); err == nil && isLoopback(u) {
		check.Status, check.Want = Warned, "a host name that the cluster can reach"
		check.Hint = "It is a loopback address: a cluster on other machines cannot fetch the keys from there, and nobody else can sign in."
	}
	r.put(checkURL, check)
}

// endpoints reports what the document says.
func (r *issuerRun) endpoints(d Discovery, problems []problem) {
	trusted := true
	for _, p := range problems {
		if p.mild {
			continue
		}
		trusted = false
		if old, ok := r.results[p.check]; ok && old.Status == Failed {
			old.Value += "; " + p.err.Summary
			r.results[p.check] = old
			continue
		}
		r.fail(p.check, p.err)
	}
	r.pass(checkMatch, d.Issuer)
	for _, p := range problems {
		if _, failed := r.results[checkOrigins]; p.mild && !failed {
			r.put(checkOrigins, Check{Status: Warned, Value: p.err.Summary, Hint: p.err.Hint})
		}
	}
	for id, url := range map[string]string{checkToken: d.TokenEndpoint, checkJWKSURI: d.JWKSURI, checkDevice: d.DeviceAuthorizationEndpoint} {
		if url != "" {
			r.pass(id, url)
		}
	}
	refused := r.results[checkHTTPS].Status == Failed || r.results[checkOrigins].Status == Failed
	if _, judged := r.results[checkDevice]; !judged && !refused {
		r.fail(checkDevice, noDeviceFlow())
	}
	if _, judged := r.results[checkOrigins]; !judged {
		r.pass(checkOrigins, "all where the issuer is, or allowed")
	}
	if _, judged := r.results[checkHTTPS]; !judged {
		r.https(d)
	}
	r.grant(d)
	r.algorithms(d)
	if trusted {
		r.report.Discovery = d
	}
}

// https warns of http that is allowed.
func (r *issuerRun) https(d Discovery) {
	var found []string
	for _, s := range []string{d.DocumentURL, d.JWKSURI, d.TokenEndpoint, d.DeviceAuthorizationEndpoint} {
		u, err := parseURL(s)
		if err == nil && u.Scheme == "http" && !slices.Contains(found, origin(u)) {
			found = append(found, origin(u))
		}
	}
	if len(found) == 0 {
		r.pass(checkHTTPS, "https")
		return
	}
	r.put(checkHTTPS, Check{Status: Warned, Value: strings.Join(found, ", "), Want: "https",
		Hint: "Codes and tokens travel in the clear. That will do to try things out, not for production."})
}

// grant is information: documents that do not list the grant work all the same.
func (r *issuerRun) grant(d Discovery) {
	if slices.Contains(d.GrantTypes, deviceGrant) {
		r.pass(checkGrant, "listed in grant_types_supported")
		return
	}
	r.put(checkGrant, Check{Status: Skipped, Value: "not listed in grant_types_supported",
		Hint: "Nothing to do: some providers do not list the device grant and have it."})
}

// algorithms looks at what the document announces for ID tokens: providers sign
// access tokens in the same ways, and have no member that lists those.
func (r *issuerRun) algorithms(d Discovery) {
	if len(d.SigningAlgorithms) == 0 {
		r.put(checkAlgs, Check{Status: Skipped, Value: "not listed in id_token_signing_alg_values_supported",
			Hint: "How a token is signed is seen once somebody signs in (`idpctl verify`)."})
		return
	}
	var usable []string
	for _, alg := range d.SigningAlgorithms {
		if isAsymmetric(alg) {
			usable = append(usable, alg)
		}
	}
	if len(usable) == 0 {
		r.put(checkAlgs, Check{Status: Failed, Value: strings.Join(firstFew(d.SigningAlgorithms), ", "), Want: "an asymmetric one, such as RS256 or ES256",
			Hint: "The cluster checks tokens with a published key, which only an asymmetric algorithm allows. Set the signature algorithm of the realm, tenant or client to RS256."})
		return
	}
	r.pass(checkAlgs, strings.Join(firstFew(usable), ", "))
}
