package keycloak

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/idpctl/idpctl/emulator/jsonvalue"
	"github.com/idpctl/idpctl/emulator/oidc"
)

// listRealms is GET /admin/realms: the realms that the caller may see, and the
// names of those that it administers in any way.
func (c *call) listRealms() (reply, error) {
	list := []object{}
	for _, name := range sorted(c.realms) {
		rm := c.realms[name]
		switch {
		case c.Server.may(c.admin, rm, viewRealm...):
			if c.boolean("briefRepresentation", false) {
				o := object{"id": rm.id, "realm": rm.name, "enabled": rm.rep["enabled"]}
				for _, f := range []string{"displayName", "displayNameHtml"} {
					if v := rm.rep[f]; v != nil {
						o[f] = v
					}
				}
				list = append(list, o)
			} else {
				list = append(list, rm.representation())
			}
		case c.Server.may(c.admin, rm, anyAdmin...):
			list = append(list, object{"realm": rm.name})
		}
	}
	if len(list) == 0 {
		return reply{}, errForbidden()
	}
	return ok(list)
}

// unsupportedInRealm are parts of a realm import that the emulator does not
// have; they are refused rather than lost.
var unsupportedInRealm = []string{
	"clientScopes", "clientScopeMappings", "scopeMappings", "identityProviders", "identityProviderMappers",
	"authenticationFlows", "authenticatorConfig", "components", "userFederationProviders", "federatedUsers",
	"userFederationMappers", "organizations", "protocolMappers", "requiredActions", "defaultDefaultClientScopes",
	"defaultOptionalClientScopes", "defaultRoles", "privateKey", "publicKey", "certificate",
	"clientProfiles", "clientPolicies",
}

// createRealm is POST /admin/realms.
func (c *call) createRealm() (reply, error) {
	// Asked for by the role of master only; a token of another realm has none.
	if !c.admin.hasRealmRole(c.Server, "create-realm") {
		return reply{}, errForbidden()
	}
	// This route reads the body by itself, so whatever is wrong with it gets
	// one and the same answer.
	o, err := decodeObject(c.body, "RealmRepresentation")
	if err != nil || o == nil {
		return reply{}, message(http.StatusBadRequest, "unable to read contents from stream")
	}
	name := str(o, "realm")
	id := str(o, "id")
	switch {
	case name == "":
		return reply{}, message(http.StatusBadRequest, "Realm name cannot be empty")
	case strings.ContainsAny(name, reservedChars):
		i := strings.IndexAny(name, reservedChars)
		return reply{}, plain(http.StatusBadRequest, "Character '"+name[i:i+1]+"' not allowed.")
	case c.realms[name] != nil:
		return reply{}, message(http.StatusConflict, "Realm %s already exists", name)
	case len(name) > 255 || len(id) > 36:
		return reply{}, message(http.StatusBadRequest, "Database operation failed")
	}
	for _, rm := range c.realms {
		if id != "" && rm.id == id {
			return reply{}, message(http.StatusConflict, "Duplicate resource error")
		}
	}
	for _, f := range unsupportedInRealm {
		if o[f] != nil {
			return reply{}, errNotEmulated("the field " + f + " of a new realm")
		}
	}
	if id == "" {
		id = oidc.NewID()
	}
	rm := c.newRealm(id, name)
	if e := rm.update(o, true); e != nil {
		return reply{}, e
	}
	if e := c.importInto(rm, o); e != nil {
		return reply{}, e
	}
	c.realms[name] = rm
	c.addMasterClient(rm)
	if !c.admin.hasRealmRole(c.Server, "admin") {
		of := c.master.clientIDs[name+"-realm"]
		for _, r := range adminRoles {
			if r != "impersonation" {
				c.admin.user.roles = append(c.admin.user.roles, of.roles[r])
			}
		}
	}
	return c.created(c.base() + "/admin/realms/" + url.PathEscape(name))
}

// reservedChars may not stand in the name of a realm. Source:
// org.keycloak.utils.ReservedCharValidator.
const reservedChars = ":/?#@[]!$&'()*+,;=%{}|\\^`<>\""

// getRealm is GET /admin/realms/{realm}.
func (c *call) getRealm() (reply, error) {
	switch {
	case c.may(viewRealm...):
		return ok(c.realm.representation())
	case c.may(anyAdmin...), c.admin.hasRealmRole(c.Server, "create-realm"):
		o := object{"realm": c.realm.name, "supportedLocales": []any{}}
		fields := []string{"displayName", "displayNameHtml", "defaultLocale", "supportedLocales",
			"bruteForceProtected", "organizationsEnabled"}
		if c.may(viewUsers...) {
			fields = append(fields, "registrationEmailAsUsername")
		}
		for _, f := range fields {
			if v := c.realm.rep[f]; v != nil {
				o[f] = v
			}
		}
		return ok(o)
	}
	return reply{}, errForbidden()
}

// updateRealm is PUT /admin/realms/{realm}.
func (c *call) updateRealm() (reply, error) {
	o, err := c.need("RealmRepresentation")
	if err != nil {
		return reply{}, err
	}
	rm := c.realm
	name, renames := text(o, "realm")
	renames = renames && name != rm.name
	switch i := strings.IndexAny(name, reservedChars); {
	case renames && rm == c.master:
		return reply{}, message(http.StatusBadRequest, "Can't rename master realm")
	case i >= 0:
		return reply{}, message(http.StatusBadRequest, "Character '%s' not allowed.", name[i:i+1])
	}
	if e := checkSMTP(o); e != nil {
		return reply{}, e
	}
	switch {
	case renames && name == "":
		return reply{}, message(http.StatusBadRequest, "Realm name cannot be empty")
	case renames && c.realms[name] != nil:
		return reply{}, message(http.StatusConflict, "Realm with same name exists")
	}
	if e := rm.update(o, false); e != nil {
		return reply{}, e
	}
	if renames {
		delete(c.realms, rm.name)
		of := c.master.clientIDs[rm.name+"-realm"]
		delete(c.master.clientIDs, of.clientID)
		rm.name, of.clientID = name, name+"-realm"
		c.realms[rm.name], c.master.clientIDs[of.clientID] = rm, of
	}
	return noContent()
}

// checkSMTP refuses mail settings without a valid sender.
func checkSMTP(o object) *apiError {
	smtp, _ := o["smtpServer"].(object)
	if len(smtp) == 0 {
		return nil
	}
	if err := senderProblem(str(smtp, "from")); err != "" {
		return message(http.StatusBadRequest, "%s", err)
	}
	return nil
}

// senderProblem says what is wrong with the address that mails come from.
func senderProblem(from string) string {
	if validEmail(from, 64) {
		return ""
	}
	if from == "" {
		from = "null"
	}
	return "Invalid sender address '" + from + "'. If the address contains UTF-8 characters in the local part please " +
		"ensure the SMTP server supports the SMTPUTF8 extension and enable 'Allow UTF-8' in the email realm configuration."
}

// deleteRealm is DELETE /admin/realms/{realm}.
func (c *call) deleteRealm() (reply, error) {
	if c.realm == c.master {
		return reply{}, message(http.StatusBadRequest, "Can't remove master realm")
	}
	c.removeClient(c.master.clientIDs[c.realm.name+"-realm"])
	delete(c.realms, c.realm.name)
	return noContent()
}

// flows are the authentication flows of a new realm.
var flows = []string{"browser", "direct grant", "registration", "reset credentials", "clients",
	"first broker login", "docker auth"}

// enums are the fields of a realm that take certain texts only, in any case.
var enums = map[string][]string{
	"sslRequired":        {"all", "external", "none"},
	"bruteForceStrategy": {"LINEAR", "MULTIPLE"},
}

// update sets what a RealmRepresentation mentions. Three parts of it are not
// partial: the attributes are replaced as a whole when they are mentioned; a
// device code lifespan or polling interval that is not mentioned goes back to
// its default; mail settings are replaced. In an import, the password of mail
// settings stays whether or not they ask for authentication.
func (rm *realm) update(o object, isImport bool) *apiError {
	failed := message(http.StatusInternalServerError, "Failed to update realm")
	rep := object{}
	for k, v := range rm.rep {
		rep[k] = v
	}
	for k, v := range o {
		if _, handled := realmParts[k]; handled {
			continue
		}
		if allowed := enums[k]; allowed != nil {
			i := slices.IndexFunc(allowed, func(a string) bool { return strings.EqualFold(a, v.(string)) })
			if i < 0 {
				return failed
			}
			v = allowed[i]
		}
		// accessTokenLifespanForImplicitFlow is a number, and no flow.
		if flow, is := v.(string); is && strings.HasSuffix(k, "Flow") && !slices.Contains(flows, flow) {
			return failed
		}
		rep[k] = v
	}
	if headers, mentioned := o["browserSecurityHeaders"].(object); mentioned {
		all := jsonvalue.Clone(rm.rep["browserSecurityHeaders"]).(object)
		for k, v := range headers {
			all[k] = v
		}
		rep["browserSecurityHeaders"] = all
	}
	if p, mentioned := text(o, "passwordPolicy"); mentioned {
		_, kept, err := parsePolicy(p)
		if err != nil {
			return err
		}
		if rep["passwordPolicy"] = kept; kept == "" {
			delete(rep, "passwordPolicy")
		}
	}
	// A user name that is the e-mail needs e-mails that are unique; duplicate
	// e-mails forbid to sign in by them.
	if is(o, "registrationEmailAsUsername") {
		rep["duplicateEmailsAllowed"] = false
	}
	if is(o, "duplicateEmailsAllowed") {
		rep["duplicateEmailsAllowed"] = true
		rep["loginWithEmailAllowed"], rep["registrationEmailAsUsername"] = false, false
	} else if is(o, "loginWithEmailAllowed") {
		rep["duplicateEmailsAllowed"] = false
	}
	var defaultGroups []*group
	if paths, mentioned := listOf(o, "defaultGroups"); mentioned && !isImport {
		for _, p := range paths {
			g := rm.groupByPath(p)
			if g == nil {
				return failed
			}
			defaultGroups = append(defaultGroups, g)
		}
		rm.defaultGroups = defaultGroups
	}
	rm.rep = rep
	rm.deviceLifespan, _ = number(o, "oauth2DeviceCodeLifespan")
	rm.deviceInterval, _ = number(o, "oauth2DevicePollingInterval")
	rm.updateAttributes(o, isImport)
	rm.updateSMTP(o, isImport)
	return nil
}

// realmParts are the fields of a RealmRepresentation that update does not
// copy as they are: those that have a place of their own, and those that say
// what else to make.
var realmParts = map[string]bool{
	"id": true, "realm": true, "attributes": true, "smtpServer": true, "passwordPolicy": true, "defaultGroups": true,
	"oauth2DeviceCodeLifespan": true, "oauth2DevicePollingInterval": true, "defaultRole": true,
	"browserSecurityHeaders": true, "keycloakVersion": true,
	"users": true, "clients": true, "groups": true, "roles": true,
}

// mirrored are the attributes that show other fields or fixed settings, and
// that stay when the attributes are replaced.
var mirrored = []string{
	"cibaBackchannelTokenDeliveryMode", "cibaExpiresIn", "cibaInterval", "cibaAuthRequestedUserHint",
	"parRequestUriLifespan", "oauth2DeviceCodeLifespan", "oauth2DevicePollingInterval",
}

func (rm *realm) updateAttributes(o object, isImport bool) {
	given, mentioned := o["attributes"].(object)
	if !mentioned {
		return
	}
	for k := range rm.attributes {
		if !isImport && !slices.Contains(mirrored, k) {
			delete(rm.attributes, k)
		}
	}
	for k, v := range given {
		if s, isText := v.(string); isText && !strings.HasPrefix(k, "oauth2Device") {
			rm.attributes[k] = s
		}
	}
}

func (rm *realm) updateSMTP(o object, isImport bool) {
	given, mentioned := o["smtpServer"].(object)
	if !mentioned {
		return
	}
	old := rm.smtp
	rm.smtp = map[string]string{}
	for k, v := range given {
		if s, isText := v.(string); isText {
			rm.smtp[k] = s
		}
	}
	if isImport {
		return
	}
	authenticated := strings.EqualFold(rm.smtp["auth"], "true")
	token := rm.smtp["authType"] == "token"
	if !authenticated || token {
		delete(rm.smtp, "password")
	}
	if !authenticated || !token {
		for _, f := range []string{"authTokenUrl", "authTokenScope", "authTokenClientId", "authTokenClientSecret"} {
			delete(rm.smtp, f)
		}
	}
	if !authenticated {
		delete(rm.smtp, "user")
		delete(rm.smtp, "authType")
	}
	for _, secret := range []string{"password", "authTokenClientSecret"} {
		if rm.smtp[secret] == maskedSecret {
			rm.smtp[secret] = old[secret]
		}
	}
}

// clearCache is POST /clear-user-cache: there is none here.
func (c *call) clearCache() (reply, error) { return reply{status: http.StatusNoContent}, nil }
