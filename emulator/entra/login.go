package entra

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
	"github.com/idpctl/idpctl/emulator/oidc"
)

// visit is one request to the login service. The server is locked while it
// lasts.
type visit struct {
	*Server
	r       *http.Request
	form    url.Values
	replica int
	header  http.Header
}

// loginRoutes are those of the login service, by method and path below the tenant.
var loginRoutes = map[string]func(*visit) (reply, error){
	"GET v2.0/.well-known/openid-configuration": (*visit).discovery,
	"GET discovery/v2.0/keys":                   (*visit).keys,
	"POST oauth2/v2.0/devicecode":               (*visit).startDevice,
	"POST oauth2/v2.0/token":                    (*visit).token,
}

// pageRoutes are the pages on which a user signs in, and a guest accepts.
var pageRoutes = map[string]func(*visit) (reply, error){
	"GET /common/discovery/instance": (*visit).instance,
	"GET /devicelogin":               (*visit).codePage,
	"POST /devicelogin":              (*visit).enterCode,
	"POST /common/login":             (*visit).enterPassword,
	"POST /common/SSPR":              (*visit).enterNewPassword,
	"POST /common/DeviceCodeConfirm": (*visit).confirm,
	"GET /redeem":                    (*visit).redeemPage,
	"POST /redeem/account":           (*visit).enterHome,
	"POST /redeem/login":             (*visit).enterHomePassword,
	"POST /redeem/consent":           (*visit).acceptInvitation,
}

func (s *Server) serveLogin(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, maxBody)) // what is missing is missed below
	form, _ := url.ParseQuery(string(body))
	v := &visit{Server: s, r: r, form: form, header: w.Header()}
	rep, text := v.answer()
	w.Header().Set("Cache-Control", "no-store, no-cache")
	w.Header().Set("x-ms-request-id", oidc.NewID())
	switch render := rep.body.(type) {
	case func(http.ResponseWriter):
		render(w)
	case nil:
		w.WriteHeader(rep.status)
	default:
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(rep.status)
		_, _ = w.Write(text)
	}
}

func (v *visit) answer() (rep reply, text []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.replica = int(v.reads % uint64(v.opts.Lag.Replicas))
	v.reads++
	rep, err := v.dispatch()
	if err != nil {
		e := sts(http.StatusInternalServerError, "server_error", 90033, "A transient error has occurred. Please try again.")
		errors.As(err, &e)
		rep = reply{e.status, e.body(v.base(v.r), v.now(), v.form.Get("client-request-id"))}
	}
	if _, isPage := rep.body.(func(http.ResponseWriter)); rep.body != nil && !isPage {
		text = jsonvalue.Encode(rep.body)
	}
	return rep, text
}

func (v *visit) dispatch() (reply, error) {
	path := v.r.URL.Path
	if handle := pageRoutes[v.r.Method+" "+path]; handle != nil {
		v.requests[v.r.Method+" "+path]++
		return handle(v)
	}
	tenant, rest, _ := strings.Cut(strings.Trim(path, "/"), "/")
	handle := loginRoutes[v.r.Method+" "+rest]
	if handle == nil {
		v.requests[v.r.Method+" (not emulated)"]++
		return reply{http.StatusNotImplemented, object{"error": "not_emulated", "error_description": "not emulated: " + v.r.Method + " " + path}}, nil
	}
	v.requests[v.r.Method+" /{tenant}/"+rest]++
	known := append(v.opts.domains(), v.opts.TenantID)
	switch {
	case slices.ContainsFunc(known, func(n string) bool { return strings.EqualFold(n, tenant) }):
		return handle(v)
	case slices.Contains([]string{"common", "organizations", "consumers"}, strings.ToLower(tenant)):
		return reply{}, sts(400, "invalid_request", 50194, "Application '%s' is not configured as a multi-tenant application. "+
			"Usage of the /%s endpoint is not supported for such apps. Use a tenant-specific endpoint.", v.form.Get("client_id"), tenant)
	}
	return reply{}, errTenant(tenant)
}

// issuer is the "iss" of v2 tokens and of the discovery document.
func (v *visit) issuer() string { return v.base(v.r) + "/" + v.opts.TenantID + "/v2.0" }

// instance is what MSAL asks about hosts that it does not know: it names an
// authorization endpoint, whose host is taken for one of this server.
func (v *visit) instance() (reply, error) {
	base := v.base(v.r)
	if u, err := url.Parse(v.r.URL.Query().Get("authorization_endpoint")); err == nil && u.Host != "" {
		base = u.Scheme + "://" + u.Host
	}
	_, host, _ := strings.Cut(base, "://")
	return ok(object{
		"tenant_discovery_endpoint": base + "/" + v.opts.TenantID + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata":                  []any{object{"preferred_network": host, "preferred_cache": host, "aliases": []string{host}}},
	})
}

// discovery is the OpenID Connect discovery document (section 10).
func (v *visit) discovery() (reply, error) {
	base := v.base(v.r) + "/" + v.opts.TenantID
	return ok(object{
		"issuer": v.issuer(), "authorization_endpoint": base + "/oauth2/v2.0/authorize", "token_endpoint": base + "/oauth2/v2.0/token",
		"device_authorization_endpoint": base + "/oauth2/v2.0/devicecode", "end_session_endpoint": base + "/oauth2/v2.0/logout",
		"userinfo_endpoint": "https://" + v.cloud.graphHost + "/oidc/userinfo", "kerberos_endpoint": base + "/kerberos",
		"jwks_uri": base + "/discovery/v2.0/keys", "response_modes_supported": []string{"query", "fragment", "form_post"},
		"response_types_supported":              []string{"code", "id_token", "code id_token", "id_token token"},
		"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt", "client_secret_basic", "self_signed_tls_client_auth"},
		"scopes_supported":                      []string{"openid", "profile", "email", "offline_access"},
		"claims_supported": []string{"sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name", "msgraph_host", "aud", "exp",
			"iat", "auth_time", "acr", "nonce", "preferred_username", "name", "tid", "ver", "at_hash", "c_hash", "email"},
		"request_uri_parameter_supported": false, "subject_types_supported": []string{"pairwise"},
		"id_token_signing_alg_values_supported": []string{"RS256"}, "http_logout_supported": true, "frontchannel_logout_supported": true,
		"tenant_region_scope": "EU", "cloud_instance_name": v.cloud.instance, "cloud_graph_host_name": "graph.windows.net",
		"msgraph_host": v.cloud.graphHost, "rbac_url": v.cloud.rbac,
	})
}

// signingKey is made when it is first needed: it takes a moment.
func (s *Server) signingKey() (*oidc.Key, error) {
	if s.key == nil {
		k, err := oidc.NewKey("RS256", "sig", "accounts.accesscontrol.windows.net", s.now())
		if err != nil {
			return nil, err
		}
		s.key = k
	}
	return s.key, nil
}

// keys is the JWKS. Its keys have no alg, but an issuer (section 10).
func (v *visit) keys() (reply, error) {
	k, err := v.signingKey()
	if err != nil {
		return reply{}, err
	}
	parsed, err := parse(jsonvalue.Encode(k.JWK()))
	if err != nil {
		return reply{}, err
	}
	jwk, _ := parsed.(object)
	delete(jwk, "alg")
	delete(jwk, "x5t#S256")
	jwk["issuer"] = v.issuer()
	return ok(object{"keys": []any{jwk}})
}
