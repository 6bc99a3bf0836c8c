package entra

import (
	"slices"
	"strings"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
)

// required are the delegated permissions of Graph that an application's
// registration asks for.
func (v *visit) required(app *state) []string {
	graph := v.dir.find(KindServicePrincipal, "appId", graphAppID)
	var names []string
	for _, r := range jsonvalue.Objects(app.props["requiredResourceAccess"]) {
		if str(r, "resourceAppId") != graphAppID {
			continue
		}
		for _, a := range jsonvalue.Objects(r["resourceAccess"]) {
			for _, scope := range jsonvalue.Objects(graph.now.props["oauth2PermissionScopes"]) {
				if str(a, "type") == "Scope" && strings.EqualFold(str(a, "id"), str(scope, "id")) {
					names = append(names, str(scope, "value"))
				}
			}
		}
	}
	return names
}

// granted are the delegated permissions on a resource that somebody consented
// to, for a user or for all of them.
func (v *visit) granted(cl *client, res *state, user string) (names []string, byAdmin bool) {
	for _, e := range v.dir.tables[KindPermissionGrant].order {
		g := v.show(e, v.replica)
		if g == nil || cl.sp == nil || g.props["clientId"] != cl.sp.props["id"] || g.props["resourceId"] != res.props["id"] {
			continue
		}
		all := str(g.props, "consentType") == "AllPrincipals"
		if all || str(g.props, "principalId") == user {
			names = append(names, strings.Fields(str(g.props, "scope"))...)
			byAdmin = byAdmin || all
		}
	}
	return names, byAdmin
}

// wanted are the permissions that a sign-in needs, and on what: those of the
// registration for .default or a token for the application itself, else those
// that were asked for.
func (v *visit) wanted(cl *client, res *resource) (names []string, on *state) {
	graph := v.dir.find(KindServicePrincipal, "appId", graphAppID).now
	if res.id == cl.id || slices.Contains(res.scopes, ".default") {
		return v.required(cl.app), graph
	}
	if len(res.scopes) == 0 {
		return []string{"openid"}, graph
	}
	return res.scopes, res.sp
}

// consented reports whether a user need not be asked.
func (v *visit) consented(cl *client, res *resource, user string) bool {
	names, on := v.wanted(cl, res)
	have, byAdmin := v.granted(cl, on, user)
	if v.opts.AdminConsent && !byAdmin {
		return false
	}
	return !slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(have, n) })
}

// consent notes that a user agreed.
func (v *visit) consent(cl *client, res *resource, user string) {
	names, on := v.wanted(cl, res)
	have, _ := v.granted(cl, on, user)
	if v.opts.AdminConsent || cl.sp == nil || !slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(have, n) }) {
		return
	}
	g := v.newGrant(object{"clientId": cl.sp.props["id"], "consentType": "Principal", "principalId": user, "resourceId": on.props["id"],
		"scope": strings.Join(names, " ")})
	v.dir.put(KindPermissionGrant, str(g.props, "id"), g)
}

// scp are the delegated permissions in a token. In one for the application
// itself that are its own scopes or, if it exposes none, those of Graph (mem).
func (v *visit) scp(cl *client, res *resource, user string) string {
	names, _ := v.granted(cl, res.sp, user)
	if res.id == cl.id {
		names = nil
		for _, s := range jsonvalue.Objects(sub(cl.app.props, "api")["oauth2PermissionScopes"]) {
			names = append(names, str(s, "value"))
		}
		if len(names) == 0 {
			names = v.required(cl.app)
		}
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " ")
}

// forbids says why a user gets no token (section 9); before the consent, what
// it lacks is no reason.
func (v *visit) forbids(cl *client, res *resource, user *state, beforeConsent bool) error {
	id := str(user.props, "id")
	names, _ := v.wanted(cl, res)
	switch {
	case !is(user.props, "accountEnabled"):
		return errUserDisabled()
	case cl.sp == nil:
		// Without a service principal nobody consented (mem).
		return errConsent(cl.id, cl.name())
	case is(cl.sp.props, "appRoleAssignmentRequired") && !v.assigned(cl, id):
		return errUnassigned(str(user.props, "userPrincipalName"), cl.id, cl.name())
	case v.opts.ConditionalAccess && !beforeConsent:
		return errConditionalAccess()
	case v.opts.SignInBlocked != 0 && !beforeConsent:
		return errBlocked(v.opts.SignInBlocked)
	case len(names) == 0:
		return errMisconfigured(cl.id)
	case !beforeConsent && !v.consented(cl, res, id):
		return errConsent(cl.id, cl.name())
	}
	return nil
}

// assigned reports whether a user or a group that it is directly in is
// assigned to the application: nested groups do not count.
func (v *visit) assigned(cl *client, user string) bool {
	for _, e := range v.dir.tables[KindAppRoleAssignment].order {
		a := v.show(e, v.replica)
		if a == nil || a.props["resourceId"] != cl.sp.props["id"] {
			continue
		}
		principal := str(a.props, "principalId")
		if principal == user {
			return true
		}
		if g := v.live(KindGroup, principal, v.replica); g != nil && slices.Contains(g.members, user) {
			return true
		}
	}
	return false
}
