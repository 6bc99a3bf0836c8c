package entra

import (
	"errors"
	"net/http"
	"time"

	"github.com/idpctl/idpctl/emulator/oidc"
	"github.com/idpctl/idpctl/emulator/pages"
)

// startDevice is POST /{tenant}/oauth2/v2.0/devicecode. It succeeds even where
// public client flows are off; the token endpoint refuses then (section 10).
func (v *visit) startDevice() (reply, error) {
	cl, err := v.client()
	if err != nil {
		return reply{}, err
	}
	scope := v.form.Get("scope")
	if scope == "" {
		return reply{}, errMissingParameter("scope")
	}
	d := v.devices.Start(v.now(), oidc.Device{ClientID: cl.id, Scope: scope, Lifespan: 15 * time.Minute})
	verify := v.base(v.r) + "/devicelogin"
	return ok(object{"user_code": d.UserCode, "device_code": d.Code, "verification_uri": verify, "expires_in": 900, "interval": 5,
		"message": "To sign in, use a web browser to open the page " + verify + " and enter the code " + d.UserCode + " to authenticate."})
}

// deviceGrant is a poll. Nobody is told to slow down: MSAL polls faster than
// the interval says (section 10).
func (v *visit) deviceGrant(cl *client) (reply, error) {
	code := v.form.Get("device_code")
	if code == "" {
		return reply{}, errMissingParameter("device_code")
	}
	d, err := v.devices.Poll(v.now(), code, cl.id)
	switch {
	case errors.Is(err, oidc.ErrExpiredDevice):
		return reply{}, errExpired()
	case errors.Is(err, oidc.ErrDenied):
		return reply{}, errDeclined()
	case errors.Is(err, oidc.ErrPending):
		return reply{}, errPending()
	case err != nil:
		return reply{}, errDeviceCode()
	}
	s, _ := d.Grant.(session)
	return v.userTokens(cl, s)
}

// page answers with a page of the sign-in.
func (v *visit) page(status int, p pages.Page) (reply, error) {
	p.Brand, p.Emulates = v.opts.TenantName, "Microsoft Entra ID"
	if p.Title == "" {
		p.Title = "Sign in to your account"
	}
	return reply{status: status, body: func(w http.ResponseWriter) { pages.Render(w, status, p) }}, nil
}
