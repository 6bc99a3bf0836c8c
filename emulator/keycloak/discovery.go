package keycloak

import (
	"net/http"

	"github.com/idpctl/idpctl/emulator/oidc"
)

// discovery is the OpenID Connect discovery document.
func (c *call) discovery() (reply, error) {
	c.header.Set("Cache-Control", "no-cache, must-revalidate, no-transform, no-store")
	doc := readDefaults(c.realm.name, c.issuer(c.realm)).Discovery
	return reply{status: http.StatusOK, body: doc, contentType: "application/json"}, nil
}

// realmInfo is GET /realms/{realm}.
func (c *call) realmInfo() (reply, error) {
	c.header.Set("Cache-Control", "no-cache")
	return ok(struct {
		Realm          string `json:"realm"`
		PublicKey      string `json:"public_key"`
		TokenService   string `json:"token-service"`
		AccountService string `json:"account-service"`
		NotBefore      int    `json:"tokens-not-before"`
	}{c.realm.name, c.signingKey(c.realm).PublicKey(), c.issuer(c.realm) + "/protocol/openid-connect",
		c.issuer(c.realm) + "/account", 0})
}

// certs is the JWKS.
func (c *call) certs() (reply, error) {
	c.header.Set("Cache-Control", "no-cache")
	return reply{status: http.StatusOK, body: oidc.JWKS(c.keys(c.realm)...), contentType: "application/json"}, nil
}

// listKeys is GET /admin/realms/{realm}/keys.
func (c *call) listKeys() (reply, error) {
	active, list := object{}, []object{}
	for _, k := range c.keys(c.realm) {
		active[k.Algorithm] = k.ID
		list = append(list, object{"kid": k.ID, "algorithm": k.Algorithm, "status": "ACTIVE", "type": "RSA",
			"providerPriority": 100, "publicKey": k.PublicKey(), "certificate": k.Certificate(),
			"use": map[string]string{"sig": "SIG", "enc": "ENC"}[k.Use]})
	}
	return ok(object{"active": active, "keys": list})
}

// serverInfo is GET /admin/serverinfo, of which the version is what clients
// ask for.
func (c *call) serverInfo() (reply, error) {
	for _, rm := range c.realms {
		if c.Server.may(c.admin, rm, anyAdmin...) {
			return ok(object{"systemInfo": object{"version": Version}})
		}
	}
	return reply{}, errForbidden()
}

// Version is the version of Keycloak that is emulated.
const Version = "26.7.3"
