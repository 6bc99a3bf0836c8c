package keycloak

import (
	"context"
	"net/http"
)

// discovered is what is taken from a realm's discovery document (OpenID
// Connect Discovery 1.0, section 3; RFC 8628, section 4).
type discovered struct {
	Issuer         string `json:"issuer"`
	JWKS           string `json:"jwks_uri"`
	Token          string `json:"token_endpoint"`
	DeviceEndpoint string `json:"device_authorization_endpoint"`
}

// discover reads the discovery document of a realm, as any client would; all
// is empty if the realm has none, because it is not there (yet).
func (c *conn) discover(ctx context.Context, realm string) (discovered, error) {
	var d discovered
	r := request{doing: "read the discovery document", realm: realm}
	// A token is not needed, but signing in finds the server's paths.
	if _, err := c.auth.token(ctx); err != nil {
		return d, err
	}
	api := c.auth.api(c.auth.baseURL())
	a, err := c.once(ctx, func(ctx context.Context) error {
		_, err := api.GetRequest(ctx).SetResult(&d).
			Get(c.auth.baseURL() + "/realms/" + segment(realm) + "/.well-known/openid-configuration")
		return err
	})
	switch {
	case err != nil:
		return discovered{}, c.explain(err)
	case a.json && (a.status == http.StatusNotFound || a.status == http.StatusForbidden):
		return discovered{}, nil
	case a.status >= http.StatusBadRequest:
		return discovered{}, c.refusal(r, a)
	}
	return d, nil
}
