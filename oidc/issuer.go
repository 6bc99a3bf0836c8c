package oidc

import (
	"context"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"
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
	if err != nil {
		r.fail(checkURL, err)
		return
	}
	r.pass(checkURL, issuer)

	doc, ans, err := c.document(ctx, documentURL)
	if err != nil {
		r.fail(checkDocument, err)
		if KindOf(err) == Untrusted {
			r.fail(checkTLS, err)
		}
		return
	}
	r.pass(checkDocument, ans.url)
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
	if trusted {
		r.report.Discovery = d
	}
}

// https warns of http that is allowed.
func (r *issuerRun) https(d Discovery) {
	var found []string
	loopback := false
	for _, s := range []string{d.DocumentURL, d.JWKSURI, d.TokenEndpoint, d.DeviceAuthorizationEndpoint} {
		u, err := parseURL(s)
		if err == nil && u.Scheme == "http" && !slices.Contains(found, origin(u)) {
			found = append(found, origin(u))
			loopback = loopback || isLoopback(u)
		}
	}
	if len(found) == 0 {
		r.pass(checkHTTPS, "https")
		return
	}
	check := Check{Status: Warned, Value: strings.Join(found, ", "), Want: "https",
		Hint: "Codes and tokens travel in the clear. That will do to try things out, not for production."}
	if loopback {
		check.Hint += " A cluster on other machines cannot reach a loopback address."
	}
	r.put(checkHTTPS, check)
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

// keys reports what a key set is worth.
func (r *issuerRun) keys(set KeySet) {
	r.put(checkKeys, judgeKeys(set))
	if signing := set.Signing(); len(signing) > 0 {
		r.report.Keys = set
		r.keyIDs(signing)
	}
}

// judgeKeys judges a key set.
func judgeKeys(set KeySet) Check {
	signing := set.Signing()
	var bad []string
	other, private := 0, false
	for i, k := range set.Keys {
		switch k.Role {
		case OtherKey:
			other++
		case BadKey:
			private = private || k.Private
			bad = append(bad, fmt.Sprintf("%s %s", keyName(i, k), k.Problem))
		}
	}
	check := Check{Value: describeKeys(signing, other)}
	switch {
	case private:
		check.Status = Failed
		check.Value = strings.Join(firstFew(bad), "; ")
		check.Hint = "Whoever has read it can make tokens for every user. Replace the key at the identity provider at once, and publish its public part only."
	case len(signing) == 0:
		check.Status, check.Want = Failed, "a public key for signatures: RSA of 2048 bits or more, EC P-256, P-384 or P-521, or Ed25519"
		check.Hint = "The cluster checks every token with a key from here. Give the realm or tenant an active key for an asymmetric signature algorithm such as RS256."
		if len(bad) > 0 {
			check.Hint = "No key can be used: " + strings.Join(firstFew(bad), "; ") + ". " + check.Hint
		}
	case len(bad) > 0:
		check.Status = Warned
		check.Hint = "Left alone: " + strings.Join(firstFew(bad), "; ") + ". Tokens that are signed with such a key will be refused."
	}
	return check
}

// keyIDs looks for keys that a token cannot name, or not unmistakably.
func (r *issuerRun) keyIDs(signing []Key) {
	seen := map[string]Key{}
	var nameless, silent int
	var twice []string
	for _, k := range signing {
		if k.Use == "" {
			silent++
		}
		if k.kid == "" {
			nameless++
			continue
		}
		// RFC 7517 section 4.5 lets keys of different types share an id.
		if old, ok := seen[k.kid]; ok && old.Kind == k.Kind && !slices.Contains(twice, k.ID) {
			twice = append(twice, k.ID)
		}
		seen[k.kid] = k
	}
	check := Check{Value: fmt.Sprintf("%d signing keys, each with its own kid", len(signing))}
	if len(signing) == 1 {
		check.Value = "1 signing key, with a kid"
	}
	if silent > 0 && nameless == 0 && len(twice) == 0 {
		check.Value += fmt.Sprintf("; %d without use:sig", silent)
	}
	switch {
	case nameless > 0:
		check.Status, check.Value, check.Want = Warned, fmt.Sprintf("%d of %s without a kid", nameless, count(len(signing), "signing key")), "a kid for every key"
		check.Hint = "A token names its key by the kid. Without one it is left to the reader which key is tried, and a change of keys breaks sign-in."
	case len(twice) > 0:
		check.Status, check.Value, check.Want = Warned, "kid used twice: "+strings.Join(firstFew(twice), ", "), "a kid of its own for every key"
		check.Hint = "It is left to the reader which of them is tried. Have the identity provider make new keys."
	}
	r.put(checkKeyIDs, check)
}

// keyName names a key in a message.
func keyName(i int, k Key) string {
	if k.ID != "" {
		return fmt.Sprintf("key %q (%s)", k.ID, k.Kind)
	}
	return fmt.Sprintf("key number %d (%s)", i+1, k.Kind)
}

func describeKeys(signing []Key, other int) string {
	var parts []string
	for _, k := range signing {
		s := k.Kind
		if k.Algorithm != "" {
			s = k.Algorithm + " (" + k.Kind + ")"
		}
		parts = append(parts, s)
	}
	text := "none"
	if len(parts) > 0 {
		text = strings.Join(firstFew(parts), ", ")
	}
	if other > 0 {
		text += fmt.Sprintf("; %d not for signing, left alone", other)
	}
	return text
}

// firstFew keeps messages short.
func firstFew(list []string) []string {
	const few = 5
	if len(list) <= few {
		return list
	}
	return append(slices.Clone(list[:few]), fmt.Sprintf("and %d more", len(list)-few))
}

// certificates reports the certificate that ends first.
func (r *issuerRun) certificates(answers []answer) {
	var first *x509.Certificate
	host := ""
	for _, ans := range answers {
		if ans.tls == nil || len(ans.tls.PeerCertificates) == 0 {
			continue
		}
		chain := ans.tls.PeerCertificates
		if len(ans.tls.VerifiedChains) > 0 {
			chain = ans.tls.VerifiedChains[0]
		}
		for _, cert := range chain {
			if first == nil || cert.NotAfter.Before(first.NotAfter) {
				first, host = cert, ans.tls.ServerName
			}
		}
	}
	if first == nil {
		r.put(checkTLS, Check{Status: Skipped, Hint: "There is none: the issuer is reached over http."})
		return
	}
	left, life := time.Until(first.NotAfter), first.NotAfter.Sub(first.NotBefore)
	check := Check{Value: "valid until " + first.NotAfter.UTC().Format(time.DateOnly)}
	if host != "" { // that of an address is empty
		check.Value += " (" + said(host) + ")"
	}
	// Certificates that live for days are renewed late in their life.
	if left < min(14*24*time.Hour, life/3) {
		check.Status, check.Want = Warned, "two weeks or more, or a third of its life"
		check.Hint = fmt.Sprintf("A certificate of the chain ends in %s. After that neither influxctl nor the cluster gets through. Renew it.", approx(left))
	}
	r.put(checkTLS, check)
}

// approx is a duration as people say it, rounded.
func approx(d time.Duration) string {
	d = d.Abs()
	for _, u := range []struct {
		size time.Duration
		noun string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if d >= 2*u.size {
			return count(int(d.Round(u.size)/u.size), u.noun)
		}
	}
	return count(int(d.Round(time.Second)/time.Second), "second")
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
