package oidc

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/json"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/idpctl/idpctl/diag"
)

// longLife is the life of an access token from which on it is a worry: it cannot
// be called back.
const longLife = 24 * time.Hour

// claims judges what the token says.
func (v *verification) claims(claims object) {
	v.issuer(claims)
	v.times(claims)
	v.subject(claims)
	v.client(claims)
	v.audience(claims)
}

func (v *verification) issuer(claims object) {
	got, err := claims.text("iss")
	check := Check{Status: Failed, Value: said(got), Want: said(v.want.Issuer)}
	switch {
	case err != nil:
		check.Value, check.Hint = "not a string", "The token does not keep to RFC 7519."
	case got == "":
		check.Value, check.Hint = "none", "The token does not say who issued it (iss), which RFC 9068 requires."
	case got == v.want.Issuer:
		check.Status, check.Want = Passed, ""
	case strings.TrimSuffix(got, "/") == strings.TrimSuffix(v.want.Issuer, "/"):
		check.Hint = "Only the slash at the end differs, and issuers are compared letter by letter. Write it as the token has it."
	case strings.EqualFold(got, v.want.Issuer):
		check.Hint = "Only the case differs, and issuers are compared letter by letter. Write it as the token has it."
	default:
		check.Hint = "The issuer depends on the URL by which the identity provider was asked, or on the version of its tokens. Call discovery, device and token endpoint by one and the same host name, and see which token version the client or API is set to."
	}
	v.put(checkIssuer, check)
}

// date reads a NumericDate (RFC 7519 section 2); ok is false if there is none.
func (o object) date(name string) (t time.Time, ok bool, err error) {
	if !o.has(name) {
		return time.Time{}, false, nil
	}
	var n jwt.NumericDate
	if err := json.Unmarshal(o[name], &n); err != nil {
		if first := bytes.TrimSpace(o[name])[0]; first == '-' || first >= '0' && first <= '9' {
			return time.Time{}, false, fmt.Errorf("%s is a number that is no time", name)
		}
		return time.Time{}, false, fmt.Errorf("%s is not a number", name)
	}
	return n.Time(), true, nil
}

// stamp writes a time for people; those that no calendar holds are said so.
func stamp(t time.Time) string {
	const year1, year10000 = -62135596800, 253402300800
	if s := t.Unix(); s < year1 || s >= year10000 {
		return "beyond the calendar"
	}
	return t.UTC().Format(time.RFC3339)
}

// clockOffset is how far the issuer's clock is ahead of the local one, as well as
// it can be told.
func (v *verification) clockOffset(iat, exp time.Time) (offset time.Duration, known bool) {
	switch {
	case !v.want.ServerNow.IsZero():
		return v.want.ServerNow.Sub(v.want.Now), true
	case !v.want.Fresh || iat.IsZero():
		return 0, false
	// Some issuers date tokens back by minutes, so that a token from the past
	// tells nothing, unless it would have run out before it came.
	case iat.After(v.want.Now):
		return iat.Sub(v.want.Now), true
	case exp.After(iat) && exp.Before(v.want.Now):
		return exp.Sub(v.want.Now), true
	}
	return 0, false
}

// times judges exp, nbf and iat by the issuer's clock where it is known, and the
// difference of the clocks on its own: an expired token and a wrong clock want
// different cures.
func (v *verification) times(claims object) {
	exp, hasExp, expErr := claims.date("exp")
	iat, hasIat, iatErr := claims.date("iat")
	nbf, hasNbf, nbfErr := claims.date("nbf")
	offset, known := v.clockOffset(iat, exp)
	skewed := known && offset.Abs() > v.want.Leeway
	issuerNow := v.want.Now
	if known {
		issuerNow = v.want.Now.Add(offset)
	}

	check := Check{Value: stamp(exp)}
	switch left := exp.Sub(issuerNow); {
	case expErr != nil:
		check.Status, check.Value, check.Hint = Failed, expErr.Error(), "The token does not keep to RFC 7519."
	case !hasExp:
		check.Status, check.Value, check.Hint = Failed, "none", "A token without an end is valid for ever once it is stolen. RFC 9068 requires exp."
	case hasIat && exp.Before(iat):
		check.Status, check.Hint = Failed, "The token ends before it was issued ("+stamp(iat)+"). Look at the token lifetimes of the identity provider."
	// An offset that was told from the token itself is no reason to refuse it.
	case left <= 0 && (!known || !v.want.ServerNow.IsZero()):
		check.Status, check.Want = Failed, "a time after now, "+stamp(issuerNow)
		check.Hint = fmt.Sprintf("The token ran out %s ago. Sign in again.", approx(left))
		if v.want.ServerNow.IsZero() {
			check.Hint += " If it was issued just now, this machine's clock is ahead."
		}
	case exp.Before(v.want.Now):
		check.Status = Warned
		check.Hint = fmt.Sprintf("Valid by the issuer's clock, and run out by this machine's, which is %s ahead. A cluster whose clock agrees with this machine refuses it.", approx(offset))
	case hasIat && exp.Sub(iat) > longLife:
		check.Status, check.Want = Warned, "a day or less"
		check.Hint = fmt.Sprintf("It lasts %s, and cannot be called back: a removed admin keeps access that long. Shorten the life of access tokens.", approx(exp.Sub(iat)))
	default:
		check.Value += ", in " + approx(left)
	}
	v.put(checkExpiry, check)

	v.start(nbf, iat, hasNbf, hasIat, nbfErr, iatErr, issuerNow)

	clock := Check{Value: "agree"}
	switch {
	case !known:
		clock.Status, clock.Value = Skipped, ""
		clock.Hint = "The issuer does not tell its time. The times in the token show no difference."
	case skewed:
		side := "behind"
		if offset < 0 {
			side = "ahead of"
		}
		clock.Status, clock.Want = Warned, "at most "+v.want.Leeway.String()
		clock.Value = fmt.Sprintf("this machine's clock is %s %s the issuer's", approx(offset), side)
		clock.Hint = "One of the two is wrong. Synchronise them (NTP), and see that the cluster's nodes are synchronised too: they judge a token by their own clock."
	}
	v.put(checkClock, clock)
}

// start judges when the token begins.
func (v *verification) start(nbf, iat time.Time, hasNbf, hasIat bool, nbfErr, iatErr error, issuerNow time.Time) {
	// The later of the two counts.
	begin, name := iat, "iat"
	if hasNbf && (!hasIat || nbf.After(iat)) {
		begin, name = nbf, "nbf"
	}
	check := Check{Value: stamp(begin)}
	switch {
	case nbfErr != nil:
		check.Status, check.Value, check.Hint = Failed, nbfErr.Error(), "The token does not keep to RFC 7519."
	case iatErr != nil:
		check.Status, check.Value, check.Hint = Failed, iatErr.Error(), "The token does not keep to RFC 7519."
	case !hasNbf && !hasIat:
		check.Status, check.Value, check.Hint = Skipped, "", "The token does not say (RFC 9068 requires iat). Nothing to do."
	case begin.After(issuerNow.Add(v.want.Leeway)):
		check.Status, check.Want = Failed, "a time before now, "+stamp(issuerNow)
		check.Hint = fmt.Sprintf("The token is not valid before %s have passed (%s). Wait, or look at the identity provider's settings.", approx(begin.Sub(issuerNow)), name)
		if v.want.ServerNow.IsZero() && !v.want.Fresh {
			check.Hint += " If it was issued just now, this machine's clock is behind."
		}
	case begin.After(v.want.Now.Add(v.want.Leeway)):
		check.Status = Warned
		check.Hint = fmt.Sprintf("Valid by the issuer's clock, and by this machine's not before %s have passed: it is behind. A cluster whose clock agrees with this machine refuses the token until then.", approx(begin.Sub(v.want.Now)))
	}
	v.put(checkStart, check)
}

// subject looks the user up among the admins.
func (v *verification) subject(claims object) {
	claim := v.want.SubjectClaim
	id, err := claims.text(claim)
	check := Check{Status: Failed, Want: "one of " + count(len(v.want.AdminIDs), "admin")}
	name, known := v.want.AdminIDs[id]
	switch {
	case err != nil:
		check.Value, check.Hint = "not a string", "The claim "+said(claim)+" has to be the user's id."
	case id == "":
		check.Value = "none"
		check.Hint = fmt.Sprintf("The access token has no claim %q, by which the cluster knows the user. Have the identity provider put it into access tokens: a default client scope or a claim mapping is missing.", said(claim))
	case v.want.OnlyID != "" && id != v.want.OnlyID:
		check.Value, check.Want = who(id, claims), nameAndID(v.want.AdminIDs[v.want.OnlyID], v.want.OnlyID)
		check.Hint = "Somebody else signed in. Sign out of the identity provider in the browser (or use a private window), and sign in as the wanted person."
	case known:
		check.Status, check.Want, check.Value = Passed, "", who(id, claims)
		if name != "" {
			check.Value = nameAndID(name, id)
		}
	case len(v.want.AdminIDs) == 0:
		check.Value, check.Hint = who(id, claims), "The cluster knows no admin at all. Name them in the configuration and apply it."
	default:
		check.Value = who(id, claims)
		check.Hint = v.stranger(id, claims)
	}
	v.put(checkSubject, check)
}

// who names the user of a token, as the token does.
func who(id string, claims object) string {
	for _, claim := range []string{"preferred_username", "email", "upn", "name"} {
		if name := claims.lenient(claim); name != "" {
			return nameAndID(name, id)
		}
	}
	return saidID(id)
}

func nameAndID(name, id string) string {
	if name = said(name); name == "" {
		return saidID(id)
	}
	return fmt.Sprintf("%s (%s)", name, saidID(id))
}

// saidID is an id as it is shown, to be copied: all of it, up to the 255 characters that
// a sub has at most (OpenID Connect Core 1.0, section 2).
func saidID(id string) string { return diag.Clean(id, 255) }

// stranger says why an id may not be among the admins.
func (v *verification) stranger(id string, claims object) string {
	for _, admin := range slices.Sorted(maps.Keys(v.want.AdminIDs)) {
		if strings.EqualFold(admin, id) {
			return fmt.Sprintf("The admin %s has the same id in another case (%s), and ids are compared letter by letter. Write it as the token has it.", said(v.want.AdminIDs[admin]), said(admin))
		}
	}
	for _, claim := range []string{"sub", "oid"} {
		if other := claims.lenient(claim); other != id {
			if name, ok := v.want.AdminIDs[other]; ok {
				return fmt.Sprintf("The claim %s holds the id of the admin %s: the exported ids, or the claim that the cluster reads (identityProvider), are the wrong ones.", claim, said(name))
			}
		}
	}
	for _, admin := range slices.Sorted(maps.Keys(v.want.AdminIDs)) {
		if wraps(id, admin) {
			return fmt.Sprintf("The id of the admin %s, %s, is packed into this one with something else (Dex packs it with the name of its connector), and ids are compared letter by letter. If this is that person, write the id as the token has it, %s, and apply.",
				said(v.want.AdminIDs[admin]), saidID(admin), saidID(id))
		}
	}
	var names []string
	for _, admin := range slices.Sorted(maps.Keys(v.want.AdminIDs)) {
		if name := said(v.want.AdminIDs[admin]); name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	hint := "The cluster would refuse this user. Add the user to the cluster's admins and apply, or sign in as one of them"
	if len(names) > 0 {
		hint += ": " + strings.Join(firstFew(names), ", ")
	}
	return hint + "."
}

// wraps reports whether a subject is base64 of bytes in which an id is one text of
// several, as it is in a message of protocol buffers: its length stands before it.
func wraps(subject, id string) bool {
	const longest = 127 // of which the length is one byte
	if id == "" || len(id) > longest {
		return false
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(subject, "="))
	return err == nil && bytes.Contains(raw, append([]byte{byte(len(id))}, id...))
}

// client compares who asked for the token: azp (OpenID Connect), client_id
// (RFC 9068) or appid.
func (v *verification) client(claims object) {
	var got string
	for _, claim := range []string{"azp", "client_id", "appid"} {
		if got = claims.lenient(claim); got != "" {
			break
		}
	}
	check := Check{Value: said(got)}
	switch {
	case got == "":
		check.Status, check.Hint = Skipped, "The token does not say which client it was issued to. Nothing to do: the cluster does not look at it."
	case v.want.ClientID != "" && got != v.want.ClientID:
		check.Status, check.Want = Warned, said(v.want.ClientID)
		check.Hint = "The token was issued to another client than the exported one. The cluster does not look at it, but somebody has to know why."
	}
	v.put(checkClient, check)
}

// audience compares what the token is for, if something was asked for.
func (v *verification) audience(claims object) {
	if v.want.Audience == "" {
		return
	}
	var aud jwt.Audience
	if claims.has("aud") && json.Unmarshal(claims["aud"], &aud) != nil {
		aud = nil
	}
	var shownAud []string
	for _, a := range aud {
		shownAud = append(shownAud, said(a))
	}
	check := Check{Value: strings.Join(firstFew(shownAud), ", ")}
	if !aud.Contains(v.want.Audience) {
		check.Status, check.Want = Warned, said(v.want.Audience)
		check.Hint = "The token is for something else than was asked for. The cluster does not look at it, but the identity provider did not take the audience."
		if len(aud) == 0 {
			check.Value = "none"
		}
	}
	v.put(checkAudience, check)
}
