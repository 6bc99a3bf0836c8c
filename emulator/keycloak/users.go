package keycloak

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/idpctl/idpctl/emulator/oidc"
)

// theUser is the user of the path.
func (c *call) theUser() (*user, error) {
	u := c.realm.users.byID[c.params["id"]]
	if u == nil {
		if c.may(queryUsers...) {
			return nil, plain(http.StatusNotFound, "User not found")
		}
		return nil, errForbidden()
	}
	return u, nil
}

// aUser is theUser for a caller with one of some roles.
func (c *call) aUser(roles ...string) (*user, error) {
	u, err := c.theUser()
	if err == nil {
		err = c.require(roles...)
	}
	return u, err
}

// getUser is GET /users/{id}.
func (c *call) getUser() (reply, error) {
	u, err := c.aUser(viewUsers...)
	if err != nil {
		return reply{}, err
	}
	r := u.representation(false)
	manage := c.may("manage-users")
	r.Access = map[string]bool{"view": true, "manage": manage, "mapRoles": manage, "manageGroupMembership": manage,
		"resetPassword": manage, "impersonate": c.may("impersonation")}
	if c.boolean("userProfileMetadata", false) {
		r.UserProfileMetadata = c.realm.metadata(u)
	}
	return ok(r)
}

// rootValues are the values of a representation's own fields.
func rootValues(o object) profileValues {
	values := profileValues{}
	for _, name := range rootAttributes {
		if v, given := text(o, name); given {
			values[name] = []string{v}
		}
	}
	return values
}

// createUser is POST /users. An id is passed over.
func (c *call) createUser() (reply, error) {
	o, err := c.need("UserRepresentation")
	if err != nil {
		return reply{}, err
	}
	rm := c.realm
	values := profileValues(attributeLists(o["attributes"]))
	if values == nil {
		values = profileValues{}
	}
	delete(values, "username")
	delete(values, "email")
	maps.Copy(values, rootValues(o))
	if is(rm.rep, "registrationEmailAsUsername") {
		values["username"] = values["email"]
	}
	if e := rm.check(values, nil, "admin"); e != nil {
		return reply{}, e
	}
	u := &user{id: oidc.NewID(), realm: rm, created: c.now().UnixMilli(), roles: []*role{rm.defaultRole}}
	u.username, u.email = strings.ToLower(values.first("username")), strings.ToLower(values.first("email"))
	u.firstName, u.lastName = values.first("firstName"), values.first("lastName")
	u.setAttributes(values, true)
	u.enabled, u.emailVerified = is(o, "enabled"), is(o, "emailVerified")
	if created, given := number(o, "createdTimestamp"); given {
		u.created = created
	}
	groups := slices.Clone(rm.defaultGroups)
	for _, p := range stringList(o["groups"]) {
		g := rm.groupByPath(p)
		if g == nil {
			return reply{}, errCrash()
		}
		groups = append(groups, g)
	}
	u.setRequiredActions(o, false)
	if p := u.setCredentials(o, c.now()); p != nil {
		return reply{}, p.apiError()
	}
	if o["federationLink"] != nil {
		return reply{}, errNotEmulated("federationLink of a user")
	}
	rm.users.add(u)
	for _, g := range groups {
		u.join(g)
	}
	return c.created(c.here() + "/" + u.id)
}

// setAttributes sets those that are no fields of their own, as far as
// administrators may edit them. With replace, those that they may see or edit
// and that are not mentioned go.
func (u *user) setAttributes(values profileValues, replace bool) {
	out := map[string][]string{}
	for k, v := range u.attributes {
		if !replace || !u.realm.attributeAccess(k, "edit") {
			out[k] = v
		}
	}
	for k, v := range values {
		if slices.Contains(rootAttributes, k) || !u.realm.attributeAccess(k, "edit") {
			continue
		}
		if v = slices.DeleteFunc(slices.Clone(v), func(s string) bool { return s == "" }); len(v) > 0 {
			out[k] = v
		} else {
			delete(out, k)
		}
	}
	u.attributes = out
}

// setRequiredActions sets those that a representation mentions; in an update
// they replace what was there.
func (u *user) setRequiredActions(o object, update bool) {
	asked, mentioned := listOf(o, "requiredActions")
	if !mentioned {
		return
	}
	for _, provider := range requiredActions() {
		a := str(provider, "providerId")
		if slices.Contains(asked, a) {
			u.addRequiredAction(a)
		} else if update {
			u.removeRequiredAction(a)
		}
	}
}

// setCredentials sets the passwords of a representation's credentials.
func (u *user) setCredentials(o object, now time.Time) *passwordProblem {
	for _, cred := range objects(o["credentials"]) {
		value, given := text(cred, "value")
		if !given {
			continue
		}
		if p := u.realm.checkPassword(u, value); p != nil {
			return p
		}
		u.setPassword(value, now)
		if str(cred, "type") == "password" && is(cred, "temporary") {
			u.addRequiredAction("UPDATE_PASSWORD")
		}
	}
	return nil
}

// updateUser is PUT /users/{id}. It is partial only without "attributes":
// with them, an e-mail, first or last name that is not mentioned is removed.
func (c *call) updateUser() (reply, error) {
	u, err := c.aUser("manage-users")
	if err != nil {
		return reply{}, err
	}
	o, err := c.decode("UserRepresentation")
	if err != nil {
		return reply{}, err
	}
	if o == nil {
		return reply{}, message(http.StatusBadRequest, "Could not update user!")
	}
	if o["federationLink"] != nil {
		return reply{}, errNotEmulated("federationLink of a user")
	}
	rm := c.realm
	given, full := o["attributes"]
	values := profileValues{}
	if full {
		maps.Copy(values, attributeLists(given))
		delete(values, "username")
		delete(values, "email")
	} else {
		maps.Copy(values, u.attributes)
		for name, v := range map[string]string{"username": u.username, "email": u.email,
			"firstName": u.firstName, "lastName": u.lastName} {
			if v != "" {
				values[name] = []string{v}
			}
		}
	}
	maps.Copy(values, rootValues(o))
	if is(rm.rep, "registrationEmailAsUsername") && values.first("email") != "" {
		values["username"] = values["email"]
	}
	if e := rm.check(values, u, "admin"); e != nil {
		return reply{}, e
	}
	// A copy takes the password, so that nothing has changed if it is refused.
	updated := *u
	if p := updated.setCredentials(o, c.now()); p != nil {
		return reply{}, p.apiError()
	}
	u.password, u.history, u.requiredActions = updated.password, updated.history, slices.Clone(updated.requiredActions)

	username := u.username
	if v := values.first("username"); v != "" {
		username = strings.ToLower(v)
	}
	rm.users.rename(u, username, strings.ToLower(values.first("email")))
	u.firstName, u.lastName = values.first("firstName"), values.first("lastName")
	if full {
		u.setAttributes(values, true)
	}
	if enabled, mentioned := flag(o, "enabled"); mentioned {
		u.enabled = enabled
		if enabled {
			delete(rm.failures, u.id)
			delete(u.attributes, "disabledReason")
		}
	}
	if verified, mentioned := flag(o, "emailVerified"); mentioned {
		u.emailVerified = verified
	}
	u.setRequiredActions(o, true)
	return noContent()
}

func (c *call) deleteUser() (reply, error) {
	u, err := c.aUser("manage-users")
	if err != nil {
		return reply{}, err
	}
	c.realm.removeUser(u)
	return noContent()
}

// resetPassword is PUT /users/{id}/reset-password.
func (c *call) resetPassword() (reply, error) {
	u, err := c.aUser("manage-users")
	if err != nil {
		return reply{}, err
	}
	o, err := c.decode("CredentialRepresentation")
	if err != nil {
		return reply{}, err
	}
	value, given := text(o, "value")
	switch {
	case !given:
		return reply{}, plain(http.StatusBadRequest, "No password provided")
	case strings.TrimSpace(value) == "":
		return reply{}, plain(http.StatusBadRequest, "Empty password not allowed")
	}
	if p := c.realm.checkPassword(u, value); p != nil {
		return reply{}, p.apiError()
	}
	u.setPassword(value, c.now())
	if is(o, "temporary") {
		u.addRequiredAction("UPDATE_PASSWORD")
	} else {
		u.removeRequiredAction("UPDATE_PASSWORD")
	}
	return noContent()
}

// listCredentials is GET /users/{id}/credentials.
func (c *call) listCredentials() (reply, error) {
	u, err := c.aUser(viewUsers...)
	if err != nil {
		return reply{}, err
	}
	out := []object{}
	if u.password != nil {
		out = append(out, object{"id": u.password.id, "type": "password", "createdDate": u.password.created.UnixMilli(),
			"credentialData": `{"hashIterations":5,"algorithm":"argon2","additionalParameters":{}}`})
	}
	return ok(out)
}

// deleteCredential is DELETE /users/{id}/credentials/{credential}.
func (c *call) deleteCredential() (reply, error) {
	u, err := c.aUser("manage-users")
	if err != nil {
		return reply{}, err
	}
	if u.password == nil || u.password.id != c.params["credential"] {
		return reply{}, plain(http.StatusNotFound, "Credential not found")
	}
	u.password = nil
	return noContent()
}

// logoutUser is POST /users/{id}/logout.
func (c *call) logoutUser() (reply, error) {
	u, err := c.aUser("manage-users")
	if err != nil {
		return reply{}, err
	}
	maps.DeleteFunc(c.realm.sessions, func(_ string, s *session) bool { return s.user == u })
	return noContent()
}
