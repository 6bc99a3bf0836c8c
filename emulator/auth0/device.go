package auth0

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/idpctl/idpctl/emulator/oidc"
)

// startDevice is POST /oauth/device/code.
func (v *visit) startDevice() (reply, error) {
	form := v.form()
	id := form.Get("client_id")
	if id == "" {
		return reply{}, refuse(http.StatusBadRequest, "invalid_request", "Missing required parameter: client_id")
	}
	cl := v.get(KindClient, id)
	if cl == nil {
		return reply{}, refuse(http.StatusForbidden, "unauthorized_client", "Unknown client: %s", id)
	}
	if err := allows(cl, deviceGrantType); err != nil {
		return reply{}, err
	}
	audience := form.Get("audience")
	if audience == "" {
		audience = str(v.settings, "default_audience")
	}
	if audience != "" {
		api, err := v.audience(audience)
		if err != nil {
			return reply{}, err
		}
		if err := v.mayUse(id, api); err != nil {
			return reply{}, err
		}
	}
	d := v.devices.Start(v.now(), oidc.Device{ClientID: id, Scope: form.Get("scope"), Lifespan: 15 * time.Minute, Interval: 5 * time.Second})
	v.asked[d.Code] = audience
	verify := v.base(v.r) + "/activate"
	return ok(object{"device_code": d.Code, "user_code": d.UserCode, "verification_uri": verify,
		"verification_uri_complete": verify + "?user_code=" + url.QueryEscape(d.UserCode), "expires_in": 900, "interval": 5})
}

// codeFormat is how the tenant's user codes look (section 10).
func (s *Server) codeFormat() (mask, alphabet string) {
	mask, alphabet = "****-****", "BCDFGHJKLMNPQRSTVWXZ"
	flow := sub(s.settings, "device_flow")
	if str(flow, "charset") == "digits" {
		mask, alphabet = "***-***-***", "0123456789"
	}
	if m := str(flow, "mask"); m != "" {
		mask = m
	}
	return mask, alphabet
}

// userCode makes a code by the tenant's mask and alphabet.
func (s *Server) userCode() string {
	mask, alphabet := s.codeFormat()
	return fillMask(mask, oidc.RandomText(strings.Count(mask, "*"), alphabet))
}

// fillMask puts characters in the places of a mask, as far as they go.
func fillMask(mask, characters string) string {
	var b strings.Builder
	for _, r := range mask {
		if r == '*' && characters != "" {
			r, characters = rune(characters[0]), characters[1:]
		}
		b.WriteRune(r)
	}
	return b.String()
}

// typed is a code as it was given out: people leave the separators out, and
// do not look at the case.
func (s *Server) typed(code string) string {
	mask, _ := s.codeFormat()
	return fillMask(mask, strings.NewReplacer("-", "", " ", "").Replace(strings.ToUpper(code)))
}

// poll is a request for a device's tokens. Pending is 403 and too fast 429
// here, and the end of a code's life is told once (section 10).
func (v *visit) poll(cl *state, form url.Values) (reply, error) {
	code := form.Get("device_code")
	if code == "" {
		return reply{}, refuse(http.StatusForbidden, "invalid_request", "Missing required parameter: device_code")
	}
	d, err := v.devices.Poll(v.now(), code, str(cl.props, "client_id"))
	switch {
	case errors.Is(err, oidc.ErrPending):
		return reply{}, refuse(http.StatusForbidden, "authorization_pending", "User has yet to authorize device code.")
	case errors.Is(err, oidc.ErrSlowDown):
		return reply{}, refuse(http.StatusTooManyRequests, "slow_down", "You are polling faster than the specified interval of 5 seconds.")
	case errors.Is(err, oidc.ErrDenied):
		return reply{}, refuse(http.StatusForbidden, "access_denied", "The user cancelled the device authorization.")
	case errors.Is(err, oidc.ErrExpiredDevice) && !v.toldExpired[code]:
		v.toldExpired[code] = true
		return reply{}, refuse(http.StatusForbidden, "expired_token", "Expired or invalid device code.")
	case err != nil:
		return reply{}, refuse(http.StatusForbidden, "invalid_grant", "Invalid or expired device code.")
	}
	s, _ := d.Grant.(session)
	body, err := v.userTokens(cl, s)
	if err != nil {
		return reply{}, err
	}
	return ok(body)
}
