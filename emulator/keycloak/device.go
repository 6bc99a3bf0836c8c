package keycloak

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/idpctl/idpctl/emulator/oidc"
	"github.com/idpctl/idpctl/emulator/pages"
)

// deviceEnabled reports whether a client may use the device flow.
func (cl *client) deviceEnabled() bool {
	return cl.attributes["oauth2.device.authorization.grant.enabled"] == "true"
}

// startDevice is POST /protocol/openid-connect/auth/device (RFC 8628 section
// 3.1). It does not look at the scopes that are asked for.
func (c *call) startDevice() (reply, error) {
	if !is(c.realm.rep, "enabled") {
		return c.errorPage(http.StatusBadRequest, "Realm not enabled")
	}
	form, cl, err := c.oauthClient()
	if err != nil {
		return reply{}, err
	}
	if !cl.deviceEnabled() {
		return reply{}, oauth(400, "unauthorized_client",
			"Client is not allowed to initiate OAuth 2.0 Device Authorization Grant. The flow is disabled for the client.")
	}
	seconds := func(attribute string, fallback int64) time.Duration {
		if n, err := toInt(cl.attributes[attribute], 1, 1<<31-1); err == nil && n != nil {
			fallback = n.(int64)
		}
		return time.Duration(fallback) * time.Second
	}
	d := c.realm.devices.Start(c.now(), oidc.Device{
		ClientID: cl.clientID, Scope: form.Get("scope"),
		Lifespan: seconds("oauth2.device.code.lifespan", c.realm.deviceCodeLifespan()),
		Interval: seconds("oauth2.device.polling.interval", c.realm.devicePollingInterval()),
	})
	c.header.Set("Cache-Control", "no-store, must-revalidate, max-age=0")
	verify := c.issuer(c.realm) + "/device"
	return reply{status: http.StatusOK, contentType: "application/json", body: struct {
		DeviceCode      string `json:"device_code"`
		UserCode        string `json:"user_code"`
		VerificationURI string `json:"verification_uri"`
		Complete        string `json:"verification_uri_complete"`
		ExpiresIn       int    `json:"expires_in"`
		Interval        int    `json:"interval"`
	}{d.Code, d.UserCode, verify, verify + "?user_code=" + d.UserCode, int(d.Lifespan.Seconds()), int(d.Interval.Seconds())}}, nil
}

// deviceGrant is a poll of the token endpoint.
func (c *call) deviceGrant(form url.Values, cl *client) (*grant, error) {
	code := form.Get("device_code")
	switch {
	case !cl.deviceEnabled():
		return nil, oauth(400, "invalid_grant", "Client not allowed OAuth 2.0 Device Authorization Grant")
	case code == "":
		return nil, oauth(400, "invalid_request", "Missing parameter: device_code")
	}
	d, err := c.realm.devices.Poll(c.now(), code, cl.clientID)
	switch {
	case errors.Is(err, oidc.ErrUnknownDevice):
		return nil, oauth(400, "invalid_grant", "Device code not valid")
	case errors.Is(err, oidc.ErrOtherClient):
		return nil, oauth(400, "invalid_grant", "unauthorized client")
	case errors.Is(err, oidc.ErrExpiredDevice):
		return nil, oauth(400, "expired_token", "Device code is expired")
	case errors.Is(err, oidc.ErrSlowDown):
		return nil, oauth(400, "slow_down", "Slow down")
	case errors.Is(err, oidc.ErrDenied):
		return nil, oauth(400, "access_denied", "The end user denied the authorization request")
	case errors.Is(err, oidc.ErrPending):
		return nil, oauth(400, "authorization_pending", "The authorization request is still pending")
	}
	s := d.Grant.(*session)
	if c.realm.session(s.id, c.now()) == nil {
		return nil, oauth(400, "invalid_grant", "Session not active")
	}
	return &grant{user: s.user, session: s, scope: d.Scope}, nil
}

// verifyDevice is GET /device, where the user comes with the user code or
// enters it.
func (c *call) verifyDevice() (reply, error) { return c.verifyUserCode(c.query.Get("user_code")) }

// postDevice is the form of that page. The same path takes device
// authorization requests from those who do not ask for HTML.
func (c *call) postDevice() (reply, error) {
	if !strings.Contains(c.r.Header.Get("Accept"), "text/html") {
		return c.startDevice()
	}
	return c.verifyUserCode(c.form().Get("device_user_code"))
}

func (c *call) verifyUserCode(code string) (reply, error) {
	if !is(c.realm.rep, "enabled") {
		return c.errorPage(http.StatusBadRequest, "Realm not enabled")
	}
	if code == "" {
		return c.userCodePage("")
	}
	code = strings.ToUpper(strings.TrimSpace(code))
	if len(code) == 8 {
		code = code[:4] + "-" + code[4:]
	}
	d, found := c.realm.devices.ByUserCode(c.now(), code)
	cl := c.realm.clientIDs[d.ClientID]
	switch {
	case !found || d.State != oidc.DevicePending || cl == nil:
		return c.userCodePage("Invalid code, please try again.")
	case d.Expired(c.now()):
		return c.userCodePage("The code has expired. Please go back to your device and try connecting again.")
	}
	return c.startSignIn(&signIn{client: cl, userCode: code, scope: d.Scope})
}

// deviceStatus is where the sign-in of a device ends.
func (c *call) deviceStatus() (reply, error) {
	var text string
	switch c.query.Get("error") {
	case "":
		return c.infoPage(pages.Done, "Device Login Successful", "You may close this browser window and go back to your device.")
	case "access_denied":
		text = "Consent denied for connecting the device."
	case "expired_token":
		text = "The code has expired. Please go back to your device and try connecting again."
	default:
		text = "You may close this browser window and go back to your device and try connecting again."
	}
	return c.infoPage(pages.Failed, "Device Login Failed", text, pages.Link{URL: c.issuer(c.realm) + "/device", Label: "» Click here to proceed"})
}
