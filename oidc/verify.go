package oidc

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/idpctl/idpctl/resource"
)

// The identifiers of the checks of a token.
const (
	checkFormat    = "token.format"
	checkAlgorithm = "token.algorithm"
	checkKey       = "token.key"
	checkSignature = "token.signature"
	checkIssuer    = "token.issuer"
	checkExpiry    = "token.expiry"
	checkStart     = "token.not_before"
	checkClock     = "token.clock"
	checkSubject   = "token.subject"
	checkClient    = "token.client"
	checkAudience  = "token.audience"
)

// DefaultLeeway is the difference between two clocks that is let pass.
const DefaultLeeway = 30 * time.Second

// Expectation is what the cluster wants of an access token.
type Expectation struct {
	// Issuer is what "iss" has to be, letter by letter.
	Issuer string
	// SubjectClaim holds the user's id; empty for "sub".
	SubjectClaim string
	// AdminIDs are the users that the cluster knows: id to name.
	AdminIDs map[string]string
	// OnlyID is the id that has to be the one; empty if any admin will do.
	OnlyID string
	// ClientID is the client that signed in, and Audience what the token was
	// asked for; empty for either is not compared. Neither is compared by the
	// cluster: a difference is a warning.
	ClientID, Audience string
	// Now is the local clock; zero for the time of the call.
	Now time.Time
	// ServerNow is the issuer's clock at Now (see [Token.ServerNow]); zero if
	// it is not known.
	ServerNow time.Time
	// Fresh: the token was issued moments ago, so that its times tell the
	// issuer's clock too.
	Fresh bool
	// Leeway is the difference of clocks that is let pass; 0 for
	// DefaultLeeway. It does not lengthen a token's life.
	Leeway time.Duration
}

// verification is one VerifyAccessToken under way.
type verification struct {
	want   Expectation
	keys   KeySet
	checks []Check
	// verified: the signature is good, so that the claims are the issuer's.
	verified bool
}

// VerifyAccessToken judges an access token as the cluster would: a JWT (RFC
// 9068), signed with an asymmetric algorithm by a key of the exported JWKS, of
// exactly this issuer, valid now, for a user that the cluster knows as admin.
// What the signature does not vouch for is never called passed.
func VerifyAccessToken(token resource.Secret, keys KeySet, want Expectation) []Check {
	if want.SubjectClaim == "" {
		want.SubjectClaim = "sub"
	}
	if want.Leeway <= 0 {
		want.Leeway = DefaultLeeway
	}
	if want.Now.IsZero() {
		want.Now = time.Now()
	}
	v := &verification{want: want, keys: keys}
	header, claims, ok := v.format(token.Reveal())
	if ok {
		v.signature(token.Reveal(), header)
		v.claims(claims)
	}
	made := map[string]Check{}
	for _, c := range v.checks {
		made[c.ID] = c
	}
	checks := v.all()
	for i, c := range checks {
		if m, ok := made[c.ID]; ok {
			checks[i] = m
			continue
		}
		checks[i].Status, checks[i].Hint = Skipped, "Could not be checked: an earlier check failed."
	}
	return checks
}

// all are the checks in the order to show.
func (v *verification) all() []Check {
	checks := []Check{
		{ID: checkFormat, Name: "Access token"},
		{ID: checkAlgorithm, Name: "Signature algorithm"},
		{ID: checkKey, Name: "Signing key"},
		{ID: checkSignature, Name: "Signature"},
		{ID: checkIssuer, Name: "Issuer (iss)"},
		{ID: checkExpiry, Name: "Expiry (exp)"},
		{ID: checkStart, Name: "Valid from (nbf, iat)"},
		{ID: checkClock, Name: "Clocks"},
		{ID: checkSubject, Name: fmt.Sprintf("User (%s)", said(v.want.SubjectClaim))},
		{ID: checkClient, Name: "Client (azp)"},
	}
	if v.want.Audience != "" {
		checks = append(checks, Check{ID: checkAudience, Name: "Audience (aud)"})
	}
	return checks
}

// put records a check under its name. A claim that is right only by its own
// word is skipped, not passed.
func (v *verification) put(id string, c Check) {
	for _, known := range v.all() {
		if known.ID == id {
			c.ID, c.Name = known.ID, known.Name
		}
	}
	claim := !slices.Contains([]string{checkFormat, checkAlgorithm, checkKey, checkSignature}, id)
	if claim && !v.verified && c.Status != Failed {
		c.Status, c.Hint = Skipped, "The token says so, but its signature does not vouch for it."
	}
	v.checks = append(v.checks, c)
}

// format takes the token apart. The server's parts are not trusted yet.
func (v *verification) format(token string) (header, claims object, ok bool) {
	bad := func(value, hint string) (object, object, bool) {
		v.put(checkFormat, Check{Status: Failed, Value: value, Want: "a signed JWT", Hint: hint})
		return nil, nil, false
	}
	const opaqueHint = "The cluster reads the user from the token, and cannot read this one. Providers that have APIs (resource servers) issue JWTs for those only: " +
		"create one, and give its identifier as audience to the device flow and to influxctl. With others, set the client's access token format to JWT."
	if token == "" {
		return bad("none", "The identity provider gave no access token.")
	}
	if len(token) > maxToken {
		return bad(fmt.Sprintf("%d bytes long", len(token)), "That is larger than any server accepts. Take claims out of the access token.")
	}
	parts := strings.Split(token, ".")
	switch {
	case len(parts) == 5 && decodePart(parts[0]) != nil:
		return bad("an encrypted token (JWE)", "The cluster has no key to decrypt it. Switch off the encryption of access tokens for this client or API.")
	case len(parts) != 3:
		return bad("opaque: not a JWT", opaqueHint)
	}
	if header = decodePart(parts[0]); header == nil {
		return bad("opaque: not a JWT", opaqueHint)
	}
	if claims = decodePart(parts[1]); claims == nil {
		return bad("a JWT whose claims are not a JSON object with each name once", "The identity provider, or a plug-in that adds claims, has to be repaired.")
	}
	check := Check{Value: fmt.Sprintf("JWT, %d bytes", len(token))}
	if len(token) > 8<<10 {
		check.Status, check.Want = Warned, "8192 bytes or less"
		check.Hint = "Many proxies and gRPC servers refuse headers this long. Take claims (groups, roles) out of the access token."
	}
	v.put(checkFormat, check)
	return header, claims, true
}

// decodePart reads one part of a JWT as JSON object, nil if it is none.
func decodePart(part string) object {
	data, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return nil
	}
	o, err := answer{body: data}.object("")
	if err != nil {
		return nil
	}
	return o
}

// signature checks algorithm, key and signature.
func (v *verification) signature(token string, header object) {
	alg := header.lenient("alg")
	if !v.algorithm(alg) {
		return
	}
	candidates := v.candidates(header.lenient("kid"), alg)
	if len(candidates) == 0 {
		return
	}
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(alg)})
	if err != nil {
		v.put(checkSignature, Check{Status: Failed, Value: "the header cannot be read", Hint: "The identity provider makes tokens that do not keep to RFC 7515."})
		return
	}
	for _, k := range candidates {
		_, err = jws.Verify(k.key)
		if err == nil {
			v.verified = true
			v.put(checkSignature, Check{Value: "valid"})
			return
		}
	}
	check := Check{Status: Failed, Value: "does not fit the key", Hint: "The token was signed by another key of that name, or changed on the way. If the issuer differs too, the JWKS endpoint belongs to another realm, tenant or server."}
	if errors.Is(err, jose.ErrUnsupportedCriticalHeader) {
		check.Value = `names an extension ("crit") that is not known`
		check.Hint = "A reader has to refuse it (RFC 7515 section 4.1.11). Switch the extension off at the identity provider."
	}
	v.put(checkSignature, check)
}

// isAsymmetric reports whether an algorithm signs with a private key, and has its
// signatures checked with a public one (RFC 7518 section 3.1, RFC 8037).
func isAsymmetric(alg string) bool {
	return slices.Contains([]jose.SignatureAlgorithm{
		jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512,
		jose.ES256, jose.ES384, jose.ES512, jose.EdDSA,
	}, jose.SignatureAlgorithm(alg))
}

// algorithm refuses what is not asymmetric (RFC 8725 sections 3.1 and 3.2).
func (v *verification) algorithm(alg string) bool {
	if isAsymmetric(alg) {
		check := Check{Value: alg}
		if alg != string(jose.RS256) {
			check.Status, check.Want = Warned, string(jose.RS256)
			check.Hint = "The signature can be checked with a published key, but which algorithms the cluster takes is not documented. The identity providers that InfluxData supports sign with RS256 unless they are told otherwise: if the cluster refuses the token, set RS256."
		}
		v.put(checkAlgorithm, check)
		return true
	}
	check := Check{Status: Failed, Value: said(alg), Want: "an asymmetric one, such as RS256 or ES256"}
	switch {
	case alg == "":
		check.Value, check.Hint = "not named", "The token's header has no alg, which RFC 7515 requires."
	case strings.EqualFold(alg, "none"):
		check.Hint = "The token is not signed: anybody could have made it. Do not use this identity provider before that is repaired."
	case strings.HasPrefix(strings.ToUpper(alg), "HS"):
		check.Hint = "It is symmetric: the key that checks a token also makes one, and no such key may be published. Set the access token signature algorithm of the realm, API or client to RS256."
	default:
		check.Hint = "It is not known here. Set the access token signature algorithm of the realm, API or client to RS256."
	}
	v.put(checkAlgorithm, check)
	return false
}

// keyNames lists the names of the signing keys.
func (v *verification) keyNames() string {
	var names []string
	for _, k := range v.keys.Signing() {
		if k.ID != "" {
			names = append(names, k.ID)
		}
	}
	if len(names) == 0 {
		return "it names none"
	}
	return strings.Join(firstFew(names), ", ")
}

// candidates returns the keys to try, and reports on the key that the token
// names.
func (v *verification) candidates(kid, alg string) []Key {
	const stale = "The cluster looks for the key by this name. The JWKS endpoint belongs to another realm, tenant or server; or the keys were changed since they were fetched: fetch them again."
	var fitting []Key
	if kid == "" {
		for _, k := range v.keys.Signing() {
			if k.verifies(alg) {
				fitting = append(fitting, k)
			}
		}
		v.put(checkKey, Check{Status: Failed, Value: "the token names none", Want: "a kid in the token's header",
			Hint: "The cluster looks for the key by its kid. Have the identity provider write it."})
		return fitting
	}
	named := v.keys.ByID(kid)
	check := Check{Value: said(kid)}
	if len(named) == 0 {
		check.Status, check.Hint = Failed, stale
		check.Want = "a signing key of the JWKS: " + v.keyNames()
		v.put(checkKey, check)
		return nil
	}
	for _, k := range named {
		if k.verifies(alg) {
			fitting = append(fitting, k)
		}
	}
	if len(fitting) > 0 {
		check.Value = fmt.Sprintf("%s (%s)", said(kid), fitting[0].Kind)
		v.put(checkKey, check)
		return fitting
	}
	check.Status, check.Want = Failed, "a key that verifies "+alg
	switch k := named[0]; k.Role {
	case BadKey:
		check.Hint = fmt.Sprintf("The key %s.", k.Problem)
	case OtherKey:
		check.Hint = "The JWKS says that this key is not for signatures."
	default:
		check.Hint = fmt.Sprintf("The JWKS says that this key (%s) is for another algorithm than the token's.", strings.TrimSpace(k.Algorithm+" "+k.Kind))
	}
	v.put(checkKey, check)
	return nil
}
