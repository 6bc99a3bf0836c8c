package keycloak

import (
	_ "embed"
	"encoding/json"
	"maps"
	"strings"
	"time"

	"github.com/idpctl/idpctl/emulator/oidc"
)

// realm is one realm and all that is in it.
type realm struct {
	id, name string
	// rep holds the fields of the RealmRepresentation that have no place
	// below.
	rep object
	// attributes as they were set, without those that mirror other fields.
	attributes map[string]string
	smtp       map[string]string
	// Seconds; 0 is the default.
	deviceLifespan, deviceInterval int64
	profile                        object

	clients   map[string]*client // by id
	clientIDs map[string]*client // by clientId
	scopes    map[string]*clientScope
	// New clients get these.
	defaultScopes, optionalScopes []*clientScope

	roles       map[string]*role // of the realm, by name
	rolesByID   map[string]*role // of the realm and its clients
	defaultRole *role

	users         userStore
	groups        map[string]*group
	defaultGroups []*group
	failures      map[string]*loginFailures // by user id

	signingKey, encryptionKey *oidc.Key
	secret                    *oidc.Secret
	devices                   *oidc.DeviceStore
	sessions                  map[string]*session
	signIns                   map[string]*signIn
	revoked                   map[string]bool // jti of revoked tokens
}

// defaultsJSON is what a new realm holds: the answers of a server 26.7.3 about
// one, without ids, and with {realm} and {issuer} in place of its own.
//
//go:embed defaults.json
var defaultsJSON string

// defaults is the content of defaults.json.
type defaults struct {
	Realm        object           `json:"realm"`
	Clients      []map[string]any `json:"clients"`
	ClientScopes []map[string]any `json:"clientScopes"`
	Roles        struct {
		Realm  []defaultRole            `json:"realm"`
		Client map[string][]defaultRole `json:"client"`
	} `json:"roles"`
	DefaultScopes   []string `json:"defaultDefaultClientScopes"`
	OptionalScopes  []string `json:"defaultOptionalClientScopes"`
	RequiredActions []object `json:"requiredActions"`
	UserProfile     object   `json:"userProfile"`
	Discovery       object   `json:"discovery"`
}

type defaultRole struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Composites  struct {
		Realm  []string            `json:"realm"`
		Client map[string][]string `json:"client"`
	} `json:"composites"`
}

// readDefaults reads defaults.json for a realm. Numbers become int64.
func readDefaults(name, issuer string) defaults {
	quote := func(s string) string {
		b, _ := json.Marshal(s)
		return string(b[1 : len(b)-1])
	}
	dec := json.NewDecoder(strings.NewReader(
		strings.NewReplacer("{realm}", quote(name), "{issuer}", quote(issuer)).Replace(defaultsJSON)))
	dec.UseNumber()
	var d defaults
	if err := dec.Decode(&d); err != nil {
		panic(err) // the file is part of this package
	}
	for k, v := range d.Realm {
		if n, ok := v.(json.Number); ok {
			d.Realm[k], _ = n.Int64()
		}
	}
	for _, c := range d.Clients {
		c["nodeReRegistrationTimeout"], c["notBefore"] = int64(0), int64(0)
	}
	return d
}

// newRealm makes a realm as the server does, with its clients, scopes and
// roles.
func (s *Server) newRealm(id, name string) *realm {
	d := readDefaults(name, "")
	rm := &realm{
		id: id, name: name, rep: d.Realm, profile: d.UserProfile,
		attributes: map[string]string{}, smtp: map[string]string{},
		clients: map[string]*client{}, clientIDs: map[string]*client{}, scopes: map[string]*clientScope{},
		roles: map[string]*role{}, rolesByID: map[string]*role{},
		users: newUserStore(), groups: map[string]*group{}, failures: map[string]*loginFailures{},
		secret: oidc.NewSecret(), sessions: map[string]*session{}, signIns: map[string]*signIn{},
		revoked: map[string]bool{},
		devices: &oidc.DeviceStore{
			UserCode: func() string {
				c := oidc.RandomText(8, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
				return c[:4] + "-" + c[4:]
			},
			Retain: func(d oidc.Device) time.Duration { return d.Interval + 10*time.Second },
		},
	}
	for k, v := range rm.rep["attributes"].(object) {
		rm.attributes[k] = v.(string)
	}
	delete(rm.rep, "attributes")
	delete(rm.rep, "smtpServer")
	rm.rep["enabled"] = false

	byName := map[string]*clientScope{}
	for _, o := range d.ClientScopes {
		sc := newClientScope(oidc.NewID(), o)
		rm.scopes[sc.id], byName[sc.name()] = sc, sc
	}
	for _, n := range d.DefaultScopes {
		rm.defaultScopes = append(rm.defaultScopes, byName[n])
	}
	for _, n := range d.OptionalScopes {
		rm.optionalScopes = append(rm.optionalScopes, byName[n])
	}
	for _, o := range d.Clients {
		s.builtinClient(rm, o)
	}
	rm.addDefaultRoles(d)
	rm.defaultRole = rm.roles["default-roles-"+name]
	return rm
}

// builtinClient adds one of a new realm's own clients.
func (s *Server) builtinClient(rm *realm, rep object) *client {
	c := &client{id: oidc.NewID(), clientID: str(rep, "clientId"), realm: rm, rep: rep,
		attributes: map[string]string{}, roles: map[string]*role{}}
	for k, v := range rep["attributes"].(object) {
		c.attributes[k] = v.(string)
	}
	c.setScopes(stringList(rep["defaultClientScopes"]), stringList(rep["optionalClientScopes"]))
	for _, f := range []string{"clientId", "attributes", "defaultClientScopes", "optionalClientScopes"} {
		delete(rep, f)
	}
	for _, m := range objects(rep["protocolMappers"]) {
		m["id"] = oidc.NewID()
	}
	rm.clients[c.id], rm.clientIDs[c.clientID] = c, c
	return c
}

func (rm *realm) addDefaultRoles(d defaults) {
	find := func(r defaultRole, owner *client) *role {
		if owner != nil {
			return owner.roles[r.Name]
		}
		return rm.roles[r.Name]
	}
	each := func(f func(r defaultRole, owner *client)) {
		for _, r := range d.Roles.Realm {
			f(r, nil)
		}
		for clientID, roles := range d.Roles.Client {
			for _, r := range roles {
				f(r, rm.clientIDs[clientID])
			}
		}
	}
	each(func(r defaultRole, owner *client) { rm.newRole(owner, r.Name, r.Description) })
	each(func(r defaultRole, owner *client) {
		held := find(r, owner)
		for _, n := range r.Composites.Realm {
			held.addComposites(rm.roles[n])
		}
		for clientID, names := range r.Composites.Client {
			for _, n := range names {
				held.addComposites(rm.clientIDs[clientID].roles[n])
			}
		}
	})
}

// addMasterClient adds to master the client <realm>-realm, whose roles
// administer rm, and gives them to the role "admin".
func (s *Server) addMasterClient(rm *realm) {
	c := s.builtinClient(s.master, object{
		"clientId": rm.name + "-realm", "name": rm.name + " Realm", "attributes": object{"realm_client": "true"},
		"surrogateAuthRequired": false, "enabled": true, "alwaysDisplayInConsole": false,
		"clientAuthenticatorType": "client-secret", "redirectUris": []any{}, "webOrigins": []any{},
		"notBefore": int64(0), "bearerOnly": true, "consentRequired": false, "standardFlowEnabled": true,
		"implicitFlowEnabled": false, "directAccessGrantsEnabled": false, "serviceAccountsEnabled": false,
		"publicClient": false, "frontchannelLogout": false, "authenticationFlowBindingOverrides": object{},
		"fullScopeAllowed": false, "nodeReRegistrationTimeout": int64(0),
	})
	admin := s.master.roles["admin"]
	for _, name := range adminRoles {
		admin.addComposites(s.master.newRole(c, name, "${role_"+name+"}"))
	}
	for name, held := range adminComposites {
		for _, h := range held {
			c.roles[name].addComposites(c.roles[h])
		}
	}
}

// newMaster makes the realm master with its administrator.
func (s *Server) newMaster() {
	rm := s.newRealm(oidc.NewID(), "master")
	rm.rep["enabled"] = true
	rm.rep["displayName"] = "Keycloak"
	rm.rep["displayNameHtml"] = `<div class="kc-logo-text"><span>Keycloak</span></div>`
	rm.rep["accessTokenLifespan"] = int64(s.opts.TokenLifespan / time.Second)
	// Its administrator has neither an e-mail nor names.
	for _, a := range objects(rm.profile["attributes"]) {
		delete(a, "required")
	}
	s.master, s.realms = rm, map[string]*realm{rm.name: rm}
	// master is administered through master-realm, and has no realm-management.
	s.removeClient(rm.clientIDs["realm-management"])
	rm.newRole(nil, "admin", "${role_admin}").addComposites(rm.newRole(nil, "create-realm", "${role_create-realm}"))
	s.addMasterClient(rm)

	u := &user{id: oidc.NewID(), realm: rm, username: s.opts.AdminUser, enabled: true,
		created: s.now().UnixMilli(), roles: []*role{rm.defaultRole, rm.roles["admin"]}}
	u.setPassword(s.opts.AdminPassword, s.now())
	rm.users.add(u)
}

// representation is the RealmRepresentation without what is secret.
func (rm *realm) representation() object {
	o := maps.Clone(rm.rep)
	o["id"], o["realm"] = rm.id, rm.name
	o["oauth2DeviceCodeLifespan"] = rm.deviceCodeLifespan()
	o["oauth2DevicePollingInterval"] = rm.devicePollingInterval()
	attributes := maps.Clone(rm.attributes)
	attributes["oauth2DeviceCodeLifespan"] = jsonText(rm.deviceCodeLifespan())
	attributes["oauth2DevicePollingInterval"] = jsonText(rm.devicePollingInterval())
	o["attributes"] = attributes
	smtp := maps.Clone(rm.smtp)
	for _, secret := range []string{"password", "authTokenClientSecret"} {
		if smtp[secret] != "" {
			smtp[secret] = maskedSecret
		}
	}
	o["smtpServer"] = smtp
	o["defaultRole"] = rm.defaultRole.representation(true)
	if len(rm.defaultGroups) > 0 {
		paths := make([]string, len(rm.defaultGroups))
		for i, g := range rm.defaultGroups {
			paths[i] = g.path()
		}
		o["defaultGroups"] = paths
	}
	return o
}

// maskedSecret stands for a secret that the server does not tell.
const maskedSecret = "**********"

func (rm *realm) deviceCodeLifespan() int64 {
	if rm.deviceLifespan > 0 {
		return rm.deviceLifespan
	}
	return 600
}

func (rm *realm) devicePollingInterval() int64 {
	if rm.deviceInterval > 0 {
		return rm.deviceInterval
	}
	return 5
}

// seconds is a field of the realm that holds a duration.
func (rm *realm) seconds(field string) time.Duration {
	n, _ := number(rm.rep, field)
	return time.Duration(n) * time.Second
}

// jsonText is a scalar as text.
func jsonText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	b, _ := json.Marshal(v)
	return string(b)
}
