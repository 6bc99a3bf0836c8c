package oidc

import (
	"context"
	"fmt"
)

// Require reads the discovery document of an issuer and its signing keys, and refuses
// an issuer that lacks what InfluxDB and influxctl need and that can be seen without
// signing in: beside what [Client.Discover] asks for, the device authorization endpoint
// and a key that tokens can be signed with. It is for those who need an answer and no
// report of each check; for that see [Client.CheckIssuer]. It sends two requests.
//
// Errors are [*Error]; if there are several, they are joined.
func (c *Client) Require(ctx context.Context, issuer string) (Discovery, error) {
	d, err := c.Discover(ctx, issuer)
	if err != nil {
		return Discovery{}, err
	}
	if d.DeviceAuthorizationEndpoint == "" {
		return Discovery{}, noDeviceFlow()
	}
	keys, err := c.FetchJWKS(ctx, d.JWKSURI)
	if err != nil {
		return Discovery{}, err
	}
	if check := judgeKeys(keys); check.Status == Failed {
		return Discovery{}, &Error{Kind: Incomplete, Hint: check.Hint,
			Summary: fmt.Sprintf("the key set %s has no key that could be used: %s", shown(d.JWKSURI), check.Value)}
	}
	return d, nil
}

// noDeviceFlow is the error of an issuer without the device flow.
func noDeviceFlow() *Error {
	return &Error{Kind: Incomplete,
		Summary: "the discovery document has no device_authorization_endpoint",
		Hint:    "influxctl signs in through the device flow (RFC 8628). Switch it on at the identity provider; one that lacks it cannot be used."}
}
