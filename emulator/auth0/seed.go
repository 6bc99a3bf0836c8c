package auth0

import (
	"crypto/x509"
	"encoding/pem"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
	"github.com/idpctl/idpctl/emulator/oidc"
)

// seed makes what a tenant has before anybody changes it: its settings, the
// Management API, the global client, the automation application with its grant,
// and a database connection. Nothing of that is late.
func (s *Server) seed() {
	s.settings = newSettings()
	lag := s.opts.Lag
	s.opts.Lag = Lag{}
	defer func() { s.opts.Lag = lag }()

	var scopes []any
	for _, name := range everyScope() {
		scopes = append(scopes, object{"value": name, "description": name})
	}
	for _, name := range s.opts.Scopes {
		if !isIn(scopes, name) {
			scopes = append(scopes, object{"value": name, "description": name})
		}
	}
	api := newAPI(object{"identifier": s.opts.audience(), "name": "Auth0 Management API", "is_system": true, "scopes": scopes})
	s.write(KindAPI, str(api.props, "id"), api)

	global := &state{secret: oidc.RandomText(64, alphanumeric), props: object{"client_id": oidc.RandomText(32, alphanumeric), "name": "All Applications",
		"global": true, "tenant": s.tenantName(), "is_first_party": true, "is_token_endpoint_ip_header_trusted": false, "oidc_conformant": false,
		"sso_disabled": false, "cross_origin_authentication": false, "custom_login_page_on": true}}
	s.write(KindClient, str(global.props, "client_id"), global.hideSecret())

	s.seedApp()
	if !s.opts.NoConnection {
		con := newConnection(normal(object{"name": s.opts.Connection, "strategy": "auth0", "enabled_clients": []string{s.opts.App.ClientID}}), newID("con_"))
		s.write(KindConnection, str(con.props, "id"), con)
	}
}

func isIn(scopes []any, name string) bool {
	for _, o := range jsonvalue.Objects(scopes) {
		if o["value"] == name {
			return true
		}
	}
	return false
}

func (s *Server) seedApp() {
	app := s.opts.App
	in := object{"name": "idpctl automation", "app_type": "non_interactive", "grant_types": []any{"client_credentials"}, "token_endpoint_auth_method": "client_secret_post"}
	if app.Key != nil {
		der, err := x509.MarshalPKIXPublicKey(app.Key)
		if err != nil {
			panic(err) // Options.App.Key is no public key
		}
		cr, err := s.newCredential(object{"credential_type": "public_key", "pem": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))})
		if err != nil {
			panic(err)
		}
		s.credentials[app.ClientID] = []*credential{cr}
		delete(in, "token_endpoint_auth_method")
		in["client_authentication_methods"] = object{"private_key_jwt": object{"credentials": []any{object{"id": cr.props["id"]}}}}
	}
	s.write(KindClient, app.ClientID, s.newClient(in, app.ClientID, app.Secret))
	g := object{"id": newID("cgr_"), "client_id": app.ClientID, "audience": s.opts.audience(), "scope": jsonvalue.Anys(s.opts.Scopes), "subject_type": "client"}
	s.write(KindClientGrant, str(g, "id"), &state{props: g})
}
