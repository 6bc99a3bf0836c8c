package auth0

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/idpctl/idpctl/emulator/oidc"
	"github.com/idpctl/idpctl/emulator/pages"
)

// visit is one request beside the Management API. The server is locked while
// it lasts.
type visit struct {
	*Server
	r      *http.Request
	body   []byte
	header http.Header
}

// visitRoutes are those of the Authentication API and the pages.
func visitRoutes() map[string]func(*visit) (reply, error) {
	return map[string]func(*visit) (reply, error){
		"GET /.well-known/openid-configuration":       (*visit).discovery,
		"GET /.well-known/oauth-authorization-server": (*visit).discovery,
		"GET /.well-known/jwks.json":                  (*visit).keys,
		"POST /oauth/token":                           (*visit).token,
		"POST /oauth/device/code":                     (*visit).startDevice,
		"GET /userinfo":                               (*visit).userinfo,
		"POST /dbconnections/change_password":         (*visit).changePassword,
		"GET /activate":                               (*visit).activate,
		"POST /activate":                              (*visit).enterCode,
		"POST /u/login":                               (*visit).enterPassword,
		"POST /u/device/confirmation":                 (*visit).confirm,
		"GET /u/reset-password":                       (*visit).resetPage,
		"POST /u/reset-password":                      (*visit).reset,
	}
}

func (v *visit) dispatch() (reply, error) {
	name := v.r.Method + " " + v.r.URL.Path
	handle := visitRoutes()[name]
	if handle == nil {
		v.requests[v.r.Method+" (not emulated)"]++
		return reply{}, notEmulated("%s", name)
	}
	v.requests[name]++
	if strings.HasPrefix(v.r.URL.Path, "/oauth/") {
		v.header.Set("Content-Type", "application/json") // without a charset (section 1)
		v.header.Set("Cache-Control", "no-store")
	}
	return handle(v)
}

// form reads the body, which is a form or JSON (section 10).
func (v *visit) form() url.Values {
	if strings.HasPrefix(v.r.Header.Get("Content-Type"), "application/json") {
		out := url.Values{}
		value, _ := parse(v.body) // what is missing is missed later
		o, _ := value.(object)
		for k, e := range o {
			if e != nil {
				out.Set(k, fmt.Sprint(e))
			}
		}
		return out
	}
	out, _ := url.ParseQuery(string(v.body))
	return out
}

// page answers with a page of the sign-in.
func (v *visit) page(status int, p pages.Page) (reply, error) {
	p.Emulates = "Auth0"
	if p.Brand = str(v.settings, "friendly_name"); p.Brand == "" {
		if p.Brand = v.tenantName(); p.Brand == "127" { // on this machine the domain is an address
			p.Brand = v.opts.Domain
		}
	}
	if p.Title == "" {
		p.Title = p.Heading
	}
	return reply{status: status, body: func(w http.ResponseWriter) { pages.Render(w, status, p) }}, nil
}

// discovery: the issuer ends in a slash, and everything is on the domain that
// was called (section 10).
func (v *visit) discovery() (reply, error) {
	base := v.base(v.r)
	return ok(object{
		"issuer": base + "/", "authorization_endpoint": base + "/authorize", "token_endpoint": base + "/oauth/token",
		"device_authorization_endpoint": base + "/oauth/device/code", "userinfo_endpoint": base + "/userinfo", "jwks_uri": base + "/.well-known/jwks.json",
		"revocation_endpoint": base + "/oauth/revoke", "registration_endpoint": base + "/oidc/register", "mfa_challenge_endpoint": base + "/mfa/challenge",
		"scopes_supported":                                 []string{"openid", "profile", "offline_access", "name", "given_name", "family_name", "nickname", "email", "email_verified", "picture", "created_at", "identities", "phone", "address"},
		"response_types_supported":                         []string{"code", "token", "id_token", "code token", "code id_token", "token id_token", "code token id_token"},
		"response_modes_supported":                         []string{"query", "fragment", "form_post"},
		"grant_types_supported":                            []string{"client_credentials", "authorization_code", "refresh_token", deviceGrantType},
		"code_challenge_methods_supported":                 []string{"S256", "plain"},
		"subject_types_supported":                          []string{"public"},
		"token_endpoint_auth_methods_supported":            []string{"client_secret_basic", "client_secret_post", "private_key_jwt", "none"},
		"token_endpoint_auth_signing_alg_values_supported": []string{"RS256", "RS384", "PS256"},
		"id_token_signing_alg_values_supported":            []string{"HS256", "RS256", "PS256"},
		"claims_supported":                                 []string{"aud", "auth_time", "created_at", "email", "email_verified", "exp", "family_name", "given_name", "iat", "identities", "iss", "name", "nickname", "phone_number", "picture", "sub"},
		"request_uri_parameter_supported":                  false, "request_parameter_supported": false,
	})
}

// keys is the JWKS. A second key, the next one, is not emulated.
func (v *visit) keys() (reply, error) {
	k, err := v.signingKey()
	if err != nil {
		return reply{}, err
	}
	return ok(oidc.JWKS(k))
}
