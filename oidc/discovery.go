package oidc

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// wellKnown is where an issuer's document is (OpenID Connect Discovery 1.0
// section 4).
const wellKnown = "/.well-known/openid-configuration"

// Discovery is what an issuer says about itself (OpenID Connect Discovery 1.0
// section 3, RFC 8414 section 2). Every URL in it is absolute, ASCII, and on an
// origin that the issuer vouches for; those that the document lacks are empty.
type Discovery struct {
	// DocumentURL is where the document was read.
	DocumentURL string
	// Issuer is what tokens carry as "iss", letter by letter.
	Issuer string
	// JWKSURI is where the signing keys are: InfluxDB's jwksEndpoint.
	JWKSURI string
	// TokenEndpoint is influxctl's token_url.
	TokenEndpoint string
	// DeviceAuthorizationEndpoint is influxctl's device_url (RFC 8628 section
	// 4); empty if the issuer has no device flow.
	DeviceAuthorizationEndpoint string
	// AuthorizationEndpoint and UserinfoEndpoint are not used here. They may
	// be on any origin.
	AuthorizationEndpoint, UserinfoEndpoint string
	// GrantTypes, Scopes and SigningAlgorithms are grant_types_supported,
	// scopes_supported and id_token_signing_alg_values_supported.
	GrantTypes, Scopes, SigningAlgorithms []string
}

// problem is an error in a document, with the check that it belongs to.
type problem struct {
	check string
	err   *Error
	// mild problems are of no consequence for InfluxDB and do not fail Discover.
	mild bool
}

// Discover reads the discovery document of an issuer. The document must name
// exactly this issuer, and have jwks_uri and token_endpoint. Every endpoint has
// to be https, or on this machine, or AllowHTTP is set; and those that keys come
// from and codes go to have to be on the issuer's origin or one of
// AllowedOrigins. A document without device_authorization_endpoint is accepted.
//
// Errors are [*Error]; if there are several, they are joined.
func (c *Client) Discover(ctx context.Context, issuer string) (Discovery, error) {
	documentURL, err := c.documentURL(issuer)
	if err != nil {
		return Discovery{}, err
	}
	return c.discover(ctx, documentURL, issuer)
}

func (c *Client) discover(ctx context.Context, documentURL, issuer string) (Discovery, error) {
	doc, _, err := c.document(ctx, documentURL)
	if err != nil {
		return Discovery{}, err
	}
	d, problems := c.inspect(doc, documentURL, issuer)
	var errs []error
	for _, p := range problems {
		if !p.mild {
			errs = append(errs, p.err)
		}
	}
	if len(errs) == 1 {
		return Discovery{}, errs[0]
	}
	if len(errs) > 1 {
		return Discovery{}, errors.Join(errs...)
	}
	return d, nil
}

// ValidIssuer says why nothing can be read of an issuer, before anything is sent: it is
// no URL, or that of a document, or http on another machine. Nil for one that may be
// asked. The error is an [*Error].
func (c *Client) ValidIssuer(issuer string) error {
	_, err := c.documentURL(issuer)
	return err
}

// documentURL is where an issuer's document is, or why it is no issuer.
func (c *Client) documentURL(issuer string) (string, error) {
	u, err := parseURL(issuer)
	if err == nil && (u.RawQuery != "" || u.ForceQuery) {
		err = errors.New("has a query (?)")
	}
	if err != nil {
		return "", &Error{Kind: BadRequest,
			Summary: fmt.Sprintf("the issuer %q %s", shown(issuer), err),
			Hint:    "An issuer is an https URL, as in https://sso.example.com/realms/influxdb, without query and fragment."}
	}
	if strings.Contains(u.Path, "/.well-known/") {
		return "", &Error{Kind: BadRequest,
			Summary: fmt.Sprintf("the issuer %q is the URL of a document, not of an issuer", shown(issuer)),
			Hint:    "Leave out everything from /.well-known/ on."}
	}
	if err := c.secure("the issuer", u); err != nil {
		return "", err
	}
	return strings.TrimSuffix(issuer, "/") + wellKnown, nil
}

// secure refuses http to another machine.
func (c *Client) secure(what string, u *url.URL) error {
	if c.AllowHTTP || !plain(u) {
		return nil
	}
	return &Error{Kind: Insecure,
		Summary: fmt.Sprintf("%s, %s, is http on another machine", what, shown(u.String())),
		Hint:    "Whoever sits between reads the codes and tokens, or answers in its place. Use https."}
}

// document fetches a discovery document.
func (c *Client) document(ctx context.Context, documentURL string) (object, answer, error) {
	ans, err := c.get(ctx, documentURL)
	if err != nil {
		return nil, ans, err
	}
	if ans.status != http.StatusOK {
		e := &Error{Kind: BadStatus, Status: ans.status, RetryAfter: ans.retryAfter(),
			Summary: fmt.Sprintf("%s answers %s", ans.url, statusText(ans.status))}
		switch {
		case ans.status == http.StatusNotFound:
			e.Hint = "There is no issuer at this URL. Check its path and its spelling; realms and tenants are part of it."
		case ans.status == http.StatusUnauthorized || ans.status == http.StatusForbidden:
			e.Hint = "The document has to be readable without signing in. A proxy or firewall may stand before it."
		case ans.status >= 500 || ans.status == http.StatusTooManyRequests:
			e.Hint = "The identity provider, or a proxy in front of it, is not well. Try again later."
		default:
			e.Hint = "A discovery document comes with 200. Check the URL, and what stands before the server."
		}
		return nil, ans, e
	}
	doc, err := ans.object("a discovery document")
	return doc, ans, err
}

func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

// endpoints are the URLs of a document that are looked at. Keys come from, or
// codes go to, those that are trusted.
func endpoints() []endpoint {
	return []endpoint{
		{"jwks_uri", checkJWKSURI, true, true},
		{"token_endpoint", checkToken, true, true},
		{"device_authorization_endpoint", checkDevice, false, true},
		{"authorization_endpoint", checkOrigins, false, false},
		{"userinfo_endpoint", checkOrigins, false, false},
	}
}

type endpoint struct {
	member, check     string
	required, trusted bool
}

// inspect judges a document. issuer is whom it has to speak for, empty if it may
// say so itself. Everything that is wrong is reported, and left out of the
// result.
func (c *Client) inspect(doc object, documentURL, issuer string) (Discovery, []problem) {
	d := Discovery{
		DocumentURL: documentURL,
		GrantTypes:  doc.texts("grant_types_supported"), Scopes: doc.texts("scopes_supported"),
		SigningAlgorithms: doc.texts("id_token_signing_alg_values_supported"),
	}
	var problems []problem
	claimed, err := inspectIssuer(doc, issuer)
	if err != nil {
		problems = append(problems, problem{check: checkMatch, err: err})
	} else {
		d.Issuer = claimed
	}
	var vouched []string
	// Of a wrong issuer nothing is believed; that its endpoints are on its own
	// origin is no second mistake.
	for _, s := range []string{documentURL, claimed} {
		if u, err := parseURL(s); err == nil {
			vouched = append(vouched, origin(u))
		}
	}
	for _, ep := range endpoints() {
		s, err := doc.text(ep.member)
		var u *url.URL
		if err == nil && s != "" {
			u, err = parseURL(s)
		}
		bad := func(check string, e *Error) {
			problems = append(problems, problem{check: check, err: e, mild: !ep.trusted})
		}
		switch {
		case err != nil:
			bad(ep.check, &Error{Kind: Malformed,
				Summary: fmt.Sprintf("%s of the discovery document, %q, %s", ep.member, shown(s), err),
				Hint:    "The identity provider is set up wrongly; its public URL (host name, proxy headers) is the usual reason."})
		case s == "" && ep.required:
			bad(ep.check, &Error{Kind: Incomplete,
				Summary: "the discovery document has no " + ep.member,
				Hint:    "This is not an OpenID provider's document, or one of a server that cannot work with InfluxDB."})
		case s == "":
		case !ep.trusted:
			if o := origin(u); !slices.Contains(vouched, o) && !c.allowed(o) && !among(c.UnusedOrigins, o) {
				bad(checkOrigins, &Error{Kind: ForeignOrigin,
					Summary: fmt.Sprintf("%s is on another origin, %s", ep.member, origin(u)),
					Hint:    "InfluxDB and influxctl do not use it. Make sure that it is the identity provider's."})
			}
			d.set(ep.member, s)
		case c.secure(ep.member, u) != nil:
			bad(checkHTTPS, asError(c.secure(ep.member, u)))
		case !slices.Contains(vouched, origin(u)) && !c.allowed(origin(u)):
			bad(checkOrigins, &Error{Kind: ForeignOrigin,
				Summary: fmt.Sprintf("%s is on %s, an origin that the issuer does not vouch for", ep.member, origin(u)),
				Hint:    "Codes and tokens are not sent there, and keys from there are not trusted. If the identity provider is built that way, allow this origin; if not, its public URL is set up wrongly, or the document was tampered with."})
		default:
			d.set(ep.member, s)
		}
	}
	return d, problems
}

// inspectIssuer returns what the document calls its issuer, and an error if that
// is not the wanted one.
func inspectIssuer(doc object, issuer string) (string, *Error) {
	got, err := doc.text("issuer")
	if err == nil && got != "" {
		_, err = parseURL(got)
	}
	switch {
	case got == "" && err == nil:
		return "", &Error{Kind: Incomplete, Summary: "the discovery document has no issuer",
			Hint: "This is not an OpenID provider's document. Check the URL."}
	case strings.ContainsAny(got, "{}"):
		return "", &Error{Kind: IssuerMismatch,
			Summary: fmt.Sprintf("the discovery document is for many tenants: its issuer is %q", shown(got)),
			Hint:    "Use the issuer of your own tenant, with its id in place of a common name."}
	case err != nil:
		return "", &Error{Kind: Malformed, Summary: fmt.Sprintf("issuer of the discovery document, %q, %s", shown(got), err),
			Hint: "The identity provider is set up wrongly; its public URL (host name, proxy headers) is the usual reason."}
	case issuer == "" || got == issuer:
		return got, nil
	case strings.TrimSuffix(got, "/") == strings.TrimSuffix(issuer, "/"):
		return got, &Error{Kind: IssuerMismatch,
			Summary: fmt.Sprintf("the issuer calls itself %s, with another slash at the end than %s", shown(got), shown(issuer)),
			Hint:    "Tokens are compared letter by letter. Write the issuer as " + shown(got) + "."}
	default:
		return got, &Error{Kind: IssuerMismatch,
			Summary: fmt.Sprintf("the issuer calls itself %s, not %s", shown(got), shown(issuer)),
			Hint:    "Tokens will carry the name that it calls itself. If that is the right one, write it; if not, the identity provider's public URL (host name, proxy headers) is set up wrongly."}
	}
}

// set stores an endpoint by its name in the document.
func (d *Discovery) set(member, value string) {
	switch member {
	case "jwks_uri":
		d.JWKSURI = value
	case "token_endpoint":
		d.TokenEndpoint = value
	case "device_authorization_endpoint":
		d.DeviceAuthorizationEndpoint = value
	case "authorization_endpoint":
		d.AuthorizationEndpoint = value
	case "userinfo_endpoint":
		d.UserinfoEndpoint = value
	}
}
